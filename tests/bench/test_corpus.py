"""The made-up province is a valid feed, always the same, and of the size its figures speak of."""

import re
import statistics

from contract.models import Snapshot, parse_change
from contract.vocabulary import Kind
from tests.bench.corpus import PIECE, Corpus, _piece, change_line, withdrawal_line

SOME = range(0, 1000, 7)


def snapshots() -> list[Snapshot]:
    corpus = Corpus(1000)
    return [snapshot for number in SOME if (snapshot := parse_change(corpus.line(number)).snapshot) is not None]


def syllables(snapshot: Snapshot) -> int:
    text = " ".join([snapshot.body, *(f"{p.heading} {p.body}" for p in snapshot.provisions)])
    return len(re.sub("<[^>]+>", " ", text).split())


def test_every_line_is_one_the_publisher_accepts() -> None:
    assert len(snapshots()) == len(SOME)


def test_there_is_something_of_every_kind_and_mostly_news() -> None:
    kinds = [snapshot.kind for snapshot in snapshots()]
    assert set(kinds) >= {Kind.NEWS, Kind.DOCUMENT, Kind.GUIDANCE, Kind.UNIT}
    assert max(set(kinds), key=kinds.count) is Kind.NEWS


def test_a_text_is_as_long_as_in_the_measurements_before() -> None:
    long = [syllables(snapshot) for snapshot in snapshots() if snapshot.kind not in (Kind.UNIT, Kind.PAGE)]
    assert 1050 < statistics.mean(long) < 1250


def test_documents_have_provisions_and_relations_to_documents_before_them() -> None:
    corpus = Corpus(1000)
    documents = [snapshot for snapshot in snapshots() if snapshot.kind is Kind.DOCUMENT]
    assert all(len(document.provisions) > 20 for document in documents)
    targets = {relation.target for document in documents for relation in document.relations}
    before = {corpus.id(number): number for number in range(1000)}
    assert targets
    assert {corpus.kind(before[str(target)]) for target in targets} == {Kind.DOCUMENT}


def test_the_pieces_of_several_processes_are_the_lines_one_after_the_other() -> None:
    corpus = Corpus(700)
    assert _piece(700, PIECE) == b"".join(corpus.line(number) for number in range(PIECE, 700))


def test_an_item_beyond_the_corpus_can_be_had_in_any_kind() -> None:
    corpus = Corpus(1000)
    made = [corpus.item(1234, kind) for kind in (Kind.NEWS, Kind.DOCUMENT, Kind.GUIDANCE)]
    assert [Snapshot.model_validate(item).kind for item in made] == [Kind.NEWS, Kind.DOCUMENT, Kind.GUIDANCE]
    assert parse_change(change_line(1235, made[0])).seq == 1235


def test_a_withdrawal_says_where_the_item_was() -> None:
    item = Corpus(1000).item(500)
    change = parse_change(withdrawal_line(1001, item, "2026-11-22T08:00:00Z"))
    assert (change.op, change.path) == ("withdraw", item["path"])
