"""Which pages the site has and what each of them depends on. The only module that knows.

A page declares its `needs`: names of values (`Plan.digest` tells their present state) such that the page's bytes change
only when one of them or its template changes. Whole builds do not use them; incremental ones will.

Lists are numbered from the oldest item, and the page at the list's own address shows the newest, so a new item changes
that page and no numbered one.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar
from uuid import UUID

from contract.addresses import PREFIXES, SEARCH_PATH
from contract.models import Snapshot
from contract.release import NavigationLink, SiteFacts
from contract.vocabulary import DOCUMENT_TYPES, Kind
from publisher import syndication, wording
from publisher.context import (
    Crumb,
    Filter,
    Head,
    Link,
    body_addresses,
    card,
    home_crumb,
    home_data,
    item_data,
    notice_data,
    unit_links,
)
from publisher.derive import Facts, published_day
from publisher.replica import Item
from publisher.settings import Settings
from publisher.syndication import SitemapEntry

PER_PAGE = 20
NOT_FOUND_FILE = "404.html"
GONE_FILE = "410.html"

_Key = TypeVar("_Key")
_TEMPLATES = {kind: f"{kind.value}.html" for kind in Kind}
_FEED_KINDS = (Kind.NEWS, Kind.DOCUMENT, Kind.GUIDANCE)
# Answered by the search service; no release holds them.
_DYNAMIC = re.compile(rf"^({SEARCH_PATH}|/api/search/)$")


@dataclass(frozen=True)
class TemplatePage:
    """A page made by a template of the theme. `file` is its path below ``pages/``; `item` is set for an item's page."""

    file: str
    template: str
    needs: frozenset[str]
    data: Callable[[], dict[str, Any]]
    item: UUID | None = None


@dataclass(frozen=True)
class TextPage:
    """A page that is not HTML: a feed, the sitemap, robots.txt."""

    file: str
    needs: frozenset[str]
    text: Callable[[], str]


Page = TemplatePage | TextPage


@dataclass(frozen=True)
class Listing:
    """A list of items over as many pages as it takes. `items` oldest first; `section` chooses the filters shown."""

    path: str
    heading: str
    intro: str
    items: tuple[Item, ...]
    breadcrumbs: tuple[Crumb, ...]
    section: Kind | None = None


@dataclass(frozen=True)
class ListingPage:
    """One page of a listing; `newer` and `older` are addresses of its neighbours."""

    listing: Listing
    path: str
    number: int
    items: tuple[Item, ...]
    newer: str | None
    older: str | None


def file_of(path: str) -> str:
    """The file below ``pages/`` that answers for an address: ``/van-ban/`` gives ``van-ban/index.html``."""
    return (path + "index.html" if path.endswith("/") else path).lstrip("/")


def site_facts(settings: Settings, facts: Facts) -> SiteFacts:
    """What every page shows: sections, search, and the board's own pages."""
    links = [NavigationLink(title=title, path=PREFIXES[kind]) for kind, title in wording.SECTION_TITLES.items()]
    links.append(NavigationLink(title=wording.SEARCH_TITLE, path=SEARCH_PATH))
    links += [NavigationLink(title=i.snapshot.title, path=i.snapshot.path) for i in facts.listed[Kind.PAGE]]
    return SiteFacts(
        name=settings.site_name, tagline=settings.site_tagline, base_url=settings.site_url, navigation=tuple(links)
    )


