"""Stream blocks of search terms, one for each kind; what makes a term useless or ambiguous is said beside its field."""

from datetime import date
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import blocks

from contract.folding import fold
from contract.normalising import normalise_line
from contract.numbers import canonical_number, is_number, number_key
from contract.vocabulary import TERM_KIND_LABELS, TermKind

_LONGEST = 200  # contract.models.Term


class TermBlock(blocks.StructBlock):
    """What all kinds have: one spelling, and words that can be searched for."""

    texts: ClassVar[tuple[str, ...]] = ("words",)

    class Meta:
        form_classname = "struct-block term"

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        for name in self.texts:
            cleaned[name] = normalise_line(cleaned[name])
        if not any(character.isalnum() for character in cleaned["words"]):
            raise _wrong(words=_("The words need at least one letter or digit."))
        return cleaned


class MeaningBlock(TermBlock):
    """Words and what they mean."""

    texts = ("words", "means")

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if fold(cleaned["words"]) == fold(cleaned["means"]):
            raise _wrong(means=_("These are the same words."))
        return cleaned


class AbbreviationBlock(MeaningBlock):
    words = blocks.CharBlock(
        label=gettext_lazy("Short form"), max_length=_LONGEST, help_text=gettext_lazy("For example BCH TW")
    )
    means = blocks.CharBlock(
        label=gettext_lazy("Written out"),
        max_length=_LONGEST,
        help_text=gettext_lazy("For example Ban Chấp hành Trung ương"),
    )

    class Meta:
        icon = "clipboard-list"
        label = TERM_KIND_LABELS[TermKind.ABBREVIATION]
        label_format = "{words} = {means}"


class SynonymBlock(MeaningBlock):
    words = blocks.CharBlock(label=gettext_lazy("Words"), max_length=_LONGEST)
    means = blocks.CharBlock(
        label=gettext_lazy("Same as"),
        max_length=_LONGEST,
        help_text=gettext_lazy("Who searches for either finds the other, too."),
    )

    class Meta:
        icon = "resubmit"
        label = TERM_KIND_LABELS[TermKind.SYNONYM]
        label_format = "{words} = {means}"


class AliasBlock(TermBlock):
    words = blocks.CharBlock(
        label=gettext_lazy("Name"),
        max_length=_LONGEST,
        help_text=gettext_lazy("What people call the document, for example 19 điều đảng viên không được làm"),
    )
    number = blocks.CharBlock(
        label=gettext_lazy("Number"), max_length=80, help_text=gettext_lazy("For example 18-NQ/TW")
    )
    issued_on = blocks.DateBlock(
        label=gettext_lazy("Date of issue"),
        required=False,
        help_text=gettext_lazy("Needed where several documents have the number."),
    )

    class Meta:
        icon = "doc-full"
        label = TERM_KIND_LABELS[TermKind.ALIAS]
        label_format = "{words} → {number}"

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        cleaned["number"] = canonical_number(cleaned["number"])
        if not is_number(cleaned["number"]):
            raise _wrong(number=_("This is no document number. Write it like 18-NQ/TW or 30/2020/NĐ-CP."))
        _check_document(cleaned["number"], cleaned["issued_on"])
        return cleaned


class QueryBlock(TermBlock):
    words = blocks.CharBlock(
        label=gettext_lazy("Words"),
        max_length=_LONGEST,
        help_text=gettext_lazy("Offered to readers while they type, for example chuyển sinh hoạt đảng"),
    )

    class Meta:
        icon = "search"
        label = TERM_KIND_LABELS[TermKind.QUERY]
        label_format = "{words}"


class SearchTermsBlock(blocks.StreamBlock):
    abbreviation = AbbreviationBlock()
    synonym = SynonymBlock()
    alias = AliasBlock()
    query = QueryBlock()

    class Meta:
        collapsed = True  # a list of hundreds is read by its headings

    def clean(self, value: blocks.StreamValue) -> blocks.StreamValue:
        cleaned = super().clean(value)
        seen: set[tuple[str, ...]] = set()
        errors = {}
        for place, block in enumerate(cleaned):
            term = term_of(block)
            key = tuple(fold(str(part)) for part in term.values())
            if key in seen:
                errors[place] = _wrong(words=_("This is in the list already."))
            seen.add(key)
        if errors:
            raise blocks.StreamBlockValidationError(block_errors=errors)
        return cleaned


def term_of(block: blocks.StreamValue.StreamChild) -> dict[str, Any]:
    """A term as it stands in a snapshot."""
    issued_on: date | None = block.value.get("issued_on")
    return {
        "kind": block.block_type,
        "words": block.value["words"],
        "means": block.value.get("means"),
        "number": block.value.get("number"),
        "issued_on": issued_on.isoformat() if issued_on else None,
    }


def _check_document(number: str, issued_on: date | None) -> None:
    """Whether a number, with a date or without, means one document. One that is not on the site may come later."""
    from cms.ledger.models import PublishedItem

    live = PublishedItem.objects.filter(number_key=number_key(number), snapshot__isnull=False)
    dates = sorted(day for day in live.values_list("issued_on", flat=True) if day)
    shown = ", ".join(date_format(day, "d/m/Y") for day in dates)
    if issued_on is None and live.count() > 1:
        raise _wrong(
            issued_on=_("Several documents have this number; give the date. They are of %(dates)s.") % {"dates": shown}
        )
    if issued_on is not None and dates and issued_on not in dates:
        raise _wrong(
            issued_on=_("No document of this number has this date. There is one of %(dates)s.") % {"dates": shown}
        )


def _wrong(**messages: str | Promise) -> blocks.StructBlockValidationError:
    return blocks.StructBlockValidationError({name: ValidationError(message) for name, message in messages.items()})
