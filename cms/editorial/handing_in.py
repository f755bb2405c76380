"""What an approver answers for, as one hash."""

from cms.content.base import ContentPage
from cms.content.published_form import published_form
from cms.ledger.recording import unit_name
from cms.units.boards import unit_of
from contract.canonical import sha256_of


def handed_in_sha256(page: ContentPage) -> str:
    """Hash of a draft's published form and of the unit's name it would go out under.

    Compared when the text is approved, so that neither text nor files nor that name change between the two.
    """
    unit = unit_of(page)
    return sha256_of({"content": published_form(page).content, "unit": unit_name(unit, page) if unit else ""})
