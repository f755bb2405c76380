"""Answers without Elasticsearch: SQLite FTS5 over the folded text of the release.

Simpler on purpose (no clause hits, facets only for type and year), with the same shape of answer and the same check
against the release readers see. The words are folded before they are stored, so SQLite's own tokenizer is enough.
"""

import json
import logging
import re
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from contract.folding import fold
from contract.numbers import number_key
from contract.release import Record
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, Audience
from search.answers import Answer, Engine, FacetValue, MissingNumber, Passage, Result
from search.marking import excerpt, folded_words
from search.releases import BrokenReleaseError, Release
from search.request import PAGE_SIZE, SearchRequest, Sort
from search.rows import Row, document_row, issuer_key
from search.understanding import PartialNumber, Understanding, understand

log = logging.getLogger(__name__)

# Raised when the tables change: a file of another version is built anew.
VERSION = 2
# Number, title, headings, body: a title says what a document is about in twenty words, a body in five thousand.
WEIGHTS = (10.0, 8.0, 2.0, 1.0)
# Matches that are ranked and counted. A query that finds more is about everything, and its order means nothing.
MOST_MATCHES = 5000
# Words of a question after which every further one only costs time.
MOST_WORDS = 40
# Seconds a question waits for the file to be filled after a start.
FIRST_WAIT = 2.0
COMMIT_EVERY = 100

_TABLES = """
CREATE TABLE IF NOT EXISTS item (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, record TEXT NOT NULL,
    number_key TEXT, prefixes TEXT NOT NULL, facts TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS item_number ON item (number_key);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    number, title, heading, body, tokenize = "unicode61 remove_diacritics 0"
);
"""
_FTS_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class _Match:
    """One item found: its facts and its place in the order (`rank` grows with relevance)."""

    row: int
    facts: Row
    rank: float


