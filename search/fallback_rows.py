"""What the fallback keeps of an item: what results are chosen by, what they show, and its words."""

import json
import sqlite3
from collections.abc import Iterable
from itertools import chain

from contract.folding import fold
from contract.numbers import number_key
from contract.release import Record
from search.rows import Row, document_row

# `item` is what results are narrowed, counted and ordered by: small rows, because all that match are looked at. `words`
# is what finds: `names` are number, title and headings together; attachments know no diacritics. `name` is what ranks
# besides: short texts, in which a word says what a document is about.
TABLES = """
CREATE TABLE IF NOT EXISTS item (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, record TEXT NOT NULL,
    number_key TEXT, issued_on TEXT, day TEXT NOT NULL, year INTEGER NOT NULL,
    type TEXT, status TEXT, level INTEGER NOT NULL, issuer_key TEXT, units TEXT NOT NULL, topics TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS item_number ON item (number_key);
CREATE TABLE IF NOT EXISTS shown (row INTEGER PRIMARY KEY, facts TEXT NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    names, text, attachments, title_as_written, text_as_written, tokenize = "unicode61 remove_diacritics 0"
);
CREATE VIRTUAL TABLE IF NOT EXISTS name USING fts5 (
    number, title, heading, tokenize = "unicode61 remove_diacritics 0"
);
"""
FULL_TEXT = ("words", "name")
FOLDED = "{names text attachments}"
AS_WRITTEN = "{title_as_written text_as_written}"

_SHOWN = (
    "id", "record", "kind", "url", "title", "number", "type", "type_name", "issuer", "issued_on", "status",
    "status_label", "superseded_by", "published_at",
)  # fmt: skip
_CHOSEN_BY = (
    "id", "record", "number_key", "issued_on", "day", "year", "type", "status", "level", "issuer_key", "units", "topics"
)  # fmt: skip


def put_item_in(connection: sqlite3.Connection, record: Record, record_hash: str) -> None:
    """Write an item that is not held."""
    row = document_row(record, record_hash)
    facts = {**row, "units": listed(row["units"]), "topics": listed(row["topics"])}
    cursor = connection.execute(
        f"INSERT INTO item ({', '.join(_CHOSEN_BY)}) VALUES ({_marks(_CHOSEN_BY)})",  # noqa: S608 - names from above
        [facts[name] for name in _CHOSEN_BY],
    )
    shown = json.dumps({name: row[name] for name in _SHOWN}, ensure_ascii=False)
    connection.execute("INSERT INTO shown VALUES (?, ?)", (cursor.lastrowid, shown))
    names = number_key(row["number"] or "").replace("-", " "), fold(row["title"]), fold(row["heading"])
    words = "\n".join(names), folded_in_place(row["text"]), fold(row["attachments"]), row["title"], row["text"]
    connection.execute(
        "INSERT INTO words (rowid, names, text, attachments, title_as_written, text_as_written) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (cursor.lastrowid, *words),
    )
    connection.execute(
        "INSERT INTO name (rowid, number, title, heading) VALUES (?, ?, ?, ?)", (cursor.lastrowid, *names)
    )


def take_items_out(connection: sqlite3.Connection, items: Iterable[str]) -> None:
    """Remove items by their ids."""
    found = (connection.execute("SELECT row FROM item WHERE id = ?", (item,)) for item in items)
    for (row,) in chain.from_iterable(cursor.fetchall() for cursor in found):
        connection.execute("DELETE FROM words WHERE rowid = ?", (row,))
        connection.execute("DELETE FROM name WHERE rowid = ?", (row,))
        connection.execute("DELETE FROM shown WHERE row = ?", (row,))
        connection.execute("DELETE FROM item WHERE row = ?", (row,))


def read_shown(connection: sqlite3.Connection, row: int) -> Row:
    """What a result shows of the item in `row`."""
    ((facts,),) = connection.execute("SELECT facts FROM shown WHERE row = ?", (row,)).fetchall()
    shown: Row = json.loads(facts)
    return shown


def read_texts(connection: sqlite3.Connection, row: int) -> tuple[str, str]:
    """The text of the item in `row`, as written and folded."""
    ((text, folded),) = connection.execute("SELECT text_as_written, text FROM words WHERE rowid = ?", (row,)).fetchall()
    return text, folded


def listed(values: Iterable[str]) -> str:
    """Values as a text in which each is found as " value "."""
    return f" {' '.join(values)} "


def folded_in_place(text: str) -> str:
    """A folded text whose letters stand where they stand in `text`, so that what is found in it is known there."""
    return fold(text.replace("…", " "))


def _marks(values: Iterable[str]) -> str:
    return ",".join("?" for _ in values)
