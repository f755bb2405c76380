"""Vietnamese texts of the theme, read from the catalogue beside this module (no compiled file, no build step)."""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import InternationalizationExtension

CATALOGUE = Path(__file__).parent / "locale" / "vi" / "LC_MESSAGES" / "messages.po"


@cache
def translations() -> GNUTranslations:
    """The catalogue, compiled in memory: an edited text is live at the next start."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="vi")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


class VietnameseTexts(InternationalizationExtension):
    """Jinja's i18n extension with the translations already in it.

    Pelican makes its environments itself and offers no place to call `install_gettext_translations`; an extension class
    in its settings is enough.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.policies["ext.i18n.trimmed"] = True
        self._install(translations(), newstyle=True)
