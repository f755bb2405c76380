"""The tree of units and who sits on their boards."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField
from wagtail.models import Page

from cms.content.base import ContentPage
from contract.vocabulary import Kind


class Role(models.TextChoices):
    """What a member of a board may do beyond writing, which every member may."""

    EDITOR = "editor", _("Editor")
    REVIEWER = "reviewer", _("Reviewer")
    APPROVER = "approver", _("Approver")


class UnitPage(ContentPage):
    """A Party committee or branch: its page, and the place in the tree where its content lives. Any depth."""

    kind = Kind.UNIT
    is_creatable = True

    short_name = models.CharField(_("short name"), max_length=60, blank=True)
    body = RichTextField(_("introduction"), blank=True, features=["bold", "italic", "ul", "ol", "link"])

    content_panels = [
        *Page.content_panels,
        FieldPanel("short_name"),
        FieldPanel("summary"),
        FieldPanel("body"),
    ]
    parent_page_types = ["content.HomePage", "units.UnitPage"]
    subpage_types = [
        "content.NewsPage",
        "content.DocumentPage",
        "content.GuidancePage",
        "content.StandardPage",
        "content.VocabularyPage",
        "units.UnitPage",
    ]

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")

    @property
    def level(self) -> int:
        """1 for the top unit (below the home page), 2 for its children and so on."""
        return self.depth - 2

    def snapshot_body(self) -> str:
        return self.body


class Membership(models.Model):
    """A person's role on the board of a unit. One person may have several."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships"
    )
    unit = models.ForeignKey(UnitPage, verbose_name=_("unit"), on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)

    panels = [FieldPanel("user"), FieldPanel("unit"), FieldPanel("role")]

    class Meta:
        verbose_name = _("board membership")
        verbose_name_plural = _("board memberships")
        constraints = [models.UniqueConstraint(fields=["user", "unit", "role"], name="one_membership_a_role")]

    def __str__(self) -> str:
        return f"{self.user} – {self.get_role_display()} – {self.unit}"


class BoardGroup(models.Model):
    """The Django group that carries a board's page permissions. Kept by `cms.units.boards`, never edited by hand."""

    unit = models.OneToOneField(UnitPage, on_delete=models.CASCADE, related_name="board_group")
    group = models.OneToOneField("auth.Group", on_delete=models.CASCADE, related_name="+")
    collection = models.OneToOneField("wagtailcore.Collection", on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return str(self.group)
