"""An indexer that is killed at any of its writes: the next run ends right, and nothing withdrawn is found meanwhile.

The real command writes through a door before the real server; the door kills it when it asks for the write in question,
so that the server has taken every write before that one and none after. A process that dies while the server works on a
write leaves what one leaves that dies right after it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Lock, Thread

import pytest
from elasticsearch import Elasticsearch

from contract.release import Record
from search.__main__ import main
from search.answering import ElasticsearchEngine
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.releases import current_name
from search.request import read_request
from tests.search.conftest import live_release
from tests.search.factories import document, item, point_to, provision, write_release
from tests.search.samples import ARTICLE

pytestmark = pytest.mark.elasticsearch

ROOT = Path(__file__).resolve().parents[2]
# What each release alone holds, and the next one withdraws.
PASSING = "tin-nhanh"
# With their provisions they are more than one bulk request (500 rows), and more than one batch (200 items).
ITEMS = 205


class Door(ThreadingHTTPServer):
    """Hands requests on to Elasticsearch and counts the writes; kills who asks for the one it was told."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Visitor)
        self.target = url.removeprefix("http://").rstrip("/")
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.writes: list[str] = []
        self._counting = Lock()
        self._victim = 0
        self._at: int | None = None

    def arm(self, process: int, at: int | None) -> None:
        """Count from here, and kill `process` at the write `at`, counted from 1; None only counts."""
        with self._counting:
            self.writes, self._victim, self._at = [], process, at

    def disarm(self) -> None:
        """Kill nobody any more: the number of a process that ended may be another one's."""
        with self._counting:
            self._at = None

    def lets_pass(self, method: str, path: str) -> bool:
        """Whether a request is handed on; its sender is dead when not."""
        if method in ("GET", "HEAD") or path.rpartition("/")[2] in ("_search", "scroll"):
            return True
        with self._counting:
            self.writes.append(f"{method} {path.rpartition('/')[2]}")
            if len(self.writes) != self._at:
                return True
            os.kill(self._victim, signal.SIGKILL)
            return False

    def handle_error(self, request: object, client_address: object) -> None:
        """Who was killed does not read the answer."""


class _Visitor(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.server.lets_pass(self.command, self.path.partition("?")[0]):
            self.close_connection = True
            return
        connection = HTTPConnection(self.server.target)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _hand_on  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Line:
    """A site, its indexes, the door before the server, and releases that each withdraw something."""

    def __init__(self, site: Path, names: IndexNames, door: Door, indexer: ReleaseIndexer) -> None:
        self.site = site
        self.door = door
        self._names = names
        self._indexer = indexer
        self._numbers = count(1)

    def release(self) -> str:
        """Write the next release: all that stays has a new form, what only the one before had is withdrawn."""
        number = next(self._numbers)
        return write_release(self.site, list(self._records(number)))

    @contextmanager
    def follower(self, dies_at: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """The command as a process of its own; killed at the end, while it has nothing to do, if not before."""
        command = [sys.executable, "-m", "search", "follow", "--site", str(self.site)]
        command += ["--elasticsearch", self.door.url, "--prefix", self._names.prefix]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        self.door.arm(process.pid, dies_at)
        try:
            yield process
        finally:
            self.door.disarm()
            process.kill()
            process.wait(20)

    def is_in_step(self) -> bool:
        """Whether the index says that it holds the current release whole."""
        return self._indexer.indexed_release() == current_name(self.site)

    def passing(self) -> set[str]:
        """The address of what only the current release holds."""
        return {entry.path for entry in live_release(self.site).items.values() if PASSING in entry.path}

    def check(self) -> int:
        """The exit code of ``python -m search check``."""
        return main(
            ["check", "--site", str(self.site), "--elasticsearch", self.door.url, "--prefix", self._names.prefix]
        )

    def _records(self, number: int) -> Iterator[Record]:
        seq = number * 1000
        for place in range(ITEMS):
            provisions = [provision(ARTICLE, f"Điều {number}{n}", f"Nội dung {place}") for n in (1, 2)]
            title = f"Văn bản {place} bản {number}"
            yield document(f"van-ban-{place}", title, f"{place}-NQ/TW", provisions=provisions, seq=seq + place)
        yield item(f"{PASSING}-{number}", f"Tin nhanh số {number}", seq=seq + ITEMS)


@pytest.fixture
def line(site: Path, names: IndexNames, indexer: ReleaseIndexer, elasticsearch_url: str) -> Iterator[Line]:
    with Door(elasticsearch_url) as door:
        thread = Thread(target=door.serve_forever, daemon=True)
        thread.start()
        yield Line(site, names, door, indexer)
        door.shutdown()
        thread.join(10)


def wait(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def wait_for_the_end(line: Line, process: subprocess.Popen[bytes]) -> bool:
    """Whether the process was killed before it had taken the release in."""
    wait(lambda: process.poll() is not None or line.is_in_step())
    if line.is_in_step():
        return False
    assert process.wait(20) == -signal.SIGKILL
    return True


def test_a_fill_that_is_killed_at_any_write_leaves_no_half_index_and_the_next_run_fills_it(
    line: Line, names: IndexNames, elasticsearch: Elasticsearch
) -> None:
    line.release()
    for number in count(1):
        with line.follower(dies_at=number) as process:
            killed, written = wait_for_the_end(line, process), list(line.door.writes)
        if not killed:
            break
        shown = elasticsearch.indices.exists_alias(name=[names.documents, names.provisions])
        assert not shown or line.check() == 0, f"killed at the last of {written}"
    assert "POST _aliases" in written
    assert line.check() == 0


# What readers see when the indexer starts again. With EVERY_STEP=1 each follows on each death, else they take turns.
THEN = ("the same", "a newer", "an older")


@pytest.mark.parametrize("turn", range(3 if os.environ.get("EVERY_STEP") else 1))
def test_an_indexer_killed_at_any_write_ends_right_when_it_starts_again(
    line: Line, names: IndexNames, engine: ElasticsearchEngine, elasticsearch: Elasticsearch, turn: int
) -> None:
    line.release()
    when, killed, writes = "at first", True, list[str]()
    for number in count(1):
        before = current_name(line.site)
        with line.follower() as process:
            wait(line.is_in_step)
            assert line.check() == 0, when
            found = elasticsearch.search(index=names.documents, query={"term": {"kind": "news"}})
            assert {hit["_source"]["url"] for hit in found["hits"]["hits"]} == line.passing(), when
            if not killed:
                break
            line.door.arm(process.pid, number)
            line.release()
            killed, writes = wait_for_the_end(line, process), list(line.door.writes)
        then = THEN[(number + turn) % len(THEN)]
        when = f"killed at the last of {writes}, then {then} release"
        answer = engine.answer(read_request({"q": "tin nhanh"}), live_release(line.site))
        assert {result.url for result in answer.results} <= line.passing(), when
        if killed and then == "a newer":
            line.release()
        elif killed and then == "an older":
            point_to(line.site, str(before))
    assert writes.count("PUT _bulk") > 2
    assert {"POST _delete_by_query", "POST _refresh", "PUT _mapping"} < set(writes)
