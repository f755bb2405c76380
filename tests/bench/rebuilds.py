"""A rebuild of the index while approvals are published and readers search: how long, and whether anything is lost.

Service, follower and ``python -m search rebuild`` are processes of their own over one site and one Elasticsearch; the
publisher runs here, one approval after the other. At the end ``python -m search check`` says whether all is in place.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path

from publisher.engine import RETRY_ON_START, Publisher
from publisher.releases import Site
from search.connections import connect_for_indexing
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.releases import current_name
from tests.bench import ROOT, VAR, sites
from tests.bench.corpus import Corpus
from tests.bench.incremental import MIX, Ledger, Newsroom, Times
from tests.bench.searching import A_SECOND, SERVER_PORT, Heard, ask, indexed, questions, service
from tests.bench.tables import Table, percentile
from tools.elasticsearch_server import start

COLUMNS = ("rebuild", "items", "provisions", "seconds", "releases", "asked", "not 200", "fallback", "p95 ms", "check")
PAUSE = 1.0  # between two approvals
ROUND_SECONDS = 10
SETTLE_SECONDS = 120.0


def run(sizes: list[int]) -> None:
    """Measure at each size: at rest, and under approvals and searches."""
    table = Table("rebuild", f"search rebuild, an approval a second, {A_SECOND:g} searches a second", COLUMNS)
    for size in sizes:
        corpus = Corpus(size)
        site, url, names = sites.ready(corpus), start(SERVER_PORT), IndexNames(f"bangtin-bench-{size}")
        release = indexed(site, url, names)
        indexer = ReleaseIndexer(connect_for_indexing(url), names)

        def rows(indexer: ReleaseIndexer = indexer) -> int:
            return int(indexer.client.count(index=indexer.names.provisions)["count"])

        seconds = _command("rebuild", site, url, names)
        table.add("at rest", size, rows(), seconds, 0, 0, 0, 0, None, _check(site, url, names))
        with (
            service(site, url, names, release) as served,
            _following(site, url, names),
            _publishing(corpus) as releases,
        ):
            heard, seconds = _read_while_rebuilding(served.port, corpus, site, url, names)
        _wait_for_the_follower(site, url, names, indexer)
        table.add(
            "under approvals and searches", size, rows(), seconds, len(releases), len(heard.all_seconds),
            len(heard.all_seconds) - heard.statuses[200], heard.engines["fallback"],
            1000 * percentile(heard.all_seconds, 95), _check(site, url, names),
        )  # fmt: skip


def _read_while_rebuilding(port: int, corpus: Corpus, site: Path, url: str, names: IndexNames) -> tuple[Heard, float]:
    heard, took = Heard(), list[float]()
    rebuilding = threading.Thread(target=lambda: took.append(_command("rebuild", site, url, names)))
    rebuilding.start()
    for number in cycle(range(1_000_000)):
        heard.add(ask(port, questions(corpus, int(A_SECOND * ROUND_SECONDS), f"rebuild {number}"), A_SECOND))
        if not rebuilding.is_alive():
            return heard, took[0]
    raise AssertionError


@contextmanager
def _publishing(corpus: Corpus) -> Iterator[list[str]]:
    """Approve one change after the other until the block ends; the list grows by the releases."""
    releases: list[str] = []
    stop = threading.Event()

    def run() -> None:
        ledger = Ledger(0)
        with closing(Publisher(Site(sites.directory(corpus)), ledger, sites.SETTINGS)) as publisher:
            ledger.head = publisher.position
            publisher.step(sites.DAY, retry=RETRY_ON_START)
            newsroom = Newsroom(corpus, publisher, ledger)
            for what in cycle(MIX):
                newsroom.step(what, Times())
                releases.append(str(current_name(sites.directory(corpus))))
                if stop.wait(PAUSE):
                    return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield releases
    finally:
        stop.set()
        thread.join()


@contextmanager
def _following(site: Path, url: str, names: IndexNames) -> Iterator[None]:
    process = _start("follow", site, url, names)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _wait_for_the_follower(site: Path, url: str, names: IndexNames, indexer: ReleaseIndexer) -> None:
    """Let a follower take in what came last, as the one of an installation does."""
    deadline = time.monotonic() + SETTLE_SECONDS
    with _following(site, url, names):
        while indexer.indexed_release() != current_name(site):
            if time.monotonic() > deadline:
                raise TimeoutError("the index did not come into step")
            time.sleep(0.5)


def _command(command: str, site: Path, url: str, names: IndexNames) -> float:
    """Run a command of the search room to its end; seconds it took."""
    started = time.perf_counter()
    if _start(command, site, url, names).wait():
        raise RuntimeError(f"search {command} failed; see {_log(command)}")
    return time.perf_counter() - started


def _check(site: Path, url: str, names: IndexNames) -> str:
    return "clean" if _start("check", site, url, names).wait() == 0 else "DRIFT"


def _start(command: str, site: Path, url: str, names: IndexNames) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "search", command, "--site", str(site), "--elasticsearch", url]
    _log(command).parent.mkdir(parents=True, exist_ok=True)
    with _log(command).open("ab") as log:
        return subprocess.Popen(
            [*arguments, "--prefix", names.prefix], cwd=ROOT, env=dict(os.environ), stdout=log, stderr=log
        )


def _log(command: str) -> Path:
    return VAR / "log" / f"search-{command}.log"
