"""The releases of a site directory: the lock, which one is current, switching and removing."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from contract.release import CURRENT, MANIFEST, RELEASES, SITE_FACTS, Manifest, SiteFacts
from publisher import disk
from publisher.errors import LockedError
from publisher.objects import Objects

LOCK = "publisher.lock"
RUN_LOCK = "publisher-run.lock"
FENCE = "publisher.fence"
_MAKING_PREFIX = ".building-"
_DOOMED_PREFIX = ".removing-"


class Site:
    """A site directory: ``SITE/current``, ``SITE/releases/`` and ``SITE/objects/``."""

    def __init__(self, root: Path) -> None:
        """Use the directory `root`, making it when it is not there."""
        self.root = root
        self.releases = root / RELEASES
        self.objects = Objects(root)
        self._fence: int | None = None
        self.releases.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self, patience: float = 30.0, file: str = LOCK) -> Iterator[None]:
        """Be the only publisher at work; wait up to `patience` seconds for another to end its step.

        The lock goes with the process, also with one that is killed. Whoever takes it draws a number; should the lock
        be lost (its file deleted, a network disk that forgets it), the one with the lower number may switch no more.
        Raises `LockedError`.
        """
        with (self.root / file).open("a+") as handle:
            self._take(handle, file, patience)
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            if file == LOCK:
                self._fence = self._drawn() + 1
                _write_whole(self.root / FENCE, str(self._fence))
            yield

    def check_fence(self) -> None:
        """Raise `LockedError` when another publisher took the lock meanwhile."""
        if self._fence is None or self._drawn() != self._fence:
            raise LockedError(f"another publisher took over {self.root}; this one changes nothing")

    def path(self, name: str) -> Path:
        """The directory of a release."""
        return self.releases / name

    def current(self) -> str | None:
        """The name of the release readers see."""
        try:
            name = Path(os.readlink(self.root / CURRENT)).name
        except OSError:
            return None
        return name if self.is_whole(name) else None

    def is_whole(self, name: str) -> bool:
        """Whether there is a complete release of this name."""
        return (self.path(name) / MANIFEST).is_file()

    def names(self) -> list[str]:
        """Every complete release, oldest first by when it was made first."""
        found = [path for path in self.releases.iterdir() if not path.name.startswith(".")]
        dated = [(manifest.stat().st_mtime_ns, p.name) for p in found if (manifest := p / MANIFEST).is_file()]
        return [name for _, name in sorted(dated)]

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of a release; None if it cannot be read, which makes the release worthless."""
        try:
            return Manifest.model_validate_json((self.path(name) / MANIFEST).read_bytes())
        except (OSError, ValidationError):
            return None

    def position_shown(self) -> int:
        """The ledger position of the release readers see, be it one of another version; 0 when none is told."""
        try:
            about = json.loads((self.root / CURRENT / MANIFEST).read_bytes())
        except (OSError, ValueError):
            return 0
        seq = about.get("seq") if isinstance(about, dict) else None
        return seq if isinstance(seq, int) else 0

    def facts(self, name: str) -> SiteFacts | None:
        """Name, address and menu of the site as a release shows them."""
        try:
            return SiteFacts.model_validate_json((self.path(name) / SITE_FACTS).read_bytes())
        except (OSError, ValidationError):
            return None

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A fresh directory to make a release in, removed at the end whatever happens unless it was renamed."""
        directory = self.releases / f"{_MAKING_PREFIX}{os.getpid()}"
        disk.remove(directory)
        disk.make_directory(directory)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def adopt(self, made: Path, name: str) -> None:
        """Make a complete directory the release `name`; if it is there already, the two are equal."""
        if self.path(name).exists():
            if self.is_whole(name):
                return
            disk.remove(self.path(name))
        disk.rename(made, self.path(name))
        disk.sync(self.releases)

    def switch(self, name: str) -> None:
        """Show readers the release `name`, by one rename(2) of a fresh link: they see the old one or the new one."""
        self.check_fence()
        link = self.root / f".{CURRENT}-{os.getpid()}"
        disk.unlink(link)
        disk.symlink(f"{RELEASES}/{name}", link)
        disk.rename(link, self.root / CURRENT)
        disk.sync(self.root)

    def clear_leftovers(self) -> None:
        """Remove what a killed publisher left behind: unfinished releases and half-removed ones. Needs the lock."""
        for path in self.releases.iterdir():
            if path.name.startswith((_MAKING_PREFIX, _DOOMED_PREFIX)) or not (path / MANIFEST).is_file():
                disk.remove(path)
        for link in self.root.glob(f".{CURRENT}-*"):
            disk.unlink(link)
        self.objects.clear_unfinished()

    def remove(self, name: str) -> None:
        """Delete a release. It stops being one at once; its shared directories go with the next `sweep`."""
        if self.path(name).exists():
            doomed = self.releases / f"{_DOOMED_PREFIX}{name}"
            disk.remove(doomed)
            disk.rename(self.path(name), doomed)
            disk.remove(doomed)

    def sweep(self, seconds: float = 600.0) -> bool:
        """Delete what no release reaches, for about `seconds`; whether all is gone. Needs the lock.

        That is shared directories, and what was left unfinished or half removed, also by this process when its disk
        failed. Directories stay while readers see a release of another layout: what it needs cannot be told.
        """
        self.clear_leftovers()
        current = self.current()
        if current is not None and self.manifest(current) is None:
            return True
        return self.objects.sweep((self.path(name) for name in self.names()), seconds)

    def _take(self, handle: TextIO, file: str, patience: float) -> None:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    owner = handle.read().strip() or "unknown"
                    raise LockedError(f"another publisher (process {owner}) works on {self.root}") from None
                time.sleep(0.05)
                continue
            return

    def _drawn(self) -> int:
        try:
            text = (self.root / FENCE).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return 0
        return int(text) if text.isdecimal() else 0


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}-{os.getpid()}")
    part.write_text(text, encoding="ascii")
    part.replace(path)
