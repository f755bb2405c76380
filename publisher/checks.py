"""Checks a release before readers see it: every item has its page and its files, no page links to nothing."""

from functools import lru_cache

from lxml.html import HtmlElement, HTMLParser, document_fromstring

from contract.addresses import FILES_PATH
from publisher.context import internal_path
from publisher.errors import BuildError
from publisher.files import files_of
from publisher.pages import Plan, file_of
from publisher.staging import Staging

SHOWN = 5


class LinkChecker:
    """Finds dead links among pages as they are written. Links of a page it has seen before are remembered by hash."""

    def __init__(self) -> None:
        self._links: dict[str, frozenset[str]] = {}

    def check(self, plan: Plan, staging: Staging, html: dict[str, bytes]) -> None:
        """Raise `BuildError` naming the first dead links. `html` holds the bytes of every HTML page by file."""
        dead = [
            f"{file} links to {target}"
            for file, data in html.items()
            for target in self._targets(plan, file, staging.pages[file], data)
            if not _answers(plan, staging, target)
        ]
        digests = frozenset(staging.pages.values())
        self._links = {digest: links for digest, links in self._links.items() if digest in digests}
        if dead:
            raise BuildError(f"{len(dead)} dead links: " + "; ".join(sorted(dead)[:SHOWN]))

    def _targets(self, plan: Plan, file: str, digest: str, data: bytes) -> frozenset[str]:
        if digest not in self._links:
            self._links[digest] = _links_of(data)
        page = "/" + file.removesuffix("index.html")
        targets = (_internal(link, plan.site.base_url, page) for link in self._links[digest])
        return frozenset(target for target in targets if target is not None)


def check_items(plan: Plan, staging: Staging) -> None:
    """Raise `BuildError` when an item lacks its page, its record or a file, or stands at a withdrawn address too."""
    for item in plan.facts.items.values():
        path = item.snapshot.path
        missing = [
            what
            for what, there in (
                ("page", file_of(path) in staging.pages),
                ("record", item.id in staging.items),
                ("files", all(staging.has_file(file) for file in files_of(item.snapshot))),
            )
            if not there
        ]
        if missing:
            raise BuildError(f"the item {item.id} at {path} has no {' and no '.join(missing)}")
        if path in staging.gone:
            raise BuildError(f"the address {path} is live and withdrawn at once")


def _answers(plan: Plan, staging: Staging, target: str) -> bool:
    if target.startswith(FILES_PATH):
        return staging.has_file(target.removeprefix(FILES_PATH))
    return plan.exists(target)


# The menu alone repeats a handful of links on every page.
_internal = lru_cache(maxsize=65536)(internal_path)


def _links_of(page: bytes) -> frozenset[str]:
    tree = document_fromstring(page, parser=HTMLParser(encoding="utf-8"))
    links = set(_attributes(tree, "href")) | set(_attributes(tree, "src"))
    for sources in _attributes(tree, "srcset"):
        links.update(source.split()[0] for source in sources.split(",") if source.strip())
    return frozenset(link for link in links if not link.startswith("data:"))


def _attributes(tree: HtmlElement, name: str) -> list[str]:
    return [str(element.get(name, "")) for element in tree.iterfind(f".//*[@{name}]")]
