"""One form of answer, whatever a client says it accepts: asking for another must not fail."""

from collections.abc import Sequence
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation


class AlwaysJson(BaseContentNegotiation):
    """Takes the first parser and the first renderer there are."""

    def select_parser(self, request: Any, parsers: Sequence[Any]) -> Any:
        """None where nothing is parsed."""
        return next(iter(parsers), None)

    def select_renderer(self, request: Any, renderers: Sequence[Any], format_suffix: str | None = None) -> Any:
        """The renderer and its media type."""
        return renderers[0], renderers[0].media_type
