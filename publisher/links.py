"""Links in HTML: where they lead on this site, and which of a snapshot's do."""

import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from contract.models import Snapshot

# A link as the sanitiser writes it: attributes in double quotes, in any order.
LINK = re.compile(r'<a((?:\s[a-z]+="[^"]*")*?)\shref="([^"]*)"')
# Theme and sanitiser write one space before an attribute. A text to split at is found many times faster than a pattern.
_REFERENCES = (' href="', ' src="')
_SOURCES = ' srcset="'
# What nearly all links of a page are; the rest takes the long way.
_PLAIN_PATH = re.compile(r"/(?:[a-z0-9_.-]+/)*[a-z0-9_.-]*", re.ASCII)


def internal_path(href: str, base_url: str, page_path: str) -> str | None:
    """The path on this site a link leads to, or None for one that leads elsewhere or stays on the page.

    A link nobody can make sense of counts as internal, at a path that does not exist.
    """
    if not href or href.startswith("#"):
        return None
    path, _, _ = href.partition("#")
    if _PLAIN_PATH.fullmatch(path) and "/." not in path:
        return path
    try:
        target = urlsplit(urljoin(base_url + page_path, href.replace("\\", "/")))
        base = urlsplit(base_url)
    except ValueError:
        return "//"
    if (target.scheme, target.netloc) != (base.scheme, base.netloc):
        return None
    return target.path or "/"


def addresses_linked(snapshot: Snapshot, base_url: str) -> frozenset[str]:
    """The addresses on this site to which an item links: from its bodies, or as the source of a quoted text."""
    hrefs = [unescape(match[2]) for html in _bodies(snapshot) for match in LINK.finditer(html)]
    if snapshot.source is not None and snapshot.source.url is not None:
        hrefs.append(snapshot.source.url)
    addresses = (internal_path(href, base_url, snapshot.path) for href in hrefs)
    return frozenset(address for address in addresses if address is not None)


def dead_addresses(snapshot: Snapshot, base_url: str, exists: Callable[[str], bool]) -> list[str]:
    """Those of `addresses_linked` where there is nothing to read, in order."""
    return sorted(path for path in addresses_linked(snapshot, base_url) if not exists(path))


def dead_references(html: str, base_url: str, page_path: str, exists: Callable[[str], bool]) -> list[str]:
    """The addresses on this site to which a page refers although nothing answers there.

    The quick search also finds what only reads like a link ("write <a href="…">" in a text about writing links), so
    what it suspects is looked at again as HTML.
    """
    suspects = _dead(_likely_references(html), base_url, page_path, exists)
    if not suspects:
        return []
    parser = _References()
    parser.feed(html)
    return sorted(suspects & _dead(parser.found, base_url, page_path, exists))


def _dead(references: Iterable[str], base_url: str, page_path: str, exists: Callable[[str], bool]) -> set[str]:
    targets = {internal_path(reference, base_url, page_path) for reference in references}
    return {target for target in targets if target is not None and not exists(target)}


class _References(HTMLParser):
    """Collects what the tags of a page refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src"):
                self.found.add(value or "")
            elif name == "srcset":
                self.found |= {source.split()[0] for source in (value or "").split(",") if source.strip()}


def _likely_references(html: str) -> set[str]:
    found = {value for attribute in _REFERENCES for value in _values(html, attribute)}
    found |= {source.split()[0] for value in _values(html, _SOURCES) for source in value.split(",") if source.strip()}
    return {unescape(reference) for reference in found if not reference.startswith(("#", "data:"))}


def _values(html: str, attribute: str) -> Iterator[str]:
    return (rest.partition('"')[0] for rest in html.split(attribute)[1:])


def _bodies(snapshot: Snapshot) -> Iterator[str]:
    yield from (html for html in (snapshot.body, *(p.body for p in snapshot.provisions)) if "href=" in html)
