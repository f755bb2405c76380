"""E-mails that Wagtail does not send for tasks of our own: to those who may decide about a waiting text."""

import logging
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import TaskState

from cms.editorial.models import BoardTaskState
from cms.editorial.rules import deciders

logger = logging.getLogger(__name__)


def tell_deciders(instance: Any, **kwargs: Any) -> None:
    """Receiver of `task_submitted`: mail after the transaction, so that nobody is told of what was rolled back."""
    if isinstance(instance, BoardTaskState):
        transaction.on_commit(lambda: _send(instance))


def _send(task_state: BoardTaskState) -> None:
    task_state.refresh_from_db()
    if task_state.status != TaskState.STATUS_IN_PROGRESS:  # decided in the same transaction, as imports do
        return
    page = task_state.workflow_state.content_object
    addresses = [user.email for user in deciders(page) if user.email]
    if not addresses:
        return
    url = settings.CMS_URL + reverse("editorial:review", args=[task_state.pk])
    subject = _("To approve: %(title)s") % {"title": page.get_admin_display_title()}
    body = _("A text is waiting for your board's decision:\n\n%(title)s\n%(url)s\n") % {
        "title": page.get_admin_display_title(),
        "url": url,
    }
    try:
        send_mail(subject.replace("\n", " "), body, None, addresses)
    except (SMTPException, OSError):
        # The text waits on the dashboard all the same; a mail server that is down must not stop the editors.
        logger.exception("could not send the notice for task state %s", task_state.pk)
