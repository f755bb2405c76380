"""One search of the fallback, step by step inside SQLite: what is found, what is live of it, and how good it is.

SQLite works while other readers' threads run, and Python reads only what it shows: a search that finds thousands of
items costs it no more than one that finds ten.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from search.fallback_queries import (
    all_of,
    any_of,
    folded_sequence,
    least_of,
    pairs,
    phrase,
    phrase_as_typed,
    quoted,
)
from search.fallback_rows import FOLDED
from search.planning import CITED_TITLE_MATCH, FIELD_WEIGHTS, MINIMUM_SHOULD_MATCH
from search.request import PAGE_SIZE, Scope, Sort
from search.rows import issuer_key
from search.understanding import PartialNumber, Understanding

# What is called by its number stands above all words; a whole number above a part of one, and that above a title.
NUMBERED = 3e6
PARTLY_NUMBERED = 2e6
CITED = 1e6
# Of the words where they say most: number, title, headings.
_NAME_WEIGHTS = (1.0, FIELD_WEIGHTS[Scope.DOCUMENTS]["title"], FIELD_WEIGHTS[Scope.DOCUMENTS]["heading"])

# Where one search of a connection takes place.
FOUND = "CREATE TEMP TABLE IF NOT EXISTS found (row INTEGER PRIMARY KEY, rank REAL NOT NULL)"
_ORDERS = {
    # The id makes the order the same on every page.
    Sort.RELEVANCE: "found.rank DESC, item.day DESC, item.id DESC",
    Sort.NEWEST: "item.day DESC, item.id DESC",
    Sort.OLDEST: "item.day, item.id",
}
_NARROWED = {
    "type": "item.type = ?",
    "status": "item.status = ?",
    "level": "item.level = ?",
    "year": "item.year = ?",
    "issuer": "item.issuer_key = ?",
    "unit": "instr(item.units, ?)",
    "topic": "instr(item.topics, ?)",
}


@dataclass(frozen=True)
class Condition:
    """A part of SQL and the values of its question marks."""

    sql: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True)
class Found:
    """What one search found, by a connection that has the table `FOUND` and a transaction open: everything is read from
    one state of the file, and forgotten when the transaction is rolled back."""

    connection: sqlite3.Connection

    @classmethod
    def of(cls, connection: sqlite3.Connection, meant: Understanding) -> "Found":
        """Find what is meant: by number, by the title beside a clause, by the words. Without any, everything."""
        found = cls(connection)
        without = _excluding(meant)
        for words in _worded(meant):
            if found._add(words, 0.0, _both(_holding(meant.phrases), without)):
                break
        if not meant.text:
            found._add(Condition("SELECT row FROM item"), 0.0, without)
        # What is found in two ways has the higher place.
        if title := _cited(meant):
            found._add(title, CITED, without)
        if meant.partial_number:
            found._add(_partly_numbered(meant.partial_number), PARTLY_NUMBERED, without)
        found._add(_numbered(meant), NUMBERED, without)
        return found

    def keep(self, is_live: Callable[[str, str], bool]) -> None:
        """Forget what is not live, by id and record hash."""
        rows = self.connection.execute("SELECT row, id, record FROM found JOIN item USING (row)").fetchall()
        stale = [(row,) for row, item, record in rows if not is_live(item, record)]
        self.connection.executemany("DELETE FROM found WHERE row = ?", stale)

    def rank(self, meant: Understanding) -> None:
        """Weigh what was found by its words, by neighbours among them, and by names that hold them."""
        sequences = [sequence for wording in meant.wordings if (sequence := folded_sequence(wording))]
        if not sequences or self._count("found") < 2:
            return
        words = list(dict.fromkeys(word for sequence in sequences for word in sequence))
        neighbours = list(dict.fromkeys(text for sequence in sequences for text in pairs(sequence)))
        if telling := [*filter(self._tells, words), *neighbours]:
            self._add_scores("bm25(words)", "words", f"{FOLDED} : ({any_of(telling)})")
        self._add_scores("bm25(name, ?, ?, ?)", "name", any_of([*words, *neighbours]), *_NAME_WEIGHTS)

    def tally(self, selected: Mapping[str, str]) -> Counter[tuple[str | None, int]]:
        """How many there are of each type and year, under all filters but those by type and year."""
        others = _narrowed({name: value for name, value in selected.items() if name not in ("type", "year")})
        rows = self._select("item.type, item.year, count(*)", others, "GROUP BY item.type, item.year")
        return Counter({(kind, year): count for kind, year, count in rows})

    def page(self, selected: Mapping[str, str], sort: Sort, offset: int) -> list[tuple[int, float]]:
        """Row and rank of those on one page."""
        ordered = f"ORDER BY {_ORDERS[sort]} LIMIT {PAGE_SIZE} OFFSET {offset:d}"
        return self._select("row, found.rank", _narrowed(selected), ordered).fetchall()

    def numbered(self) -> list[tuple[int, float]]:
        """Row and rank of those that are called by their number, the newest first."""
        ordered = f"ORDER BY {_ORDERS[Sort.NEWEST]}"
        return self._select("row, found.rank", Condition("found.rank >= ?", (NUMBERED,)), ordered).fetchall()

    def _tells(self, word: str) -> bool:
        """Whether a word says anything of an item. BM25 gives nothing to one that more than half of all items hold,
        and it is dear to weigh."""
        ((holding,),) = self.connection.execute("SELECT count(*) FROM words WHERE words MATCH ?", (all_of([word]),))
        return bool(2 * holding <= self._count("item"))

    def _count(self, table: str) -> int:
        ((count,),) = self.connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names from here
        return int(count)

    def _select(self, columns: str, condition: Condition, rest: str = "") -> sqlite3.Cursor:
        sql = f"SELECT {columns} FROM found JOIN item USING (row) WHERE {condition.sql} {rest}"  # noqa: S608
        return self.connection.execute(sql, condition.values)

    def _add(self, rows: Condition, rank: float, limits: Condition) -> int:
        """Take in rows that hold to the limits; returns how many there are."""
        sql = f"INSERT OR REPLACE INTO found SELECT row, ? FROM ({rows.sql}) WHERE {limits.sql}"  # noqa: S608
        return self.connection.execute(sql, (rank, *rows.values, *limits.values)).rowcount

    def _add_scores(self, score: str, table: str, query: str, *weights: float) -> None:
        """Add what FTS5 makes of those that are not in their place by their number."""
        sql = f"""UPDATE found SET rank = rank - better.score FROM (
                      SELECT rowid AS row, {score} AS score FROM {table}
                      WHERE {table} MATCH ? AND +rowid IN (SELECT row FROM found)
                  ) AS better WHERE better.row = found.row AND found.rank < ?"""  # noqa: S608 - names from above
        self.connection.execute(sql, (*weights, query, PARTLY_NUMBERED))


def _worded(meant: Understanding) -> Iterator[Condition]:
    """What holds all words of a wording; what holds enough of them."""
    sequences = [words for wording in meant.wordings if (words := tuple(dict.fromkeys(folded_sequence(wording))))]
    if not sequences:
        return
    yield _matching(" OR ".join(f"({all_of(words)})" for words in sequences))
    if enough := [_holding_some(words, FOLDED, "words", MINIMUM_SHOULD_MATCH) for words in sequences if len(words) > 2]:
        yield Condition(
            " UNION ".join(part.sql for part in enough), tuple(value for part in enough for value in part.values)
        )


def _cited(meant: Understanding) -> Condition | None:
    """The documents whose titles hold the words beside a clause ("điều 5 luật đất đai"), where no number names one."""
    words = tuple(dict.fromkeys(folded_sequence(meant.cited)))
    if meant.citation is None or meant.whole_number or meant.partial_number or not words:
        return None
    return _holding_some(words, "title", "name", CITED_TITLE_MATCH)


def _holding_some(words: Sequence[str], columns: str, table: str, rule: str) -> Condition:
    """The rows that hold so many of the words as a rule of `least_of` says."""
    of_word = f"SELECT rowid AS row FROM {table} WHERE {table} MATCH ?"  # noqa: S608 - names from above
    each = " UNION ALL ".join([of_word] * len(words))
    values = tuple(f"{columns} : {quoted(word)}" for word in words)
    sql = f"SELECT row FROM ({each}) GROUP BY row HAVING count(*) >= {least_of(rule, len(words)):d}"  # noqa: S608
    return Condition(sql, values)


def _matching(query: str) -> Condition:
    return Condition("SELECT rowid AS row FROM words WHERE words MATCH ?", (query,))


def _holding(phrases: Iterable[str]) -> Condition:
    """That all of these stand in a row."""
    queries = [f"({query})" for text in phrases if (query := phrase(text))]
    return _among("IN", " AND ".join(queries))


def _excluding(meant: Understanding) -> Condition:
    """That none of what the reader does not want stands in a row."""
    queries = [f"({query})" for text in meant.excluded if (query := phrase_as_typed(text))]
    return _among("NOT IN", " OR ".join(queries))


def _among(relation: str, query: str) -> Condition:
    if not query:
        return Condition("true")
    matching = _matching(query)
    return Condition(f"row {relation} ({matching.sql})", matching.values)


def _both(first: Condition, second: Condition) -> Condition:
    return Condition(f"{first.sql} AND {second.sql}", (*first.values, *second.values))


def _numbered(meant: Understanding) -> Condition:
    """The documents with one of these numbers, or with one of these numbers and dates."""
    keys = [*meant.number_keys, *(name.key for name in meant.names if name.issued_on is None)]
    dated = [(name.key, name.issued_on.isoformat()) for name in meant.names if name.issued_on is not None]
    wanted = [f"number_key IN ({','.join('?' * len(keys))})", *["number_key = ? AND issued_on = ?"] * len(dated)]
    values = (*keys, *(value for pair in dated for value in pair))
    return Condition(f"SELECT row FROM item WHERE {' OR '.join(wanted)}", values)  # noqa: S608 - only question marks


def _partly_numbered(number: PartialNumber) -> Condition:
    """The documents whose number begins so, of the right type and year."""
    # "." is the letter after "-": the keys that begin with the prefix and a hyphen.
    sql = "SELECT row FROM item WHERE (number_key = ? OR (number_key > ? AND number_key < ?))"
    values: list[object] = [number.prefix, f"{number.prefix}-", f"{number.prefix}."]
    if number.types:
        sql += f" AND type IN ({','.join('?' * len(number.types))})"
        values += number.types
    if number.year is not None:
        sql += " AND year = ?"
        values.append(number.year)
    return Condition(sql, tuple(values))


def _narrowed(selected: Mapping[str, str]) -> Condition:
    """That a row passes the filters."""
    if not selected:
        return Condition("true")
    return Condition(
        " AND ".join(_NARROWED[name] for name in selected),
        tuple(_compared(name, value) for name, value in selected.items()),
    )


def _compared(name: str, value: str) -> str:
    if name == "issuer":
        return issuer_key(value)
    return f" {value} " if name in ("unit", "topic") else value
