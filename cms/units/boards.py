"""Who sits on which board, and what a seat allows.

A board is one Django group with the page and file permissions of its unit, made with the unit. Nobody holds Wagtail's
`publish` permission: only the workflow's finish action publishes (see docs/decisions/0003).
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, Group, Permission
from django.db import transaction
from django.db.models import QuerySet
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

from cms.units.models import BoardGroup, Membership, Role, UnitPage

_PAGE_PERMISSIONS = ("add_page", "change_page")
# Wagtail asks for the permissions of its own models, whatever models a project puts in their place.
_FILE_PERMISSIONS = {
    "wagtaildocs": ("add_document", "change_document", "choose_document"),
    "wagtailimages": ("add_image", "change_image", "choose_image"),
}


def unit_of(page: Page) -> UnitPage | None:
    """The unit whose board is responsible for a page: the nearest unit above it (for a unit's page, itself)."""
    return UnitPage.objects.ancestor_of(page, inclusive=True).order_by("-depth").first()


def units_upwards(page: Page) -> QuerySet[UnitPage]:
    """The units whose boards may decide about a page, nearest first."""
    return UnitPage.objects.ancestor_of(page, inclusive=True).order_by("-depth")


def has_role(user: AbstractBaseUser, unit: UnitPage, *roles: Role) -> bool:
    """Whether an active user has one of the roles on the board of exactly this unit.

    Asked of the database each time, so that a role taken away between opening a form and sending it counts.
    """
    return Membership.objects.filter(user_id=user.pk, user__is_active=True, unit=unit, role__in=roles).exists()


def may_use_file(page: Page, file: Any) -> bool:
    """Whether a page may show a file or picture: one of its unit, of a unit above it, or of the common collection."""
    if file.collection.is_root():
        return True
    return BoardGroup.objects.filter(unit__in=units_upwards(page), collection_id=file.collection_id).exists()


@transaction.atomic
def ensure_board(unit: UnitPage) -> BoardGroup:
    """Make the group and the private file collection of a unit's board if they are not there yet."""
    existing = BoardGroup.objects.filter(unit=unit).first()
    if existing:
        return existing
    group = Group.objects.create(name=f"{unit.title} ({unit.uuid.hex[:8]})"[:150])
    group.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    for codename in _PAGE_PERMISSIONS:
        GroupPagePermission.objects.create(group=group, page=unit, permission=_permission("wagtailcore", codename))
    collection = Collection.get_first_root_node().add_child(name=f"{unit.title} ({unit.uuid.hex[:8]})")
    for app, codenames in _FILE_PERMISSIONS.items():
        for codename in codenames:
            GroupCollectionPermission.objects.create(
                group=group, collection=collection, permission=_permission(app, codename)
            )
    return BoardGroup.objects.create(unit=unit, group=group, collection=collection)


def seat(user: AbstractBaseUser, unit: UnitPage, role: Role) -> Membership:
    """Give a user a role on a unit's board."""
    return Membership.objects.get_or_create(user=user, unit=unit, role=role)[0]


def refresh_group(user: AbstractBaseUser, unit: UnitPage) -> None:
    """Put the user into the board's group, or take them out when no membership is left."""
    board = BoardGroup.objects.filter(unit_id=unit.pk).select_related("group").first()
    if board is None:  # the unit is being deleted
        return
    if Membership.objects.filter(user=user, unit=unit).exists():
        user.groups.add(board.group)
    else:
        user.groups.remove(board.group)


def _permission(app: str, codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label=app, codename=codename)
