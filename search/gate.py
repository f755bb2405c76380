"""Whether a new pair of indexes may take the place of the old one: it holds what was written, and finds it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from elasticsearch import Elasticsearch

from contract.folding import fold
from contract.release import Record
from contract.vocabulary import Audience
from search.answering import ElasticsearchEngine
from search.answers import Answer
from search.indexes import IndexNames
from search.releases import BrokenReleaseError, Release
from search.request import MAX_QUERY_LENGTH, read_request
from search.writing import Written

# Of each kind of golden query, and out of how many items they are chosen.
QUERIES = 5
CANDIDATES = 200
# A title of fewer words is what many items are called.
LEAST_WORDS = 5
# An index that answers is not given up for one that lacks more of its items than this; one may always be broken.
MOST_SET_ASIDE = 0.01
SECONDS = 30.0


class GateError(RuntimeError):
    """The new indexes are not fit for readers; the old ones stay. The message says what was found."""


@dataclass(frozen=True)
class GoldenQuery:
    """What a reader may ask for an item, and the item: the hit has to be it, or to have the same number or title."""

    text: str
    item: UUID
    by_number: bool


@dataclass(frozen=True)
class Gate:
    """Examines the indexes called `names`. Raises Elasticsearch's errors and `GateError`."""

    client: Elasticsearch
    names: IndexNames

    def examine(self, release: Release, written: dict[UUID, Written], replaces: bool) -> None:
        """Compare with `release`, of which `written` went in. `replaces`: there are indexes that answer now."""
        self._counts(written.values())
        set_aside = sum(outcome.set_aside for outcome in written.values())
        if replaces and set_aside > max(1, MOST_SET_ASIDE * len(written)):
            raise GateError(f"{set_aside} of {len(written)} items could not be written")
        engine = ElasticsearchEngine(self.client, self.names, SECONDS)
        indexed = [item for item, outcome in written.items() if outcome.documents and not outcome.set_aside]
        for query in golden_queries(release, indexed):
            answer = engine.answer(read_request({"q": query.text}), release)
            if not _finds(answer, query):
                # The words of a title stand in the release for everybody to read.
                raise GateError(f"the search for {query.text!r} does not find {query.item} first")

    def _counts(self, written: Iterable[Written]) -> None:
        outcomes = list(written)
        for name, expected in (
            (self.names.documents, sum(outcome.documents for outcome in outcomes)),
            (self.names.provisions, sum(outcome.provisions for outcome in outcomes)),
        ):
            found = int(self.client.count(index=name)["count"])
            if found != expected:
                raise GateError(f"{name} holds {found} rows, the release has {expected}")


def golden_queries(release: Release, items: list[UUID]) -> Iterator[GoldenQuery]:
    """A few numbers and titles of `items`, spread over all of them and the same every time."""
    chosen = sorted(items)[:: max(1, len(items) // CANDIDATES)]
    yield from islice(_numbers(_records(release, chosen)), QUERIES)
    yield from islice(_titles(_records(release, chosen)), QUERIES)


def _records(release: Release, items: Iterable[UUID]) -> Iterator[Record]:
    for item in items:
        try:
            record = release.record(item)
        except BrokenReleaseError:
            # Cleaned away since it was written; the others still say enough.
            continue
        if record.snapshot.audience is Audience.PUBLIC:
            yield record


def _numbers(records: Iterable[Record]) -> Iterator[GoldenQuery]:
    for record in records:
        if record.snapshot.document and record.snapshot.document.number:
            yield GoldenQuery(record.snapshot.document.number, record.id, by_number=True)


def _titles(records: Iterable[Record]) -> Iterator[GoldenQuery]:
    for record in records:
        title = record.snapshot.title
        if len(title.split()) >= LEAST_WORDS and len(title) <= MAX_QUERY_LENGTH:
            yield GoldenQuery(title, record.id, by_number=False)


def _finds(answer: Answer, query: GoldenQuery) -> bool:
    if query.by_number and str(query.item) in {result.id for result in answer.numbered}:
        return True
    first = answer.results[0] if answer.results else None
    if first is None:
        return False
    return first.id == str(query.item) or _same((first.number if query.by_number else first.title) or "", query.text)


def _same(one: str, other: str) -> bool:
    return fold(one).split() == fold(other).split()
