"""The index follows the releases: new, changed, withdrawn, rolled back, drifted, and through outages."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from contract.models import Audience
from contract.release import record_path
from search.__main__ import main
from search.answering import ElasticsearchEngine
from search.connections import connect_for_indexing
from search.engines import CircuitBreaker, Engines
from search.fallback import FallbackEngine
from search.following import Follower
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.releases import Release
from search.request import read_request
from tests.search.conftest import live_release
from tests.search.factories import document, identity, item, point_to, release_of_another_layout, write_release
from tests.search.samples import demo_records, regulation_provisions
from tools.ports import free_port

pytestmark = pytest.mark.elasticsearch


def found(engine: ElasticsearchEngine, site: Path, query: str, **more: str) -> list[str]:
    answer = engine.answer(read_request({"q": query, **more}), live_release(site))
    return [result.url.rstrip("/").rpartition("/")[2] for result in answer.results]


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> float:
    """Wait until `condition` holds; returns the seconds it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it never happened"
        time.sleep(0.02)
    return time.monotonic() - started


def test_a_new_release_is_taken_in_by_its_changes(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine
) -> None:
    first = [item("mot", "Tin thứ nhất", seq=1), item("hai", "Tin thứ hai", seq=2)]
    write_release(site, first)
    assert indexer.bring_to(live_release(site)).rebuilt
    write_release(site, [first[0], item("ba", "Tin thứ ba về lúa", seq=3)], seq=4)
    report = indexer.bring_to(live_release(site))
    assert (report.rebuilt, report.upserted, report.removed) == (False, 1, 1)
    assert found(engine, site, "lúa") == ["ba"]
    assert found(engine, site, "thứ hai") in ([], ["mot", "ba"], ["ba", "mot"])
    assert not indexer.drift(live_release(site))


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "pruned"])
def test_a_release_that_was_missed_is_taken_in_by_comparison(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    first = write_release(site, [item("mot", "Tin thứ nhất", seq=1), item("hai", "Tin thứ hai", seq=2)])
    indexer.bring_to(live_release(site))
    write_release(site, [item("mot", "Tin về ngô", seq=3)])
    write_release(site, [item("mot", "Tin về ngô", seq=3), item("ba", "Tin về khoai", seq=4)])
    if not kept:
        shutil.rmtree(site / "releases" / first)
    scans: list[Release] = []
    drift = ReleaseIndexer.drift
    monkeypatch.setattr(ReleaseIndexer, "drift", lambda self, to: scans.append(to) or drift(self, to))
    report = indexer.bring_to(live_release(site))
    assert (report.rebuilt, report.upserted, report.removed) == (False, 2, 1)
    assert bool(scans) is not kept, "the index is read through only when the release it holds is no longer there"
    assert found(engine, site, "khoai") == ["ba"]
    assert not indexer.drift(live_release(site))


def test_a_provision_that_a_new_form_no_longer_has_is_gone(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine
) -> None:
    provisions = list(regulation_provisions())
    write_release(site, [document("qd", "Quy định", "37/2020/QĐ-UBND", provisions=provisions, seq=1)])
    indexer.bring_to(live_release(site))
    assert found(engine, site, "ốm đau", scope="provisions") == ["qd"]
    write_release(site, [document("qd", "Quy định", "37/2020/QĐ-UBND", provisions=provisions[:2], seq=2)])
    indexer.bring_to(live_release(site))
    assert found(engine, site, "ốm đau", scope="provisions") == []
    assert not indexer.drift(live_release(site))


def test_after_a_roll_back_the_index_holds_the_older_release(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine
) -> None:
    old = write_release(site, [item("mot", "Tin cũ", seq=1)])
    write_release(site, [item("mot", "Tin mới tinh", seq=9)])
    indexer.bring_to(live_release(site))
    point_to(site, old)
    indexer.bring_to(live_release(site))
    assert found(engine, site, "tin cũ") == ["mot"]
    assert not indexer.drift(live_release(site))


def test_what_only_members_may_read_is_not_indexed(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    secret = document(
        "noi-bo", "Tài liệu nội bộ", "1-TB/TU", audience=Audience.MEMBERS, provisions=regulation_provisions(), seq=1
    )
    write_release(site, [secret, item("cong-khai", "Tin công khai", seq=2)])
    indexer.bring_to(live_release(site))
    for alias in (names.documents, names.provisions):
        hits = elasticsearch.search(index=alias, query={"term": {"id": str(identity("noi-bo"))}})
        assert hits["hits"]["total"]["value"] == 0
    assert not indexer.drift(live_release(site))
    fallback = FallbackEngine()
    assert fallback.answer(read_request({"q": "nội bộ"}), live_release(site)).total == 0


def test_an_item_that_becomes_restricted_leaves_the_index(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, [document("tb", "Thông báo", "1-TB/TU", provisions=regulation_provisions(), seq=1)])
    indexer.bring_to(live_release(site))
    write_release(site, [document("tb", "Thông báo", "1-TB/TU", audience=Audience.MEMBERS, seq=2)])
    indexer.bring_to(live_release(site))
    assert elasticsearch.count(index=f"{names.prefix}-*")["count"] == 0


def test_a_broken_record_is_counted_and_does_not_stop_the_others(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine
) -> None:
    write_release(site, [item("hong", "Tin hỏng", seq=1), item("lanh", "Tin lành", seq=2)])
    release = live_release(site)
    (release.directory / record_path(identity("hong"))).write_text("{")
    report = indexer.bring_to(release)
    assert (report.upserted, report.failed) == (1, 1)
    assert found(engine, site, "tin lành") == ["lanh"]


def test_a_stale_row_is_never_shown_nor_counted(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine
) -> None:
    records = demo_records()
    write_release(site, records)
    indexer.bring_to(live_release(site))
    # The publisher has withdrawn and changed things; nobody told the index.
    kept = [record for record in records if record.path != "/van-ban/nghi-quyet-18-2017/"]
    kept[0] = document("nghi-quyet-18-2022", "Văn bản đã sửa", "18-NQ/TW", seq=20)
    write_release(site, kept)
    answer = engine.answer(read_request({"q": "18-NQ/TW"}), live_release(site))
    assert [result.number for result in answer.results] == ["30/2020/NĐ-CP"]
    assert answer.total == 1
    assert answer.to_json()["number_match"] is None
    assert [value.value for value in answer.facets["type"]] == ["nghi-dinh"]


def test_a_stale_row_is_hidden_even_when_the_index_claims_to_be_in_step(
    site: Path, indexer: ReleaseIndexer, engine: ElasticsearchEngine, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, [item(f"tin-{n}", f"Tin về lúa số {n}", seq=n) for n in range(1, 15)])
    indexer.bring_to(live_release(site))
    write_release(site, [item(f"tin-{n}", f"Tin về lúa số {n}", seq=n) for n in range(1, 4)], seq=20)
    name = live_release(site).name
    elasticsearch.indices.put_mapping(index=names.documents, meta={"release": name, "seq": 20})
    answer = engine.answer(read_request({"q": "lúa"}), live_release(site))
    assert sorted(result.title for result in answer.results) == [f"Tin về lúa số {n}" for n in range(1, 4)]
    assert answer.total == 3


def test_check_tells_drift_by_its_exit_code(
    site: Path,
    indexer: ReleaseIndexer,
    elasticsearch: Elasticsearch,
    elasticsearch_url: str,
    names: IndexNames,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_release(site, demo_records())
    arguments = ["--site", str(site), "--elasticsearch", elasticsearch_url, "--prefix", names.prefix]
    assert main(["rebuild", *arguments]) == 0
    assert main(["check", *arguments]) == 0
    gone = str(identity("nghi-dinh-30"))
    elasticsearch.delete(index=names.documents, id=gone, refresh=True)
    assert main(["check", *arguments]) == 1
    assert gone in capsys.readouterr().out


def test_a_rebuild_leaves_one_index_behind_each_alias(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, demo_records())
    indexer.rebuild(live_release(site))
    indexer.rebuild(live_release(site))
    assert len(elasticsearch.indices.get(index=f"{names.prefix}-*").body) == 2


def test_an_index_of_another_definition_is_built_anew(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, demo_records())
    indexer.rebuild(live_release(site))
    assert indexer.indexed_release() == live_release(site).name
    elasticsearch.indices.put_mapping(index=names.documents, meta={"release": live_release(site).name, "seq": 9})
    assert indexer.indexed_release() is None
    assert indexer.bring_to(live_release(site)).rebuilt


def test_what_a_killed_rebuild_left_behind_goes_with_the_next_one(
    site: Path, indexer: ReleaseIndexer, elasticsearch: Elasticsearch, names: IndexNames
) -> None:
    write_release(site, demo_records())
    old, young = f"{names.documents}-20200101000000-dead", names.fresh("documents")
    elasticsearch.indices.create(index=old)
    elasticsearch.indices.create(index=young)
    indexer.rebuild(live_release(site))
    left = elasticsearch.indices.get(index=f"{names.prefix}-*").body
    assert old not in left
    assert young in left


@pytest.fixture
def follow(site: Path) -> Iterator[Callable[[ReleaseIndexer], None]]:
    """Start a follower that ends with the test."""
    stop, threads = threading.Event(), []

    def start(indexer: ReleaseIndexer) -> None:
        threads.append(threading.Thread(target=Follower(site, indexer).run, args=(stop,)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(timeout=10)


def test_a_switch_is_searchable_within_two_seconds(
    site: Path,
    indexer: ReleaseIndexer,
    engine: ElasticsearchEngine,
    follow: Callable[[ReleaseIndexer], None],
) -> None:
    write_release(site, [item("mot", "Tin thứ nhất", seq=1)])
    follow(indexer)
    eventually(lambda: indexer.indexed_release() == live_release(site).name)
    write_release(site, [item("mot", "Tin thứ nhất", seq=1), item("hai", "Tin về sầu riêng", seq=2)])
    assert eventually(lambda: found(engine, site, "sầu riêng") == ["hai"]) < 2


def test_a_deleted_index_is_rebuilt_at_the_next_release(
    site: Path,
    indexer: ReleaseIndexer,
    elasticsearch: Elasticsearch,
    names: IndexNames,
    follow: Callable[[ReleaseIndexer], None],
) -> None:
    write_release(site, [item("mot", "Tin thứ nhất", seq=1)])
    follow(indexer)
    eventually(lambda: indexer.indexed_release() is not None)
    for name in elasticsearch.indices.get(index=f"{names.prefix}-*").body:
        elasticsearch.indices.delete(index=name)
    write_release(site, [item("mot", "Tin thứ nhất", seq=1), item("hai", "Tin thứ hai", seq=2)])
    eventually(lambda: indexer.indexed_release() == live_release(site).name)
    assert not indexer.drift(live_release(site))


def test_a_release_of_another_layout_leaves_the_index_as_it_is_until_the_next_one(
    site: Path,
    indexer: ReleaseIndexer,
    engine: ElasticsearchEngine,
    follow: Callable[[ReleaseIndexer], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = write_release(site, [item("mot", "Tin về lúa", seq=1), item("hai", "Tin về ngô", seq=2)])
    follow(indexer)
    eventually(lambda: indexer.indexed_release() == first)
    shown = live_release(site)
    release_of_another_layout(site)
    eventually(lambda: "waiting for the next release" in caplog.text)
    time.sleep(1)
    assert caplog.text.count("waiting for the next release") == 1
    assert indexer.indexed_release() == first
    assert engine.answer(read_request({"q": "ngô"}), shown).total == 1
    shutil.rmtree(site / "releases" / first)
    records = [item("mot", "Tin về lúa", seq=1), item("ba", "Tin về khoai", seq=3)]
    last = write_release(site, records, name="r00000009", changes=False)
    eventually(lambda: indexer.indexed_release() == last)
    assert not indexer.drift(live_release(site))
    assert found(engine, site, "ngô") == []


class Gate:
    """A TCP door before the real server that a test shuts and opens: an outage without ending the server."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
        self._target = (host, int(port or 80))
        self.port = free_port()
        self._listener: socket.socket | None = None
        self._open_sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._open_sockets:
            # Closing alone does not cut a connection that another thread is reading from.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open_sockets = []

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._open_sockets += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def gate(elasticsearch_url: str) -> Iterator[Gate]:
    """A door before the real server, shut at first."""
    gate = Gate(elasticsearch_url)
    yield gate
    gate.shut()


def test_a_follower_outlives_outages_at_the_start_and_in_the_middle(
    site: Path,
    names: IndexNames,
    indexer: ReleaseIndexer,
    engine: ElasticsearchEngine,
    gate: Gate,
    follow: Callable[[ReleaseIndexer], None],
) -> None:
    write_release(site, [item("mot", "Tin về lúa", seq=1)])
    follow(ReleaseIndexer(connect_for_indexing(gate.url), names))
    time.sleep(0.5)
    gate.open()
    eventually(lambda: indexer.indexed_release() == live_release(site).name)
    gate.shut()
    write_release(site, [item("mot", "Tin về lúa", seq=1), item("hai", "Tin về ngô", seq=2)])
    write_release(site, [item("hai", "Tin về ngô", seq=2), item("ba", "Tin về khoai", seq=3)])
    time.sleep(0.5)
    assert indexer.indexed_release() != live_release(site).name
    gate.open()
    eventually(lambda: indexer.indexed_release() == live_release(site).name, seconds=15)
    assert found(engine, site, "khoai") == ["ba"]
    assert not indexer.drift(live_release(site))


def test_readers_get_the_fallback_while_the_server_is_down_and_the_server_again_afterwards(
    site: Path, names: IndexNames, indexer: ReleaseIndexer, gate: Gate
) -> None:
    write_release(site, demo_records())
    indexer.bring_to(live_release(site))
    engine = ElasticsearchEngine(connect_for_indexing(gate.url).options(request_timeout=5), names, 5)
    fallback = FallbackEngine()
    fallback.bring_to(live_release(site))
    clock = [0.0]
    engines = Engines(fallback, engine, CircuitBreaker(now=lambda: clock[0]), seconds=5)

    def engine_of(query: str) -> str:
        return engines.answer(read_request({"q": query}), live_release(site)).engine.value

    assert engine_of("cây chè") == "fallback"
    gate.open()
    # While the breaker is open nobody asks: a dead server costs readers nothing.
    assert engine_of("cây chè") == "fallback"
    clock[0] += 6
    assert engine_of("cây chè") == "elasticsearch"
    gate.shut()
    assert engine_of("cây chè") == "fallback"
    fallback.close()
