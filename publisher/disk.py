"""Every change the publisher makes to the site directory, in one place: so each can be watched, and fail, in a test.

`watchers` are called before a change with its name and path. A test lets one raise an error of the disk, or kill the
process; in production there are none.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Watcher = Callable[[str, Path], None]
watchers: list[Watcher] = []


def reach(what: str, path: Path) -> None:
    """Tell the watchers that `what` is about to happen to `path`."""
    for watcher in watchers:
        watcher(what, path)


def make_directory(path: Path) -> None:
    """Make a directory and those above it."""
    reach("mkdir", path)
    path.mkdir(parents=True, exist_ok=True)


def write(path: Path, data: bytes) -> None:
    """Write a new file."""
    reach("write", path)
    # Not `Path.open`, whose buffers and checks cost more than the rest of it, three times a page.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system cannot (other device, too many links)."""
    reach("link", target)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def symlink(target: str, path: Path) -> None:
    """Make a symbolic link at `path`."""
    reach("symlink", path)
    path.symlink_to(target)


def rename(source: Path, target: Path) -> None:
    """Rename, replacing what is at `target`: readers see the old or the new."""
    reach("rename", target)
    source.rename(target)


def sync(path: Path) -> None:
    """Bring a file, or the names in a directory, to the disk."""
    reach("sync", path)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(path: Path) -> None:
    """Bring everything written so far to the disk; quicker than `sync` for very many files."""
    reach("sync", path)
    os.sync()


def remove(path: Path) -> None:
    """Delete a directory and all below it, as far as possible: what is left is found and deleted another time."""
    reach("remove", path)
    shutil.rmtree(path, ignore_errors=True)


def unlink(path: Path) -> None:
    """Delete a file or link, if it is there."""
    reach("unlink", path)
    with suppress(FileNotFoundError):
        path.unlink()
