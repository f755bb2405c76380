"""How long a search takes: readers ask the real service, which asks a real Elasticsearch of its own.

The server is started for this part on a port of its own, so that it can be restarted: the first questions after a
start, with nothing in any cache, are figures too. Readers are threads of this process: on a machine with two cores
their work is in the figures.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from elasticsearch import Elasticsearch

from contract.folding import fold
from contract.html import plain_text
from contract.vocabulary import Kind
from search.connections import connect_for_indexing
from search.fallback import FallbackEngine
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.lexicon import Lexicon
from search.releases import Release, current_release
from tests.bench import ROOT, VAR, sites
from tests.bench.corpus import Corpus
from tests.bench.memory import cpu_seconds, descendants
from tests.bench.tables import Table, percentile
from tools.elasticsearch_server import start, stop
from tools.ports import free_port

COLUMNS = ("queries", "items", "provisions", "asked", "not 200", "fallback", "a second", "p50 ms", "p95 ms", "p99 ms",
           "server CPU", "service CPU")  # fmt: skip
SERVER_PORT = 9250
CLIENTS = 20
QUERIES = 2_000
STEADY = 600
A_KIND = 100
# Until Java has compiled what a search runs through, it costs twice as much: a server that was started an hour ago is
# what readers meet.
WARM = 4_000
COLD = 150
# What the design expects at the ten-fold peak.
A_SECOND = 50.0
START_SECONDS = 60.0
PAGE_CACHE = Path("/proc/sys/vm/drop_caches")


@dataclass
class Heard:
    """What the readers got, all of them together."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    engines: Counter[str] = field(default_factory=Counter)
    lasted: float = 0.0
    server_cpu: float | None = None
    service_cpu: float | None = None

    def add(self, other: "Heard") -> None:
        """Take in what others got."""
        for kind, seconds in other.seconds.items():
            self.seconds.setdefault(kind, []).extend(seconds)
        self.statuses += other.statuses
        self.engines += other.engines
        self.lasted += other.lasted

    @property
    def all_seconds(self) -> list[float]:
        """Every answer's time."""
        return [second for times in self.seconds.values() for second in times]


@dataclass(frozen=True)
class Served:
    """A running service, and the Elasticsearch it asks."""

    port: int
    pid: int
    server: Elasticsearch

    def server_cpu(self) -> float:
        """Seconds of CPU Elasticsearch has used, on all its nodes."""
        nodes = self.server.nodes.stats(metric="process").body["nodes"]
        return float(sum(node["process"]["cpu"]["total_in_millis"] for node in nodes.values())) / 1000

    def service_cpu(self) -> float:
        """Seconds of CPU the service has used, in all its processes."""
        return sum(cpu_seconds(process) for process in descendants(self.pid))


@dataclass(frozen=True)
class Question:
    """One search: what kind of question it is, and its parameters."""

    kind: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def address(self) -> str:
        """Path and query of the API."""
        return f"/api/search/?{urlencode(self.parameters)}"


def run(sizes: list[int]) -> None:
    """Measure at each size: back to back, at a steady rate, and after a restart of Elasticsearch."""
    table = Table("search", f"GET /api/search/, {CLIENTS} clients, passages and facets", COLUMNS)
    for size in sizes:
        corpus = Corpus(size)
        site = sites.ready(corpus)
        url = start(SERVER_PORT)
        names = IndexNames(f"bangtin-bench-{size}")
        release = indexed(site, url, names)
        rows = int(connect_for_indexing(url).count(index=names.provisions)["count"])

        def add(what: str, heard: Heard, size: int = size, rows: int = rows) -> None:
            asked = len(heard.all_seconds)
            table.add(
                what, size, rows, asked, asked - heard.statuses[200], heard.engines["fallback"], asked / heard.lasted,
                *(1000 * percentile(heard.all_seconds, rank) for rank in (50, 95, 99)),
                *(None if seconds is None else 1000 * seconds / asked for seconds in (
                    heard.server_cpu, heard.service_cpu)),
            )  # fmt: skip

        with service(site, url, names, release) as served:
            ask(served.port, questions(corpus, WARM, "warm"))
            heard = measured(served, questions(corpus, QUERIES, "back to back"))
            add("back to back", heard)
            for kind in sorted(heard.seconds):
                of_kind = [question for question in questions(corpus, QUERIES, "by kind") if question.kind == kind]
                add(f"  {kind}", measured(served, of_kind[:A_KIND]))
            add(f"{A_SECOND:g} a second", measured(served, questions(corpus, STEADY, "steady"), A_SECOND))
            _restart_cold()
            add("after a restart, caches empty", ask(served.port, questions(corpus, COLD, "cold"), A_SECOND / 10))


def measured(served: Served, asked: Sequence[Question], a_second: float | None = None) -> Heard:
    """`ask`, with the CPU it takes: on a machine that does other things, too, that is what compares."""
    server, own = served.server_cpu(), served.service_cpu()
    heard = ask(served.port, asked, a_second)
    heard.server_cpu, heard.service_cpu = served.server_cpu() - server, served.service_cpu() - own
    return heard


def questions(corpus: Corpus, count: int, seed: str) -> list[Question]:
    """What members ask, in the same order every time: half words, a quarter numbers and clauses, the rest longer."""
    random = Random(seed)
    kinds = list(_KINDS)
    drawn = random.choices(kinds, [_KINDS[kind][0] for kind in kinds], k=count)
    return [Question(kind, tuple(_KINDS[kind][1](corpus, random).items())) for kind in drawn]


