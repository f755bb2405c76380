"""Which pages a change may touch: every page that could look different now, and few others.

Rendering is decided by fingerprints afterwards, so a page too many costs a comparison; one too few would be wrong.
That incremental builds equal whole ones, byte for byte, is what the tests of random histories hold this module to.
"""

import hashlib
from collections.abc import Iterable, Iterator

from contract.vocabulary import Kind
from publisher.context import card
from publisher.outline import Outline
from publisher.pages import NUMBERED, PER_PAGE, Listing, Page, PageKind, Pages, last_page, marker, sitemap_page
from publisher.replica import Item, Replica

# Families of lists that readers page through; the others feed units' pages and the sitemap.
SHOWN_AS_LISTS = frozenset({"kind", "type", "year", "topic"})

# To count to a place in a long list takes milliseconds; for more places than these, one walk through it is quicker.
FEW = 8


class Candidates:
    """Collects the pages that items changed since the newest release may touch."""

    def __init__(self, replica: Replica, pages: Pages) -> None:
        self._replica = replica
        self._pages = pages
        self._found: dict[str, Page] = {}
        self._removed: set[str] = set()
        # The lists to look at. For each: how many items come before the first change of order, and the places of cards
        # that changed.
        self._looked_at: set[str] = set()
        self._moved: dict[str, int] = {}
        self._recarded: dict[str, set[tuple[str, str]]] = {}

    @property
    def lists(self) -> frozenset[str]:
        """The lists that may have another size or name."""
        return frozenset(self._looked_at)

    def collect(self) -> tuple[list[Page], list[str]]:
        """The pages to look at, and the addresses where there is nothing any more."""
        self._changed_items()
        self._lists()
        self._markers()
        self._touch_by_new_addresses()
        for id_ in self._touched():
            self._touched_item(id_)
        self._lists()
        for page in self._pages.singles():
            self._add(page)
        self._months()
        return list(self._found.values()), sorted(self._removed - self._found.keys())

    def _add(self, page: Page) -> None:
        self._found[page.address] = page

    def _touched(self) -> Iterator[str]:
        rows = self._replica.db.execute("SELECT id FROM touched UNION SELECT id FROM pending ORDER BY id")
        return (row[0] for row in rows.fetchall())

    def _changed_items(self) -> None:
        rows = self._replica.db.execute("SELECT id, seq, sha256, snapshot FROM pending ORDER BY id").fetchall()
        for id_, seq, sha256, raw in rows:
            before = Outline.of(Item.read(id_, seq, sha256, raw).snapshot) if raw is not None else None
            after = self._replica.outline(id_)
            self._changed_item(before, after)

    def _changed_item(self, before: Outline | None, after: Outline | None) -> None:
        places_before, places_after = _places(before), _places(after)
        for listing in sorted(places_before.keys() | places_after.keys()):
            self._looked_at.add(listing)
            places = {places_before.get(listing), places_after.get(listing)}
            if len(places) > 1:
                self._move(listing, min(self._replica.position_in(listing, *place) for place in places if place))
        if before is not None and (after is None or after.path != before.path):
            self._removed.add(before.path)
        for outline in (before, after):
            if outline is not None:
                self._month(outline.kind, f"{outline.published_on:%Y-%m}")
                self._replica.touch(_unit_items(self._replica, outline.unit))

    def _touched_item(self, id_: str) -> None:
        outline = self._replica.outline(id_)
        if outline is None:
            return
        self._add(Page(outline.path, PageKind.ITEM, id_))
        row = self._replica.db.execute("SELECT card FROM built_item WHERE id = ?", (id_,)).fetchone()
        if row is None or row[0] != card_digest(self._pages, outline):
            for listing, place in _places(outline).items():
                self._recarded.setdefault(listing, set()).add(place)
            for unit_page in _unit_items(self._replica, outline.unit):
                if (unit := self._replica.outline(unit_page)) is not None:
                    self._add(Page(unit.path, PageKind.ITEM, unit_page))

    def _move(self, listing: str, place: int) -> None:
        self._moved[listing] = min(place, self._moved.get(listing, place))

    def _lists(self) -> None:
        refiltered = {
            s for s in self._pages.filters_by_section if filters_digest(self._pages, s) != self._filters_built(s)
        }
        if refiltered:
            for listing in self._pages.listings():
                if listing.section in refiltered:
                    self._add(self._pages.page_of(listing, last_page(self._replica.tally(listing.name))))
        for name in sorted(self._looked_at | self._recarded.keys()):
            self._list(name)

    def _list(self, name: str) -> None:
        row = self._replica.db.execute("SELECT count, path, title FROM listing WHERE name = ?", (name,)).fetchone()
        listing = self._pages.listing(name)
        if row is not None:
            self._drop_pages(listing, path=row[1], before=row[0])
        if listing is not None:
            before = row[0] if row is not None and row[2] == listing.heading else None
            self._add_pages(listing, set(self._changed_pages(listing, before)))

    def _add_pages(self, listing: Listing, numbers: set[int]) -> None:
        if len(numbers) <= FEW:
            found: Iterable[Page] = (self._pages.page_of(listing, number) for number in numbers)
        else:
            found = (page for page in self._pages.pages_of(listing) if page.number in numbers)
        for page in found:
            self._add(page)

    def _filters_built(self, section: Kind | None) -> str | None:
        return self._replica.value(filters_key(section))

    def _changed_pages(self, listing: Listing, before: int | None) -> Iterator[int]:
        """The numbers of the pages of a list that hold something else than before, or stand elsewhere."""
        now = last_page(self._replica.tally(listing.name))
        if before is None:
            yield from range(1, now + 1)
            return
        if (moved := self._moved.get(listing.name)) is not None:
            yield from range(min(moved // PER_PAGE + 1, now), now + 1)
        for position in self._positions(listing.name, self._recarded.get(listing.name, set())):
            yield min(position // PER_PAGE + 1, now)
        if (then := last_page(before)) != now:
            # The page before the newest one calls it by another address.
            yield from range(max(1, min(then, now) - 1), now + 1)

    def _positions(self, listing: str, places: set[tuple[str, str]]) -> Iterator[int]:
        if len(places) <= FEW:
            yield from (self._replica.position_in(listing, *place) for place in places)
        else:
            yield from (position for position, place in enumerate(self._replica.all_places(listing)) if place in places)

    def _drop_pages(self, listing: Listing | None, path: str, before: int) -> None:
        now = last_page(self._replica.tally(listing.name)) if listing is not None else 1
        self._removed |= {f"{path}{NUMBERED}{number}/" for number in range(now, last_page(before))}
        if listing is None:
            self._removed.add(path)

    def _touch_by_new_addresses(self) -> None:
        """Bodies may link to a list's page, or to the note that something was withdrawn, that comes or goes now."""
        known = self._replica.db
        for address in [*self._found, *self._removed]:
            there = known.execute("SELECT 1 FROM page WHERE address = ?", (address,)).fetchone() is not None
            if there != (address in self._found):
                self._replica.touch_sources_of(address)

    def _month(self, kind: Kind, month: str) -> None:
        page = sitemap_page(kind, month)
        self._add(page)

    def _months(self) -> None:
        there = {sitemap_page(kind, month).address for kind, month in self._pages.months()}
        for address in [a for a, page in self._found.items() if page.kind is PageKind.SITEMAP and a not in there]:
            del self._found[address]
            self._removed.add(address)

    def _markers(self) -> None:
        """Withdrawn addresses get a marker; one that an item took again, or nobody knows of any more, loses it."""
        gone = self._replica.db.execute("SELECT path FROM gone JOIN pending USING (id)").fetchall()
        for path in {row[0] for row in gone if row[0]} | self._removed:
            if self._replica.is_gone(path):
                self._add(marker(path))
        if gone:
            markers = self._replica.db.execute("SELECT address FROM page WHERE sha256 IS NULL").fetchall()
            self._removed |= {address for (address,) in markers if not self._replica.is_gone(address)}


def card_digest(pages: Pages, outline: Outline) -> bytes:
    """A hash of how an item shows in lists and feeds."""
    shown = (card(pages.facts, outline), outline.topics, outline.updated_at)
    return hashlib.blake2b(repr(shown).encode(), digest_size=16).digest()


def filters_digest(pages: Pages, section: Kind | None) -> str:
    """A hash of the filters of a section."""
    return hashlib.blake2b(repr(pages.filters_by_section[section]).encode(), digest_size=16).hexdigest()


def filters_key(section: Kind | None) -> str:
    """The name under which the digest of a section's filters is remembered."""
    return f"filters:{section.value if section else ''}"


def _places(outline: Outline | None) -> dict[str, tuple[str, str]]:
    if outline is None:
        return {}
    names = (name for name in outline.listings() if name.partition(":")[0] in SHOWN_AS_LISTS)
    return dict.fromkeys(names, (outline.listing_key, outline.id))


def _unit_items(replica: Replica, unit: str) -> Iterable[str]:
    return [row[0] for row in replica.db.execute("SELECT id FROM unit WHERE unit = ?", (unit,))]
