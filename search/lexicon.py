"""The words of everything live, as people write them: the syllables there are, which stand side by side, the titles.

Spelling (`search.spelling`) and completion (`search.completing`) read it. It follows the releases: what an item added
is kept with it, and is subtracted exactly when the item changes or is withdrawn: no word outlives its last item.
"""

import logging
import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from contract.folding import fold
from contract.html import plain_text
from contract.models import Snapshot
from contract.normalising import normalise, normalise_line
from contract.numbers import number_key
from contract.release import Record
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG
from search.mirror import Mirror
from search.rows import shown_date
from search.sources import source_key

log = logging.getLogger(__name__)

# Syllables of an item that are counted, headings first: what a long text says after that it says in words it has said
# before. It bounds the file at 100,000 documents.
MOST_SYLLABLES = 800
# An item's place in the file begins with its day, so that reading backwards gives the newest first without sorting.
ITEMS_A_DAY = 1 << 20

_TABLES = """
CREATE TABLE IF NOT EXISTS item (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, record TEXT NOT NULL,
    title TEXT NOT NULL, number TEXT, number_key TEXT NOT NULL, counted BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS item_number ON item (number_key);
CREATE VIRTUAL TABLE IF NOT EXISTS name USING fts5 (
    number, title, tokenize = "unicode61 remove_diacritics 0", prefix = "1 2 3"
);
CREATE TABLE IF NOT EXISTS syllable (
    spelling TEXT PRIMARY KEY, folded TEXT NOT NULL, count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS syllable_folded ON syllable (folded, count, spelling);
CREATE TABLE IF NOT EXISTS pair (
    first TEXT NOT NULL, second TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (first, second)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS total (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES ('syllables', 0);
"""
# Syllables on both sides of these are not neighbours.
_BREAK = re.compile(r"[.;:!?]+(?:\s|$)|[\n()“”\"]+")
_PART = re.compile(r"(?P<number>[^\s,]*\d[^\s,]*)|[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
# Every number counts as this one: what stands before and after them ("năm", "số") is worth knowing.
NUMBER = "0"
_LONGEST_SYLLABLE = 12
# Syllables are short and markup is not text: more than this of a body is not looked at.
_LOOKED_AT = 40 * MOST_SYLLABLES

Pair = tuple[str, str]


@dataclass(frozen=True)
class Named:
    """A live item by what it is called. The caller compares `record` with the release readers see."""

    id: str
    record: str
    title: str
    number: str | None


class Lexicon(Mirror):
    """Counts and names of what is public in a release; `Mirror` says how it keeps step."""

    tables = _TABLES
    full_text = ("name",)

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__(directory, "lexicon", source_key(__name__))

    @property
    def size(self) -> int:
        """How many syllables were counted, repetitions included."""
        return sum(size for (size,) in self._rows("SELECT count FROM total WHERE name = 'syllables'"))

    def spellings(self, folded: Collection[str], most: int) -> dict[str, int]:
        """The commonest `most` spellings whose folded form is one of `folded`, with how often each stands."""
        sql = f"SELECT spelling, count FROM syllable WHERE folded IN ({_marks(folded)}) ORDER BY count DESC LIMIT ?"  # noqa: S608
        return dict(self._rows(sql, *folded, most))

    def pairs(self, firsts: Collection[str], seconds: Collection[str]) -> dict[Pair, int]:
        """How often one of `firsts` stands before one of `seconds`; pairs that never do are left out."""
        sql = (
            f"SELECT first, second, count FROM pair WHERE first IN ({_marks(firsts)}) AND second IN ({_marks(seconds)})"  # noqa: S608
        )
        return {(first, second): count for first, second, count in self._rows(sql, *firsts, *seconds)}

    def named(self, match: str, most: int) -> list[Named]:
        """The newest `most` items whose name answers an FTS5 query over the folded columns ``number`` and ``title``."""
        sql = "SELECT rowid FROM name WHERE name MATCH ? ORDER BY rowid DESC LIMIT ?"
        return self._items(f"row IN ({sql}) ORDER BY row DESC", match, most)

    def numbered(self, prefix: str, most: int) -> list[Named]:
        """The first `most` items, by number, whose number's key begins with `prefix`."""
        return self._items(
            "number_key BETWEEN ? AND ? ORDER BY number_key, row DESC LIMIT ?", prefix, f"{prefix}~", most
        )

    def records_held(self, connection: sqlite3.Connection) -> dict[str, str]:
        """See `Mirror`."""
        return dict(connection.execute("SELECT id, record FROM item"))

    def put_in(self, connection: sqlite3.Connection, records: Iterable[tuple[Record, str]]) -> None:
        """See `Mirror`. Counts are added up in memory first: most syllables of a batch are the same few thousand."""
        counts = _Counts()
        for record, record_hash in records:
            lines = list(_lines(record.snapshot))
            counts.add(lines)
            _insert_item(connection, record, record_hash, lines)
        counts.write(connection, 1)

    def take_out(self, connection: sqlite3.Connection, items: Sequence[str]) -> None:
        """See `Mirror`."""
        counts = _Counts()
        for item in items:
            for row, counted in connection.execute("SELECT row, counted FROM item WHERE id = ?", (item,)).fetchall():
                counts.add(_unpacked(counted))
                connection.execute("DELETE FROM name WHERE rowid = ?", (row,))
                connection.execute("DELETE FROM item WHERE row = ?", (row,))
        counts.write(connection, -1)

    def _items(self, condition: str, *values: Any) -> list[Named]:
        sql = f"SELECT id, record, title, number FROM item WHERE {condition}"  # noqa: S608 - conditions of this module
        return [Named(*row) for row in self._rows(sql, *values)]

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        """What a query finds; after an error of the file nothing: it must not cost a reader the search itself."""
        try:
            return self.connection().execute(sql, values).fetchall()
        except sqlite3.Error as error:
            # The message may quote what a reader typed.
            log.error("the lexicon cannot be read: %s", type(error).__name__)
            return []


class _Counts:
    """Syllables and pairs of some items, to be added to the file or subtracted from it."""

    def __init__(self) -> None:
        self._syllables: Counter[str] = Counter()
        self._pairs: Counter[Pair] = Counter()

    def add(self, lines: Iterable[str]) -> None:
        """Count lines as `_lines` gives them."""
        for line in lines:
            syllables = line.split()
            self._syllables.update(syllables)
            self._pairs.update(pairwise(syllables))

    def write(self, connection: sqlite3.Connection, sign: int) -> None:
        """Add (`sign` 1) or subtract (-1) what was counted; what is left with nothing goes."""
        connection.executemany(
            "INSERT INTO syllable VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            ((spelling, fold(spelling), sign * count) for spelling, count in self._syllables.items()),
        )
        connection.executemany(
            "INSERT INTO pair VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            ((first, second, sign * count) for (first, second), count in self._pairs.items()),
        )
        connection.execute("UPDATE total SET count = count + ?", (sign * self._syllables.total(),))
        if sign < 0:
            gone = ((spelling,) for spelling in self._syllables)
            connection.executemany("DELETE FROM syllable WHERE spelling = ? AND count <= 0", gone)
            connection.executemany("DELETE FROM pair WHERE first = ? AND second = ? AND count <= 0", self._pairs)


def _lines(snapshot: Snapshot) -> Iterator[str]:
    """Runs of neighbouring syllables of an item, `MOST_SYLLABLES` in all: names and headings first, then its text."""
    left = MOST_SYLLABLES
    for text in _texts(snapshot):
        for part in _BREAK.split(normalise(text)):
            syllables, abbreviations = _counted(part)
            if syllables:
                yield " ".join(syllables[:left])
            # The letters of a number (NQ, TW) are known, and nobody's neighbours.
            yield from abbreviations
            left -= len(syllables)
            if left <= 0:
                return


def _counted(text: str) -> tuple[list[str], list[str]]:
    syllables, abbreviations = [], []
    for match in _PART.finditer(text.lower()):
        if match["number"]:
            syllables.append(NUMBER)
            abbreviations += _LETTERS.findall(match[0])
        elif len(match[0]) <= _LONGEST_SYLLABLE:
            syllables.append(match[0])
    return syllables, abbreviations


def _texts(snapshot: Snapshot) -> Iterator[str]:
    yield snapshot.title
    if snapshot.document and snapshot.document.issuer:
        yield snapshot.document.issuer
    yield snapshot.unit.name
    yield from (topic.name for topic in snapshot.topics)
    # What the boards taught the search box is never a typing error.
    for term in snapshot.terms:
        yield term.words
        yield term.means or ""
    yield from (provision.heading for provision in snapshot.provisions)
    yield snapshot.summary
    yield plain_text(snapshot.body[:_LOOKED_AT])
    yield from (plain_text(provision.body) for provision in snapshot.provisions)


def _insert_item(connection: sqlite3.Connection, record: Record, record_hash: str, lines: list[str]) -> None:
    snapshot, document = record.snapshot, record.snapshot.document
    first = shown_date(snapshot).toordinal() * ITEMS_A_DAY
    number, title = document.number if document else None, normalise_line(snapshot.title)
    called = f"{DOCUMENT_TYPE_BY_SLUG[document.type].name} {number or ''}" if document else ""
    cursor = connection.execute(
        "INSERT INTO item SELECT coalesce(max(row) + 1, ?), ?, ?, ?, ?, ?, ? FROM item WHERE row BETWEEN ? AND ?",
        (
            *(first, str(record.id), record_hash, title, number, number_key(number or ""), _packed(lines)),
            *(first, first + ITEMS_A_DAY - 1),
        ),
    )
    connection.execute(
        "INSERT INTO name (rowid, number, title) VALUES (?, ?, ?)", (cursor.lastrowid, fold(called), fold(title))
    )


def _packed(lines: list[str]) -> bytes:
    return zlib.compress("\n".join(lines).encode(), 1)


def _unpacked(counted: bytes) -> list[str]:
    return zlib.decompress(counted).decode().split("\n")


def _marks(values: Collection[str]) -> str:
    return ",".join("?" * len(values))