@dataclass
class FallbackEngine:
    """Keeps one SQLite file in step with the release. Threads read side by side; one at a time writes.

    `directory` holds the file over restarts; without one it is a temporary file.
    """

    directory: Path | None = None
    _file: Path = field(init=False)
    _temporary: tempfile.TemporaryDirectory[str] | None = field(default=None, init=False)
    _writing: threading.Lock = field(default_factory=threading.Lock, init=False)
    _connections: threading.local = field(default_factory=threading.local, init=False)
    _synced: Release | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        directory = self.directory
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="search-")
            directory = Path(self._temporary.name)
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / f"fallback-{VERSION}.sqlite3"
        try:
            self._connection().executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            log.warning("%s is unreadable and will be built anew: %s", self._file, error)
            self._connections = threading.local()
            self._file.unlink()
            self._connection().executescript(_TABLES)

    def answer(self, request: SearchRequest, release: Release) -> Answer:
        """One page of results for readers of `release`; what is not in step yet is left out, never shown."""
        self.bring_to(release, wait=False)
        meant = understand(request.query, release.vocabulary)
        matches = [match for match in self._matches(meant) if _is_live(match, release)]
        chosen = [match for match in matches if _passes(match.facts, request.selected)]
        page = _ordered(chosen, request.sort)[request.offset : request.offset + PAGE_SIZE]
        numbered = [match for match in matches if _has_number(match.facts, meant)]
        return Answer(
            engine=Engine.FALLBACK,
            page=request.page,
            total=len(chosen),
            results=tuple(self._result(match, meant) for match in page),
            facets={name: _facet(name, matches, request.selected) for name in ("type", "year")},
            numbered=tuple(_bare_result(match) for match in _ordered(numbered, Sort.NEWEST)),
            missing_number=MissingNumber(meant.whole_number) if meant.whole_number and not numbered else None,
            reworded=meant.wordings[1:],
        )

    def bring_to(self, release: Release, wait: bool = True) -> None:
        """Make the file hold what `release` holds.

        Without `wait`, another thread that is at it is waited for only after a start, for a moment: until then nothing
        is found. Of a release that is held for longer than its directory is there, what was read of it stays.
        """
        patience = -1.0 if wait else FIRST_WAIT if self._synced is None else 0.0
        if self._holds(release) or not release.directory.exists() or not self._writing.acquire(timeout=patience):
            return
        if self._holds(release):
            self._writing.release()
            return
        connection = self._connection()
        try:
            outdated, missing = self._difference(connection, release)
            # Until all is done nobody knows what the file holds: after a failure everything is compared.
            self._synced = None
            _remove(connection, outdated)
            connection.commit()
            for done, item in enumerate(missing, start=1):
                _insert(connection, release, item)
                if done % COMMIT_EVERY == 0:
                    connection.commit()
            connection.commit()
            # A release that was cleaned away under our hands is not held, whatever of it was read.
            if release.directory.exists():
                self._synced = release
        except sqlite3.Error as error:
            connection.rollback()
            log.error("release %s is not in the fallback yet: %s", release.name, error)
        finally:
            self._writing.release()

    def _holds(self, release: Release) -> bool:
        return self._synced is not None and self._synced.name == release.name

    def _difference(self, connection: sqlite3.Connection, release: Release) -> tuple[list[str], list[UUID]]:
        """Ids to take out and items to write; after the first release it costs what changed since the last one."""
        if self._synced is not None:
            outdated = [item for item, _ in self._synced.rows_not_in(release)]
            return outdated, [UUID(item) for item, _ in release.rows_not_in(self._synced)]
        held: dict[str, str] = dict(connection.execute("SELECT id, record FROM item"))
        outdated = [item for item, record in held.items() if not release.holds(item, record)]
        return outdated, [item for item, entry in release.items.items() if held.get(str(item)) != entry.record]

    def close(self) -> None:
        """Close this thread's connection and drop a temporary file."""
        self._connection().close()
        self._connections = threading.local()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._connections, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, timeout=10)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._connections.connection = connection
        return connection

    def _matches(self, meant: Understanding) -> list[_Match]:
        """What has the number first, then what has the words: all of them, or any when nothing has all."""
        found = {match.row: match for match in self._by_number(meant)}
        for query in _fts_queries(meant):
            by_words = list(self._by_words(query))
            for match in by_words:
                found.setdefault(match.row, match)
            if by_words:
                break
        if not found and not meant.text:
            return [_Match(row, json.loads(facts), 0.0) for row, facts in self._all()]
        return list(found.values())

    def _all(self) -> Iterable[tuple[int, str]]:
        return self._connection().execute("SELECT row, facts FROM item LIMIT ?", (MOST_MATCHES,))

    def _by_words(self, query: str) -> Iterator[_Match]:
        # The cheap half first: facts are read only for the rows that stay.
        sql = """SELECT item.row, item.facts, found.score FROM (
                     SELECT rowid AS row, bm25(words, ?, ?, ?, ?) AS score FROM words WHERE words MATCH ?
                     ORDER BY score LIMIT ?
                 ) AS found JOIN item ON item.row = found.row"""
        for row, facts, score in self._connection().execute(sql, (*WEIGHTS, query, MOST_MATCHES)):
            yield _Match(row, json.loads(facts), -float(score))

    def _by_number(self, meant: Understanding) -> Iterator[_Match]:
        keys = [*meant.number_keys, *(name.key for name in meant.names)]
        marks = ",".join("?" * len(keys))
        sql = f"SELECT row, facts FROM item WHERE number_key IN ({marks})"  # noqa: S608 - only question marks
        for row, text in self._connection().execute(sql, keys):
            if _has_number(facts := json.loads(text), meant):
                yield _Match(row, facts, 2e6)
        if meant.partial_number is not None:
            wanted = f"% {meant.partial_number.prefix} %"
            rows = self._connection().execute("SELECT row, facts FROM item WHERE prefixes LIKE ?", (wanted,))
            for row, text in rows:
                facts = json.loads(text)
                if _has_partial_number(facts, meant.partial_number, meant):
                    yield _Match(row, facts, 1e6)

    def _result(self, match: _Match, meant: Understanding) -> Result:
        result = _bare_result(match)
        (body,) = self._connection().execute("SELECT body FROM item WHERE row = ?", (match.row,)).fetchone() or ("",)
        words = folded_words(meant.text)
        html = excerpt(body, words) if body and words else None
        return result.with_passages((Passage(None, "", result.url, html),)) if html else result


def _insert(connection: sqlite3.Connection, release: Release, item: UUID) -> None:
    try:
        record = release.record(item)
    except BrokenReleaseError:
        log.exception("record %s was set aside", item)
        return
    if record.snapshot.audience is not Audience.PUBLIC:
        return
    row = document_row(record, release.items[item].record)
    values = (
        str(item),
        row["record"],
        row["number_key"],
        f" {' '.join(row['number_prefixes'])} ",
        json.dumps(_kept_facts(row), ensure_ascii=False),
        row["text"],
    )
    cursor = connection.execute(
        "INSERT INTO item (id, record, number_key, prefixes, facts, body) VALUES (?, ?, ?, ?, ?, ?)", values
    )
    connection.execute(
        "INSERT INTO words (rowid, number, title, heading, body) VALUES (?, ?, ?, ?, ?)",
        (cursor.lastrowid, *_folded_columns(record, row)),
    )


def _folded_columns(record: Record, row: Row) -> tuple[str, str, str, str]:
    number = number_key(row["number"] or "").replace("-", " ")
    body = f"{row['text']}\n{row['attachments']}"
    return number, fold(row["title"]), fold(row["heading"]), fold(body)


