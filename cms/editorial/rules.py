"""Who may decide about a text. Every route (editor, dashboard, review page, command, API) asks these functions.

Four eyes: nobody approves a text they had a hand in, and nobody but the responsible board approves at all; being a
superuser changes neither.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _
from wagtail.models import Page, Revision

from cms.ledger.models import Approval
from cms.units.boards import has_role, units_upwards
from cms.units.models import Membership, Role, UnitPage

APPROVE, REJECT, ENDORSE = "approve", "reject", "endorse"
_ROLES = {
    APPROVE: (Role.APPROVER,),
    REJECT: (Role.APPROVER, Role.REVIEWER),
    ENDORSE: (Role.REVIEWER,),  # an approver decides; whoever is both may do either
}


@dataclass(frozen=True)
class Verdict:
    """Whether something is allowed, and if not, why and what to do (shown to the user)."""

    allowed: bool
    reason: str = ""


ALLOWED = Verdict(True)


def authors_of(page: Page) -> frozenset[int]:
    """Ids of everyone who had a hand in the text since it was last approved."""
    revisions = Revision.objects.for_instance(page)
    last = Approval.objects.filter(revision_id__in=revisions.values("pk")).order_by("-revision_id").first()
    if last:
        revisions = revisions.filter(pk__gt=last.revision_id)
    authors = set(revisions.exclude(user=None).values_list("user_id", flat=True))
    state = page.current_workflow_state
    if state and state.requested_by_id:
        authors.add(state.requested_by_id)
    if last is None and page.owner_id:
        authors.add(page.owner_id)
    return frozenset(authors)


def deciding_unit(page: Page, authors: frozenset[int] | None = None) -> UnitPage | None:
    """The nearest unit upwards whose board has an approver who did not write the text."""
    authors = authors_of(page) if authors is None else authors
    for unit in units_upwards(page):
        approvers = Membership.objects.filter(unit=unit, role=Role.APPROVER, user__is_active=True)
        if approvers.exclude(user_id__in=authors).exists():
            return unit
    return None


def deciders(page: Page) -> list[AbstractBaseUser]:
    """The people who may approve the text now; they are the ones to be told."""
    authors = authors_of(page)
    unit = deciding_unit(page, authors)
    if unit is None:
        return []
    seats = Membership.objects.filter(unit=unit, role=Role.APPROVER, user__is_active=True).select_related("user")
    return [seat.user for seat in seats if seat.user_id not in authors]


def verdict(user: AbstractBaseUser, page: Page, action: str) -> Verdict:
    """Whether `user` may take `action` (approve, reject, endorse) on the text waiting on `page`."""
    authors = authors_of(page)
    unit = deciding_unit(page, authors)
    if unit is None:
        return Verdict(
            False,
            _("No board on this path has an approver who did not write this text. Ask for one to be appointed."),
        )
    if not has_role(user, unit, *_ROLES[action]):
        return Verdict(False, _("The board of %(unit)s decides about this text.") % {"unit": unit.title})
    if action != REJECT and user.pk in authors:
        return Verdict(False, _("You had a hand in this text; someone else has to approve it."))
    return ALLOWED


def may_withdraw(user: AbstractBaseUser, page: Page) -> bool:
    """Withdrawing is a safety brake: any approver of the unit or of a unit above it may pull it, alone."""
    return any(has_role(user, unit, Role.APPROVER) for unit in units_upwards(page))
