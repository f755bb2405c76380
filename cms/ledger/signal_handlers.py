"""Calls `reconcile` for everything that may change what the public sees of a page."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from wagtail.models import Page, PageViewRestriction
from wagtail.signals import page_published, page_unpublished, post_page_move

from cms.content.base import ContentPage
from cms.ledger.recording import reconcile, withdraw_deleted


def register_signal_handlers() -> None:
    """Bind the receivers; called once from the app's `ready`."""
    page_published.connect(_page_changed, dispatch_uid="ledger.page_published")
    page_unpublished.connect(_page_changed, dispatch_uid="ledger.page_unpublished")
    post_page_move.connect(_page_moved, dispatch_uid="ledger.page_moved")
    post_save.connect(_restriction_changed, sender=PageViewRestriction, dispatch_uid="ledger.restriction_saved")
    post_delete.connect(_restriction_changed, sender=PageViewRestriction, dispatch_uid="ledger.restriction_deleted")
    for model in _content_page_models():
        post_delete.connect(_page_deleted, sender=model, dispatch_uid=f"ledger.deleted.{model._meta.label}")


def _content_page_models() -> list[type[ContentPage]]:
    from django.apps import apps

    return [model for model in apps.get_models() if issubclass(model, ContentPage)]


def _page_changed(instance: Page, **kwargs: Any) -> None:
    # `page_published` is sent for scheduled pages too, which are not live yet; `reconcile` looks for itself.
    if Page.objects.filter(pk=instance.pk).exists():
        reconcile(instance)


def _page_moved(instance: Page, **kwargs: Any) -> None:
    _reconcile_below(instance)


def _restriction_changed(instance: PageViewRestriction, raw: bool = False, **kwargs: Any) -> None:
    page = Page.objects.filter(pk=instance.page_id).first()
    if page and not raw:
        _reconcile_below(page)


def _page_deleted(instance: ContentPage, **kwargs: Any) -> None:
    # After, not before: Wagtail says `page_unpublished` before the rows go, when the page still looks live.
    withdraw_deleted(instance.uuid, "deleted")


def _reconcile_below(page: Page) -> None:
    # `get_descendants` reads the path, which a move has just changed in the database only.
    page = Page.objects.get(pk=page.pk)
    for affected in Page.objects.descendant_of(page, inclusive=True).order_by("path"):
        reconcile(affected)
