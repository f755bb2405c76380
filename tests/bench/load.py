"""Readers on a real nginx with the shipped configuration while `current` is switched between two real releases.

The releases differ on every page (by the tagline, which stands at its top and at its end), so an answer of one with a
part of the other would be seen. Readers are threads of this process: on a machine with two cores the latency holds
theirs too.
"""

import http.client
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from publisher.engine import REPLICA, Publisher
from publisher.releases import Site
from publisher.replica import Replica
from tests.bench import sites
from tests.bench.corpus import Corpus
from tests.bench.incremental import Ledger
from tests.bench.tables import Table, percentile
from tests.deployment.web_server import ask_over, end, reading_site, start_nginx
from tools.ports import free_port

COLUMNS = ("load", "items", "GETs", "switches", "not 200", "mixed", "GETs/s", "p50 ms", "p95 ms", "worst ms")
SWITCHES = 200
GETS = 10_000
READERS = 4
SECOND = "Bản in thứ hai"


@dataclass
class Seen:
    """What one reader got."""

    statuses: Counter[int] = field(default_factory=Counter)
    mixed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def run(sizes: list[int]) -> None:
    """Measure at each size: with switches, and without for comparison."""
    table = Table("load", f"{GETS:,} GETs by {READERS} readers, nginx, random pages", COLUMNS)
    for size in sizes:
        site = sites.ready(Corpus(size))
        releases = two_releases(site)
        addresses = addresses_of(site)
        with web_server(site) as port:
            for what, switches in (("at rest", 0), ("while switching", SWITCHES)):
                started = time.perf_counter()
                seen = read_while_switching(port, Site(site), releases, addresses, switches)
                seconds = [second for one in seen for second in one.seconds]
                bad = sum((one.statuses for one in seen), Counter()).total() - sum(one.statuses[200] for one in seen)
                table.add(
                    what, size, len(seconds), switches, bad, sum(len(one.mixed) for one in seen),
                    len(seconds) / (time.perf_counter() - started),
                    *(1000 * value for value in (percentile(seconds, 50), percentile(seconds, 95), max(seconds))),
                )  # fmt: skip


def two_releases(site: Path) -> list[str]:
    """Build the site with another tagline and with its own again: two complete releases."""
    names = []
    for tagline in (SECOND, sites.TAGLINE):
        settings, ledger = replace(sites.SETTINGS, site_tagline=tagline), Ledger(0)
        with closing(Publisher(Site(site), ledger, settings)) as publisher:
            ledger.head = publisher.position
            publisher.step(sites.DAY, always=True)
            names.append(str(Site(site).current()))
    return names


def addresses_of(site: Path) -> list[str]:
    """Every page of the site."""
    with closing(Replica(site / REPLICA, sites.URL)) as replica:
        rows = replica.db.execute("SELECT address FROM page WHERE sha256 IS NOT NULL AND address LIKE '%/'")
        return [address for (address,) in rows]


@contextmanager
def web_server(site: Path) -> Iterator[int]:
    """nginx over the site; the port it listens on."""
    with tempfile.TemporaryDirectory(prefix="bangtin-bench-") as name:
        Path(name).chmod(0o755)
        port = free_port()
        process = start_nginx(Path(name), reading_site(Path(name), site, port), port)
        try:
            yield port
        finally:
            end(process)


def read_while_switching(port: int, site: Site, releases: list[str], addresses: list[str], switches: int) -> list[Seen]:
    """Let the readers read while `current` goes back and forth, spread over their reading."""
    seen = [Seen() for _ in range(READERS)]
    readers = [
        threading.Thread(target=read, args=(port, Random(number).choices(addresses, k=GETS // READERS), one))
        for number, one in enumerate(seen)
    ]
    for reader in readers:
        reader.start()
    for number in range(switches):
        # Evenly over the reading: the next switch waits until its share of the pages was read.
        while sum(len(one.seconds) for one in seen) < GETS * number / switches:
            time.sleep(0.001)
        with site.lock():
            site.switch(releases[number % 2])
    for reader in readers:
        reader.join()
    return seen


def read(port: int, addresses: list[str], seen: Seen) -> None:
    """Ask for one page after the other over one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        for address in addresses:
            started = time.perf_counter()
            answer = ask_over(connection, address)
            seen.seconds.append(time.perf_counter() - started)
            seen.statuses[answer.status] += 1
            if not is_whole(answer.text):
                seen.mixed.append(address)


def is_whole(html: str) -> bool:
    """Whether a page is complete and of one release."""
    return (SECOND in html) != (sites.TAGLINE in html) and html.rstrip().endswith("</html>")
