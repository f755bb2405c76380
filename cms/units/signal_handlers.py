"""Keeps boards and groups in step with units and memberships."""

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete

from cms.units.boards import ensure_board, refresh_group
from cms.units.models import BoardGroup, Membership, UnitPage


def register_signal_handlers() -> None:
    """Bind the receivers; called once from the app's `ready`."""
    post_save.connect(_unit_saved, sender=UnitPage, dispatch_uid="units.unit_saved")
    post_save.connect(_membership_changed, sender=Membership, dispatch_uid="units.membership_saved")
    post_delete.connect(_membership_changed, sender=Membership, dispatch_uid="units.membership_deleted")
    pre_delete.connect(_unit_deleted, sender=UnitPage, dispatch_uid="units.unit_deleted")


def _unit_saved(instance: UnitPage, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if created and not raw:
        ensure_board(instance)


def _membership_changed(instance: Membership, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        refresh_group(instance.user, instance.unit)


def _unit_deleted(instance: UnitPage, **kwargs: Any) -> None:
    board = BoardGroup.objects.filter(unit=instance).select_related("group").first()
    if board:
        board.group.delete()
