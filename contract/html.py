"""The HTML that may stand in a snapshot, and the plain text of it."""

from html.parser import HTMLParser

import nh3

from contract.normalising import normalise

_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "strong", "b", "em", "i", "u", "sub", "sup", "a", "abbr",
    "blockquote", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start", "type"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
_CLEANER = nh3.Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer")
_BLOCKS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "table", "caption", "tr", "figure",
    "figcaption", "div",
}  # fmt: skip


def sanitise(html: str) -> str:
    """Return `html` in normalised spelling with only the allowed tags, attributes and link schemes. Idempotent."""
    return _CLEANER.clean(normalise(html))


def plain_text(html: str) -> str:
    """The text of an HTML fragment: blocks on lines of their own, entities resolved, table cells apart."""
    collector = _TextCollector()
    collector.feed(html)
    collector.close()
    lines = (" ".join(line.split()) for line in "".join(collector.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _TextCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def _separate(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