def _kept_facts(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("text", "attachments", "heading")}


def _remove(connection: sqlite3.Connection, items: Iterable[str]) -> None:
    for item in items:
        connection.execute("DELETE FROM words WHERE rowid = (SELECT row FROM item WHERE id = ?)", (item,))
        connection.execute("DELETE FROM item WHERE id = ?", (item,))


def _fts_queries(meant: Understanding) -> Iterator[str]:
    """Query texts to try in turn. Every word stands in quotes, so that nothing a reader types is an operator."""
    sequences = [words for wording in meant.wordings if (words := _FTS_WORD.findall(fold(wording))[:MOST_WORDS])]
    if not sequences:
        return
    needed = "".join(f" AND {text}" for text in _quoted(meant.phrases))
    without = "".join(f" NOT {text}" for text in _quoted(meant.excluded))
    yield f"({' OR '.join(map(_all_words, sequences))}){needed}{without}"
    # Two words are mostly one Vietnamese word; either half alone is another one.
    if any(len(set(sequence)) > 2 for sequence in sequences):
        some = dict.fromkeys(text for sequence in sequences for text in _words_and_pairs(sequence))
        yield f"({' OR '.join(some)}){needed}{without}"


def _all_words(sequence: list[str]) -> str:
    """All of the words. The last part holds for every match; it is there so that neighbours count in the ranking."""
    words = [f'"{word}"' for word in dict.fromkeys(sequence)]
    pairs = [text for text in _words_and_pairs(sequence) if " " in text]
    return f"({' AND '.join(words)} AND ({' OR '.join((words[0], *pairs))}))"


def _words_and_pairs(sequence: list[str]) -> list[str]:
    return [f'"{text}"' for text in (*sequence, *(" ".join(pair) for pair in pairwise(sequence)))]


def _quoted(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if words := _FTS_WORD.findall(fold(text)):
            yield f'"{" ".join(words)}"'


def _has_number(facts: Row, meant: Understanding) -> bool:
    """Whether the query calls the document by its whole number or by another name."""
    key, day = facts["number_key"], facts["issued_on"]
    return key in meant.number_keys or any(
        key == name.key and (name.issued_on is None or day == name.issued_on.isoformat()) for name in meant.names
    )


def _has_partial_number(facts: Row, wanted: PartialNumber, meant: Understanding) -> bool:
    if _has_number(facts, meant) or (wanted.types and facts["type"] not in wanted.types):
        return False
    return wanted.year is None or facts["year"] == wanted.year


def _is_live(match: _Match, release: Release) -> bool:
    return release.holds(match.facts["id"], match.facts["record"])


def _passes(facts: Row, selected: dict[str, str], but: str = "") -> bool:
    return all(_has(facts, name, value) for name, value in selected.items() if name != but)


def _has(facts: Row, name: str, value: str) -> bool:
    if name == "issuer":
        return bool(facts["issuer_key"] == issuer_key(value))
    if name in ("unit", "topic"):
        return value in facts["units" if name == "unit" else "topics"]
    return str(facts[name]) == value


def _ordered(matches: list[_Match], sort: Sort) -> list[_Match]:
    if sort is Sort.OLDEST:
        return sorted(matches, key=lambda match: (match.facts["day"], match.facts["id"]))
    newest_first = sorted(matches, key=lambda match: (match.facts["day"], match.facts["id"]), reverse=True)
    if sort is Sort.NEWEST:
        return newest_first
    return sorted(newest_first, key=lambda match: -match.rank)


def _facet(name: str, matches: list[_Match], selected: dict[str, str]) -> tuple[FacetValue, ...]:
    values = (match.facts[name] for match in matches if _passes(match.facts, selected, but=name))
    counts = Counter(str(value) for value in values if value is not None)
    if name == "year":
        return tuple(FacetValue(year, year, counts[year]) for year in sorted(counts, reverse=True))
    return tuple(FacetValue(slug, DOCUMENT_TYPE_BY_SLUG[slug].name, count) for slug, count in counts.most_common())


def _bare_result(match: _Match) -> Result:
    facts = match.facts
    return Result(
        id=facts["id"],
        record=facts["record"],
        kind=facts["kind"],
        url=facts["url"],
        title=facts["title"],
        number=facts["number"],
        type=facts["type"],
        type_name=facts["type_name"],
        issuer=facts["issuer"],
        issued_on=facts["issued_on"],
        status=facts["status"],
        status_label=facts["status_label"],
        superseded_by=tuple(facts["superseded_by"]),
        published_at=facts["published_at"],
        score=round(match.rank, 3),
    )
