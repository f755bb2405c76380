"""Three Elasticsearch nodes on this machine: three shards, a copy of each, and readers while a node is killed.

Three servers on one machine are slower than one; what is looked at is that nothing is lost and who answers.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from search.connections import connect_for_indexing
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.rebuilding import Sharding
from search.releases import current_release
from tests.bench import sites
from tests.bench.corpus import Corpus
from tests.bench.searching import CLIENTS, Heard, ask, questions, service
from tests.bench.tables import Table, percentile
from tools.elasticsearch_server import Place, cache_directory, start_cluster, stop

COLUMNS = ("three nodes", "items", "asked", "not 200", "fallback", "p50 ms", "p95 ms", "status", "drift")
PORT = 9260
NODES = 3
QUERIES = 100
A_SECOND = 5.0
# Three servers share two cores here; who answers is the question, not how fast.
PATIENCE = "5"
GREEN_SECONDS = 180


def run(sizes: list[int]) -> None:
    """Measure at each size: all nodes there, one killed, and back again."""
    table = Table("cluster", f"{NODES} nodes, {NODES} shards, 1 copy, {CLIENTS} clients, {A_SECOND:g}/s", COLUMNS)
    for size in sizes:
        corpus = Corpus(size)
        site = sites.ready(corpus)
        with _cluster() as addresses:
            client = connect_for_indexing(",".join(addresses))
            indexer = ReleaseIndexer(client, IndexNames(f"bangtin-bench-{size}"), Sharding(NODES, replicas=1))
            release = current_release(site)
            if release is None:
                raise FileNotFoundError(f"{site} has no release")
            indexer.bring_to(release)

            def add(what: str, heard: Heard, size: int = size, indexer: ReleaseIndexer = indexer) -> None:
                seconds = heard.all_seconds
                current = current_release(sites.directory(Corpus(size)))
                drift = current is None or bool(indexer.drift(current, provisions=True))
                table.add(
                    what, size, len(seconds), len(seconds) - heard.statuses[200], heard.engines["fallback"],
                    1000 * percentile(seconds, 50), 1000 * percentile(seconds, 95),
                    str(indexer.client.cluster.health()["status"]), "DRIFT" if drift else "none",
                )  # fmt: skip

            with service(site, ",".join(addresses), indexer.names, release, SEARCH_TIMEOUT=PATIENCE) as served:
                ask(served.port, questions(corpus, QUERIES, "warm"), A_SECOND)
                add("all there", ask(served.port, questions(corpus, QUERIES, "all there"), A_SECOND))
                _kill(PORT + NODES - 1)
                add("one killed", ask(served.port, questions(corpus, QUERIES, "one killed"), A_SECOND))
                start_cluster(PORT, NODES)
                client.options(request_timeout=GREEN_SECONDS + 10).cluster.health(
                    wait_for_status="green", timeout=f"{GREEN_SECONDS}s"
                )
                time.sleep(1)
                add("it is back", ask(served.port, questions(corpus, QUERIES, "back"), A_SECOND))


@contextmanager
def _cluster() -> Iterator[list[str]]:
    """A cluster of its own, whose data go with it."""
    try:
        yield start_cluster(PORT, NODES)
    finally:
        for port in range(PORT, PORT + NODES):
            stop(port)
            shutil.rmtree(Place(cache_directory(), port).run, ignore_errors=True)


def _kill(port: int) -> None:
    """End a node as a power cut does, launcher and all."""
    os.killpg(int(Place(cache_directory(), port).pid_file.read_text()), signal.SIGKILL)
