"""Vietnamese texts of the theme, read from the catalogue beside this module (no compiled file, no build step)."""

import re
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes
from jinja2.ext import InternationalizationExtension
from jinja2.lexer import Token, TokenStream

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# A call of gettext with a text and nothing else.
_PLAIN_CALL = ("name", "lparen", "string", "rparen")

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

    There is one language, so texts are translated when a template is compiled and stand in it as constants: two dozen
    on each of thousands of pages.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.policies["ext.i18n.trimmed"] = True
        self._install(translations(), newstyle=True)

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Replace ``_("text")`` by the translation, which counts as HTML as the extension has it."""
        tokens = list(stream)
        position = 0
        while position < len(tokens):
            call = tokens[position : position + len(_PLAIN_CALL)]
            if tuple(token.type for token in call) == _PLAIN_CALL and call[0].value == "_":
                line = call[0].lineno
                text = translations().gettext(call[2].value) % {}
                yield from (Token(line, "string", text), Token(line, "pipe", "|"), Token(line, "name", "safe"))
                position += len(call)
            else:
                yield tokens[position]
                position += 1

    def _make_node(
        self,
        singular: str,
        plural: str | None,
        context: str | None,
        variables: dict[str, nodes.Expr],
        plural_expr: nodes.Expr | None,
        *more: Any,
    ) -> nodes.Output:
        """What ``{% trans %}`` compiles to: the pieces of the translation with its variables between them."""
        if plural_expr is not None or context is not None:
            return super()._make_node(singular, plural, context, variables, plural_expr, *more)
        pieces = _PLACEHOLDER.split(translations().gettext(singular))
        return nodes.Output(
            [
                variables[piece] if number % 2 else nodes.TemplateData(piece.replace("%%", "%"))
                for number, piece in enumerate(pieces)
            ]
        )
