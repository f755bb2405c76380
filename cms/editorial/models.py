"""The one task of the one workflow, what reviewers said, and who was shown which preview."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page, Task, TaskState, WorkflowState

from cms.content.locking import lock_page
from cms.editorial.handing_in import handed_in_sha256


class BoardTaskState(TaskState):
    """A text waiting for its board, with the hash of exactly what was handed in."""

    content_sha256 = models.CharField(max_length=64, blank=True)


class Endorsement(models.Model):
    """A reviewer's word that the text may go to the approver (thẩm định)."""

    task_state = models.ForeignKey(BoardTaskState, on_delete=models.CASCADE, related_name="endorsements")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task_state", "user"], name="one_endorsement_a_reviewer")]

    def __str__(self) -> str:
        return f"{self.user}: {self.task_state_id}"


class BoardApprovalTask(Task):
    """Approval by the unit's own board, or by the next board above when the unit has no approver who did not write it.

    One level-aware task serves every unit: no groups or tasks per unit to keep. While it is open the text is locked
    for everybody, so what is approved is what was handed in; an approver who wants a change sends the text back.
    """

    task_state_class = BoardTaskState

    class Meta:
        verbose_name = _("approval by the board")
        verbose_name_plural = _("approvals by the board")

    @classmethod
    def get_description(cls) -> str:
        return str(_("The board of the unit approves; nobody approves their own text."))

    def start(self, workflow_state: WorkflowState, user: Any = None) -> TaskState:
        task_state = super().start(workflow_state, user=user)
        task_state.content_sha256 = handed_in_sha256(task_state.revision.as_object())
        task_state.save(update_fields=["content_sha256"])
        return task_state

    def locked_for_user(self, obj: Page, user: Any) -> bool:
        return True

    def user_can_access_editor(self, obj: Page, user: Any) -> bool:
        from cms.editorial.rules import REJECT, verdict

        return verdict(user, obj, REJECT).allowed

    def get_actions(self, obj: Page, user: Any) -> list[tuple[str, str, bool]]:
        from cms.editorial.rules import APPROVE, ENDORSE, REJECT, verdict

        labels = {
            APPROVE: (_("Approve"), True),
            REJECT: (_("Send back"), True),
            ENDORSE: (_("Endorse for approval"), True),
        }
        allowed = [action for action in labels if verdict(user, obj, action).allowed]
        return [(action, *labels[action]) for action in allowed]

    @transaction.atomic
    def on_action(self, task_state: TaskState, user: Any, action_name: str, **kwargs: Any) -> None:
        from cms.editorial.rules import APPROVE, ENDORSE, REJECT, verdict

        # A double click, a second tab or a network retry asks twice. Taking the rows first makes the second one wait
        # and then find the matter decided (wagtail pull request 14460; ours can go when that is merged).
        page = lock_page(task_state.workflow_state.object_id)
        if page is None:
            raise Page.DoesNotExist
        state = WorkflowState.objects.select_for_update().get(pk=task_state.workflow_state_id)
        task_state = BoardTaskState.objects.get(pk=task_state.pk)
        if task_state.status != TaskState.STATUS_IN_PROGRESS or state.status != WorkflowState.STATUS_IN_PROGRESS:
            return
        answer = verdict(user, page, action_name)
        if not answer.allowed:
            raise PermissionDenied(answer.reason)
        comment = kwargs.get("comment", "")
        if action_name == ENDORSE:
            Endorsement.objects.get_or_create(task_state=task_state, user=user, defaults={"comment": comment})
        elif action_name in (APPROVE, REJECT):
            super().on_action(task_state, user, action_name, comment=comment)

    def get_task_states_user_can_moderate(self, user: Any, **kwargs: Any) -> models.QuerySet[TaskState]:
        from cms.editorial.waiting import waiting_for

        return TaskState.objects.filter(pk__in=[state.pk for state in waiting_for(user)], task=self)


class PreviewGrant(models.Model):
    """What a preview token stands for: one draft, one user, one session, one revision, for 15 minutes."""

    preview = models.OneToOneField("wagtail_headless_preview.PagePreview", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=64)
    page_id = models.PositiveBigIntegerField(null=True)
    parent_id = models.PositiveBigIntegerField(null=True)
    revision_id = models.PositiveBigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.page_id}"