def ask(port: int, asked: Sequence[Question], a_second: float | None = None) -> Heard:
    """Let the clients share the questions; at a rate, each is asked at its time however slow the ones before were."""
    heard, lock = Heard(), threading.Lock()
    waiting = iter(enumerate(asked))
    started = time.perf_counter()

    def client() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            while True:
                with lock:
                    number, question = next(waiting, (0, None))
                if question is None:
                    return
                due = started + number / a_second if a_second else time.perf_counter()
                time.sleep(max(0.0, due - time.perf_counter()))
                status, engine = _answer(connection, question)
                seconds = time.perf_counter() - due
                with lock:
                    heard.seconds.setdefault(question.kind, []).append(seconds)
                    heard.statuses[status] += 1
                    heard.engines[engine] += 1

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    heard.lasted = time.perf_counter() - started
    return heard


def _answer(connection: http.client.HTTPConnection, question: Question) -> tuple[int, str]:
    try:
        connection.request("GET", question.address)
        response = connection.getresponse()
        body = response.read()
    except (http.client.HTTPException, OSError):
        # The service closes connections that were idle; a reader's browser opens another one.
        connection.close()
        connection.request("GET", question.address)
        response = connection.getresponse()
        body = response.read()
    return response.status, json.loads(body)["engine"] if response.status == 200 else ""


@contextmanager
def service(site: Path, url: str, names: IndexNames, release: Release, **settings: str) -> Iterator[Served]:
    """``python -m search serve`` over the site, fallback and lexicon filled."""
    cache = VAR / f"fallback-{site.name}"
    for held in (FallbackEngine(cache), Lexicon(cache)):
        held.bring_to(release)
        held.close()
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "SITE_DIR": str(site), "ELASTICSEARCH_URL": url, "SEARCH_INDEX_PREFIX": names.prefix, "PORT": str(port),
        "SEARCH_CACHE_DIR": str(cache), "SEARCH_THROTTLE": "1000000/min", **settings,
    }  # fmt: skip
    log = VAR / "log" / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", "serve"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        try:
            _wait_for(port)
            yield Served(port, process.pid, connect_for_indexing(url))
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def indexed(site: Path, url: str, names: IndexNames) -> Release:
    """Bring the release of the site into the index."""
    release = current_release(site)
    if release is None:
        raise FileNotFoundError(f"{site} has no release")
    client = connect_for_indexing(url).options(request_timeout=600)
    indexer = ReleaseIndexer(client, names)
    if indexer.indexed_release() != release.name:
        indexer.bring_to(release)
    return release


def _restart_cold() -> None:
    """Start the server anew with nothing in its caches, nor, where we may, in the machine's."""
    stop(SERVER_PORT)
    if os.access(PAGE_CACHE, os.W_OK):
        os.sync()
        PAGE_CACHE.write_text("3")
    start(SERVER_PORT)


# What is asked


def _document(corpus: Corpus, random: Random) -> int:
    while True:
        number = random.randrange(corpus.units + 3, corpus.size)
        if corpus.kind(number) is Kind.DOCUMENT:
            return number


def _words_of(corpus: Corpus, random: Random, least: int, most: int) -> str:
    """Neighbouring words of a document's provision, as a reader remembers them."""
    provisions = corpus.item(_document(corpus, random))["provisions"]
    words = plain_text(random.choice([p["body"] for p in provisions if p["body"]])).replace(".", "").split()
    length = random.randint(least, most)
    first = random.randrange(max(1, len(words) - length))
    text = " ".join(words[first : first + length]).lower()
    return text if random.random() < 0.5 else fold(text)


def _title(corpus: Corpus, random: Random) -> dict[str, str]:
    words = str(corpus.item(_document(corpus, random))["title"]).split()
    text = " ".join(words[: random.randint(4, 7)])
    return {"q": fold(text) if random.random() < 0.7 else text}


def _number(corpus: Corpus, random: Random) -> dict[str, str]:
    number = corpus.number_of(_document(corpus, random))
    return {"q": random.choice((number, fold(number).replace("/", " "), f"số {number}"))}


def _clause(corpus: Corpus, random: Random) -> dict[str, str]:
    number = corpus.number_of(_document(corpus, random))
    return {"q": f"khoản {random.randint(1, 2)} điều {random.randint(1, 11)} {number}"}


def _narrowed(corpus: Corpus, random: Random) -> dict[str, str]:
    query, year = {"q": _words_of(corpus, random, 2, 4)}, str(random.randint(2019, 2026))
    return query | random.choice(({"type": "quyet-dinh"}, {"year": year}, {"sort": "newest"}))


_KINDS: dict[str, tuple[int, Callable[[Corpus, Random], dict[str, str]]]] = {
    "two to four words": (40, lambda corpus, random: {"q": _words_of(corpus, random, 2, 4)}),
    "title begun": (15, _title),
    "number": (15, _number),
    "clause of a number": (8, _clause),
    "question of 8 to 14 words": (10, lambda corpus, random: {"q": _words_of(corpus, random, 8, 14)}),
    "narrowed or sorted": (7, _narrowed),
    "provisions, three to six words": (
        5,
        lambda corpus, random: {"q": _words_of(corpus, random, 3, 6), "scope": "provisions"},
    ),
}
