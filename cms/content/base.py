"""What every kind of content has in common."""

import re
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import Panel
from wagtail.models import Page, Revision, Site, get_page_models
from wagtail_headless_preview.models import HeadlessPreviewMixin

from contract.addresses import UnsafePathError, item_path
from contract.normalising import normalise, normalise_line
from contract.slugs import slugify, unique_slug
from contract.vocabulary import Kind


class ContentPage(HeadlessPreviewMixin, Page):
    """A page that becomes an item of the reading site once it is approved.

    Its address depends on kind and slug only, so moving it in the tree changes no link, and the slug is fixed once a
    snapshot exists.
    """

    kind: ClassVar[Kind]

    uuid = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    summary = models.TextField(
        _("summary"),
        blank=True,
        max_length=1000,
        help_text=_("One or two sentences. Shown in lists and in search results."),
    )

    exclude_fields_in_copy = ["uuid"]
    # No slug field: the admin would fill it in the browser, where Wagtail's script drops every Vietnamese letter.
    promote_panels: ClassVar[list[Panel]] = []
    is_creatable = False
    preview_modes = [("", _("As the reader sees it"))]

    class Meta:
        abstract = True

    def full_clean(self, *args: Any, **kwargs: Any) -> None:
        self._fill_in()
        super().full_clean(*args, **kwargs)

    def minimal_clean(self) -> None:
        """What Wagtail does with drafts instead of `full_clean`."""
        self._fill_in()
        super().minimal_clean()

    def clean(self) -> None:
        super().clean()
        try:
            path = item_path(self.kind, self.slug)
        except UnsafePathError as error:
            raise ValidationError(
                {"slug": _("This address cannot be used: %(reason)s.") % {"reason": error}}
            ) from error
        self._check_address(path)

    def save_revision(self, *args: Any, overwrite_revision: Revision | None = None, **kwargs: Any) -> Revision:
        """Every save is a revision of its own: one that was handed in or approved must keep saying what it said."""
        return super().save_revision(*args, **kwargs)

    def normalise_text(self) -> None:
        """One spelling for everything typed or pasted; subclasses add their own fields."""
        self.title = normalise_line(self.title or "")
        self.summary = normalise(self.summary or "").strip()

    @property
    def address(self) -> str:
        """Address on the reading site."""
        return item_path(self.kind, self.slug)

    def snapshot_body(self) -> str:
        """The HTML of the body before sanitising."""
        raise NotImplementedError

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """The preview pane: a frame of ours around the page as the publisher's renderer makes it."""
        from cms.editorial.previews import preview_url

        response = render(request, "wagtail_headless_preview/preview.html", {"preview_url": preview_url(self, request)})
        response["Cache-Control"] = "no-store"
        return response

    def review_preview_url(self, request: HttpRequest) -> str:
        """Address of the rendered draft for the review page's frame."""
        from cms.editorial.previews import preview_url

        return preview_url(self, request)

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        """Links to a page (“View live”) lead to the reading site; a draft has no address there."""
        site = Site.objects.filter(is_default_site=True).first()
        return (site.pk, settings.SITE_URL, self.address) if site and self.live and self.slug else None

    def serve(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The CMS shows no page to a reader; `cms.urls` does not even route here."""
        raise Http404

    def _fill_in(self) -> None:
        self.normalise_text()
        if not self.slug or self._slug_follows_the_text():
            self.slug = self._free_slug()

    def _same_kind(self) -> QuerySet[Page]:
        """The other pages whose addresses begin as this one's does."""
        models_of_kind = [model for model in get_page_models() if getattr(model, "kind", None) is self.kind]
        return Page.objects.type(*models_of_kind).exclude(pk=self.pk)

    def _free_slug(self) -> str:
        base = slugify(self.slug_source()) or f"{self.kind.value}-{self.uuid.hex[:8]}"
        taken = set(self._same_kind().filter(slug__startswith=base[:60]).values_list("slug", flat=True))
        return unique_slug(base, taken)

    def _slug_follows_the_text(self) -> bool:
        """Whether the slug was made from the stored text and nobody has seen it yet: it then changes with the text."""
        from cms.ledger.models import PublishedItem

        stored = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        if stored is None or PublishedItem.objects.filter(uuid=self.uuid).exists():
            return False
        made = slugify(stored.slug_source())
        if not made or made == slugify(self.slug_source()):
            return False  # the text is as it was; a slug that was chosen may look like a made one (…-2026)
        return re.fullmatch(rf"{re.escape(made)}(-\d+)?", self.slug) is not None

    def slug_source(self) -> str:
        """The text a new page's address is made of."""
        return self.title

    def _check_address(self, path: str) -> None:
        from cms.ledger.models import PublishedItem

        published = PublishedItem.objects.filter(uuid=self.uuid).values_list("path", flat=True).first()
        if published and published != path:
            raise ValidationError(
                {
                    "slug": _("The address of a published item does not change: readers have links to %(path)s.")
                    % {"path": published}
                }
            )
        same = self._same_kind().filter(slug=self.slug).exists()
        other = PublishedItem.objects.filter(path=path).exclude(uuid=self.uuid).exists()
        if same or other:
            raise ValidationError({"slug": _("Another item already has this address. Please choose another one.")})
