"""The releases of a site directory: the lock, which one is current, switching, keeping and going back."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from contract.release import CURRENT, MANIFEST, RELEASES, Manifest
from publisher.errors import LockedError, NoSuchReleaseError
from publisher.staging import STAGING_PREFIX, sync

LOCK = "publisher.lock"
RUN_LOCK = "publisher-run.lock"
_DOOMED_PREFIX = ".removing-"


class Site:
    """A site directory, ``SITE/current`` and ``SITE/releases/``."""

    def __init__(self, root: Path) -> None:
        """Use the directory `root`, making it when it is not there."""
        self.root = root
        self.releases = root / RELEASES
        self.releases.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self, patience: float = 30.0, file: str = LOCK) -> Iterator[None]:
        """Be the only publisher at work; wait up to `patience` seconds for another to end its step.

        The lock goes with the process, also with one that is killed. Raises `LockedError`.
        """
        with (self.root / file).open("a+") as handle:
            deadline = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        handle.seek(0)
                        owner = handle.read().strip() or "unknown"
                        raise LockedError(f"another publisher (process {owner}) works on {self.root}") from None
                    time.sleep(0.05)
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    def path(self, name: str) -> Path:
        """The directory of a release."""
        return self.releases / name

    def current(self) -> str | None:
        """The name of the release readers see."""
        try:
            name = Path(os.readlink(self.root / CURRENT)).name
        except OSError:
            return None
        return name if (self.path(name) / MANIFEST).is_file() else None

    def names(self) -> list[str]:
        """Every complete release, oldest first by when it went live first."""
        found = [path for path in self.releases.iterdir() if not path.name.startswith(".")]
        dated = [(manifest.stat().st_mtime_ns, p.name) for p in found if (manifest := p / MANIFEST).is_file()]
        return [name for _, name in sorted(dated)]

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of a release; None if it cannot be read, which makes the release worthless."""
        try:
            return Manifest.model_validate_json((self.path(name) / MANIFEST).read_bytes())
        except (OSError, ValidationError):
            return None

    @contextmanager
    def staging_directory(self) -> Iterator[Path]:
        """A fresh directory to build in, removed at the end whatever happens unless it was renamed."""
        directory = self.releases / f"{STAGING_PREFIX}{os.getpid()}"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def clear_leftovers(self) -> None:
        """Remove what a killed publisher left behind: unfinished releases and half-removed ones. Needs the lock."""
        for path in self.releases.iterdir():
            if path.name.startswith((STAGING_PREFIX, _DOOMED_PREFIX)) or not (path / MANIFEST).is_file():
                shutil.rmtree(path, ignore_errors=True)
        for link in self.root.glob(f".{CURRENT}-*"):
            link.unlink(missing_ok=True)

    def adopt(self, staged: Path, name: str) -> None:
        """Make a complete staged directory the release `name`; if it is there already, the two are equal."""
        if self.path(name).exists():
            os.utime(self.path(name) / MANIFEST)
            return
        staged.rename(self.path(name))
        sync(self.releases)

    def switch(self, name: str) -> None:
        """Show readers the release `name`, by one rename(2) of a fresh link: they see the old one or the new one."""
        link = self.root / f".{CURRENT}-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{RELEASES}/{name}")
        link.rename(self.root / CURRENT)
        sync(self.root)

    def prune(self, keep: int) -> None:
        """Remove all but the newest `keep` releases; the current one always stays."""
        current = self.current()
        names = self.names()
        for name in names[:-keep] if keep < len(names) else []:
            if name != current:
                self.remove(name)

    def remove(self, name: str) -> None:
        """Delete a release. It stops being one at once, however long the deletion takes."""
        doomed = self.releases / f"{_DOOMED_PREFIX}{name}"
        shutil.rmtree(doomed, ignore_errors=True)
        self.path(name).rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def release_to_go_back_to(self, name: str | None) -> str:
        """`name`, or the release before the current one. Raises `NoSuchReleaseError`."""
        names = self.names()
        if name is not None:
            if name not in names:
                raise NoSuchReleaseError(f"there is no release {name}; kept are {', '.join(names) or 'none'}")
            return name
        current = self.current()
        before = names[: names.index(current)] if current in names else names
        if not before:
            raise NoSuchReleaseError("there is no older release to go back to")
        return before[-1]

    def holding(self, items: Iterable[UUID]) -> list[str]:
        """Releases other than the current one in which any of `items` is live, oldest first."""
        wanted = frozenset(items)
        current = self.current()
        return [
            name
            for name in self.names()
            if name != current and (m := self.manifest(name)) is not None and not wanted.isdisjoint(m.items)
        ]
