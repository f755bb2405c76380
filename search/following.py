"""Stays resident and takes every new release into the index, through any outage of Elasticsearch."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from elasticsearch import ApiError, TransportError
from elasticsearch.helpers import BulkIndexError

from search.indexing import ReleaseIndexer, Report
from search.releases import BrokenReleaseError, OtherLayoutError, Release, current_name, read_release

log = logging.getLogger(__name__)

# A switch is one changed link, so looking at it this often costs nothing and notices it within 0.2 s.
LOOK_SECONDS = 0.1
# Someone may delete or restore an index behind our back; nothing tells us, so we look.
RECHECK_SECONDS = 10.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0


@dataclass
class Follower:
    """Follows ``SITE/current``. `done` is told of every release that was taken in."""

    site: Path
    indexer: ReleaseIndexer
    done: Callable[[Report], None] = lambda report: None
    _release: Release | None = field(default=None, init=False)

    def run(self, stop: Event) -> None:
        """Until `stop` is set. Elasticsearch's and the release's errors are logged and tried again.

        A release of another version of the contract is left to itself: the index stays as it is until the next one.
        """
        pause, indexed, checked = FIRST_PAUSE, None, 0.0
        foreign: str | None = None
        while not stop.is_set():
            name = current_name(self.site)
            if name is None or name == foreign or (name == indexed and time.monotonic() - checked < RECHECK_SECONDS):
                stop.wait(LOOK_SECONDS)
                continue
            try:
                self._take_in(name)
                pause, indexed, checked = FIRST_PAUSE, name, time.monotonic()
            except OtherLayoutError as error:
                log.warning("%s; waiting for the next release", error)
                foreign = name
            except (ApiError, TransportError, BulkIndexError, BrokenReleaseError) as error:
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
