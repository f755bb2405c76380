"""The shared directories of a site: immutable, named by a hash of what they hold, made once and linked to by releases.

A directory is made under another name and renamed when it is complete, so one that has its name is whole. It is on the
disk for certain only after `sync_new`; what a crash leaves unsynced belongs to no release and is swept away.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

from contract.release import FILES, OBJECTS, PAGES, RECORDS
from publisher import disk

_MAKING_PREFIX = ".making-"
# How many levels of links lie above the directories that hold files.
LINK_LEVELS = {PAGES: 2, RECORDS: 2, FILES: 1}
# Above this many new files one sync() of the whole system is quicker than an fsync() each.
SYNC_ALL_ABOVE = 1500


def object_name(kind: str, entries: Mapping[str, str]) -> str:
    """The name of a directory: 40 hexadecimal digits of a hash over its kind and entries (name to hash of content)."""
    lines = [kind, *(f"{name}\0{entries[name]}" for name in sorted(entries))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:40]


class Objects:
    """The directory ``SITE/objects``."""

    def __init__(self, site: Path) -> None:
        self._root = site / OBJECTS
        self._numbers = count()
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
        except BaseException:
            disk.remove(making)
            if final.is_dir():  # another process was quicker
                return
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
        paths = [path for directory in directories for path in _with_what_it_holds(directory)]
        if len(paths) > SYNC_ALL_ABOVE:
            disk.sync_all(self._root)
        else:
            parents = {directory.parent for directory in directories}
            for path in (*paths, *sorted(parents), *([self._root] if paths else ())):
                disk.sync(path)
        self.new.clear()

    def clear_unfinished(self) -> None:
        """Delete what a killed process was making."""
        if self._root.is_dir():
            for path in self._root.glob(f"{_MAKING_PREFIX}*"):
                disk.remove(path)

    def are_there(self, names: Iterable[str]) -> bool:
        """Whether all of these directories exist."""
        return all(self.path(name).is_dir() for name in names)

    def sweep(self, releases: Iterable[Path]) -> int:
        """Delete every directory that none of `releases` reaches; how many those were."""
        wanted: set[str] = set()
        for release in releases:
            for tree, levels in LINK_LEVELS.items():
                _reach(release / tree, levels, wanted)
        unwanted = [path for path in self._all() if path.parent.name + path.name not in wanted]
        for path in unwanted:
            # Under another name first: a directory that has its own name is whole.
            doomed = self._root / f"{_MAKING_PREFIX}{path.parent.name}{path.name}"
            disk.rename(path, doomed)
            disk.remove(doomed)
        return len(unwanted)

    def _all(self) -> Iterator[Path]:
        if self._root.is_dir():
            for group in self._root.iterdir():
                if len(group.name) == 2:
                    yield from group.iterdir()


def _reach(link: Path, levels: int, wanted: set[str]) -> None:
    try:
        target = Path(os.readlink(link))
    except OSError:
        return
    name = target.parent.name + target.name
    if name in wanted:
        return
    wanted.add(name)
    if levels:
        for entry in link.resolve().iterdir():
            _reach(entry, levels - 1, wanted)


def _with_what_it_holds(directory: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(directory):
        yield from (path for name in names if not (path := Path(parent, name)).is_symlink())
        yield Path(parent)
