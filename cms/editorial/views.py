"""The review page (read, then decide) and the withdraw page."""

import logging
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError
from wagtail.models import Page, TaskState

from cms.content.base import ContentPage
from cms.editorial.forms import DecisionForm, WithdrawForm
from cms.editorial.models import BoardTaskState
from cms.editorial.publication import withdraw
from cms.editorial.rules import APPROVE, authors_of, may_withdraw, verdict
from cms.ledger.models import Approval
from cms.ledger.recording import ContentChangedError

logger = logging.getLogger(__name__)

_DONE = {
    "approve": gettext_lazy("Approved. It will be on the site in a few seconds."),
    "reject": gettext_lazy("Sent back to the author."),
    "endorse": gettext_lazy("Endorsed. The approver sees your comment."),
}


def review(request: HttpRequest, task_state_id: int) -> HttpResponse:
    """Show a waiting text as the reader will see it, and take the decision."""
    task_state = get_object_or_404(BoardTaskState, pk=task_state_id)
    page = Page.objects.filter(pk=task_state.workflow_state.object_id).first()
    if page is None:
        raise Http404
    page = page.specific
    actions = task_state.task.specific.get_actions(page, request.user)
    if not actions and not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = _decide(request, task_state, form.cleaned_data)
        if answer:
            return answer
    return render(request, "editorial/review.html", _review_context(request, task_state, page, actions, form))


def _decide(request: HttpRequest, task_state: BoardTaskState, decision: dict[str, Any]) -> HttpResponse | None:
    if task_state.status != TaskState.STATUS_IN_PROGRESS:
        messages.warning(request, _("This text has been decided about already."))
        return redirect("wagtailadmin_home")
    try:
        task_state.task.specific.on_action(
            task_state, request.user, decision["action"], comment=decision["comment"].strip()
        )
    except PermissionDenied as error:
        messages.error(request, str(error) or _("You may not decide about this text."))
        return None
    except ContentChangedError:
        logger.exception("task state %s could not be published", task_state.pk)
        messages.error(request, _("The text is not the one that was handed in. It has to be handed in again."))
        return None
    except Page.DoesNotExist:
        messages.warning(request, _("The page was deleted meanwhile."))
        return redirect("wagtailadmin_home")
    except ValidationError as error:
        logger.warning("task state %s does not make a snapshot: %s", task_state.pk, error)
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        messages.error(
            request, _("The text cannot be published: check “%(field)s” and hand it in again.") % {"field": field}
        )
        return None
    if decision["action"] == APPROVE and not Approval.objects.filter(revision_id=task_state.revision_id).exists():
        messages.warning(request, _("The text was changed meanwhile. Its new version is waiting for your decision."))
        return redirect("wagtailadmin_home")
    messages.success(request, _DONE[decision["action"]])
    return redirect("wagtailadmin_home")


def _review_context(
    request: HttpRequest, task_state: BoardTaskState, page: ContentPage, actions: list[Any], form: DecisionForm
) -> dict[str, Any]:
    draft = task_state.revision.as_object()
    open_ = task_state.status == TaskState.STATUS_IN_PROGRESS
    return {
        "page": page,
        "draft": draft,
        "task_state": task_state,
        "actions": actions if open_ else [],
        "form": form,
        "is_open": open_,
        "reason": "" if actions else verdict(request.user, page, APPROVE).reason,
        "endorsements": task_state.endorsements.select_related("user"),
        "is_author": request.user.pk in authors_of(page),
        "preview_url": draft.review_preview_url(request),
    }


def withdraw_page(request: HttpRequest, page_id: int) -> HttpResponse:
    """Ask for the reason and take the page off the site."""
    page = get_object_or_404(Page, pk=page_id).specific
    if not may_withdraw(request.user, page) or not isinstance(page, ContentPage):
        raise PermissionDenied
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if withdraw(page, request.user, form.cleaned_data["reason"]):
            messages.success(request, _("Withdrawn. The address will answer that the item is gone within seconds."))
        else:
            messages.warning(request, _("This item is not on the site."))
        return redirect("wagtailadmin_explore", page.get_parent().pk)
    return render(request, "editorial/withdraw.html", {"page": page, "form": form})
