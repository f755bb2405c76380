"""Page types and what they are tagged with."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Page

from cms.content.base import ContentPage
from cms.content.blocks import AttachmentsBlock, RelationsBlock
from cms.content.files import FileAsset, Picture, PictureRendition
from cms.content.panels import UnsearchableFilesPanel
from cms.content.search_terms import SearchTermsBlock
from cms.content.structure import ParsedDocument, parse_structure
from contract.normalising import normalise, normalise_line
from contract.numbers import canonical_number, number_key
from contract.slugs import slugify
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, DOCUMENT_TYPES, Kind

__all__ = [
    "DocumentPage", "FileAsset", "GuidancePage", "HomePage", "NewsPage", "Picture", "PictureRendition", "StandardPage",
    "Topic",
    "VocabularyPage",
]  # fmt: skip

_TEXT_FEATURES = ["h2", "h3", "bold", "italic", "superscript", "subscript", "ul", "ol", "link", "blockquote", "hr"]


class Topic(models.Model):
    """A subject heading under which items are gathered."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("address"), max_length=80, unique=True, blank=True)

    panels = [FieldPanel("name"), FieldPanel("slug")]

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = normalise_line(self.name or "")
        self.slug = slugify(self.slug or self.name)
        if not self.slug:
            raise ValidationError({"name": _("The name needs at least one letter or digit.")})


class HomePage(Page):
    """The root of the unit tree. Not content: the reading site makes its own home page."""

    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["units.UnitPage"]
    max_count = 1

    class Meta:
        verbose_name = _("home page")


class NewsPage(ContentPage):
    """A news item; its source is credited where it is quoted."""

    kind = Kind.NEWS

    dated_at = models.DateTimeField(
        _("date and time shown"), null=True, blank=True, help_text=_("Empty: the moment of approval.")
    )
    body = RichTextField(_("text"), features=_TEXT_FEATURES)
    picture = models.ForeignKey(
        get_image_model_string(), verbose_name=_("picture"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    picture_alt = models.CharField(
        _("what the picture shows"), max_length=300, blank=True, help_text=_("Read aloud to those who cannot see it.")
    )
    topics = ParentalManyToManyField(Topic, verbose_name=_("topics"), blank=True)
    attachments = StreamField(AttachmentsBlock(), verbose_name=_("attachments"), blank=True)
    source_name = models.CharField(_("source"), max_length=200, blank=True, help_text=_("When the news is quoted."))
    source_url = models.URLField(_("address of the source"), max_length=1000, blank=True)
    external_id = models.CharField(max_length=64, blank=True, editable=False, db_index=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("body"),
        MultiFieldPanel([FieldPanel("picture"), FieldPanel("picture_alt")], heading=_("Picture")),
        FieldPanel("attachments"),
        UnsearchableFilesPanel(),
        MultiFieldPanel([FieldPanel("source_name"), FieldPanel("source_url")], heading=_("Source")),
        FieldPanel("dated_at"),
        FieldPanel("topics"),
    ]
    parent_page_types = ["units.UnitPage"]
    subpage_types = []
    is_creatable = True

    class Meta:
        verbose_name = _("news item")
        verbose_name_plural = _("news")

    def clean(self) -> None:
        super().clean()
        if self.picture_id and not self.picture_alt.strip():
            raise ValidationError({"picture_alt": _("Say in a few words what the picture shows.")})
        if self.source_url and not self.source_name:
            raise ValidationError({"source_name": _("Name the source whose address you give.")})

    def normalise_text(self) -> None:
        super().normalise_text()
        self.picture_alt = normalise_line(self.picture_alt or "")
        self.source_name = normalise_line(self.source_name or "")

    def snapshot_body(self) -> str:
        return self.body


class DocumentPage(ContentPage):
    """An official document. Its text is plain; articles and clauses are found in it (see `cms.content.structure`)."""

    kind = Kind.DOCUMENT

    full_title = models.TextField(
        _("full title"),
        blank=True,
        max_length=1000,
        help_text=_("Only when the title (trích yếu) is too long for the field above; the site then shows this one."),
    )
    document_type = models.CharField(
        _("type"), max_length=30, choices=[(t.slug, t.name) for t in DOCUMENT_TYPES], default="nghi-quyet"
    )
    number = models.CharField(_("number"), max_length=80, blank=True, help_text=_("For example 18-NQ/TW"))
    number_key = models.CharField(max_length=80, blank=True, editable=False, db_index=True)
    issuer = models.CharField(_("issued by"), max_length=300, blank=True)
    signer = models.CharField(_("signed by"), max_length=200, blank=True)
    signer_role = models.CharField(_("role of the signer"), max_length=200, blank=True)
    issued_on = models.DateField(_("date of issue"), null=True, blank=True)
    effective_from = models.DateField(_("in force from"), null=True, blank=True)
    effective_to = models.DateField(_("in force until"), null=True, blank=True)
    text = models.TextField(
        _("full text"),
        help_text=_(
            "Paste the whole text. Lines that begin with Chương, Mục, Điều, I., 1. or a) become the table of contents"
            " and the links to each clause."
        ),
    )
    topics = ParentalManyToManyField(Topic, verbose_name=_("topics"), blank=True)
    relations = StreamField(RelationsBlock(), verbose_name=_("relations to other documents"), blank=True)
    attachments = StreamField(AttachmentsBlock(), verbose_name=_("attachments"), blank=True)
    source_name = models.CharField(_("source"), max_length=200, blank=True)
    source_url = models.URLField(_("address of the source"), max_length=1000, blank=True)
    external_id = models.CharField(max_length=64, blank=True, editable=False, db_index=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("full_title"),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("document_type"), FieldPanel("number")]),
                FieldPanel("issuer"),
                FieldPanel("issued_on"),
                FieldRowPanel([FieldPanel("signer"), FieldPanel("signer_role")]),
                FieldRowPanel([FieldPanel("effective_from"), FieldPanel("effective_to")]),
            ],
            heading=_("Head of the document"),
        ),
        FieldPanel("summary"),
        FieldPanel("text"),
        FieldPanel("attachments"),
        UnsearchableFilesPanel(),
        FieldPanel("relations"),
        FieldPanel("topics"),
        MultiFieldPanel([FieldPanel("source_name"), FieldPanel("source_url")], heading=_("Source")),
    ]
    parent_page_types = ["units.UnitPage"]
    subpage_types = []
    is_creatable = True

    class Meta:
        verbose_name = _("official document")
        verbose_name_plural = _("official documents")

    def clean(self) -> None:
        super().clean()
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValidationError({"effective_to": _("This day is before the day the document comes into force.")})
        if self.source_url and not self.source_name:
            raise ValidationError({"source_name": _("Name the source whose address you give.")})

    def normalise_text(self) -> None:
        super().normalise_text()
        self.number = canonical_number(self.number or "")
        self.number_key = number_key(self.number)
        for name in ("full_title", "issuer", "signer", "signer_role", "source_name"):
            setattr(self, name, normalise_line(getattr(self, name) or ""))
        self.text = normalise(self.text or "").strip()

    def slug_source(self) -> str:
        type_name = DOCUMENT_TYPE_BY_SLUG[self.document_type].name
        return f"{type_name} {self.number}" if self.number else self.title

    def structure(self) -> ParsedDocument:
        """The text as preamble, provisions and closing."""
        return parse_structure(self.text)

    def snapshot_body(self) -> str:
        return self.structure().preamble_html


