"""Derived facts: relations from both ends, validity on a day, units."""

from datetime import date
from typing import Any

import pytest

from contract.models import Snapshot
from contract.vocabulary import Status
from publisher.derive import Facts
from publisher.outline import Outline
from publisher.replica import Item, Replica
from tests.publisher.factories import document, item_id, news, unit

DAY = date(2026, 11, 22)


def facts(*snapshots: Snapshot, day: date = DAY) -> Facts:
    replica = Replica(None, "http://localhost:8000")
    with replica.transaction():
        for seq, item in enumerate(snapshots, start=1):
            replica.publish(Item(item.id, seq, item.sha256, item, item.model_dump_json().encode()))
    return Facts(replica, day)


def relation(verb: str, number: str | None = None, **values: Any) -> dict[str, Any]:
    return {"verb": verb, "number": number} | values


def test_a_relation_shows_on_both_documents() -> None:
    old = document("cu", "18-NQ/TU")
    new = document("moi", "20-NQ/TU", relations=[relation("replaces", "số 18 – NQ/TU")])
    both = facts(old, new)
    (out,) = both.outgoing(new)
    assert (out.verb, out.label, out.path, out.id) == ("replaces", "Thay thế", old.path, old.id)
    (into,) = both.incoming(Outline.of(old))
    assert (into.verb, into.label, into.path, into.number) == ("replaced_by", "Được thay thế bởi", new.path, "20-NQ/TU")


def test_a_number_that_two_documents_carry_links_to_neither() -> None:
    new = document("moi", "20-NQ/TU", relations=[relation("replaces", "18-NQ/TU")])
    both = facts(document("nam-2017", "18-NQ/TU"), document("nam-2022", "18-NQ/TU"), new)
    (out,) = both.outgoing(new)
    assert out.path is None
    assert out.number == "18-NQ/TU"


def test_an_id_chooses_among_documents_with_the_same_number() -> None:
    meant = document("nam-2022", "18-NQ/TU")
    new = document("moi", "20-NQ/TU", relations=[relation("replaces", "18-NQ/TU", target=item_id("nam-2022"))])
    both = facts(document("nam-2017", "18-NQ/TU"), meant, new)
    assert both.outgoing(new)[0].path == meant.path
    assert both.status(Outline.of(meant)) is Status.REPLACED


def test_an_id_that_is_not_live_is_not_replaced_by_another_document_with_the_number() -> None:
    new = document("moi", "20-NQ/TU", relations=[relation("replaces", "18-NQ/TU", target=item_id("khong-co"))])
    assert facts(document("nam-2017", "18-NQ/TU"), new).outgoing(new)[0].path is None


def test_a_document_does_not_relate_to_itself() -> None:
    alone = document("mot", "18-NQ/TU", relations=[relation("cites", "18-NQ/TU")])
    both = facts(alone)
    assert both.outgoing(alone)[0].path is None
    assert both.incoming(Outline.of(alone)) == ()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, Status.IN_FORCE),
        (date(2026, 11, 22), None, Status.IN_FORCE),
        (date(2026, 11, 23), None, Status.PENDING),
        (None, date(2026, 11, 22), Status.IN_FORCE),
        (None, date(2026, 11, 21), Status.EXPIRED),
    ],
)
def test_validity_follows_the_dates_and_the_last_day_counts(
    start: date | None, end: date | None, expected: Status
) -> None:
    item = document("mot", effective_from=start, effective_to=end)
    assert facts(item).status(Outline.of(item)) is expected


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("replaces", Status.REPLACED),
        ("repeals", Status.REPEALED),
        ("amends", Status.AMENDED),
        ("guides", Status.IN_FORCE),
        ("based_on", Status.IN_FORCE),
        ("cites", Status.IN_FORCE),
    ],
)
def test_what_another_document_does_decides_the_status(verb: str, expected: Status) -> None:
    old = document("cu", "18-NQ/TU")
    assert (
        facts(old, document("moi", "20-NQ/TU", relations=[relation(verb, "18-NQ/TU")])).status(Outline.of(old))
        is expected
    )


def test_a_document_is_replaced_only_from_the_day_the_other_takes_effect() -> None:
    old = document("cu", "18-NQ/TU")
    new = document("moi", effective_from=date(2026, 12, 1), relations=[relation("replaces", "18-NQ/TU")])
    assert facts(old, new, day=date(2026, 11, 30)).status(Outline.of(old)) is Status.IN_FORCE
    assert facts(old, new, day=date(2026, 12, 1)).status(Outline.of(old)) is Status.REPLACED


def test_repealing_one_provision_amends_the_document() -> None:
    old = document("cu", "18-NQ/TU")
    new = document("moi", relations=[relation("repeals", "18-NQ/TU", anchor="dieu-5")])
    assert facts(old, new).status(Outline.of(old)) is Status.AMENDED


def test_an_anchor_is_linked_only_where_the_target_has_it() -> None:
    provision = {"anchor": "dieu-5", "kind": "dieu", "label": "Điều 5"}
    old = document("cu", "18-NQ/TU", provisions=[provision])
    new = document("moi", relations=[relation("amends", "18-NQ/TU", anchor=a) for a in ("dieu-5", "dieu-6")])
    assert [end.anchor for end in facts(old, new).outgoing(new)] == ["dieu-5", None]


def test_news_have_no_status() -> None:
    item = news("tin")
    assert facts(item).status(Outline.of(item)) is None


def test_a_unit_without_a_page_keeps_the_name_of_the_snapshot_and_gets_no_link() -> None:
    item = news("tin")
    (link,) = facts(item).unit_path(Outline.of(item))
    assert (link.name, link.path) == ("Tỉnh ủy", None)


def test_units_carry_the_name_of_their_page_now() -> None:
    item = news("tin")
    (link,) = facts(item, unit("tinh-uy", title="Tên mới")).unit_path(Outline.of(item))
    assert (link.name, link.path) == ("Tên mới", "/don-vi/tinh-uy/")
