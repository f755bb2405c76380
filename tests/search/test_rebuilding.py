"""Rebuilding beside readers and publishing: nothing fails, nothing is lost, nothing unfit goes in."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from elasticsearch import Elasticsearch

from contract.models import Audience
from contract.release import RELEASES, Record, record_path
from search import gate, rebuilding
from search.answering import ElasticsearchEngine
from search.following import Follower
from search.gate import Gate, GateError, GoldenQuery, golden_queries
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.rebuilding import Sharding
from search.releases import Release, current_name
from search.request import read_request
from search.rows import VIETNAM
from search.writing import IndexAheadError, RefusedForNowError, Report, RowWriter, Written
from tests.search.conftest import live_release
from tests.search.factories import document, identity, item, point_to, provision, write_release
from tests.search.samples import ARTICLE, demo_records, regulation_provisions

pytestmark = pytest.mark.elasticsearch

LASTING = "Điều lệ hội người trồng chè"
KEPT_RELEASES = 3
PAUSE = 0.2


def text_of(number: int, form: int = 0) -> Record:
    provisions = [provision(ARTICLE, f"Điều {n}", f"Nội dung {number} lần {form}") for n in range(1, 3 + form % 2)]
    title = f"Văn bản số {number} về việc lần {form}"
    return document(f"van-ban-{number}", title, f"{number}-KH/TU", provisions=provisions, seq=1000 * form + number + 1)


class Press:
    """Publishes one release after the other and clears old ones away, as a busy publisher does."""

    def __init__(self, site: Path, items: int) -> None:
        self._site = site
        self._records = {number: text_of(number) for number in range(items)}
        self._lasting = item("dieu-le", LASTING, seq=1)
        self._step = 0

    def print(self) -> None:
        """A release with one new item, one that changed, and one less."""
        self._step += 1
        step, new = self._step, max(self._records) + 1
        if step > 1:
            self._records[new] = text_of(new, step)
            changed = sorted(self._records)[len(self._records) // 2]
            self._records[changed] = text_of(changed, step)
            del self._records[min(self._records)]
        write_release(self._site, [self._lasting, *self._records.values()], name=f"r{step:08d}", seq=step * 1_000_000)
        for old in sorted((self._site / RELEASES).iterdir())[:-KEPT_RELEASES]:
            # Gone at once, as the publisher does it: nobody sees half of it.
            shutil.rmtree(old.rename(self._site / f"gone-{old.name}"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Print until the block ends."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(PAUSE):
                self.print()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


class Readers:
    """Ask 50 times a second, and note every answer that is an error or lacks what was there all the time."""

    def __init__(self, engine: ElasticsearchEngine, site: Path) -> None:
        self._engine, self._site = engine, site
        self.asked = 0
        self.wrong: list[str] = []

    @contextmanager
    def reading(self) -> Iterator[None]:
        stop = threading.Event()
        threads = [threading.Thread(target=self._read, args=(stop,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _read(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            self.asked += 1
            try:
                release = live_release(self._site)
                answer = self._engine.answer(read_request({"q": LASTING}), release)
            except Exception as error:  # noqa: BLE001 - whatever a reader would have met
                self.wrong.append(repr(error))
                continue
            if LASTING not in {result.title for result in answer.results}:
                self.wrong.append(f"not found in {release.name}")


@contextmanager
def following(site: Path, indexer: ReleaseIndexer, **options: object) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=Follower(site, indexer, **options).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def rebuilt(indexer: ReleaseIndexer, site: Path) -> None:
    """As an operator does: once more when a release was in the way."""
    for _ in range(5):
        with suppress(RefusedForNowError):
            indexer.rebuild(live_release(site))
            return
    raise AssertionError("refused again and again")


def test_rebuilds_under_a_stream_of_publishing_and_searches_cost_no_reader_and_no_item_anything(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine
) -> None:
    press, readers = Press(site, items=300), Readers(engine, site)
    press.print()
    with following(site, ReleaseIndexer(indexer.client, indexer.names)):
        eventually(lambda: indexer.indexed_release() == current_name(site))
        with readers.reading(), press.running():
            before = current_name(site)
            for _ in range(3):
                rebuilt(indexer, site)
        eventually(lambda: indexer.indexed_release() == current_name(site))
    assert before != current_name(site), "nothing was published meanwhile"
    assert readers.asked > 20
    assert readers.wrong == []
    assert not indexer.drift(live_release(site), provisions=True)


def meanwhile(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, do: Callable[[], object]) -> None:
    """Let `do` happen once, right before the first call of a method."""
    original, done = getattr(owner, name), []

    def method(self: object, *arguments: object, **named: object) -> object:
        if not done:
            done.append(True)
            do()
        return original(self, *arguments, **named)

    monkeypatch.setattr(owner, name, method)


def test_a_release_that_is_cleaned_away_while_it_is_read_does_not_stop_a_rebuild(
    site: Path, indexer: ReleaseIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [text_of(number) for number in range(5)]
    first = write_release(site, records)

    def go_on() -> None:
        write_release(site, records[2:], name="r00000009", seq=100)
        shutil.rmtree(site / RELEASES / first)

    original, written = Release.record, []

    def record(self: Release, wanted: UUID) -> Record:
        if len(written) == 3:
            go_on()
        written.append(wanted)
        return original(self, wanted)

    monkeypatch.setattr(Release, "record", record)
    assert indexer.rebuild(live_release(site)).release == "r00000009"
    assert not indexer.drift(live_release(site), provisions=True)


def test_what_is_withdrawn_after_it_was_written_is_not_in_the_new_index(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [text_of(number) for number in range(400)]
    write_release(site, records)
    meanwhile(monkeypatch, RowWriter, "remove_old_provisions", lambda: write_release(site, records[:1], seq=500))
    swaps: list[int] = []
    swap = rebuilding.Rebuild._swap
    documents = lambda self: int(elasticsearch.count(index=self._targets["documents"])["count"])  # noqa: E731
    monkeypatch.setattr(rebuilding.Rebuild, "_swap", lambda self: (swaps.append(documents(self)), swap(self)))
    indexer.rebuild(live_release(site))
    assert swaps == [1], "it was still in there when the index was opened to readers"
    assert not indexer.drift(live_release(site), provisions=True)


def test_a_release_between_the_last_look_and_the_switch_is_taken_in_after_it(
    site: Path, indexer: ReleaseIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(site, [text_of(1), text_of(2)])
    meanwhile(monkeypatch, Gate, "examine", lambda: write_release(site, [text_of(2), text_of(3)], seq=9))
    indexer.rebuild(live_release(site))
    assert indexer.indexed_release() == current_name(site)
    assert not indexer.drift(live_release(site), provisions=True)


def test_a_switch_in_the_middle_of_taking_a_release_in_loses_nothing_of_it(
    site: Path, indexer: ReleaseIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(site, [text_of(1), text_of(2)])
    indexer.rebuild(live_release(site))
    older = live_release(site)
    write_release(site, [text_of(1), text_of(3)], seq=9)
    other = ReleaseIndexer(indexer.client, indexer.names)
    # The other one read the site before the new release came, and switches after half of it was written.
    monkeypatch.setattr(rebuilding, "newest_release", lambda release: release)
    monkeypatch.setattr("search.indexing.newest_release", lambda release: release)
    meanwhile(monkeypatch, RowWriter, "write", lambda: other.rebuild(older))
    with pytest.raises(RefusedForNowError, match="compared whole"):
        indexer.bring_to(live_release(site))
    assert indexer.indexed_release() is None
    indexer.bring_to(live_release(site))
    assert not indexer.drift(live_release(site), provisions=True)


def test_two_followers_that_write_over_each_other_end_with_the_newest_release(
    site: Path, indexer: ReleaseIndexer
) -> None:
    press = Press(site, items=30)
    press.print()
    with (
        following(site, ReleaseIndexer(indexer.client, indexer.names)),
        following(site, ReleaseIndexer(indexer.client, indexer.names)),
    ):
        for _ in range(10):
            press.print()
            time.sleep(0.1)
        eventually(lambda: indexer.indexed_release() == current_name(site))
    assert not indexer.drift(live_release(site), provisions=True)


def test_two_indexes_behind_one_alias_are_replaced_by_one(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, demo_records())
    indexer.rebuild(live_release(site))
    second = names.fresh("documents")
    elasticsearch.indices.create(index=second, aliases={names.documents: {}})
    indexer.bring_to(live_release(site))
    assert len(elasticsearch.indices.get(index=f"{names.prefix}-*").body) == 2
    assert not indexer.drift(live_release(site), provisions=True)


def test_a_follower_that_comes_late_rebuilds_nothing(
    site: Path, indexer: ReleaseIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(site, [text_of(1)])
    late = live_release(site)
    write_release(site, [text_of(1, 1)])
    indexer.rebuild(live_release(site))
    monkeypatch.setattr(ReleaseIndexer, "rebuild", lambda self, release: pytest.fail("rebuilt"))
    with pytest.raises(IndexAheadError):
        indexer.bring_to(late)


def test_after_a_roll_back_during_a_rebuild_the_older_release_is_what_is_found(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_release(site, [item("mot", "Tin cũ", seq=1)])
    write_release(site, [item("mot", "Tin mới tinh", seq=9)])
    meanwhile(monkeypatch, Gate, "examine", lambda: point_to(site, old))
    indexer.rebuild(live_release(site))
    answer = engine.answer(read_request({"q": "tin"}), live_release(site))
    assert [result.title for result in answer.results] == ["Tin cũ"]


# The gate


@pytest.fixture
def answering(site: Path, indexer: ReleaseIndexer) -> str:
    """An index that answers; the name of what is behind its alias."""
    write_release(site, demo_records())
    indexer.rebuild(live_release(site))
    return behind(indexer)


def behind(indexer: ReleaseIndexer) -> str:
    return next(iter(indexer.client.indices.get_alias(name=indexer.names.documents).body))


def test_an_index_that_does_not_find_what_the_release_holds_does_not_take_the_place_of_one_that_does(
    site: Path, indexer: ReleaseIndexer, answering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = GoldenQuery("99-NQ/TW", identity("khong-co"), by_number=True)
    monkeypatch.setattr(gate, "golden_queries", lambda release, items: [lost])
    with pytest.raises(GateError, match="99-NQ/TW"):
        indexer.rebuild(live_release(site))
    assert behind(indexer) == answering
    assert len(indexer.client.indices.get(index=f"{indexer.names.prefix}-*").body) == 2


@pytest.mark.parametrize("part", ["documents", "provisions"])
def test_an_index_that_lost_a_row_does_not_pass(
    site: Path, indexer: ReleaseIndexer, answering: str, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    original = rebuilding.Rebuild._open

    def lose_one(self: rebuilding.Rebuild, release: Release) -> None:
        original(self, release)
        hit = self.client.search(index=self._targets[part], size=1)["hits"]["hits"][0]
        self.client.delete(index=hit["_index"], id=hit["_id"], refresh=True)

    monkeypatch.setattr(rebuilding.Rebuild, "_open", lose_one)
    with pytest.raises(GateError, match=f"{part}.* rows, the release has"):
        indexer.rebuild(live_release(site))
    assert behind(indexer) == answering


def test_an_index_that_lacks_many_items_passes_only_where_there_is_none(site: Path, indexer: ReleaseIndexer) -> None:
    write_release(site, demo_records())
    release = live_release(site)
    for name in ("ban-hang", "nghi-dinh-30"):
        (release.directory / record_path(identity(name))).write_text("{")
    assert indexer.rebuild(release).failed == 2
    with pytest.raises(GateError, match="2 of 9 items could not be written"):
        indexer.rebuild(release)


def test_a_follower_goes_on_answering_from_the_old_index_and_does_not_rebuild_all_the_time(
    site: Path,
    indexer: ReleaseIndexer,
    answering: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(gate, "golden_queries", lambda release, items: [GoldenQuery("99", identity("?"), True)])
    indexer.client.indices.put_mapping(index=indexer.names.documents, meta={"definition": "another"})
    with following(site, indexer):
        eventually(lambda: "do not go in" in caplog.text)
        time.sleep(1)
    assert caplog.text.count("do not go in") == 1
    assert behind(indexer) == answering


def test_golden_queries_are_numbers_and_titles_of_what_everybody_may_read(site: Path) -> None:
    secret = document("mat", "Tài liệu nội bộ không ai được đọc", "1-TB/TU", audience=Audience.MEMBERS, seq=1)
    write_release(site, [secret, *demo_records()])
    release = live_release(site)
    queries = list(golden_queries(release, list(release.items)))
    assert {query.text for query in queries if query.by_number} <= {
        "18-NQ/TW", "37/2020/QĐ-UBND", "30/2020/NĐ-CP", "05-NQ/TU",
    }  # fmt: skip
    assert 2 <= sum(query.by_number for query in queries) <= gate.QUERIES
    assert 2 <= sum(not query.by_number for query in queries) <= gate.QUERIES
    assert identity("mat") not in {query.item for query in queries}


# The indexes themselves


def test_shards_and_copies_are_as_they_were_asked_for(
    site: Path, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, demo_records())
    ReleaseIndexer(elasticsearch, names, Sharding(shards=3, replicas=0)).rebuild(live_release(site))
    for index in elasticsearch.indices.get(index=f"{names.prefix}-*").body.values():
        settings = index["settings"]["index"]
        assert (settings["number_of_shards"], settings["number_of_replicas"]) == ("3", "0")
        assert "refresh_interval" not in settings, "what is written later is visible after a second"


def test_an_index_that_stands_under_the_name_of_an_alias_is_replaced(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    elasticsearch.indices.create(index=names.documents)
    write_release(site, demo_records())
    indexer.bring_to(live_release(site))
    assert not indexer.drift(live_release(site), provisions=True)


def test_a_row_that_is_refused_for_what_it_is_is_counted_and_the_others_go_in(
    site: Path, indexer: ReleaseIndexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = RowWriter._actions

    def with_a_bad_row(self: RowWriter, record: Record, *more: object) -> Iterator[dict[str, object]]:
        for action in original(self, record, *more):
            bad = record.id == identity("ban-hang")
            yield action | {"_source": {**action["_source"], "unknown_field": 1}} if bad else action

    monkeypatch.setattr(RowWriter, "_actions", with_a_bad_row)
    write_release(site, demo_records())
    report = indexer.bring_to(live_release(site))
    assert (report.failed, report.upserted) == (1, len(demo_records()) - 1)
    assert indexer.drift(live_release(site)).upserted == (identity("ban-hang"),)


# The daily check


def test_a_provision_that_was_lost_is_drift(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, [document("qd", "Quy định", "37/2020/QĐ-UBND", provisions=regulation_provisions(), seq=1)])
    indexer.rebuild(live_release(site))
    assert not indexer.drift(live_release(site), provisions=True)
    elasticsearch.delete_by_query(index=names.provisions, query={"term": {"citation": "dieu 1"}}, max_docs=1)
    hit = elasticsearch.search(index=names.provisions, size=1)["hits"]["hits"][0]
    elasticsearch.delete(index=names.provisions, id=hit["_id"], refresh=True)
    assert indexer.drift(live_release(site), provisions=True).upserted == (identity("qd"),)


def test_once_a_day_the_index_is_compared_and_mended(
    site: Path,
    indexer: ReleaseIndexer,
    elasticsearch: Elasticsearch,
    names: IndexNames,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_release(site, demo_records())
    indexer.rebuild(live_release(site))
    clock = [datetime(2026, 11, 23, 1, 59, tzinfo=VIETNAM)]
    caplog.set_level(logging.INFO)
    with following(site, indexer, now=lambda: clock[0]):
        time.sleep(0.5)
        # At its own version: a higher one would be a newer form of the item.
        lost = {"id": str(identity("nghi-dinh-30")), "version": 4, "version_type": "external_gte"}
        elasticsearch.delete(index=names.documents, refresh=True, **lost)
        stray = elasticsearch.get(index=names.documents, id=str(identity("ban-hang")))["_source"]
        other = str(UUID(int=7))
        elasticsearch.index(index=names.documents, id=other, document=stray | {"id": other}, refresh=True)
        time.sleep(0.5)
        assert indexer.drift(live_release(site)), "mended before its time"
        clock[0] += timedelta(minutes=2)
        eventually(lambda: "was mended: 1 items missing or outdated, 1 too many" in caplog.text)
        assert not indexer.drift(live_release(site), provisions=True)
        clock[0] += timedelta(days=1)
        eventually(lambda: "holds exactly release" in caplog.text)
    assert caplog.text.count("was mended") == 1


def pieces(client: Elasticsearch, names: IndexNames) -> list[int]:
    """In how many pieces each index lies."""
    indices = client.indices.segments(index=f"{names.prefix}-*").body["indices"].values()
    return [len(copy["segments"]) for index in indices for shard in index["shards"].values() for copy in shard]


def test_a_new_index_is_of_one_piece_and_becomes_it_again_once_a_day(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    records = demo_records()
    write_release(site, records[:-2])
    indexer.rebuild(live_release(site))
    assert pieces(elasticsearch, names) == [1, 1]
    clock = [datetime(2026, 11, 23, 1, 59, tzinfo=VIETNAM)]
    with following(site, indexer, now=lambda: clock[0]):
        for seq in (2, 3):
            write_release(site, records[: len(records) - 3 + seq], name=f"r{seq:010}-abcdef12", seq=seq)
            eventually(lambda seq=seq: indexer.indexed_release() == f"r{seq:010}-abcdef12")
        assert max(pieces(elasticsearch, names)) > 1
        clock[0] += timedelta(minutes=2)
        eventually(lambda: pieces(elasticsearch, names) == [1, 1])


def test_written_items_count_their_rows(site: Path, indexer: ReleaseIndexer) -> None:
    write_release(site, [document("qd", "Quy định", "1-QĐ/TU", provisions=regulation_provisions(), seq=1)])
    release = live_release(site)
    indexer.rebuild(release)
    targets = {part: indexer.names.alias(part) for part in ("documents", "provisions")}
    written = RowWriter(indexer.client, targets, aliases=True).write(release, [identity("qd")], Report(release.name))
    indexer.client.indices.refresh(index=indexer.names.provisions)
    rows = int(indexer.client.count(index=indexer.names.provisions)["count"])
    assert written == {identity("qd"): Written(release.items[identity("qd")].record, 1, rows)}
