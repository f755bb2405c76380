"""The workflow's finish action: the only way anything becomes public."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.actions.unpublish_page import UnpublishPageAction
from wagtail.log_actions import log
from wagtail.models import Page, WorkflowState

from cms.content.locking import lock_page
from cms.content.published_form import published_form
from cms.editorial.handing_in import handed_in_sha256
from cms.editorial.rules import APPROVE, authors_of, may_withdraw, verdict
from cms.ledger.models import Approval, Change
from cms.ledger.recording import revoke_approvals


class ApprovalError(PermissionDenied):
    """An approval that must not go through; the message tells the approver what happened and what to do."""


def publish_approved(workflow_state: WorkflowState, user: Any = None) -> None:
    """Record the approval and publish the revision that was handed in (WAGTAIL_FINISH_WORKFLOW_ACTION).

    Runs inside the transaction of `WorkflowState.finish`: revision, approval, snapshot and change are written together
    or not at all. Raises `ApprovalError` when the rules of four eyes or the hash say no, whoever asks.
    """
    page = Page.objects.get(pk=workflow_state.object_id).specific
    task_state = workflow_state.current_task_state.specific
    answer = verdict(user, page, APPROVE)
    if not answer.allowed:
        raise ApprovalError(answer.reason)
    revision = task_state.revision
    if revision.pk != page.latest_revision_id:
        raise ApprovalError(_("The text was changed after it was handed in. It has to be handed in again."))
    draft = revision.as_object()
    if handed_in_sha256(draft) != task_state.content_sha256:
        raise ApprovalError(
            _("The text or one of its files was changed after it was handed in. It has to be handed in again.")
        )
    Approval.objects.create(
        item_uuid=page.uuid,
        revision_id=revision.pk,
        content_sha256=published_form(draft).sha256,
        author_ids=sorted(authors_of(page)),
        approved_by=user,
        approved_at=timezone.now(),
        comment=task_state.comment,
    )
    # Nobody holds Wagtail's `publish` permission, so this is the one place that may skip it.
    revision.publish(user=user, skip_permission_checks=True)


def withdraw(page: Page, user: Any, reason: str) -> bool:
    """Take a live page off the reading site at once; False when it was not there any more.

    Raises `PermissionDenied` unless `user` may.
    """
    with transaction.atomic():
        specific = lock_page(page.pk)
        if specific is None:  # deleted meanwhile, which took it off the site
            return False
        if not may_withdraw(user, specific):
            raise PermissionDenied(_("Only an approver of this unit or of a unit above it may withdraw."))
        scheduled = specific.revisions.filter(approved_go_live_at__isnull=False)
        if not specific.live and not scheduled.exists():
            return False
        scheduled.update(approved_go_live_at=None)
        revoke_approvals(specific)
        if not specific.live:
            return True
        UnpublishPageAction(specific, user=user).execute(skip_permission_checks=True)
        Change.objects.filter(item_id=specific.uuid, is_latest=True, op=Change.Op.WITHDRAW).update(reason=reason[:300])
        log(instance=specific, action="editorial.withdraw", user=user, data={"reason": reason})
        return True
