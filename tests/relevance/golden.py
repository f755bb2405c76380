"""The golden set: what readers of Party documents look for, judged by hand, and how well each kind of need is met.

A need stands in ``golden.jsonl``: `collection` (``demo``, which is always there, or ``documents``, the real ones of
``../shared/corpus``), `intent`, `query`, and `answers`: a document by its number, by its number and date, or by the
end of its address, with ``#ANCHOR`` where a provision answers. `not` may not be among the first ten. Code types each
need otherwise, too (`VARIANTS`).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from zlib import crc32

from contract.release import Record
from search.answers import Answer
from search.request import Scope
from tests.relevance.lookups import is_within
from tests.relevance.measures import TOP, Searched
from tests.relevance.misspelling import with_one_error, with_other_separators, with_so, without_diacritics

NEEDS = Path(__file__).with_name("golden.jsonl")
BASELINE = Path(__file__).with_name("baseline.json")
# A figure may fall by this before the test says so: MRR of an intent, whose needs are few.
TOLERANCE = 0.02

VARIANTS: Mapping[str, Callable[[str], str | None]] = {
    "as written": lambda query: query,
    "no diacritics": lambda query: typed if (typed := without_diacritics(query)) != query else None,
    "after số": with_so,
    "other separators": with_other_separators,
    "typing error": lambda query: with_one_error(query, crc32(query.encode())),
}
# What has to stand word for word is not found with a typing error in it, and is not meant to be.
EXACT = frozenset({"phrase"})

# MRR@10 by "collection / intent / variant / level"; levels are document and clause.
Scores = dict[str, float]


@dataclass(frozen=True)
class Need:
    """What somebody looks for. `documents` are ids, `provisions` and `not_wanted` as `answers` and `not` say."""

    collection: str
    intent: str
    query: str
    documents: frozenset[str]
    provisions: frozenset[str]
    not_wanted: frozenset[str]


def read_needs(collection: str, records: Sequence[Record]) -> list[Need]:
    """The needs of one collection, with their answers looked up in `records`. Raises `KeyError` for one not there."""
    known = _by_reference(records)
    anchors = {f"{record.id}#{part.anchor}" for record in records for part in record.snapshot.provisions}
    lines = (json.loads(line) for line in NEEDS.read_text(encoding="utf-8").splitlines())
    return [_need(line, known, anchors) for line in lines if line["collection"] == collection]


def measure_golden(index: Searched, needs: Iterable[Need]) -> Scores:
    """How well the needs are met, typed in every way."""
    found: dict[str, list[float]] = {}
    for need in needs:
        for variant, query in _typed(need):
            name = f"{need.collection} / {need.intent} / {variant}"
            found.setdefault(f"{name} / document", []).append(_document_score(index.ask(query), need))
            if need.provisions:
                score = _clause_score(index.ask(query, Scope.PROVISIONS), need)
                found.setdefault(f"{name} / clause", []).append(score)
    return {name: round(mean(scores), 3) for name, scores in found.items()}


def read_baseline() -> Scores:
    """The figures that were good enough when they were committed."""
    scores: Scores = json.loads(BASELINE.read_text(encoding="utf-8"))
    return scores


def write_baseline(scores: Scores) -> None:
    """Keep `scores`; those of a collection that was not measured stay."""
    before = read_baseline() if BASELINE.exists() else {}
    measured = {name.partition(" / ")[0] for name in scores}
    kept = {name: score for name, score in before.items() if name.partition(" / ")[0] not in measured}
    text = json.dumps(kept | scores, ensure_ascii=False, indent=1, sort_keys=True)
    BASELINE.write_text(f"{text}\n", encoding="utf-8")


def losses(scores: Scores, baseline: Scores) -> dict[str, tuple[float, float]]:
    """What fell by more than `TOLERANCE`: before and now. A figure that is no longer measured has fallen to nothing."""
    measured = {name.partition(" / ")[0] for name in scores}
    expected = {name: score for name, score in baseline.items() if name.partition(" / ")[0] in measured}
    return {
        name: (before, scores.get(name, 0.0))
        for name, before in expected.items()
        if scores.get(name, 0.0) < before - TOLERANCE
    }


def _typed(need: Need) -> Iterator[tuple[str, str]]:
    for variant, change in VARIANTS.items():
        query = None if variant == "typing error" and need.intent in EXACT else change(need.query)
        if query is not None:
            yield variant, query


def _document_score(answer: Answer, need: Need) -> float:
    """1/rank of the first right document; 0 when one that was not wanted is among the first ten."""
    ids = [result.id for result in answer.results[:TOP]]
    if need.not_wanted & set(ids):
        return 0.0
    return next((1 / rank for rank, item in enumerate(ids, start=1) if item in need.documents), 0.0)


def _clause_score(answer: Answer, need: Need) -> float:
    """1/rank of the first result that leads to the provision or into it; one that leads to more is not right."""
    keys = [f"{result.id}#{result.passages[0].anchor}" for result in answer.results[:TOP] if result.passages]
    return next((1 / rank for rank, key in enumerate(keys, start=1) if is_within(key, need.provisions)), 0.0)


def _need(line: dict[str, object], known: Mapping[str, set[str]], anchors: set[str]) -> Need:
    documents, provisions = _resolved(line["answers"], known)
    if missing := provisions - anchors:
        raise KeyError(f"{line['query']}: {missing}")
    not_wanted, _ = _resolved(line.get("not", ()), known)
    return Need(str(line["collection"]), str(line["intent"]), str(line["query"]), documents, provisions, not_wanted)


def _resolved(answers: object, known: Mapping[str, set[str]]) -> tuple[frozenset[str], frozenset[str]]:
    documents, provisions = set(), set()
    assert isinstance(answers, Sequence)
    for answer in answers:
        reference, _, anchor = str(answer).partition("#")
        documents |= known[reference]
        provisions |= {f"{item}#{anchor}" for item in known[reference] if anchor}
    return frozenset(documents), frozenset(provisions)


def _by_reference(records: Iterable[Record]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record in records:
        document = record.snapshot.document
        names = [record.path.strip("/").rpartition("/")[2]]
        names.append(names[0].rpartition("-")[2])  # the id of a real document stands at the end of its address
        if document and document.number:
            names += [document.number, f"{document.number} {document.issued_on}"]
        for name in set(names):
            found.setdefault(name, set()).add(str(record.id))
    return found
