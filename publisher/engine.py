"""One step of publishing: feed → replica → release → switch → report; going back; and the loop that repeats the step.

Changes are taken into the replica first and stay marked there until readers see a release that holds them. Whatever
happens in between leaves the old release, and the next step goes on from there.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tqdm import tqdm

from contract.models import Change
from publisher import disk
from publisher.build import Builder, Made, Plan
from publisher.entry import apply, prepare
from publisher.errors import (
    BuildError,
    DamagedReleaseError,
    FeedError,
    FeedRefusedError,
    ItemsFailedError,
    LockedError,
    NoSuchReleaseError,
    OtherVersionError,
    PublisherError,
    SettingsError,
    WrongFeedError,
)
from publisher.feed import Batch, Feed
from publisher.files import FileStore
from publisher.kept import Kept
from publisher.outline import ZONE
from publisher.releases import Site
from publisher.replica import Item, Replica, SetAside, Stage, State, throw_away
from publisher.settings import Settings
from publisher.watching import Watcher

logger = logging.getLogger(__name__)

REPLICA = "replica.sqlite"
STORE = "store"
# Seconds between attempts to fetch files that could not be had.
FILES_RETRY = 30.0
# Seconds; how long `follow` waits at most between attempts while something is down.
LONGEST_PAUSE = 30.0
# Seconds to wait for another publisher on the same site to end its step.
PATIENCE = 30.0

# Changes. More than these take long enough to wonder about.
SHOWN_FROM = 200
# Seconds; a change that comes while old directories are deleted waits no longer than this.
TIDYING = 0.2

RETRY_ON_START = frozenset({Stage.PATH, Stage.FILES, Stage.RENDER})
RETRY_WITH_A_BATCH = frozenset({Stage.PATH})
RETRY_AFTER_A_PAUSE = frozenset({Stage.PATH, Stage.FILES})


@dataclass(frozen=True)
class Outcome:
    """What one step came to. `release` is the one readers see now, since `live_at`; `changed` whether it is another
    than before. `approved_at` are the times at which the changes that went live were approved; `full` says that all
    pages were looked at."""

    release: str | None
    changed: bool
    seq: int
    items: int
    hidden: int
    withdrawn: int
    pages_written: int
    pages_removed: int
    seconds: float
    set_aside: list[SetAside]
    approved_at: tuple[datetime, ...]
    live_at: datetime
    full: bool


def today() -> date:
    """The calendar date in Viet Nam."""
    return datetime.now(ZONE).date()


class Publisher:
    """Keeps one site directory up to date with one feed."""

    def __init__(
        self,
        site: Site,
        feed: Feed,
        settings: Settings,
        *,
        resident: bool = False,
        working: Callable[[], None] = lambda: None,
    ) -> None:
        self._working = working
        self._resident = resident
        self._site = site
        self._feed = feed
        self._settings = settings
        self._store = FileStore(site.root / STORE)
        with _explained():
            self._replica = _replica_to_fill(site, settings)
        self._builder = Builder(site, self._replica, self._store, settings, resident, working)
        self._kept = Kept(site, self._replica, self._builder)
        self._cleared = False
        self._untidy = True
        self.head: int | None = None

    def close(self) -> None:
        """Close the replica."""
        self._replica.close()

    @property
    def position(self) -> int:
        """The highest seq that was read."""
        return self._replica.position

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
            batches = self._feed.batches(self._replica.position)
            first = self._checked(next(batches))
            waiting = [entry for entry in self._replica.set_aside() if entry.stage in retry and entry.change]
            due = any(entry.stage not in RETRY_WITH_A_BATCH for entry in waiting)
            if not (always or due or self._is_news(first) or self._is_behind()):
                return None
            with self._site.lock(patience):
                self._clear_leftovers()
                self._take_in_all(first, batches, waiting)
                return self._publish(day, started, always)

    def tidy_up(self, patience: float = PATIENCE) -> bool:
        """Do one thing that readers need not wait for; False when there is nothing left.

        Kept releases are freed of items withdrawn or hidden since, one at a time, and what no release needs is deleted.
        """
        if not self._untidy:
            return False
        with _explained(), self._site.lock(patience):
            if unclean := self._kept.unclean():
                self._kept.clean(unclean[0])
                return True
            self._kept.drop_old(self._settings.releases_kept)
            if self._site.sweep(TIDYING):
                self._store.prune(self._files_needed())
                self._replica.empty_log()
                self._untidy = False
            return True

    def _checked(self, batch: Batch) -> Batch:
        position = max(self._replica.position, int(self._replica.value("shown_before") or 0))
        if batch.head is not None:
            self.head = batch.head
            if batch.head < position:
                raise WrongFeedError(
                    f"the feed ends at seq {batch.head}, but this site was made up to {position}: "
                    f"it is another ledger. Check FEED; to start over with this one, "
                    f"remove {self._site.root / REPLICA}*"
                )
        return batch

    def _is_news(self, batch: Batch) -> bool:
        if batch.changes or not batch.rejected:
            return bool(batch.changes)
        known = {(entry.seq, entry.reason) for entry in self._replica.set_aside()}
        return any((line.seq, line.reason) not in known for line in batch.rejected)

    def _is_behind(self) -> bool:
        """Whether changes were taken in that no release holds yet: a step ended halfway."""
        row = self._replica.db.execute("SELECT EXISTS (SELECT 1 FROM pending)").fetchone()
        return bool(row[0])

    def _clear_leftovers(self) -> None:
        """Remove what a killed publisher left. After a crash of the machine, also every shared directory that belongs
        to no release: it has the name of a whole one, but may be half on the disk."""
        if self._cleared:
            return
        self._site.clear_leftovers()
        boot = _boot()
        if boot is None or self._replica.value("boot") != boot:
            self._site.sweep()
            self._replica.keep("boot", boot)
        self._cleared = True

    def _take_in_all(self, first: Batch, others: Iterator[Batch], waiting: list[SetAside]) -> None:
        quiet = self._resident or len(first.changes) < SHOWN_FROM
        with tqdm(desc="changes", unit="change", disable=quiet, leave=False, mininterval=1.0) as bar:
            self._take_in(first, waiting)
            bar.update(len(first.changes))
            for batch in others:
                self._take_in(self._checked(batch), [])
                bar.update(len(batch.changes))
                self._working()

    def _take_in(self, batch: Batch, waiting: list[SetAside]) -> None:
        changes = {entry.change.seq: entry.change for entry in waiting if entry.change is not None}
        changes |= {change.seq: change for change in batch.changes}
        entries = [prepare(changes[seq], self._feed, self._store) for seq in sorted(changes)]
        if not entries and not batch.rejected:
            return
        disk.reach("take in", self._site.root)
        with self._replica.transaction():
            for line in batch.rejected:
                self._replica.put_aside(SetAside(line.seq, line.item, Stage.LINE, line.reason))
            apply(self._replica, entries)
            self._replica.advance(batch.last_seq)
            disk.reach("commit", self._site.root)

    def _publish(self, day: date, started: float, always: bool) -> Outcome:
        plan, made, release = self._build_without_the_failing(day)
        current = self._site.current()
        if release is None and always and self._builder.head not in (None, current):
            # Somebody went back; this build brings readers forward again.
            self._site.switch(str(self._builder.head))
        live_at = datetime.now(UTC)
        self._kept.drop_old(self._settings.releases_kept)
        self._untidy = self._untidy or release is not None
        return Outcome(
            release=self._site.current(),
            changed=self._site.current() != current or release is not None,
            seq=self._replica.position,
            items=self._replica.live_count(),
            hidden=self._replica.count(State.HIDDEN),
            withdrawn=self._replica.count(State.WITHDRAWN),
            pages_written=made.pages_written,
            pages_removed=made.pages_removed,
            seconds=time.perf_counter() - started,
            set_aside=self._replica.set_aside(),
            approved_at=made.approved_at,
            live_at=live_at,
            full=plan.whole,
        )

    def _build_without_the_failing(self, day: date) -> tuple[Plan, Made, str | None]:
        """Build and switch. What cannot be rendered is put back to what it was, and the rest is built again."""
        while True:
            try:
                return self._build(day)
            except ItemsFailedError as error:
                self._refuse(error.reasons)
            except DamagedReleaseError as error:
                logger.warning("%s; everything is built anew", error)
                self._builder.forget()

    def _build(self, day: date) -> tuple[Plan, Made, str | None]:
        with self._replica.transaction():
            plan = self._builder.plan(day)
        with self._replica.transaction():
            made = self._builder.make(plan)
            release = None
            if not self._builder.shows_the_same(plan, made):
                release = self._builder.write_release(plan, made, self._builder.head, self.position)
                self._site.switch(release)
            self._builder.settle(plan, release)
            disk.reach("commit", self._site.root)
        return plan, made, release

    def _refuse(self, reasons: Mapping[str, str]) -> None:
        """Set items aside whose page cannot be rendered. What is live of them stays; one that is live in this very
        version (the theme is new) has nothing to go back to and is left out."""
        with self._replica.transaction():
            for id_, reason in sorted(reasons.items()):
                item = self._replica.item(id_)
                if item is None:
                    raise BuildError(f"the page of {id_} cannot be rendered: {reason}")
                if not self._replica.restore(item):
                    self._replica.leave_out(item)
                text = f"the page cannot be rendered: {reason}"
                self._replica.put_aside(SetAside(item.seq, id_, Stage.RENDER, text, _change_of(item)))

    def _files_needed(self) -> frozenset[str]:
        rows = self._replica.db.execute("SELECT DISTINCT file FROM item_file")
        return frozenset(file.split("/")[1] for (file,) in rows)


def _replica_to_fill(site: Site, settings: Settings) -> Replica:
    """The replica of a site that the feed is going to fill. One of another version, older or newer, is thrown away:
    the feed tells all that is in it."""
    path = site.root / REPLICA
    try:
        return Replica(path, settings.site_url)
    except OtherVersionError:
        with site.lock(PATIENCE):
            if throw_away(path):
                logger.warning(
                    "%s was of another version of the publisher and was deleted; the feed fills it again, and until "
                    "then readers see the release they saw. Older releases go with it: there is none to go back to",
                    path,
                )
            replica = Replica(path, settings.site_url)
            replica.keep("shown_before", str(site.position_shown()))
            return replica


def go_back(site: Site, settings: Settings, name: str | None, patience: float = PATIENCE) -> str:
    """Show readers an older release (the one before, or `name`) and return its name. Holds until the next build.

    What was withdrawn or hidden since does not come back: kept releases are freed of it first. Raises `PublisherError`.
    """
    if not (site.root / REPLICA).exists():
        raise NoSuchReleaseError(f"{site.root} has no replica, so what was withdrawn is not known; build first")
    with _explained(), site.lock(patience):
        _refuse_other_settings(site, settings)
        replica = Replica(site.root / REPLICA, settings.site_url)
        try:
            builder = Builder(site, replica, FileStore(site.root / STORE), settings, resident=True)
            kept = Kept(site, replica, builder)
            if name is not None:
                kept.to_go_back_to(name)
            renamed = {unclean: kept.clean(unclean) for unclean in kept.unclean()}
            if name is not None and (name := renamed.get(name, name)) is None:
                raise NoSuchReleaseError("that release held withdrawn items and could not be made without them")
            target = kept.to_go_back_to(name)
            kept.refuse_unclean(target)
            site.switch(target)
        finally:
            replica.close()
        site.sweep(TIDYING)
        return target


def _refuse_other_settings(site: Site, settings: Settings) -> None:
    """Going back with another name or address of the site than it was made with would make all its releases useless."""
    current = site.current()
    facts = site.facts(current) if current else None
    if facts is None:
        return
    for setting, here, there in (
        ("SITE_NAME", settings.site_name, facts.name),
        ("SITE_TAGLINE", settings.site_tagline, facts.tagline),
        ("SITE_URL", settings.site_url, facts.base_url),
    ):
        if here != there:
            raise SettingsError(f"{setting} is {here!r} here, but the site was made with {there!r}: set it to that")


def follow(
    publisher: Publisher,
    stop: threading.Event,
    interval: float,
    watcher: Watcher,
    day: Callable[[], date] = today,
) -> None:
    """Repeat the step every `interval` seconds until `stop` is set; one release for every batch of changes.

    Outages are logged and waited out with growing pauses. A refused token or a feed of another ledger at the start is
    raised: waiting does not help.
    """
    built_for: date | None = None
    files_due = time.monotonic() + FILES_RETRY
    pause = interval
    released = publisher.position
    while not stop.is_set():
        now = day()
        files = time.monotonic() >= files_due
        retry = RETRY_ON_START if built_for is None else RETRY_AFTER_A_PAUSE if files else RETRY_WITH_A_BATCH
        try:
            outcome = publisher.step(now, always=now != built_for, retry=retry)
            released = publisher.position
            watcher.polled(publisher.head, released)
            if outcome is None:
                publisher.tidy_up()
            watcher.stepped(outcome)
            built_for, pause = now, interval
        except PublisherError as error:
            if not isinstance(error, FeedError):
                # What was taken in is not live while the build fails.
                watcher.polled(publisher.head, released)
            watcher.failed(error)
            if built_for is None and isinstance(error, FeedRefusedError | WrongFeedError):
                raise
            pause = _waiting(error, pause)
        if files:
            files_due = time.monotonic() + FILES_RETRY
        stop.wait(pause)


def _change_of(item: Item) -> Change:
    """The change that made an item live, as it is tried again. Its text is the sanitised one, of another hash."""
    snapshot = item.snapshot
    return Change(seq=item.seq, op="publish", id=item.id, at=snapshot.updated_at, sha256=item.sha256, snapshot=snapshot)


def _boot() -> str | None:
    """What tells one run of the machine from the next, where there is such a thing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


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
