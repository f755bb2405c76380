"""Which pages the site has, and what each of them shows. The only module that knows.

A page is an address and a short description of what stands there; `Contents` is everything its bytes are made from, and
`fingerprint` a hash of that: equal fingerprints, equal bytes. `publisher.changes` says which pages a change may touch.

Lists are numbered from the oldest item, and the page at the list's own address shows the newest, so a new item changes
that page and no numbered one. Only that page has filters: a new topic must not change every page of the archive.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from typing import Any

from contract.addresses import PREFIXES, REVOKED_PATH, SEARCH_PATH
from contract.canonical import canonical_json
from contract.models import Snapshot
from contract.release import NavigationLink, Revoked, RevokedItem, SiteFacts
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, DOCUMENT_TYPES, Kind
from publisher import syndication, wording
from publisher.context import (
    FROM_SNAPSHOT,
    Crumb,
    Filter,
    Head,
    Link,
    card,
    home_crumb,
    home_data,
    item_data,
    notice_data,
)
from publisher.derive import Facts
from publisher.errors import BuildError
from publisher.links import dead_addresses
from publisher.outline import (
    LISTED_KINDS,
    Outline,
    kind_listing,
    month_listing,
    topic_listing,
    type_listing,
    year_listing,
)
from publisher.settings import Settings

PER_PAGE = 20
NOT_FOUND = "/404.html"
GONE = "/410.html"
LISTS_CHUNK = "/sitemap-danh-muc.xml"
# Answered by the search service; no release holds them.
_DYNAMIC = re.compile(rf"^({SEARCH_PATH}|/api/search/)$")
_TEMPLATES = {kind: f"{kind.value}.html" for kind in Kind}
NUMBERED = "trang/"


class PageKind(StrEnum):
    """What stands at an address."""

    ITEM = "item"  # key: the id
    LIST = "list"  # key: the name of the list; number: of the page
    HOME = "home"
    NOTICE = "notice"  # key: the address
    FEED = "feed"  # key: the kind, or nothing for all of them
    SITEMAP = "sitemap"  # key: kind and month
    SITEMAP_LISTS = "sitemap of lists"
    SITEMAP_INDEX = "sitemap index"
    ROBOTS = "robots"
    REVOKED = "revoked"
    MARKER = "marker"  # nothing to read: the address was withdrawn


@dataclass(frozen=True, slots=True)
class Page:
    """An address and what stands there. `start` is the place of the first item of a list's page, where known."""

    address: str
    kind: PageKind
    key: str = ""
    number: int = 0
    start: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a page is made from: a template and its data, or a ready text. `state` differs whenever they do."""

    state: object
    template: str | None = None
    data: dict[str, Any] | None = None
    text: Callable[[], str] | None = None

    def fingerprint(self, code: str) -> bytes:
        """A hash of the contents; `code` stands for what all pages share: program, theme, facts of the site."""
        return hashlib.blake2b(f"{code}\n{self.template}\n{self.state!r}".encode(), digest_size=16).digest()


@dataclass(frozen=True)
class Listing:
    """A list of items over as many pages as it takes. `section` chooses the filters shown."""

    name: str
    path: str
    heading: str
    intro: str
    breadcrumbs: tuple[Crumb, ...]
    section: Kind | None = None

    def address(self, number: int, last: int) -> str:
        """The address of page `number` of `last`: the newest page stands at the list's own."""
        return self.path if number >= last else f"{self.path}{NUMBERED}{number}/"


