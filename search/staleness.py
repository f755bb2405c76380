"""Which rows of the index are not, or no longer, published: known by their record hash and left out of every count."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from search.releases import BrokenReleaseError, Release, read_release

# Elasticsearch takes 65,536 terms; when more rows than this are stale, the check of every hit still hides them.
MOST = 20_000
# While the index lags, how often we ask it whether it has caught up.
ASK_SECONDS = 1.0


@dataclass
class StaleRecords:
    """Record hashes that the index may hold and the current release does not.

    A hash names one form of one item, so a row written anew is found again at once. `indexed_release` asks the index
    which release it holds.
    """

    indexed_release: Callable[[], str | None]
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _hashes: frozenset[str] = field(default=frozenset(), init=False)
    _release: Release | None = field(default=None, init=False)
    _in_step: bool = field(default=False, init=False)
    _asked: float = field(default=0.0, init=False)

    def against(self, release: Release) -> frozenset[str]:
        """The hashes to leave out of a search for readers of `release`."""
        with self._lock:
            switched = self._release is None or self._release.name != release.name
            if switched:
                before = self._release.hashes.values() if self._release else ()
                self._hashes = self._outdated((*self._hashes, *before), release)
            if switched or (not self._in_step and time.monotonic() - self._asked > ASK_SECONDS):
                self._ask(release, compare=switched)
            self._release = release
            return self._hashes

    def learn(self, hashes: Iterable[str]) -> None:
        """Remember rows that a check of hits found to be stale."""
        with self._lock:
            self._hashes = frozenset(list(self._hashes | set(hashes))[:MOST])
            self._in_step = False

    def _ask(self, release: Release, compare: bool) -> None:
        self._asked = time.monotonic()
        name = self.indexed_release()
        self._in_step = name == release.name
        if self._in_step:
            self._hashes = frozenset()
        elif compare and name is not None:
            try:
                indexed = read_release(release.directory.parent.parent, name)
            except BrokenReleaseError:
                return
            self._hashes = self._outdated((*self._hashes, *indexed.hashes.values()), release)

    def _outdated(self, hashes: Iterable[str], release: Release) -> frozenset[str]:
        live = set(release.hashes.values())
        return frozenset([value for value in hashes if value not in live][:MOST])
