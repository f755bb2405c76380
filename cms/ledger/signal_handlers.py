"""Calls `reconcile` for everything that may change what the public sees of a page."""

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete
from wagtail.models import Page, PageViewRestriction
from wagtail.signals import page_published, page_unpublished, post_page_move

from cms.content.base import ContentPage
from cms.content.locking import lock_page
from cms.ledger.recording import reconcile, reconcile_below, withdraw_deleted


def register_signal_handlers() -> None:
    """Bind the receivers; called once from the app's `ready`."""
    page_published.connect(_page_changed, dispatch_uid="ledger.page_published")
    page_unpublished.connect(_page_unpublished, dispatch_uid="ledger.page_unpublished")
    post_page_move.connect(_page_moved, dispatch_uid="ledger.page_moved")
    post_save.connect(_restriction_changed, sender=PageViewRestriction, dispatch_uid="ledger.restriction_saved")
    post_delete.connect(_restriction_changed, sender=PageViewRestriction, dispatch_uid="ledger.restriction_deleted")
    for model in _content_page_models():
        pre_delete.connect(_page_about_to_go, sender=model, dispatch_uid=f"ledger.deleting.{model._meta.label}")
        post_delete.connect(_page_deleted, sender=model, dispatch_uid=f"ledger.deleted.{model._meta.label}")


def _content_page_models() -> list[type[ContentPage]]:
    from django.apps import apps

    return [model for model in apps.get_models() if issubclass(model, ContentPage)]


def _page_changed(instance: Page, **kwargs: Any) -> None:
    # `page_published` is sent for scheduled pages too, which are not live yet; `reconcile` looks for itself.
    if Page.objects.filter(pk=instance.pk).exists():
        reconcile(instance)


def _page_unpublished(instance: Page, **kwargs: Any) -> None:
    # Also sent before a live page is deleted, when its row still looks live; `_page_deleted` has the last word then.
    if Page.objects.filter(pk=instance.pk, live=False).exists():
        reconcile(instance)


def _page_moved(instance: Page, **kwargs: Any) -> None:
    reconcile_below(instance)


def _restriction_changed(instance: PageViewRestriction, raw: bool = False, **kwargs: Any) -> None:
    page = Page.objects.filter(pk=instance.page_id).first()
    if page and not raw:
        reconcile_below(page)


def _page_about_to_go(instance: ContentPage, **kwargs: Any) -> None:
    # An approval that is under way ends first. Otherwise the two take the page's rows in opposite order and the
    # database ends one of them with a deadlock.
    lock_page(instance.pk)


def _page_deleted(instance: ContentPage, **kwargs: Any) -> None:
    # After, not before: Wagtail says `page_unpublished` before the rows go, when the page still looks live.
    withdraw_deleted(instance.uuid, "deleted")
