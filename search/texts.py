"""Vietnamese texts of the search service, read from the catalogue beside this module (no compiled file)."""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUE = Path(__file__).parent / "locale" / "vi" / "LC_MESSAGES" / "messages.po"


@cache
def _translations() -> GNUTranslations:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="vi")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _(message: str) -> str:
    """The Vietnamese text for an English one."""
    return _translations().gettext(message)
