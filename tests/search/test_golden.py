"""Our own golden set on the real server: no kind of need is met worse than when the baseline was committed."""

import pytest

from tests.relevance.collections import CORPUS, demo_items, real_documents, vocabulary
from tests.relevance.golden import BASELINE, Scores, losses, measure_golden, read_baseline, read_needs
from tests.relevance.measures import searched

INTENTS = {
    "number", "number with clause", "part of a number", "title words", "question", "quotation", "other name", "topic",
    "phrase", "exclusion", "alternatives",
}  # fmt: skip


def fallen(scores: Scores) -> str:
    """What to tell who made the search worse; empty when nobody did."""
    lost = losses(scores, read_baseline())
    if not lost:
        return ""
    lines = [f"{name}: {before:.3f}, now {now:.3f}" for name, (before, now) in lost.items()]
    renewing = "make relevance PARTS=golden ARGUMENTS=--renew-baseline"
    return "\n".join(("worse than the baseline:", *lines, f"if that is meant: {renewing}"))


@pytest.mark.parametrize(("collection", "read"), [("demo", demo_items), ("documents", real_documents)])
def test_every_kind_of_need_is_met_as_well_as_before(elasticsearch_url: str, collection: str, read) -> None:  # type: ignore[no-untyped-def]
    if collection == "documents" and not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    records = list(read())
    needs = read_needs(collection, records)
    assert {need.intent for need in needs} == INTENTS
    with searched(elasticsearch_url, records, vocabulary()) as index:
        scores = measure_golden(index, needs)
    assert fallen(scores) == ""


def test_a_figure_that_falls_is_told_with_the_way_to_renew_the_baseline() -> None:
    name, before = next((name, score) for name, score in read_baseline().items() if score > 0.5)
    others = {other: score for other, score in read_baseline().items() if other != name}
    assert name in fallen({**others, name: before - 0.03})
    assert "--renew-baseline" in fallen({**others, name: before - 0.03})
    assert fallen({**others, name: before - 0.01}) == ""


def test_a_figure_that_is_no_longer_measured_counts_as_lost() -> None:
    scores = read_baseline()
    scores.pop(name := next(iter(scores)))
    assert name in fallen(scores)


def test_the_baseline_is_kept_in_order() -> None:
    names = list(read_baseline())
    assert names == sorted(names)
    assert BASELINE.read_text(encoding="utf-8").endswith("}\n")
