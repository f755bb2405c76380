"""Writes one release into a directory aside, which becomes a release only by being renamed when it is complete.

What did not change since the release before is hard-linked from it, compressed copies included.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path, PurePosixPath
from uuid import UUID

from contract.canonical import canonical_json
from contract.release import (
    CHANGES,
    FILES,
    GONE,
    MANIFEST,
    PAGES,
    SITE_FACTS,
    Manifest,
    ManifestItem,
    ReleaseChanges,
    SiteFacts,
    record_path,
)
from publisher.compression import COPIES, compressed_copies, is_compressed
from publisher.errors import BuildError

STAGING_PREFIX = ".building-"
# Above this many new files one sync() of the whole system is quicker than an fsync() each.
SYNC_ALL_ABOVE = 300


class Staging:
    """A release in the making. Paths are checked; a second write of one file is an error."""

    def __init__(self, directory: Path, previous: Path | None, previous_manifest: Manifest | None) -> None:
        self.directory = directory
        self._previous = previous
        self._before = previous_manifest
        self._records_before = {} if previous_manifest is None else previous_manifest.items
        self.pages: dict[str, str] = {}
        self.items: dict[UUID, ManifestItem] = {}
        self.gone: list[str] = []
        self.pages_written = 0
        self._new_files: list[Path] = []
        self._files: set[str] = set()
        self._directories: set[Path] = set()

    def write_page(self, file: str, data: bytes) -> None:
        """Put a page and its compressed copies below ``pages/``. Raises `BuildError` for a second write."""
        if file in self.pages:
            raise BuildError(f"two pages want the file {file}")
        digest = hashlib.sha256(data).hexdigest()
        path = f"{PAGES}/{file}"
        names = [path, *(path + suffix for suffix in COPIES if is_compressed(file))]
        unchanged = self._before is not None and self._before.pages.get(file) == digest
        if not (unchanged and self._link_all(names)):
            self._write(path, data)
            if is_compressed(file):
                for suffix, copy in compressed_copies(data).items():
                    self._write(path + suffix, copy)
            self.pages_written += 1
        self.pages[file] = digest

    def write_record(self, item: UUID, address: str, data: bytes) -> None:
        """Put an item's record."""
        digest = hashlib.sha256(data).hexdigest()
        before = self._records_before.get(item)
        if not (before is not None and before.record == digest and self._link_all([record_path(item)])):
            self._write(record_path(item), data)
        self.items[item] = ManifestItem(path=address, record=digest)

    def add_file(self, file: str, source: Path) -> None:
        """Put the bytes at `source` under ``files/``; several items may share one file."""
        if file in self._files:
            return
        self._files.add(file)
        target = self._target(f"{FILES}/{file}")
        if not _link(source, target):
            shutil.copyfile(source, target)
            self._new_files.append(target)

    def mark_gone(self, address: str) -> None:
        """Put the marker of a withdrawn address."""
        self._write(f"{GONE}{address}index.html", b"")
        self.gone.append(address)

    def has_file(self, file: str) -> bool:
        """Whether `file` is below ``files/``."""
        return file in self._files

    def content_hash(self, site: SiteFacts) -> str:
        """A hash over all a reader or the search can see of the release."""
        return _content_hash(self.pages, self.items, self.gone, site)

    def seal(self, site: SiteFacts, seq: int, day: date, since: str | None) -> str:
        """Write what describes the release, the manifest last, bring everything to the disk and return its name."""
        before = {} if since is None else {id_: item.record for id_, item in self._records_before.items()}
        now = {id_: item.record for id_, item in self.items.items()}
        changes = ReleaseChanges(
            since=since,
            upserted=tuple(sorted(id_ for id_, record in now.items() if before.get(id_) != record)),
            removed=tuple(sorted(id_ for id_ in before if id_ not in now)),
        )
        name = release_name(seq, f"{self.content_hash(site)} {since}")
        manifest = Manifest(
            release=name,
            seq=seq,
            day=day,
            items=dict(sorted(self.items.items())),
            pages=dict(sorted(self.pages.items())),
        )
        self._write(SITE_FACTS, canonical_json(site.model_dump(mode="json")))
        self._write(CHANGES, canonical_json(changes.model_dump(mode="json")))
        self._write(MANIFEST, canonical_json(manifest.model_dump(mode="json", by_alias=True)))
        self._sync()
        return name

    def _write(self, file: str, data: bytes) -> None:
        target = self._target(file)
        target.write_bytes(data)
        self._new_files.append(target)

    def _link_all(self, files: list[str]) -> bool:
        if self._previous is None:
            return False
        for number, file in enumerate(files):
            if not _link(self._previous / file, self._target(file)):
                # What was linked must go: writing to it would write into the release it is shared with.
                for linked in files[:number]:
                    self._target(linked).unlink()
                return False
        return True

    def _target(self, file: str) -> Path:
        if any(part in ("", ".", "..") for part in file.split("/")) or "\\" in file or "\0" in file:
            raise BuildError(f"the file name {file!r} would leave the release")
        target = self.directory / PurePosixPath(file)
        if target.parent not in self._directories:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._directories.add(target.parent)
        return target

    def _sync(self) -> None:
        if len(self._new_files) > SYNC_ALL_ABOVE:
            os.sync()
            return
        for path in (*self._new_files, *self._directories, self.directory):
            sync(path)


def release_name(seq: int, content: str) -> str:
    """A name of fixed length: ``r0000000017-1a2b3c4d``. One name is never the beginning of another."""
    return f"r{seq:010d}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def content_hash_of(release: Path, manifest: Manifest) -> str:
    """`Staging.content_hash` of a release that is there already."""
    site = SiteFacts.model_validate_json((release / SITE_FACTS).read_bytes())
    return _content_hash(dict(manifest.pages), dict(manifest.items), gone_addresses(release), site)


def gone_addresses(release: Path) -> frozenset[str]:
    """The withdrawn addresses a release answers 410 for."""
    root = release / GONE
    return frozenset(f"/{path.parent.relative_to(root).as_posix()}/" for path in root.rglob("index.html"))


def sync(path: Path) -> None:
    """Bring a file or a directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _content_hash(pages: dict[str, str], items: dict[UUID, ManifestItem], gone: Iterable[str], site: SiteFacts) -> str:
    content = [
        pages,
        {str(i): [e.path, e.record] for i, e in items.items()},
        sorted(gone),
        site.model_dump(mode="json"),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _link(source: Path, target: Path) -> bool:
    """Hard-link, or say that it was not possible (other file system, too many links, source missing)."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True