def paginate(listing: Listing) -> Iterator[ListingPage]:
    """Pages of a listing, the newest first. Page p holds items (p-1)·20 to p·20 from the oldest; the last page
    stands at the listing's own address and holds up to 39, so that it never starts almost empty."""
    last = max(1, len(listing.items) // PER_PAGE)

    def address(number: int) -> str:
        return listing.path if number == last else f"{listing.path}trang/{number}/"

    for number in range(last, 0, -1):
        end = None if number == last else number * PER_PAGE
        items = listing.items[(number - 1) * PER_PAGE : end]
        newer = address(number + 1) if number < last else None
        older = address(number - 1) if number > 1 else None
        yield ListingPage(listing, address(number), number, tuple(reversed(items)), newer, older)


class Plan:
    """All pages of the site over a set of items."""

    def __init__(self, facts: Facts, settings: Settings, gone: frozenset[str] = frozenset()) -> None:
        self.facts = facts
        self.site = site_facts(settings, facts)
        self._gone = gone
        self._digests: dict[str, str] = {}

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """Every page, items first, so that a page is there before a list speaks of it."""
        return (
            *map(self.item_page, self.facts.items.values()),
            *(self._listing_page(page) for listing in self.listings for page in paginate(listing)),
            self._home(),
            *self._notices(),
            *self._feeds(),
            *self._sitemaps(),
            TextPage("robots.txt", frozenset({"site"}), partial(syndication.robots, self.site)),
        )

    def exists(self, path: str) -> bool:
        """Whether something answers at an address: a page, the search, or the note that it was withdrawn."""
        return file_of(path) in self._files or path in self._gone or _DYNAMIC.match(path) is not None

    def item_page(self, item: Item) -> TemplatePage:
        """The page of an item."""
        needs = {"site", f"item:{item.id}", f"derived:{item.id}"}
        if item.snapshot.kind is Kind.UNIT:
            unit = item.snapshot.unit.id
            shown = [i for kind in _FEED_KINDS for i in self.facts.listed_by_unit.get((kind, unit), [])[-PER_PAGE:]]
            needs |= {f"children:{unit}", *(f"card:{i.id}" for i in shown)}
        data = partial(item_data, self.facts, self.site, item.snapshot, self.exists)
        return TemplatePage(
            file_of(item.snapshot.path), _TEMPLATES[item.snapshot.kind], frozenset(needs), data, item.id
        )

    @cached_property
    def listings(self) -> tuple[Listing, ...]:
        """Sections, documents by type and year, news by year, topics."""
        return (*map(self._section, wording.SECTION_TITLES), *self._types(), *self._years(), *self._topics())

    def digest(self, need: str) -> str:
        """The state of a value pages depend on; equal digests mean equal values."""
        if need not in self._digests:
            self._digests[need] = hashlib.sha256(repr(self._value(need)).encode()).hexdigest()
        return self._digests[need]

    def fingerprint(self, page: Page) -> str:
        """A hash that changes whenever a declared need of the page does."""
        parts = [f"{need}={self.digest(need)}" for need in sorted(page.needs)]
        return hashlib.sha256("\n".join([page.file, *parts]).encode()).hexdigest()

    def _value(self, need: str) -> object:
        name, _, key = need.partition(":")
        if name in ("item", "derived", "card", "entry"):
            return self._item_value(name, self.facts.items[UUID(key)])
        if name == "children":
            return unit_links(self.facts, UUID(key) if key else None)
        if name == "filters":
            return self._filters(Kind(key) if key else None)
        return self.site if name == "site" else key

    def _item_value(self, name: str, item: Item) -> object:
        snapshot = item.snapshot
        if name == "item":
            return item.seq, item.sha256
        if name == "card":
            return card(self.facts, snapshot)
        if name == "entry":
            return item.id, snapshot.path, snapshot.title, snapshot.summary, snapshot.topics, snapshot.updated_at
        links = sorted((path, self.exists(path)) for path in body_addresses(snapshot, self.site))
        relations = self.facts.outgoing(snapshot), self.facts.incoming(snapshot)
        return self.facts.status(snapshot), self.facts.unit_path(snapshot), relations, links

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(page.file for page in self.pages)

    def _section(self, kind: Kind) -> Listing:
        items = self.facts.listed[kind]
        if kind is Kind.UNIT:
            # Units have no news value: they show from the top of the tree down, by name.
            items = sorted(items, key=lambda i: (i.snapshot.unit.level, i.snapshot.title, i.id), reverse=True)
        title, intro = wording.SECTION_TITLES[kind], wording.SECTION_INTROS[kind]
        return Listing(PREFIXES[kind], title, intro, tuple(items), (home_crumb(),), kind)

    def _types(self) -> Iterator[Listing]:
        by_type = _grouped(self.facts.listed[Kind.DOCUMENT], lambda s: s.document.type if s.document else "")
        for type_ in DOCUMENT_TYPES:
            if items := by_type.get(type_.slug):
                path = f"{PREFIXES[Kind.DOCUMENT]}loai/{type_.slug}/"
                yield Listing(path, type_.name, "", items, _section_crumbs(Kind.DOCUMENT), Kind.DOCUMENT)

    def _years(self) -> Iterator[Listing]:
        for kind in (Kind.DOCUMENT, Kind.NEWS):
            for year, items in sorted(_grouped(self.facts.listed[kind], _year).items(), reverse=True):
                heading = wording.year_title(wording.SECTION_TITLES[kind], year)
                yield Listing(f"{PREFIXES[kind]}nam/{year}/", heading, "", items, _section_crumbs(kind), kind)

    def _topics(self) -> Iterator[Listing]:
        for slug, (name, items) in self._topic_items.items():
            yield Listing(f"/chu-de/{slug}/", wording.topic_title(name), "", items, (home_crumb(),))

    @cached_property
    def _topic_items(self) -> dict[str, tuple[str, tuple[Item, ...]]]:
        """Topics by slug; the newest item decides how a topic is called."""
        names: dict[str, str] = {}
        found: dict[str, list[Item]] = defaultdict(list)
        items = (i for kind in _FEED_KINDS for i in self.facts.listed[kind])
        for item in sorted(items, key=lambda i: (i.snapshot.published_at, i.id)):
            for topic in item.snapshot.topics:
                names[topic.slug] = topic.name
                found[topic.slug].append(item)
        return {slug: (names[slug], tuple(found[slug])) for slug in sorted(found)}

    def _filters(self, section: Kind | None) -> tuple[Filter, ...]:
        """What narrows the lists of a section. Without counts: they would change every page with every new item."""
        below = [listing for listing in self.listings if section is not None and listing.section is section]
        types = _links(listing for listing in below if "/loai/" in listing.path)
        years = _links(listing for listing in below if "/nam/" in listing.path)
        topics = tuple(
            Link(name, f"/chu-de/{slug}/")
            for slug, (name, items) in self._topic_items.items()
            if section is None or any(item.snapshot.kind is section for item in items)
        )
        filters = (wording.FILTER_TYPES, types), (wording.FILTER_YEARS, years), (wording.FILTER_TOPICS, topics)
        return tuple(Filter(title, links) for title, links in filters if links)

    @cached_property
    def _filters_by_section(self) -> dict[Kind | None, tuple[Filter, ...]]:
        return {section: self._filters(section) for section in (None, *wording.SECTION_TITLES)}

    def _listing_page(self, page: ListingPage) -> TemplatePage:
        listing = page.listing
        section = listing.section.value if listing.section else ""
        place = f"place:{page.path}|{page.newer}|{page.older}|{listing.heading}"
        needs = frozenset({"site", f"filters:{section}", place, *(f"card:{item.id}" for item in page.items)})
        return TemplatePage(file_of(page.path), "list.html", needs, partial(self._listing_data, page))

    def _listing_data(self, page: ListingPage) -> dict[str, Any]:
        listing = page.listing
        filters = [
            Filter(f.title, tuple(Link(k.title, k.path, k.path == listing.path, k.count) for k in f.links))
            for f in self._filters_by_section[listing.section]
        ]
        return {
            "site": self.site,
            "page": Head(page.path, listing.heading, listing.intro, listing.breadcrumbs, "list"),
            "heading": listing.heading,
            "intro": listing.intro,
            "cards": [card(self.facts, item.snapshot) for item in page.items],
            "newer": page.newer,
            "older": page.older,
            "number": page.number,
            "filters": filters,
        }

    def _home(self) -> TemplatePage:
        shown = [i for kind in _FEED_KINDS for i in self.facts.listed[kind][-PER_PAGE:]]
        needs = frozenset({"site", "children:", *(f"card:{item.id}" for item in shown)})
        return TemplatePage("index.html", "home.html", needs, partial(home_data, self.facts, self.site))

    def _notices(self) -> Iterator[TemplatePage]:
        for file, template, kind, title in (
            (NOT_FOUND_FILE, "not_found.html", "not_found", wording.NOT_FOUND_TITLE),
            (GONE_FILE, "gone.html", "gone", wording.GONE_TITLE),
        ):
            data = partial(notice_data, self.site, f"/{file}", kind, title)
            yield TemplatePage(file, template, frozenset({"site"}), data)

    def _feeds(self) -> Iterator[TextPage]:
        everything = [item for kind in _FEED_KINDS for item in self.facts.listed[kind]]
        yield self._feed("/", self.site.name, everything)
        for kind in _FEED_KINDS:
            title = f"{wording.SECTION_TITLES[kind]} – {self.site.name}"
            yield self._feed(PREFIXES[kind], title, self.facts.listed[kind])

    def _feed(self, path: str, title: str, items: list[Item]) -> TextPage:
        newest = sorted(items, key=lambda i: (i.snapshot.published_at, i.id), reverse=True)[: syndication.FEED_ITEMS]
        snapshots = [item.snapshot for item in newest]
        needs = frozenset({"site", *(f"entry:{item.id}" for item in newest)})
        feed_path = f"{path}feed.atom"
        text = partial(syndication.atom, self.site, title, path, feed_path, snapshots)
        return TextPage(file_of(feed_path), needs, text)

    def _sitemaps(self) -> Iterator[TextPage]:
        chunks: dict[str, list[Item]] = defaultdict(list)
        for kind in Kind:
            for item in self.facts.listed[kind]:
                name = PREFIXES[kind].strip("/")
                chunks[f"sitemap-{name}-{published_day(item.snapshot).year}.xml"].append(item)
        for file, items in chunks.items():
            entries = [SitemapEntry(i.snapshot.path, i.snapshot.updated_at.date()) for i in items]
            needs = frozenset({"site", *(f"entry:{item.id}" for item in items)})
            yield TextPage(file, needs, partial(syndication.sitemap, self.site, entries))
        lists = ["/", *(page.path for listing in self.listings for page in paginate(listing))]
        entries = [SitemapEntry(path) for path in lists]
        needs = frozenset({"site", "place:" + "|".join(lists)})
        yield TextPage("sitemap-danh-muc.xml", needs, partial(syndication.sitemap, self.site, entries))
        paths = [f"/{file}" for file in (*chunks, "sitemap-danh-muc.xml")]
        needs = frozenset({"site", "place:" + "|".join(paths)})
        yield TextPage("sitemap.xml", needs, partial(syndication.sitemap_index, self.site, paths))


def _year(snapshot: Snapshot) -> int:
    issued = snapshot.document.issued_on if snapshot.document else None
    return (issued or published_day(snapshot)).year


def _grouped(items: Iterable[Item], key: Callable[[Snapshot], _Key]) -> dict[_Key, tuple[Item, ...]]:
    groups: dict[_Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item.snapshot)].append(item)
    return {value: tuple(group) for value, group in groups.items()}


def _links(listings: Iterable[Listing]) -> tuple[Link, ...]:
    return tuple(Link(listing.heading, listing.path) for listing in listings)


def _section_crumbs(kind: Kind) -> tuple[Crumb, ...]:
    return home_crumb(), Crumb(wording.SECTION_TITLES[kind], PREFIXES[kind])
