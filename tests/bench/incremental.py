"""What one change costs a resident publisher: from the change being in the feed to `current` switched.

The pause between two polls (half a second) is not part of it. After every step the publisher tidies up as it does
between polls; that is measured on its own, because a change that comes meanwhile waits for it.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from contract.models import parse_change, utc_text
from contract.vocabulary import Kind
from publisher.engine import RETRY_ON_START, Outcome, Publisher
from publisher.errors import FileUnavailableError
from publisher.feed import Batch
from publisher.releases import Site
from tests.bench import VAR, sites
from tests.bench.corpus import Corpus, change_line, withdrawal_line
from tests.bench.memory import measured
from tests.bench.tables import Table, percentile

COLUMNS = ("change", "items", "steps", "p50 s", "p95 s", "worst s", "pages", "tidy p95", "tidy worst")
# A round of the mix: what is approved on a working day.
MIX = ("new document", "new news item", "body edit", "title edit", "withdrawal")
ROUNDS = 14


class Ledger:
    """A feed that stands where the site stands and grows by hand. Lines are read and checked as those of any feed."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._lines: list[tuple[int, bytes]] = []

    def publish(self, snapshot: dict[str, Any]) -> None:
        """Approve a snapshot now."""
        self.head += 1
        self._lines.append((self.head, change_line(self.head, snapshot, utc_text(datetime.now(UTC)))))

    def withdraw(self, snapshot: dict[str, Any]) -> None:
        """Withdraw an item now."""
        self.head += 1
        self._lines.append((self.head, withdrawal_line(self.head, snapshot, utc_text(datetime.now(UTC)))))

    def batches(self, position: int) -> Iterator[Batch]:
        """Everything after `position`."""
        yield Batch(tuple(parse_change(line) for seq, line in self._lines if seq > position), head=self.head)

    def fetch(self, url: str) -> Iterator[bytes]:
        """There are no files."""
        raise FileUnavailableError(url)


@dataclass
class Times:
    """Seconds of the steps of one kind, pages written by each, and seconds of tidying up after each."""

    steps: list[float] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    tidying: list[float] = field(default_factory=list)

    def add(self, other: "Times") -> None:
        """Take in the times of another kind."""
        self.steps += other.steps
        self.pages += other.pages
        self.tidying += other.tidying

    def row(self, what: str, size: int) -> tuple[str | int | float, ...]:
        """A row of the table."""
        return (
            what, size, len(self.steps), percentile(self.steps, 50), percentile(self.steps, 95), max(self.steps),
            round(percentile(self.pages, 50)), percentile(self.tidying, 95), max(self.tidying),
        )  # fmt: skip


class Newsroom:
    """Makes one change after the other in a province and has each published."""

    def __init__(self, corpus: Corpus, publisher: Publisher, ledger: Ledger) -> None:
        self._corpus = corpus
        self._publisher = publisher
        self._ledger = ledger
        self._random = Random(7)
        self._recent: list[dict[str, Any]] = []
        self._next = max(corpus.size, ledger.head)

    def step(self, what: str, times: Times) -> Outcome:
        """Make one change and publish it."""
        getattr(self, "_" + what.replace(" ", "_"))()
        started = time.perf_counter()
        outcome = self._publisher.step(sites.DAY)
        times.steps.append(time.perf_counter() - started)
        if outcome is None or outcome.set_aside or not outcome.changed:
            raise RuntimeError(f"the change ({what}) was not published: {outcome}")
        times.pages.append(outcome.pages_written)
        started = time.perf_counter()
        while self._publisher.tidy_up():
            pass
        times.tidying.append(time.perf_counter() - started)
        return outcome

    def _new_document(self) -> None:
        self._new(Kind.DOCUMENT)

    def _new_news_item(self) -> None:
        self._new(Kind.NEWS)

    def _body_edit(self) -> None:
        self._edit(self._old(), body="<p>Đã sửa.</p>")

    def _title_edit(self) -> None:
        self._edit(self._old(), title=" (sửa)")

    def _withdrawal(self) -> None:
        self._ledger.withdraw(self._recent.pop(0))

    def _oldest_withdrawn(self) -> None:
        # Another one in every run.
        self._ledger.withdraw(self._corpus.snapshot(self._first + self._ledger.head % 300))

    def _unit_renamed(self) -> None:
        snapshot = self._corpus.snapshot(self._corpus.units - 1 - self._random.randrange(3) * 4)
        unit = snapshot["unit"] | {"name": f"{snapshot['unit']['name']} {self._ledger.head}"}
        self._edit(snapshot | {"unit": unit, "title": unit["name"]})

    @property
    def _first(self) -> int:
        return self._corpus.units + 3

    def _old(self) -> dict[str, Any]:
        return self._corpus.snapshot(self._random.randrange(self._first + 300, self._corpus.size))

    def _new(self, kind: Kind) -> None:
        self._next += 1
        snapshot = self._corpus.item(self._next, kind)
        self._recent.append(snapshot)
        self._ledger.publish(snapshot)

    def _edit(self, snapshot: dict[str, Any], **more: str) -> None:
        changed = {name: snapshot[name] + text for name, text in more.items()}
        now = utc_text(datetime.now(UTC))
        self._ledger.publish(snapshot | changed | {"revision": self._ledger.head, "updated_at": now})


def run(sizes: list[int]) -> None:
    """Measure the mix, and the changes that touch much, at each size."""
    table = Table("incremental", "One change, resident publisher (feed to switch, without the poll)", COLUMNS)
    for size in sizes:
        corpus = Corpus(size)
        site = sites.ready(corpus)
        table.add("start again, nothing new", size, 1, *[cold_start(site)] * 3, 0, 0.0, 0.0)
        with open_site(site) as (publisher, ledger):
            newsroom = Newsroom(corpus, publisher, ledger)
            for what, times in measure(newsroom):
                table.add(*times.row(what, size))


def measure(newsroom: Newsroom) -> Iterator[tuple[str, Times]]:
    """The mix, by kind and together, then what touches much."""
    newsroom.step("new document", Times())  # Pelican is set up once
    mix = {what: Times() for what in MIX}
    for _ in range(ROUNDS):
        for what in MIX:
            newsroom.step(what, mix[what])
    together = Times()
    for what, times in mix.items():
        together.add(times)
        yield what, times
    yield "all of these", together
    for what in ("oldest withdrawn", "unit renamed"):
        times = Times()
        for _ in range(5):
            newsroom.step(what, times)
        yield what, times


@contextmanager
def open_site(site: Path) -> Iterator[tuple[Publisher, Ledger]]:
    """A resident publisher of a site, and the feed it follows from where it stands."""
    ledger = Ledger(0)
    with closing(Publisher(Site(site), ledger, sites.SETTINGS, resident=True)) as publisher:
        ledger.head = publisher.position
        yield publisher, ledger


def cold_start(site: Path) -> float:
    """Seconds until a new process knows that there is nothing to do."""
    command = [sites.PYTHON, "-m", "tests.bench.incremental", str(site)]
    return measured(command, sites.environment(), VAR / "log" / "cold-start.log").wall


def start_again(site: Path) -> None:
    """What a publisher does when it starts."""
    with open_site(site) as (publisher, _):
        outcome = publisher.step(sites.DAY, always=True, retry=RETRY_ON_START)
        if outcome is None or outcome.changed:
            raise RuntimeError(f"something was new: {outcome}")


if __name__ == "__main__":
    start_again(Path(sys.argv[1]))
