"""The release readers see now, kept in memory and looked at again on every question."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

from search.releases import BrokenReleaseError, Release, current_name, read_release

log = logging.getLogger(__name__)


@dataclass
class LiveRelease:
    """`get` costs one readlink while the release stays the same, and what changed when it does not.

    Safe to share between threads.
    """

    site: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _release: Release | None = field(default=None, init=False)

    def get(self) -> Release | None:
        """The current release; None before the first one. One that cannot be read leaves the one before in place."""
        name = current_name(self.site)
        held = self._release
        if name is None or (held is not None and held.name == name):
            return held if name else None
        with self._lock:
            if self._release is None or self._release.name != name:
                try:
                    self._release = read_release(self.site, name, known=self._release)
                except BrokenReleaseError as error:
                    log.error("the current release cannot be read: %s", error)
            return self._release
