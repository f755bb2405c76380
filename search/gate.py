"""Whether a new pair of indexes may take the place of the old one: it holds what was written, and finds it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from elasticsearch import Elasticsearch

from contract.numbers import number_key
from contract.release import Record
from contract.vocabulary import Audience
from search.answering import ElasticsearchEngine
from search.answers import Answer
from search.indexes import IndexNames
from search.releases import BrokenReleaseError, Release
from search.request import MAX_QUERY_LENGTH, read_request
from search.writing import Written

# Of each kind of golden query. One in so many may miss: titles are near each other, and an alias may mean another item.
QUERIES = 5
# Out of how many items they are chosen.
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
    """What a reader may ask for an item, and the item: it has to stand on the first page."""

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
        queries = list(golden_queries(release, indexed))
        missed = [q for q in queries if not _finds(engine.answer(read_request({"q": q.text}), release), q)]
        if len(missed) > len(queries) // QUERIES:
            # Numbers and titles stand in the release for everybody to read.
            told = ", ".join(f"{query.text!r} ({query.item})" for query in missed)
            raise GateError(f"{len(missed)} of {len(queries)} golden queries do not find their item: {told}")

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
        number = record.snapshot.document.number if record.snapshot.document else None
        if number and any(character.isdigit() for character in number):
            yield GoldenQuery(number, record.id, by_number=True)


def _titles(records: Iterable[Record]) -> Iterator[GoldenQuery]:
    for record in records:
        words = record.snapshot.title.split()
        # A number in it would mean another document, and a sign might be read as an operator.
        if len(words) >= LEAST_WORDS and all(word.isalpha() for word in words):
            yield GoldenQuery(" ".join(words)[:MAX_QUERY_LENGTH], record.id, by_number=False)


def _finds(answer: Answer, query: GoldenQuery) -> bool:
    if str(query.item) in {result.id for result in (*answer.numbered, *answer.results)}:
        return True
    # Many units have a document of this number: those of the page are as good.
    return query.by_number and any(
        number_key(result.number or "") == number_key(query.text) for result in answer.numbered
    )
