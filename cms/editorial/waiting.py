"""What waits for a person's decision: the rules of `cms.editorial.rules`, asked for many texts at once.

The dashboard shows this on every visit, so it costs a fixed number of queries however many texts wait. A test holds
that it says the same as `rules.verdict`.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from wagtail.models import Page, Revision, TaskState

from cms.editorial.models import BoardTaskState
from cms.ledger.models import Approval
from cms.units.models import Membership, Role


def waiting_for(user: AbstractBaseUser) -> list[BoardTaskState]:
    """Open task states the user may decide about (approve, send back or endorse), those waiting longest first."""
    seats = Membership.objects.filter(user_id=user.pk, user__is_active=True).exclude(role=Role.EDITOR)
    mine = set(seats.values_list("unit__path", flat=True))
    if not mine:
        return []
    pages = _pages_below(mine)
    states = [state for state in _open_states() if state.workflow_state.object_id in pages]
    authors = _authors(states, pages)
    approvers = _approvers(mine)
    return [
        state
        for state in states
        if _deciding_path(pages[state.workflow_state.object_id].path, authors[state.pk], approvers) in mine
    ]


def _open_states() -> list[BoardTaskState]:
    states = BoardTaskState.objects.filter(status=TaskState.STATUS_IN_PROGRESS).order_by("started_at")
    return list(states.select_related("workflow_state", "workflow_state__requested_by"))


def _pages_below(unit_paths: Iterable[str]) -> dict[str, Page]:
    """Pages with a workflow in progress below the units, by primary key as text (as workflow states have it)."""
    below = Q()
    for path in unit_paths:
        below |= Q(path__startswith=path)
    pages = Page.objects.filter(below, _workflow_states__status="in_progress").only("pk", "path", "owner_id")
    return {str(page.pk): page for page in pages}


def _authors(states: list[BoardTaskState], pages: dict[str, Page]) -> dict[int, set[int]]:
    """For each state, who had a hand in the text since it was last approved (as `rules.authors_of`)."""
    ids = [state.workflow_state.object_id for state in states]
    revisions = Revision.page_revisions.filter(object_id__in=ids)
    rows = list(revisions.values_list("object_id", "pk", "user_id"))
    approved = set(
        Approval.objects.filter(revision_id__in=revisions.values("pk")).values_list("revision_id", flat=True)
    )
    last: dict[str, int] = defaultdict(int)
    for object_id, revision, _ in rows:
        if revision in approved:
            last[object_id] = max(last[object_id], revision)
    found: dict[str, set[int]] = defaultdict(set)
    for object_id, revision, author in rows:
        if author and revision > last[object_id]:
            found[object_id].add(author)
    result = {}
    for state in states:
        object_id = state.workflow_state.object_id
        also = {state.workflow_state.requested_by_id, None if last[object_id] else pages[object_id].owner_id}
        result[state.pk] = found[object_id] | (also - {None})
    return result


def _approvers(unit_paths: Iterable[str]) -> dict[str, set[int]]:
    """Active approvers by the path of their unit, of the units given and all below them."""
    below = Q()
    for path in unit_paths:
        below |= Q(unit__path__startswith=path)
    seats = Membership.objects.filter(below, role=Role.APPROVER, user__is_active=True)
    found: dict[str, set[int]] = defaultdict(set)
    for path, user in seats.values_list("unit__path", "user_id"):
        found[path].add(user)
    return found


def _deciding_path(page_path: str, authors: set[int], approvers: dict[str, set[int]]) -> str | None:
    """Path of the nearest unit upwards that has an approver who is not an author (as `rules.deciding_unit`)."""
    for length in range(len(page_path), 0, -Page.steplen):
        if approvers.get(page_path[:length], set()) - authors:
            return page_path[:length]
    return None
