"""Figures of rankings, and a real index to take them from.

MRR@10, nDCG@10 and R@10 as TREC defines them, with judgements that are right or not: MRR is the mean of 1/rank of the
first right result, nDCG discounts each right one by the logarithm of its rank, R is the share of the right ones found.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from uuid import uuid4

from contract.canonical import canonical_json
from contract.models import Term
from contract.release import CURRENT, VOCABULARY, Record, ReleaseVocabulary
from search.answering import ElasticsearchEngine
from search.answers import Answer, Result
from search.connections import connect_for_indexing, connect_for_readers
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.lexicon import Lexicon
from search.live import LiveRelease
from search.releases import Release
from search.request import Scope, read_request
from tests.relevance.judged import JudgedSet
from tests.search.factories import write_release

TOP = 10
SECONDS = 20.0  # what is found is measured here, not how fast


@dataclass(frozen=True)
class Searched:
    """A release in an index of its own. `site` is its directory, `names` are the index's."""

    site: Path
    release: Release
    names: IndexNames
    engine: ElasticsearchEngine
    lexicon: Lexicon

    def ask(self, query: str, scope: Scope = Scope.DOCUMENTS) -> Answer:
        """The first page, as a reader gets it who types `query`."""
        return self.engine.answer(read_request({"q": query, "scope": scope.value}), self.release)


@dataclass(frozen=True)
class Figures:
    """Means over questions, each between 0 and 1."""

    mrr: float
    ndcg: float
    recall: float


@contextmanager
def searched(url: str, records: Iterable[Record], terms: Sequence[Term] = ()) -> Iterator[Searched]:
    """The records as a release, indexed on the server at `url` under a prefix that is removed at the end."""
    client, names = connect_for_indexing(url), IndexNames(f"test-{uuid4().hex[:12]}")
    with TemporaryDirectory() as directory:
        site = Path(directory) / "site"
        (site / "releases").mkdir(parents=True)
        write_release(site, records)
        content = ReleaseVocabulary.of(terms).model_dump(mode="json", by_alias=True)
        (site / CURRENT / VOCABULARY).write_bytes(canonical_json(content))
        release = LiveRelease(site).get()
        assert release is not None
        lexicon = Lexicon()
        lexicon.bring_to(release)
        try:
            ReleaseIndexer(client, names).rebuild(release)
            engine = ElasticsearchEngine(connect_for_readers(url, SECONDS), names, SECONDS)
            yield Searched(site, release, names, engine, lexicon)
        finally:
            lexicon.close()
            for name in client.indices.get(index=f"{names.prefix}-*").body:
                client.indices.delete(index=name)


def figures(found: Sequence[tuple[Sequence[str], Collection[str]]]) -> Figures:
    """The figures of rankings, each with what is right for it."""
    return Figures(
        mean(reciprocal_rank(ranking, right) for ranking, right in found),
        mean(_ndcg(ranking, right) for ranking, right in found),
        mean(len(right & set(ranking[:TOP])) / len(right) for ranking, right in ((r, set(a)) for r, a in found)),
    )


def reciprocal_rank(ranking: Sequence[str], right: Collection[str]) -> float:
    """1/rank of the first right one, 0 where there is none among the first ten."""
    return next((1 / rank for rank, key in enumerate(ranking[:TOP], start=1) if key in right), 0.0)


def measure_judged(index: Searched, judged: JudgedSet, typed: Callable[[str], str] = str) -> Figures:
    """How well articles are found for the questions of `judged`, each changed by `typed`."""
    return figures(
        [
            ([_article(result) for result in index.ask(typed(question.text), Scope.PROVISIONS).results],
             question.answers)
            for question in judged.questions
        ]
    )  # fmt: skip


def _ndcg(ranking: Sequence[str], right: Collection[str]) -> float:
    gained = sum(1 / log2(rank + 1) for rank, key in enumerate(ranking[:TOP], start=1) if key in right)
    return gained / sum(1 / log2(rank + 1) for rank in range(1, min(len(right), TOP) + 1))


def _article(result: Result) -> str:
    """The article a result stands for: the judgements are about articles, the link leads to a clause."""
    anchor = result.passages[0].anchor or ""
    return f"{result.id}#{anchor.partition('-khoan-')[0]}"
