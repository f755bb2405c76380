"""Makes the demo's units and people. For demonstrations only: everybody has the same password."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from wagtail.models import Page

from cms.content.models import HomePage, Topic
from cms.editorial.workflow import approve, submit
from cms.importing.demo.reading import Demo, DemoUnit, DemoUser
from cms.units.boards import seat
from cms.units.models import Role, UnitPage

DEMO_PASSWORD = "bang-tin-2026"  # noqa: S105  (printed by `make demo`; the demo listens on this machine only)


@dataclass(frozen=True)
class Boards:
    """The units by slug, and who writes and who approves for each of them."""

    units: dict[str, UnitPage]
    editors: dict[str, AbstractBaseUser]
    approvers: dict[str, AbstractBaseUser]


def load_boards(demo: Demo) -> Boards:
    """Make units, topics and people that are not there yet, and approve the units' own pages."""
    for topic in demo.topics:
        Topic.objects.get_or_create(slug=topic.slug, defaults={"name": topic.name})
    units = {unit.slug: _unit(unit) for unit in demo.units}
    for user in demo.users:
        _person(user, units[user.unit])
    editors = {slug: _who(demo, slug, Role.EDITOR) for slug in units}
    approvers = {slug: _who(demo, slug, Role.APPROVER) for slug in units}
    for slug, unit in units.items():
        if not unit.live:
            unit.save_revision(user=editors[slug])
            submit(UnitPage.objects.get(pk=unit.pk), editors[slug])
            approve(UnitPage.objects.get(pk=unit.pk), approvers[slug])
    return Boards({slug: UnitPage.objects.get(pk=unit.pk) for slug, unit in units.items()}, editors, approvers)


def _unit(unit: DemoUnit) -> UnitPage:
    existing = UnitPage.objects.filter(slug=unit.slug).first()
    if existing:
        return existing
    parent: Page = UnitPage.objects.get(slug=unit.parent) if unit.parent else HomePage.objects.get()
    page = UnitPage(title=unit.name, slug=unit.slug, short_name=unit.short_name, summary=unit.description, live=False)
    return parent.add_child(instance=page)


def _person(person: DemoUser, unit: UnitPage) -> None:
    users = get_user_model().objects
    user = users.filter(username=person.username).first()
    if user is None:
        # Family and middle names first, the given name last: then Django shows a Vietnamese name the right way round.
        family, _, given = person.full_name.rpartition(" ")
        user = users.create_user(
            person.username, f"{person.username}@example.org", DEMO_PASSWORD, first_name=family, last_name=given
        )
    seat(user, unit, Role(person.role))


def _who(demo: Demo, slug: str, role: Role) -> AbstractBaseUser:
    """The person of that role on the unit's board, or on the nearest board above that has one."""
    parents = {unit.slug: unit.parent for unit in demo.units}
    at: str | None = slug
    while at:
        for user in demo.users:
            if user.unit == at and user.role == role:
                return get_user_model().objects.get(username=user.username)
        at = parents[at]
    raise LookupError(f"the demo has no {role} for {slug}")
