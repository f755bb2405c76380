"""The one workflow: made once, attached to the root of the tree, asked for by everything below."""

from django.utils.translation import gettext as _
from wagtail.models import Page, Workflow, WorkflowPage, WorkflowState, WorkflowTask

from cms.editorial.models import BoardApprovalTask
from cms.ledger.models import Approval


def ensure_workflow() -> Workflow:
    """Return the workflow, making it and attaching it to the root page if it is not there."""
    task = BoardApprovalTask.objects.filter(active=True).first()
    if task is None:
        task = BoardApprovalTask.objects.create(name=_("Approval by the board"))
    link = WorkflowTask.objects.filter(task=task).select_related("workflow").first()
    workflow = link.workflow if link else Workflow.objects.create(name=_("Approval"))
    if link is None:
        WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    root = Page.get_first_root_node()
    WorkflowPage.objects.update_or_create(page=root, defaults={"workflow": workflow})
    return workflow


def submit(page: Page, user: object) -> None:
    """Hand a page's latest revision in, as the button "Submit" does; a text that was sent back goes the same way again.

    Raises `ValidationError` when it is waiting already.
    """
    if Approval.objects.filter(revision_id=page.latest_revision_id).exists():
        # An approval speaks of one revision, once: the same text again, after a withdrawal, is a revision of its own.
        page.get_latest_revision_as_object().save_revision(user=user)
        page = Page.objects.get(pk=page.pk).specific
    state = page.current_workflow_state
    if state and state.status == WorkflowState.STATUS_NEEDS_CHANGES:
        state.resume(user)
    else:
        ensure_workflow().start(page, user)


def approve(page: Page, user: object, comment: str = "") -> None:
    """Take the waiting text through the task's own approval action. Raises `PermissionDenied` with the reason."""
    state = page.current_workflow_state
    task_state = state.current_task_state.specific
    task_state.task.specific.on_action(task_state, user, "approve", comment=comment)
