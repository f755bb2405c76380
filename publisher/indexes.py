"""What live items are found by: lists and their counts, units, relations, links and files; and what a change of one
item touches, so that its page may look different.

These are the rows beside `item` in the publisher's replica; `publisher.replica` holds the file and says when.
"""

import sqlite3
from collections.abc import Iterable
from datetime import date

from contract.models import Snapshot
from contract.numbers import number_key
from contract.vocabulary import Kind
from publisher.files import files_of
from publisher.links import addresses_linked
from publisher.outline import Outline

# The newest items of a list, of which there may be none.
NEWEST_MEMBERS = """SELECT outline FROM membership JOIN item USING (id) WHERE listing = ?
                    ORDER BY membership.key DESC, membership.id DESC LIMIT ?"""

_TABLES_OF_ITEMS = (("item", "id"), ("relation", "source"), ("link", "source"), ("item_file", "id"), ("unit", "id"))


class Indexes:
    """The rows beside `item`. Every method runs inside a transaction of the caller."""

    def __init__(self, db: sqlite3.Connection, site_url: str) -> None:
        """`site_url` tells which links in bodies lead to this site."""
        self.db = db
        self._site_url = site_url

    # What an item is found by

    def enter(self, outline: Outline, snapshot: Snapshot) -> None:
        """Write everything a live item is found by; its row of `item` is there, and nothing of an older version."""
        self._enter_lists(outline)
        self._enter_relations(outline, snapshot)
        self.enter_links(snapshot)
        files = [(file, outline.id) for file in files_of(snapshot)]
        self.db.executemany("INSERT OR IGNORE INTO item_file VALUES (?, ?)", files)
        self._resolve_by(outline)
        self._touch_around(outline)

    def enter_links(self, snapshot: Snapshot) -> None:
        """Note the addresses of this site that the bodies of an item link to."""
        links = addresses_linked(snapshot, self._site_url)
        self.db.executemany("INSERT INTO link VALUES (?, ?)", [(path, str(snapshot.id)) for path in links])

    def clear(self, before: Outline) -> None:
        """Delete an item and everything it is found by."""
        self._touch_around(before)
        for table, column in _TABLES_OF_ITEMS:
            self.db.execute(f"DELETE FROM {table} WHERE {column} = ?", (before.id,))  # noqa: S608 - names from above
        key = before.listing_key
        self.db.executemany(
            "DELETE FROM membership WHERE listing = ? AND key = ? AND id = ?",
            [(listing, key, before.id) for listing in before.listings()],
        )
        names = [(name,) for name in before.tallies()]
        self.db.executemany("UPDATE tally SET count = count - 1 WHERE name = ?", names)
        self.db.executemany("DELETE FROM tally WHERE name = ? AND count = 0", names)
        self._name_topics(before)
        for unit in {*before.ancestors, before.unit}:
            self.db.execute("DELETE FROM under WHERE unit = ? AND id = ?", (unit, before.id))
        self._resolve_by(before)

    def _enter_lists(self, outline: Outline) -> None:
        key = outline.listing_key
        self.db.executemany(
            "INSERT INTO membership VALUES (?, ?, ?)", [(listing, key, outline.id) for listing in outline.listings()]
        )
        self.db.executemany(
            "INSERT INTO tally VALUES (?, 1, NULL) ON CONFLICT (name) DO UPDATE SET count = count + 1",
            [(name,) for name in outline.tallies()],
        )
        self._name_topics(outline)
        units = {*outline.ancestors, outline.unit}
        self.db.executemany("INSERT INTO under VALUES (?, ?)", [(unit, outline.id) for unit in units])
        if outline.kind is Kind.UNIT:
            parent = outline.ancestors[-1] if outline.ancestors else None
            self.db.execute("INSERT INTO unit VALUES (?, ?, ?)", (outline.unit, outline.id, parent))

    def _enter_relations(self, outline: Outline, snapshot: Snapshot) -> None:
        day = outline.effect_day.isoformat()
        for place, relation in enumerate(snapshot.relations):
            key = number_key(relation.number) if relation.number else None
            target = str(relation.target) if relation.target else None
            row = (outline.id, place, relation.verb.value, target, key, relation.anchor, day)
            self.db.execute("INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)
            self._resolve("source = ? AND place = ?", (outline.id, place))

    def _name_topics(self, outline: Outline) -> None:
        for slug in dict(outline.topics):
            name = f"topic:{slug}"
            newest = self.db.execute(NEWEST_MEMBERS, (name, 1)).fetchone()
            if newest:
                title = dict(Outline.from_text(newest[0]).topics)[slug]
                self.db.execute("UPDATE tally SET title = ? WHERE name = ?", (title, name))

    # What a change touches

    def touch(self, ids: Iterable[str]) -> None:
        """Remember items whose page may look different."""
        self.db.executemany("INSERT OR IGNORE INTO touched VALUES (?)", [(id_,) for id_ in ids])

    def touch_sources_of(self, path: str) -> None:
        """Remember the items whose bodies link to `path`, where there is something from now on, or no longer."""
        self.db.execute("INSERT OR IGNORE INTO touched SELECT source FROM link WHERE path = ?", (path,))

    def touch_by_day(self, before: date, after: date) -> None:
        """Remember the documents whose validity may be another on the second day than on the first."""
        first, last = sorted((before.isoformat(), after.isoformat()))
        self.db.execute(
            """INSERT OR IGNORE INTO touched
               SELECT id FROM item WHERE effective_from > :first AND effective_from <= :last
               UNION SELECT id FROM item WHERE effective_to >= :first AND effective_to < :last
               UNION SELECT resolved FROM relation
                     WHERE effect_day > :first AND effect_day <= :last AND resolved IS NOT NULL""",
            {"first": first, "last": last},
        )

    def touch_what_shows_it(self, before: Outline | None, after: Outline | None) -> None:
        """Touch the items that link to an address where something appears or goes, and all below a unit that is called
        otherwise from now on."""
        ends = [outline for outline in (before, after) if outline is not None]
        if before is None or after is None or before.path != after.path:
            for outline in ends:
                self.touch_sources_of(outline.path)
        if len({(o.kind, o.path, o.title, o.unit, o.ancestors) for o in ends}) == len(ends) == 2 or len(ends) == 1:
            for outline in ends:
                self._touch_below(outline)

    def _touch_around(self, outline: Outline) -> None:
        """Touch the items at the ends of relations, and the page of the unit."""
        self.db.execute(
            """INSERT OR IGNORE INTO touched
               SELECT source FROM relation WHERE resolved = :id
               UNION SELECT resolved FROM relation WHERE source = :id AND resolved IS NOT NULL
               UNION SELECT id FROM unit WHERE unit = :unit""",
            {"id": outline.id, "unit": outline.unit},
        )

    def _touch_below(self, outline: Outline) -> None:
        if outline.kind is not Kind.UNIT:
            return
        parent = outline.ancestors[-1] if outline.ancestors else None
        self.db.execute(
            """INSERT OR IGNORE INTO touched
               SELECT id FROM under WHERE unit = :unit UNION SELECT id FROM unit WHERE unit = :parent""",
            {"unit": outline.unit, "parent": parent},
        )

    # What relations mean

    def _resolve_by(self, outline: Outline) -> None:
        """Work out again what the relations mean that may mean this item."""
        self._resolve("target = ?", (outline.id,))
        if outline.number:
            self._resolve("target IS NULL AND number_key = ?", (number_key(outline.number),))

    def _resolve(self, where: str, values: tuple[object, ...]) -> None:
        """Work out again which live item relations mean. An id decides alone; a number only if a single other item
        carries it."""
        rows = self.db.execute(
            f"SELECT source, place, target, number_key, resolved FROM relation WHERE {where}",  # noqa: S608
            values,
        ).fetchall()
        for source, place, target, key, resolved in rows:
            now = self._meant(source, target, key)
            if now != resolved:
                self.db.execute("UPDATE relation SET resolved = ? WHERE source = ? AND place = ?", (now, source, place))
                self.touch(id_ for id_ in (source, resolved, now) if id_ is not None)

    def _meant(self, source: str, target: str | None, key: str | None) -> str | None:
        if target is not None:
            sql, value = "SELECT id FROM item WHERE id = ?", target
        else:
            sql, value = "SELECT id FROM item WHERE number_key = ?", key or ""
        found = [row[0] for row in self.db.execute(sql, (value,)) if row[0] != source]
        return found[0] if len(found) == 1 else None
