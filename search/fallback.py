"""Answers without Elasticsearch: SQLite FTS5 over the folded text of the release.

Simpler on purpose (no clause hits, facets only for type and year), with the same shape of answer and the same check
against the release readers see. The words are folded before they are stored, so SQLite's own tokenizer is enough.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from contract.release import Record
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG
from search import fallback_rows
from search.answers import Answer, Engine, FacetValue, MissingNumber, Passage, Result
from search.fallback_finding import FOUND, Found
from search.fallback_rows import put_item_in, read_shown, read_texts, take_items_out
from search.marking import excerpt, folded_words
from search.mirror import Mirror
from search.releases import Release
from search.request import SearchRequest, Sort
from search.sources import source_key
from search.understanding import Understanding, understand

# Seconds a question waits for the file to be filled after a start.
FIRST_WAIT = 2.0


class FallbackEngine(Mirror):
    """The items of a release and their words; `Mirror` says how it keeps step."""

    tables = fallback_rows.TABLES
    full_text = fallback_rows.FULL_TEXT
    # Texts are long: so many items are a few megabytes, and readers find the first ones soon after a start.
    batch = 200

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__(directory, "fallback", source_key(fallback_rows.__name__))

    def answer(self, request: SearchRequest, release: Release) -> Answer:
        """One page of results for readers of `release`; what is not in step yet is left out, never shown.

        Another thread that is bringing the file in step is waited for only after a start, for a moment: until then
        nothing is found.
        """
        self.bring_to(release, patience=0.0 if self.was_in_step else FIRST_WAIT)
        meant = understand(request.query, release.vocabulary)
        with self._searching(meant, release) as found:
            if request.sort is Sort.RELEVANCE:
                found.rank(meant)
            numbered = list(self._results(found.numbered(), release))
            page = found.page(request.selected, request.sort, request.offset)
            total, facets = _counted(found.tally(request.selected), request.selected)
            return Answer(
                engine=Engine.FALLBACK,
                page=request.page,
                total=total,
                results=tuple(self._results(page, release, folded_words(meant.text))),
                facets=facets,
                numbered=tuple(numbered),
                missing_number=MissingNumber(meant.whole_number) if meant.whole_number and not numbered else None,
                reworded=meant.wordings[1:],
            )

    def count(self, request: SearchRequest, release: Release) -> int:
        """How many results `answer` would tell of."""
        self.bring_to(release, patience=0.0)
        with self._searching(understand(request.query, release.vocabulary), release) as found:
            total, _ = _counted(found.tally(request.selected), request.selected)
        return total

    def records_held(self, connection: sqlite3.Connection) -> dict[str, str]:
        """See `Mirror`."""
        return dict(connection.execute("SELECT id, record FROM item"))

    def put_in(self, connection: sqlite3.Connection, records: Iterable[tuple[Record, str]]) -> None:
        """See `Mirror`."""
        for record, record_hash in records:
            put_item_in(connection, record, record_hash)

    def take_out(self, connection: sqlite3.Connection, items: Sequence[str]) -> None:
        """See `Mirror`."""
        take_items_out(connection, items)

    @contextmanager
    def _searching(self, meant: Understanding, release: Release) -> Iterator[Found]:
        """What is found and live, read from one state of the file."""
        connection = self.connection()
        connection.execute(FOUND)
        was_in_step = self.is_in_step_with(release)
        try:
            connection.execute("BEGIN")
            found = Found.of(connection, meant)
            # The state that is read is that of the first look: nobody may have begun to change it before that.
            if not (was_in_step and self.is_in_step_with(release)):
                found.keep(release.holds)
            yield found
        finally:
            connection.rollback()

    def _results(
        self, rows: Iterable[tuple[int, float]], release: Release, words: frozenset[str] = frozenset()
    ) -> Iterator[Result]:
        """The items in these rows, with an excerpt where `words` are given. What became stale meanwhile is left out."""
        connection = self.connection()
        for row, rank in rows:
            shown = read_shown(connection, row)
            if release.holds(shown["id"], shown["record"]):
                passages = _passages(shown["url"], *read_texts(connection, row), words) if words else ()
                superseded_by = tuple(shown.pop("superseded_by"))
                yield Result(**shown, superseded_by=superseded_by, score=round(rank, 3), passages=passages)


def _passages(url: str, text: str, folded: str, words: frozenset[str]) -> tuple[Passage, ...]:
    return (Passage(None, "", url, excerpt(text, words, folded)),) if text else ()


def _counted(
    tally: Counter[tuple[str | None, int]], selected: Mapping[str, str]
) -> tuple[int, dict[str, tuple[FacetValue, ...]]]:
    """How many there are in all, and the facets: each counts under the filter by the other, but not under its own."""
    types, years, total = Counter[str](), Counter[str](), 0
    for (kind, number), count in tally.items():
        year = str(number)
        is_of_type, is_of_year = kind == selected.get("type", kind), year == selected.get("year", year)
        if is_of_year and kind is not None:
            types[kind] += count
        if is_of_type:
            years[year] += count
        if is_of_type and is_of_year:
            total += count
    return total, {
        "type": tuple(FacetValue(kind, DOCUMENT_TYPE_BY_SLUG[kind].name, n) for kind, n in types.most_common()),
        "year": tuple(FacetValue(year, year, years[year]) for year in sorted(years, reverse=True)),
    }
