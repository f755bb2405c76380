"""Stream blocks: relations between documents and attached files."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock

from contract.numbers import canonical_number
from contract.vocabulary import VERB_TERMS


class RelationBlock(blocks.StructBlock):
    """What this document does to another one, chosen here or, when it is not on this site, named by its number."""

    verb = blocks.ChoiceBlock(
        label=_("Relation"), choices=[(verb.value, terms.label) for verb, terms in VERB_TERMS.items()]
    )
    number = blocks.CharBlock(label=_("number"), required=False, max_length=80, help_text=_("For example 18-NQ/TW"))
    target = blocks.PageChooserBlock(label=_("document on this site"), required=False, page_type="content.DocumentPage")
    anchor = blocks.CharBlock(label=_("provision"), required=False, max_length=200, help_text=_("For example dieu-5"))

    class Meta:
        icon = "link"
        label = _("Relation")

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if not cleaned.get("number") and not cleaned.get("target"):
            raise blocks.StructBlockValidationError(
                {"number": ValidationError(_("Give the number of the document or choose it."))}
            )
        cleaned["number"] = canonical_number(cleaned.get("number") or "")
        return cleaned


class RelationsBlock(blocks.StreamBlock):
    relation = RelationBlock()


class AttachmentsBlock(blocks.StreamBlock):
    file = DocumentChooserBlock(label=_("File"))
