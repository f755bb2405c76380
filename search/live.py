"""The release readers see now, kept in memory and looked at again on every question."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

from search.releases import BrokenReleaseError, OtherLayoutError, Release, current_name, read_release

log = logging.getLogger(__name__)


@dataclass
class LiveRelease:
    """`get` costs one readlink while the release stays the same, and what changed when it does not.

    Safe to share between threads.
    """

    site: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _release: Release | None = field(default=None, init=False)
    _foreign: str | None = field(default=None, init=False)

    def get(self) -> Release | None:
        """The current release; None before the first one. One that cannot be read leaves the one before in place."""
        name = current_name(self.site)
        held = self._release
        if name is None:
            return None
        if name == self._foreign or (held is not None and held.name == name):
            return held
        with self._lock:
            if self._release is None or self._release.name != name:
                self._read(name)
            return self._release

    def waits_for_another(self) -> bool:
        """Whether readers see a release of another version of the contract, so that nothing is known of it here."""
        return self._foreign is not None and self._foreign == current_name(self.site)

    def _read(self, name: str) -> None:
        if name == self._foreign:
            return
        try:
            release = read_release(self.site, name, known=self._release)
            # Read now, because the release may be held for longer than its directory is there.
            _ = release.site_facts, release.vocabulary
        except OtherLayoutError as error:
            log.warning("%s; waiting for the next release", error)
            self._foreign = name
        except BrokenReleaseError as error:
            log.error("the current release cannot be read: %s", error)
        else:
            self._release = release
