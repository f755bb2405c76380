"""One step of publishing: feed → replica → release → switch → report; going back; and the loop that repeats the step.

The replica's transaction stays open until readers see the release. Whatever happens before leaves the old release, and
the next step starts from the position that release was made at.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from publisher.build import Builder, Built, Content
from publisher.derive import ZONE
from publisher.entry import Entry, apply, prepare
from publisher.errors import (
    BuildError,
    FeedError,
    FeedRefusedError,
    ItemsFailedError,
    LockedError,
    NoSuchReleaseError,
    PublisherError,
    WrongFeedError,
)
from publisher.feed import Batch, Feed
from publisher.files import FileStore, files_of
from publisher.releases import Site
from publisher.replica import Replica, SetAside, Stage, State
from publisher.reporting import Reporter
from publisher.settings import Settings

logger = logging.getLogger(__name__)

REPLICA = "replica.sqlite"
STORE = "store"
# Seconds between attempts to fetch files that could not be had.
FILES_RETRY = 30.0
# Seconds; how long `follow` waits at most between attempts while something is down.
LONGEST_PAUSE = 30.0
# Seconds to wait for another publisher on the same site to end its step.
PATIENCE = 30.0

RETRY_ON_START = frozenset({Stage.PATH, Stage.FILES, Stage.RENDER})
RETRY_WITH_A_BATCH = frozenset({Stage.PATH})
RETRY_AFTER_A_PAUSE = frozenset({Stage.PATH, Stage.FILES})


@dataclass(frozen=True)
class Outcome:
    """What one step came to. `release` is the one readers see now; `changed` whether it is another than before."""

    release: str | None
    changed: bool
    seq: int
    items: int
    hidden: int
    pages_written: int
    seconds: float
    set_aside: list[SetAside]


def today() -> date:
    """The calendar date in Viet Nam."""
    return datetime.now(ZONE).date()


class Publisher:
    """Keeps one site directory up to date with one feed."""

    def __init__(
        self, site: Site, feed: Feed, settings: Settings, reporter: Reporter, *, resident: bool = False
    ) -> None:
        self._site = site
        self._feed = feed
        self._settings = settings
        self._reporter = reporter
        self._store = FileStore(site.root / STORE)
        self._builder = Builder(site, self._store, settings, resident)
        with _explained():
            self._replica = Replica(site.root / REPLICA)

    def close(self) -> None:
        """Close the replica."""
        self._replica.close()

    def step(
        self,
        day: date,
        *,
        always: bool = False,
        retry: frozenset[Stage] = RETRY_WITH_A_BATCH,
        patience: float = PATIENCE,
    ) -> Outcome | None:
        """Publish what the feed has that is new; None when there is nothing to do.

        `always` builds also without changes (theme, settings or day may be others); `retry` are the stages whose
        set-aside changes are tried again. Raises `PublisherError`; readers then still see the old release.
        """
        started = time.perf_counter()
        with _explained():
            batch = self._read()
            waiting = [entry for entry in self._replica.set_aside() if entry.stage in retry and entry.change]
            due = any(entry.stage not in RETRY_WITH_A_BATCH for entry in waiting)
            if not (always or due or self._is_news(batch)):
                return None
            with self._site.lock(patience):
                return self._publish(batch, waiting, day, started)

    def clean_one_kept_release(self, patience: float = PATIENCE) -> bool:
        """Free one kept release of items withdrawn or hidden since; False when all are clean.

        Apart from `step`, because the site readers see is clean after the step, and they need not wait for this.
        """
        with _explained(), self._site.lock(patience):
            removed = self._replica.ids(State.WITHDRAWN) | self._replica.ids(State.HIDDEN)
            holding = self._site.holding(removed)
            if holding:
                self._builder.rebuild_without(holding[0], frozenset(map(str, removed)))
                self._tidy()
            return bool(holding)

    def _read(self) -> Batch:
        position = self._replica.position
        batch = self._feed.changes_after(position)
        if batch.head is not None and batch.head < position:
            raise WrongFeedError(
                f"the feed ends at seq {batch.head}, but this site was made up to {position}: it is another ledger. "
                f"Check FEED; to start over with this one, remove {self._site.root / REPLICA}*"
            )
        return batch

    def _is_news(self, batch: Batch) -> bool:
        if batch.changes or not batch.rejected:
            return bool(batch.changes)
        known = {(entry.seq, entry.reason) for entry in self._replica.set_aside()}
        return any((line.seq, line.reason) not in known for line in batch.rejected)

    def _publish(self, batch: Batch, waiting: list[SetAside], day: date, started: float) -> Outcome:
        self._site.clear_leftovers()
        changes = {entry.change.seq: entry.change for entry in waiting if entry.change is not None}
        changes |= {change.seq: change for change in batch.changes}
        entries = [prepare(changes[seq], self._feed, self._store) for seq in sorted(changes)]
        with self._replica.transaction():
            content, built = self._build_without_the_failing(batch, entries, day)
            if built is not None:
                self._site.switch(built.name)
        self._tidy()
        outcome = Outcome(
            release=self._site.current(),
            changed=built is not None,
            seq=content.seq,
            items=len(content.items),
            hidden=len(self._replica.ids(State.HIDDEN)),
            pages_written=built.pages_written if built else 0,
            seconds=time.perf_counter() - started,
            set_aside=self._replica.set_aside(),
        )
        self._reporter.report(outcome.release, outcome.seq, outcome.pages_written, outcome.seconds, outcome.set_aside)
        return outcome

    def _build_without_the_failing(self, batch: Batch, entries: list[Entry], day: date) -> tuple[Content, Built | None]:
        """Apply and build. What cannot be rendered is refused, its item stays as it was, the rest is built again."""
        refused: dict[tuple[UUID, int], str] = {}
        while True:
            self._apply(batch, entries, refused)
            content = self._content(refused, day)
            current = self._site.current()
            try:
                return content, self._builder.build(content, current, current)
            except ItemsFailedError as error:
                seqs = {item.id: item.seq for item in content.items}
                refused |= {(id_, seqs[id_]): reason for id_, reason in error.reasons.items()}
                self._replica.restart()

    def _apply(self, batch: Batch, entries: list[Entry], refused: dict[tuple[UUID, int], str]) -> None:
        for line in batch.rejected:
            self._replica.put_aside(SetAside(line.seq, line.item, Stage.LINE, line.reason))
        apply(self._replica, entries, refused)
        self._replica.advance(batch.last_seq)

    def _content(self, refused: dict[tuple[UUID, int], str], day: date) -> Content:
        """What is live. A live item whose page fails although the item is not new has no older version to show: it is
        left out, with a note, until its page can be rendered again."""
        self._replica.forget_render_notes()
        items = []
        for item in self._replica.items():
            reason = refused.get((item.id, item.seq))
            if reason is None:
                items.append(item)
            else:
                text = f"the page cannot be rendered: {reason}"
                self._replica.put_aside(SetAside(item.seq, str(item.id), Stage.RENDER, text))
        return Content(tuple(items), self._replica.gone_paths(), self._replica.position, day)

    def _tidy(self) -> None:
        self._site.prune(self._settings.releases_kept)
        needed = (file.split("/")[1] for item in self._replica.items() for file in files_of(item.snapshot))
        self._store.prune(frozenset(needed))


def go_back(site: Site, settings: Settings, name: str | None, patience: float = PATIENCE) -> str:
    """Show readers an older release (the one before, or `name`) and return its name. Holds until the next build.

    What was withdrawn or hidden since does not come back: kept releases are freed of it first. Raises `PublisherError`.
    """
    with _explained(), site.lock(patience):
        if name is not None:
            site.release_to_go_back_to(name)
        replaced = _clean_all(site, settings) if (site.root / REPLICA).exists() else {}
        if name is not None and (name := replaced.get(name, name)) is None:
            raise NoSuchReleaseError("that release held withdrawn items and could not be rebuilt without them")
        target = site.release_to_go_back_to(name)
        site.switch(target)
        return target


def _clean_all(site: Site, settings: Settings) -> dict[str, str | None]:
    """Free every kept release of what may not come back; what each of those is called now. Needs the lock."""
    replica = Replica(site.root / REPLICA)
    try:
        removed = replica.ids(State.WITHDRAWN) | replica.ids(State.HIDDEN)
    finally:
        replica.close()
    builder = Builder(site, FileStore(site.root / STORE), settings, resident=True)
    gone = frozenset(map(str, removed))
    return {name: builder.rebuild_without(name, gone) for name in site.holding(removed)}


def follow(
    publisher: Publisher,
    stop: threading.Event,
    interval: float,
    tell: Callable[[Outcome], None],
    day: Callable[[], date] = today,
) -> None:
    """Repeat the step every `interval` seconds until `stop` is set; one release for every batch of changes.

    Outages are logged and waited out with growing pauses. A refused token or a feed of another ledger at the start is
    raised: waiting does not help.
    """
    built_for: date | None = None
    files_due = time.monotonic() + FILES_RETRY
    pause = interval
    unclean = True
    while not stop.is_set():
        now = day()
        files = time.monotonic() >= files_due
        retry = RETRY_ON_START if built_for is None else RETRY_AFTER_A_PAUSE if files else RETRY_WITH_A_BATCH
        try:
            outcome = publisher.step(now, always=now != built_for, retry=retry)
            if outcome is not None:
                tell(outcome)
                unclean = True
            elif unclean:
                unclean = publisher.clean_one_kept_release()
            built_for, pause = now, interval
        except (FeedRefusedError, WrongFeedError) as error:
            if built_for is None:
                raise
            pause = _waiting(error, pause)
        except PublisherError as error:
            pause = _waiting(error, pause)
        if files:
            files_due = time.monotonic() + FILES_RETRY
        stop.wait(pause)


def _waiting(error: PublisherError, pause: float) -> float:
    longer = min(max(pause, 0.25) * 2, LONGEST_PAUSE)
    level = logging.WARNING if isinstance(error, FeedError | LockedError) else logging.ERROR
    logger.log(level, "%s; trying again in %.1f s", error, longer)
    return longer


@contextmanager
def _explained() -> Iterator[None]:
    """Turn errors of disk and database into messages for the command line."""
    try:
        yield
    except OSError as error:
        raise BuildError(f"the site directory cannot be written: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise BuildError(f"the replica cannot be used: {error}") from error