def last_page(count: int) -> int:
    """The number of the newest page of a list. It holds 20 to 39 items, so that it never starts almost empty."""
    return max(1, count // PER_PAGE)


class Pages:
    """All pages of the site over the live items of a replica."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self.facts = facts
        self._replica = facts.replica
        self._settings = settings

    @cached_property
    def site(self) -> SiteFacts:
        """What every page shows: sections, search, and the board's own pages."""
        links = [NavigationLink(title=title, path=PREFIXES[kind]) for kind, title in wording.SECTION_TITLES.items()]
        links.append(NavigationLink(title=wording.SEARCH_TITLE, path=SEARCH_PATH))
        own = self._replica.all_members(kind_listing(Kind.PAGE))
        links += [NavigationLink(title=page.title, path=page.path) for page in own]
        settings = self._settings
        return SiteFacts(
            name=settings.site_name,
            tagline=settings.site_tagline,
            base_url=settings.site_url,
            navigation=tuple(links),
        )

    # Which pages there are

    def all(self) -> Iterator[Page]:
        """Every page of the site."""
        for id_, path in self._replica.db.execute("SELECT id, path FROM item ORDER BY id"):
            yield Page(path, PageKind.ITEM, id_)
        for listing in self.listings():
            yield from self.pages_of(listing)
        yield from self.singles()
        for kind, month in self.months():
            yield sitemap_page(kind, month)
        yield Page(NOT_FOUND, PageKind.NOTICE, NOT_FOUND)
        yield Page(GONE, PageKind.NOTICE, GONE)
        yield Page("/robots.txt", PageKind.ROBOTS)
        yield from (marker(path) for path in self._replica.gone_paths())

    def singles(self) -> Iterator[Page]:
        """Pages of which there is one, and which nearly every change touches."""
        yield Page("/", PageKind.HOME)
        yield Page("/feed.atom", PageKind.FEED)
        for kind in LISTED_KINDS:
            yield Page(f"{PREFIXES[kind]}feed.atom", PageKind.FEED, kind.value)
        yield Page(LISTS_CHUNK, PageKind.SITEMAP_LISTS)
        yield Page("/sitemap.xml", PageKind.SITEMAP_INDEX)
        yield Page(REVOKED_PATH, PageKind.REVOKED)

    def pages_of(self, listing: Listing) -> Iterator[Page]:
        """Every page of a list."""
        last = last_page(self._replica.tally(listing.name))
        starts = self._replica.places(listing.name, PER_PAGE)
        for number, start in zip(range(1, last + 1), starts, strict=False):
            yield Page(listing.address(number, last), PageKind.LIST, listing.name, number, start)
        if self._replica.tally(listing.name) == 0:
            yield Page(listing.path, PageKind.LIST, listing.name, 1)

    def page_of(self, listing: Listing, number: int) -> Page:
        """One page of a list."""
        last = last_page(self._replica.tally(listing.name))
        start = self._replica.place_of(listing.name, (number - 1) * PER_PAGE)
        return Page(listing.address(number, last), PageKind.LIST, listing.name, number, start)

    def months(self) -> list[tuple[Kind, str]]:
        """The chunks of the sitemap: kind and month of publication."""
        return [(kind, month) for kind in Kind for month, _, _ in self._replica.tallies(month_listing(kind, ""))]

    # Lists

    def listings(self) -> Iterator[Listing]:
        """Every list: sections, documents by type, documents and news by year, topics."""
        for kind in wording.SECTION_TITLES:
            yield self._section(kind)
        there = {slug for slug, _, _ in self._replica.tallies(type_listing(""))}
        yield from (self._type(type_.slug) for type_ in DOCUMENT_TYPES if type_.slug in there)
        for kind in (Kind.DOCUMENT, Kind.NEWS):
            years = self._replica.tallies(f"year:{kind.value}:")
            yield from (self._year(kind, int(year)) for year, _, _ in reversed(years))
        for slug, _, title in self._replica.tallies(topic_listing("")):
            yield self._topic(slug, title or slug)

    def listing(self, name: str) -> Listing | None:
        """The list called `name`; None when its items are not shown as a list, or there are none."""
        family, _, rest = name.partition(":")
        if family == "kind":
            return self._section(Kind(rest)) if Kind(rest) in wording.SECTION_TITLES else None
        if self._replica.tally(name) == 0:
            return None
        if family == "type":
            return self._type(rest)
        if family == "year":
            kind, _, year = rest.partition(":")
            return self._year(Kind(kind), int(year))
        return self._topic(rest, self._replica.title(name) or rest) if family == "topic" else None

    def filters(self, section: Kind | None) -> tuple[Filter, ...]:
        """What narrows the lists of a section. Without counts: they would change with every new item."""
        listings = list(self._narrower) if section is not None else []
        below = [listing for listing in listings if listing.section is section]
        types = _links(listing for listing in below if listing.name.startswith("type:"))
        years = _links(listing for listing in below if listing.name.startswith("year:"))
        found = (
            (wording.FILTER_TYPES, types),
            (wording.FILTER_YEARS, years),
            (wording.FILTER_TOPICS, self._topics(section)),
        )
        return tuple(Filter(title, links) for title, links in found if links)

    @cached_property
    def filters_by_section(self) -> dict[Kind | None, tuple[Filter, ...]]:
        """The filters of every section; under None those of topics."""
        return {section: self.filters(section) for section in (None, *wording.SECTION_TITLES)}

    @cached_property
    def _narrower(self) -> tuple[Listing, ...]:
        return tuple(listing for listing in self.listings() if listing.name.startswith(("type:", "year:")))

    def _topics(self, section: Kind | None) -> tuple[Link, ...]:
        titles = {slug: title or slug for slug, _, title in self._replica.tallies(topic_listing(""))}
        if section is None:
            return tuple(Link(title, _topic_path(slug)) for slug, title in titles.items())
        there = self._replica.tallies(f"topic-of:{section.value}:")
        return tuple(Link(titles[slug], _topic_path(slug)) for slug, _, _ in there)

    def _section(self, kind: Kind) -> Listing:
        title, intro = wording.SECTION_TITLES[kind], wording.SECTION_INTROS[kind]
        return Listing(kind_listing(kind), PREFIXES[kind], title, intro, (home_crumb(),), kind)

    def _type(self, slug: str) -> Listing:
        path = f"{PREFIXES[Kind.DOCUMENT]}loai/{slug}/"
        crumbs = _section_crumbs(Kind.DOCUMENT)
        return Listing(type_listing(slug), path, DOCUMENT_TYPE_BY_SLUG[slug].name, "", crumbs, Kind.DOCUMENT)

    def _year(self, kind: Kind, year: int) -> Listing:
        heading = wording.year_title(wording.SECTION_TITLES[kind], year)
        return Listing(
            year_listing(kind, year), f"{PREFIXES[kind]}nam/{year}/", heading, "", _section_crumbs(kind), kind
        )

    def _topic(self, slug: str, title: str) -> Listing:
        return Listing(topic_listing(slug), _topic_path(slug), wording.topic_title(title), "", (home_crumb(),))

    # What stands on a page

    def contents(self, page: Page, exists: Callable[[str], bool]) -> Contents:
        """What a page is made from. `exists` tells whether something answers at an address."""
        match page.kind:
            case PageKind.ITEM:
                return self._item(page, exists)
            case PageKind.LIST:
                return self._list(page)
            case PageKind.HOME:
                return self._data("home.html", home_data(self.facts, self.site))
            case PageKind.NOTICE:
                return self._notice(page)
            case PageKind.FEED:
                return self._feed(page)
            case PageKind.SITEMAP:
                return self._sitemap(page)
            case PageKind.SITEMAP_LISTS:
                paths = ["/", *(listing.path for listing in self.listings())]
                entries = [syndication.SitemapEntry(path) for path in paths]
                return Contents(paths, text=partial(syndication.sitemap, self.site, entries))
            case PageKind.SITEMAP_INDEX:
                paths = [*(sitemap_page(kind, month).address for kind, month in self.months()), LISTS_CHUNK]
                return Contents(paths, text=partial(syndication.sitemap_index, self.site, paths))
            case PageKind.ROBOTS:
                return Contents("", text=partial(syndication.robots, self.site))
            case PageKind.REVOKED:
                rows = self._replica.revoked()
                return Contents(rows, text=partial(_revoked, rows))
            case PageKind.MARKER:
                return Contents("")

    def _item(self, page: Page, exists: Callable[[str], bool]) -> Contents:
        item = self._replica.item(page.key)
        if item is None:
            raise BuildError(f"the item {page.key} is not in the replica")
        dead = dead_addresses(item.snapshot, self.site.base_url, exists)
        data = item_data(self.facts, self.site, item.snapshot, dead)
        raw = hashlib.blake2b(item.raw, digest_size=16).hexdigest()
        derived = {name: value for name, value in data.items() if name not in FROM_SNAPSHOT | {"site"}}
        return Contents((raw, dead, derived), _TEMPLATES[item.snapshot.kind], data)

    def _list(self, page: Page) -> Contents:
        listing = self.listing(page.key)
        if listing is None:
            raise BuildError(f"there is no list {page.key}")
        count = self._replica.tally(listing.name)
        last = last_page(count)
        size = PER_PAGE if page.number < last else count - (last - 1) * PER_PAGE
        outlines = self._replica.members(listing.name, page.start, size) if size else []
        filters = [
            Filter(f.title, tuple(Link(k.title, k.path, k.path == listing.path, k.count) for k in f.links))
            for f in (self.filters_by_section[listing.section] if page.number == last else ())
        ]
        return self._data(
            "list.html",
            {
                "site": self.site,
                "page": Head(page.address, listing.heading, listing.intro, listing.breadcrumbs, "list"),
                "heading": listing.heading,
                "intro": listing.intro,
                "cards": [card(self.facts, outline) for outline in reversed(outlines)],
                "newer": listing.address(page.number + 1, last) if page.number < last else None,
                "older": listing.address(page.number - 1, last) if page.number > 1 else None,
                "number": page.number,
                "filters": filters,
            },
        )

    def _notice(self, page: Page) -> Contents:
        if page.key == NOT_FOUND:
            data = notice_data(self.site, NOT_FOUND, "not_found", wording.NOT_FOUND_TITLE)
            return self._data("not_found.html", data)
        return self._data("gone.html", notice_data(self.site, GONE, "gone", wording.GONE_TITLE))

    def _feed(self, page: Page) -> Contents:
        path = page.address.removesuffix("feed.atom")
        kinds = (Kind(page.key),) if page.key else LISTED_KINDS
        title = f"{wording.SECTION_TITLES[kinds[0]]} – {self.site.name}" if page.key else self.site.name
        found = [o for kind in kinds for o in self.facts.newest(kind_listing(kind), syndication.FEED_ITEMS)]
        newest = sorted(found, key=_newest_first, reverse=True)[: syndication.FEED_ITEMS]
        text = partial(syndication.atom, self.site, title, path, page.address, newest)
        return Contents(newest, text=text)

    def _sitemap(self, page: Page) -> Contents:
        outlines = self._replica.all_members(f"month:{page.key}")
        entries = [syndication.SitemapEntry(o.path, o.updated_at.date()) for o in outlines]
        return Contents((self.site, entries), text=partial(syndication.sitemap, self.site, entries))

    @staticmethod
    def _data(template: str, data: dict[str, Any]) -> Contents:
        # The facts of the site are the same for all pages and part of the code.
        return Contents({name: value for name, value in data.items() if name != "site"}, template, data)


def is_dynamic(path: str) -> bool:
    """Whether a service answers at an address and not a page."""
    return _DYNAMIC.match(path) is not None


def sitemap_page(kind: Kind, month: str) -> Page:
    """One chunk of the sitemap: ``/sitemap-van-ban-2026-11.xml``."""
    return Page(f"/sitemap-{PREFIXES[kind].strip('/')}-{month}.xml", PageKind.SITEMAP, f"{kind.value}:{month}")


def marker(path: str) -> Page:
    """The marker of a withdrawn address."""
    return Page(path, PageKind.MARKER)


def preview_contents(pages: Pages, snapshot: Snapshot, exists: Callable[[str], bool]) -> tuple[str, dict[str, Any]]:
    """Template and data of a draft, as `Pages.contents` makes them for an item that is live."""
    dead = dead_addresses(snapshot, pages.site.base_url, exists)
    return _TEMPLATES[snapshot.kind], item_data(pages.facts, pages.site, snapshot, dead, with_files=False)


def _revoked(rows: list[tuple[str, str | None]]) -> str:
    items = tuple(RevokedItem.model_validate({"id": id_, "path": path}) for id_, path in rows)
    return canonical_json(Revoked(items=items).model_dump(mode="json", by_alias=True)).decode()


def _newest_first(outline: Outline) -> tuple[object, str]:
    return outline.published_at, outline.id


def _links(listings: Iterator[Listing]) -> tuple[Link, ...]:
    return tuple(Link(listing.heading, listing.path) for listing in listings)


def _section_crumbs(kind: Kind) -> tuple[Crumb, ...]:
    return home_crumb(), Crumb(wording.SECTION_TITLES[kind], PREFIXES[kind])


def _topic_path(slug: str) -> str:
    return f"/chu-de/{slug}/"
