"""Stays resident and takes every new release into the index, through any outage of Elasticsearch."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from elasticsearch import ApiError, TransportError
from elasticsearch.helpers import BulkIndexError

from search.gate import GateError
from search.indexing import ReleaseIndexer
from search.releases import BrokenReleaseError, OtherLayoutError, Release, current_name, read_release
from search.rows import VIETNAM
from search.writing import IndexAheadError, RefusedForNowError, Report

log = logging.getLogger(__name__)

# A switch is one changed link, so looking at it this often costs nothing and notices it within 0.2 s.
LOOK_SECONDS = 0.1
# Someone may delete or restore an index behind our back; nothing tells us, so we look.
RECHECK_SECONDS = 10.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# A rebuild that was refused at the gate costs as much again and mostly ends the same way.
GATE_PAUSE = 600.0
# When few search and nobody publishes.
CHECK_HOUR = 2

_TO_BE_TRIED_AGAIN = (
    ApiError, TransportError, BulkIndexError, BrokenReleaseError, IndexAheadError, RefusedForNowError
)  # fmt: skip


def _now() -> datetime:
    return datetime.now(VIETNAM)


@dataclass
class Follower:
    """Follows ``SITE/current``. `done` is told of every release that was taken in.

    Once a day, at the hour `check_hour` of Viet Nam, the whole index is compared with the release, mended and merged.
    """

    site: Path
    indexer: ReleaseIndexer
    done: Callable[[Report], None] = lambda report: None
    check_hour: int = CHECK_HOUR
    now: Callable[[], datetime] = _now
    _release: Release | None = field(default=None, init=False)

    def run(self, stop: Event) -> None:
        """Until `stop` is set. Elasticsearch's and the release's errors are logged and tried again.

        A release of another version of the contract is left to itself: the index stays as it is until the next one.
        """
        pause, indexed, checked = FIRST_PAUSE, None, 0.0
        foreign: str | None = None
        due = next_check(self.now(), self.check_hour)
        while not stop.is_set():
            name = current_name(self.site)
            is_due = self.now() >= due
            in_step = name == indexed and time.monotonic() - checked < RECHECK_SECONDS and not is_due
            if name is None or name == foreign or in_step:
                stop.wait(LOOK_SECONDS)
                continue
            try:
                self._take_in(name)
                pause, indexed, checked = FIRST_PAUSE, name, time.monotonic()
                if is_due:
                    self._check()
                    due = next_check(self.now(), self.check_hour)
            except OtherLayoutError as error:
                log.warning("%s; waiting for the next release", error)
                foreign = name
            except GateError as error:
                log.error("the indexes that were built for release %s do not go in: %s", name, error)
                indexed = None
                stop.wait(GATE_PAUSE)
            except _TO_BE_TRIED_AGAIN as error:
                log.warning("release %s is not in the index yet, next try in %.1f s: %s", name, pause, error)
                stop.wait(pause)
                pause, indexed = min(pause * 2, LONGEST_PAUSE), None

    def _take_in(self, name: str) -> None:
        if self.indexer.indexed_release() == name:
            return
        started = time.monotonic()
        self._release = read_release(self.site, name, known=self._release)
        report = self.indexer.bring_to(self._release)
        log.info(
            "release %s: %d items written, %d removed, %d provisions, %d failed%s, %.2f s",
            report.release,
            report.upserted,
            report.removed,
            report.provisions,
            report.failed,
            ", rebuilt" if report.rebuilt else "",
            time.monotonic() - started,
        )
        self.done(report)

    def _check(self) -> None:
        """Compare the whole index with the release readers see, mend it, and have it merged."""
        started = time.monotonic()
        name = current_name(self.site)
        if name is None:
            return
        self._release = read_release(self.site, name, known=self._release)
        drift = self.indexer.mend(self._release)
        seconds = time.monotonic() - started
        if drift:
            log.error(
                "the index differed from release %s and was mended: %d items missing or outdated, %d too many, %.1f s",
                name,
                len(drift.upserted),
                len(drift.removed),
                seconds,
            )
        else:
            log.info("the index holds exactly release %s, %.1f s", name, seconds)
        self.indexer.merge()


def next_check(now: datetime, hour: int) -> datetime:
    """The next time it is `hour` o'clock."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