class GuidancePage(ContentPage):
    """Professional guidance: how something is done, for those who do it."""

    kind = Kind.GUIDANCE

    body = RichTextField(_("text"), features=_TEXT_FEATURES)
    topics = ParentalManyToManyField(Topic, verbose_name=_("topics"), blank=True)
    relations = StreamField(RelationsBlock(), verbose_name=_("documents it rests on"), blank=True)
    attachments = StreamField(AttachmentsBlock(), verbose_name=_("attachments"), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("body"),
        FieldPanel("attachments"),
        UnsearchableFilesPanel(),
        FieldPanel("relations"),
        FieldPanel("topics"),
    ]
    parent_page_types = ["units.UnitPage"]
    subpage_types = []
    is_creatable = True

    class Meta:
        verbose_name = _("guidance")
        verbose_name_plural = _("guidance")

    def snapshot_body(self) -> str:
        return self.body


class StandardPage(ContentPage):
    """A page that is none of the others: about us, contact."""

    kind = Kind.PAGE

    body = RichTextField(_("text"), features=_TEXT_FEATURES)

    content_panels = [*Page.content_panels, FieldPanel("summary"), FieldPanel("body")]
    parent_page_types = ["units.UnitPage"]
    subpage_types = []
    is_creatable = True

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")

    def snapshot_body(self) -> str:
        return self.body


class VocabularyPage(ContentPage):
    """What the search box is to know: abbreviations, synonyms, other names of documents, queries to offer.

    Only the top unit has such pages: what stands here changes what everybody finds.
    """

    kind = Kind.PAGE

    body = RichTextField(_("text"), features=_TEXT_FEATURES, blank=True)
    terms = StreamField(SearchTermsBlock(), verbose_name=_("search terms"))

    page_description = _("Abbreviations, synonyms and other names of documents that the search box understands.")
    content_panels = [*Page.content_panels, FieldPanel("summary"), FieldPanel("body"), FieldPanel("terms")]
    parent_page_types = ["units.UnitPage"]
    subpage_types = []
    is_creatable = True

    class Meta:
        verbose_name = _("search terms")
        verbose_name_plural = _("search terms")

    @classmethod
    def can_create_at(cls, parent: Page) -> bool:
        return super().can_create_at(parent) and _is_top_unit(parent)

    def can_move_to(self, parent: Page) -> bool:
        return super().can_move_to(parent) and _is_top_unit(parent)

    def snapshot_body(self) -> str:
        return self.body


def _is_top_unit(page: Page) -> bool:
    return getattr(page.specific_class, "kind", None) is Kind.UNIT and page.specific.level == 1
