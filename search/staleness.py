"""Which rows of the index are not, or no longer, published: known by their record hash and left out of every count."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, islice

from search.releases import Release, another_release

# Elasticsearch takes 65,536 terms; when more rows than this are stale, the check of every hit still hides them.
MOST = 20_000
# While the index lags, how often we ask it whether it has caught up.
ASK_SECONDS = 1.0


@dataclass
class StaleRecords:
    """Record hashes that the index may hold and the current release does not.

    A hash names one form of one item, so a row written anew is found again at once. `indexed_release` asks the index
    which release it holds. Following a release costs what it changed.
    """

    indexed_release: Callable[[], str | None]
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _rows: dict[str, str] = field(default_factory=dict, init=False)  # record hash to item id
    _release: Release | None = field(default=None, init=False)
    _in_step: bool = field(default=False, init=False)
    _compared: bool = field(default=False, init=False)
    _asked: float = field(default=0.0, init=False)

    def against(self, release: Release) -> frozenset[str]:
        """The hashes to leave out of a search for readers of `release`. Raises what `indexed_release` raises."""
        with self._lock:
            switched = self._release is None or self._release.name != release.name
            if switched:
                self._keep(self._release.rows_not_in(release) if self._release else (), release)
                self._release, self._in_step, self._compared = release, False, False
            due = not self._compared or (not self._in_step and time.monotonic() - self._asked > ASK_SECONDS)
        # One reader asks while the others go on with what is known: a slow server must not make them queue.
        if due and self._asking.acquire(blocking=False):
            try:
                self._ask(release)
            finally:
                self._asking.release()
        with self._lock:
            return frozenset(self._rows)

    def learn(self, rows: Iterable[tuple[str, str]]) -> None:
        """Remember rows (item id, record hash) that a check of hits found to be stale."""
        with self._lock:
            self._rows |= {record: item for item, record in islice(rows, MOST - len(self._rows))}
            self._in_step = False

    def _ask(self, release: Release) -> None:
        self._asked = time.monotonic()
        name = self.indexed_release()
        with self._lock:
            if self._release is None or self._release.name != release.name:
                return
            self._in_step = name == release.name
            if self._in_step:
                self._rows = {}
            elif not self._compared and name is not None and (indexed := another_release(release, name)) is not None:
                self._keep(indexed.rows_not_in(release), release)
            self._compared = True

    def _keep(self, more: Iterable[tuple[str, str]], release: Release) -> None:
        """Of what is known and of `more`, all that is not live in `release`."""
        known = ((item, record) for record, item in self._rows.items() if not release.holds(item, record))
        self._rows = {record: item for item, record in islice(chain(known, more), MOST)}
