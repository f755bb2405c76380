"""The shared directories of a site: immutable, named by a hash of what they hold, made once and linked to by releases.

A directory is made under another name and renamed when it is complete, so one that has its name is whole. It is on the
disk for certain only after `sync_new`; what a crash leaves unsynced belongs to no release and is swept away.
"""

import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path

from contract.release import FILES, OBJECTS, PAGES, RECORDS
from publisher import disk
from publisher.errors import DamagedReleaseError

logger = logging.getLogger(__name__)

_MAKING_PREFIX = ".making-"
# How many levels of links lie above the directories that hold files.
LINK_LEVELS = {PAGES: 2, RECORDS: 2, FILES: 1}
# Above this many new files one sync() of the whole system is quicker than an fsync() each.
SYNC_ALL_ABOVE = 5000
# The disk takes requests that come together in one go: 320 took 0.5 s one after the other and 0.05 s sixteen at a time.
SYNCS_AT_ONCE = 16


def object_name(kind: str, entries: Mapping[str, str]) -> str:
    """The name of a directory: 40 hexadecimal digits of a hash over its kind and entries (name to hash of content)."""
    lines = [kind, *(f"{name}\0{entries[name]}" for name in sorted(entries))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:40]


class Objects:
    """The directory ``SITE/objects``."""

    def __init__(self, site: Path) -> None:
        self._root = site / OBJECTS
        self._numbers = count()
        # Directories are immutable, so what they link to is read once.
        self._children: dict[str, tuple[str, ...]] = {}
        self.new: list[str] = []

    def path(self, name: str) -> Path:
        """Where the directory called `name` is or would be."""
        return self._root / name[:2] / name[2:]

    def make(self, name: str, fill: Callable[[Path], None]) -> None:
        """Make the directory `name` by letting `fill` write into an empty one, unless it is there."""
        final = self.path(name)
        self.new.append(name)
        if final.is_dir():
            return
        making = self._root / f"{_MAKING_PREFIX}{os.getpid()}-{next(self._numbers)}"
        disk.make_directory(making)
        try:
            fill(making)
            disk.make_directory(final.parent)
            disk.rename(making, final)
        except BaseException as error:
            # Whatever ended it, a Ctrl-C too, nothing half made is left.
            disk.remove(making)
            if not (isinstance(error, OSError) and final.is_dir()):  # else another process was quicker
                raise

    def make_links(self, kind: str, children: Mapping[str, str]) -> str:
        """Make a directory of links to others, by name; return its name."""
        name = object_name(kind, children)

        def fill(directory: Path) -> None:
            for entry, child in sorted(children.items()):
                disk.symlink(f"../../{child[:2]}/{child[2:]}", directory / entry)

        self.make(name, fill)
        return name

    def link_from_release(self, name: str) -> str:
        """The text of a link to the directory `name` from inside a release."""
        return f"../../{OBJECTS}/{name[:2]}/{name[2:]}"

    def sync_new(self) -> None:
        """Bring the directories made or found since the last time to the disk."""
        directories = [self.path(name) for name in dict.fromkeys(self.new)]
        everything = (path for directory in directories for path in _to_sync(directory))
        # A whole build has 400,000 of them: no more are looked at than it takes to decide.
        paths = list(islice(everything, SYNC_ALL_ABOVE + 1))
        if len(paths) > SYNC_ALL_ABOVE:
            disk.sync_all(self._root)
        elif paths:
            parents = {directory.parent for directory in directories}
            with ThreadPoolExecutor(SYNCS_AT_ONCE) as pool:
                list(pool.map(disk.sync, (*paths, *sorted(parents), self._root)))
        self.new.clear()

    def clear_unfinished(self) -> None:
        """Delete what a killed process was making."""
        if self._root.is_dir():
            for path in self._root.glob(f"{_MAKING_PREFIX}*"):
                disk.remove(path)

    def are_there(self, names: Iterable[str]) -> bool:
        """Whether all of these directories exist."""
        return all(self.path(name).is_dir() for name in names)

    def sweep(self, releases: Iterable[Path], seconds: float) -> bool:
        """Delete directories that none of `releases` reaches, for about `seconds`; whether all are gone."""
        deadline = time.monotonic() + seconds
        try:
            wanted = self._reached(releases)
        except DamagedReleaseError as error:
            # What lies behind the missing directory cannot be told from what nobody needs.
            logger.warning("%s; nothing is swept", error)
            return True
        for path in self._all():
            name = path.parent.name + path.name
            if name in wanted:
                continue
            if time.monotonic() > deadline:
                return False
            # Under another name first: a directory that has its own name is whole.
            doomed = self._root / f"{_MAKING_PREFIX}{name}"
            disk.rename(path, doomed)
            disk.remove(doomed)
            self._children.pop(name, None)
        return True

    def is_damaged(self, release: Path) -> bool:
        """Whether a directory of links that a release needs is missing."""
        try:
            self._reached([release])
        except DamagedReleaseError:
            return True
        return False

    def _reached(self, releases: Iterable[Path]) -> set[str]:
        wanted: set[str] = set()
        for release in releases:
            for tree, levels in LINK_LEVELS.items():
                self._reach(_named_by(release / tree), levels, wanted)
        return wanted

    def _reach(self, name: str | None, levels: int, wanted: set[str]) -> None:
        if name is None or name in wanted:
            return
        wanted.add(name)
        if levels == 0:
            return
        if name not in self._children:
            try:
                entries = list(self.path(name).iterdir())
            except FileNotFoundError as error:
                raise DamagedReleaseError(f"{error.filename} is missing") from error
            self._children[name] = tuple(child for entry in entries if (child := _named_by(entry)) is not None)
        for child in self._children[name]:
            self._reach(child, levels - 1, wanted)

    def _all(self) -> Iterator[Path]:
        if self._root.is_dir():
            for group in self._root.iterdir():
                if len(group.name) == 2:
                    yield from group.iterdir()


def _named_by(link: Path) -> str | None:
    """The name of the directory a link leads to."""
    try:
        target = os.readlink(link)
    except OSError:
        return None
    return target[-41:].replace("/", "")


def _to_sync(directory: Path) -> Iterator[Path]:
    """The files written into a new directory, and the directories in it. A file with another name elsewhere was linked
    from there, and is on the disk."""
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            found = os.lstat(path)
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                yield Path(path)
        yield Path(parent)
