"""The replica: newer changes win in whatever order they come, and a batch is applied whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.models import Change, Snapshot
from publisher.entry import Entry, apply
from publisher.replica import Item, Replica
from tests.publisher.factories import START, news

SITE = "http://localhost:8000"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    opened = Replica(tmp_path / "replica.sqlite", SITE)
    yield opened
    opened.close()


def published(seq: int, snapshot: Snapshot) -> Entry:
    change = Change(seq=seq, op="publish", id=snapshot.id, at=START, sha256=snapshot.sha256, snapshot=snapshot)
    return Entry(change, Item.of(change, snapshot))


def withdrawn(seq: int, snapshot: Snapshot) -> Entry:
    return Entry(Change(seq=seq, op="withdraw", id=snapshot.id, at=START, path=snapshot.path))


def titles(replica: Replica) -> list[str]:
    return [item.snapshot.title for id_ in replica.ids() if (item := replica.item(id_))]


def apply_all(replica: Replica, *entries: Entry) -> list[str]:
    with replica.transaction():
        apply(replica, list(entries))
    return titles(replica)


def test_an_older_version_that_comes_late_does_not_overwrite_the_newer(replica: Replica) -> None:
    apply_all(replica, published(7, news("mot", title="Bản mới")))
    assert apply_all(replica, published(5, news("mot", title="Bản cũ"))) == ["Bản mới"]


def test_a_version_older_than_the_withdrawal_does_not_come_back(replica: Replica) -> None:
    item = news("mot")
    apply_all(replica, withdrawn(7, item))
    assert apply_all(replica, published(5, item)) == []
    assert list(replica.gone_paths()) == [item.path]


def test_an_older_withdrawal_does_not_remove_a_newer_version(replica: Replica) -> None:
    item = news("mot", title="Bản mới")
    apply_all(replica, published(7, item))
    assert apply_all(replica, withdrawn(5, item)) == ["Bản mới"]


def test_a_batch_that_fails_leaves_nothing(replica: Replica) -> None:
    def step_that_fails() -> None:
        with replica.transaction():
            apply(replica, [published(1, news("mot"))])
            replica.advance(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        step_that_fails()
    assert titles(replica) == []
    assert replica.position == 0
