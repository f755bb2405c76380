"""Attachments and pictures: fetched, checked against their hash, kept by it, and named for the release."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from contract.addresses import FILES_PATH
from contract.files import attachment_file, release_file
from contract.models import Rendition, Snapshot
from publisher.errors import FileUnavailableError
from publisher.feed import Feed

# Bytes. For files whose size the snapshot does not tell; a rendition is some 100 kB.
MAX_UNDECLARED = 20_000_000

_PICTURE_EXTENSIONS = {
    "image/webp": "webp",
    "image/avif": "avif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
}


def attachment_files(snapshot: Snapshot) -> list[str]:
    """The path below ``files/`` of each attachment, in order."""
    return [attachment_file(attachment) for attachment in snapshot.attachments]


def rendition_file(rendition: Rendition) -> str | None:
    """The path below ``files/`` of one size of a picture; None while its bytes are not known (drafts)."""
    extension = _PICTURE_EXTENSIONS.get(rendition.media_type)
    if rendition.sha256 is None or extension is None:
        return None
    return release_file(rendition.sha256, f"anh-{rendition.width}.{extension}")


def files_of(snapshot: Snapshot) -> Iterator[str]:
    """Every file of an item, as paths below ``files/``."""
    yield from attachment_files(snapshot)
    if snapshot.image is not None:
        yield from (path for r in snapshot.image.renditions if (path := rendition_file(r)) is not None)


def file_address(path: str) -> str:
    """The address of a file on the reading site."""
    return FILES_PATH + path


class FileStore:
    """The bytes of all files, each once, named by their hash."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, sha256: str) -> Path:
        """Where the bytes with this hash are or would be."""
        return self._directory / sha256

    def add(self, feed: Feed, url: str, sha256: str | None, size: int | None) -> str:
        """Fetch a file unless it is there, check it, and return its hash.

        `size` in bytes; None when the snapshot does not tell. Raises `FileUnavailableError` when the bytes do not come
        or are not those that were announced.
        """
        if sha256 is not None and self.path(sha256).exists():
            return sha256
        self._directory.mkdir(parents=True, exist_ok=True)
        partial = self._directory / f".partial-{os.getpid()}"
        try:
            digest = _save(feed.fetch(url), partial, url, MAX_UNDECLARED if size is None else size)
            if size is not None and partial.stat().st_size != size:
                raise FileUnavailableError(f"{url}: {partial.stat().st_size} bytes came, {size} were announced")
            if sha256 is not None and digest != sha256:
                raise FileUnavailableError(f"{url}: the bytes have another sha256 than the snapshot says")
            partial.replace(self.path(digest))
        finally:
            partial.unlink(missing_ok=True)
        return digest

    def prune(self, needed: frozenset[str]) -> None:
        """Delete bytes that neither a live item nor a kept release (by a hard link) refers to."""
        if not self._directory.is_dir():
            return
        for path in self._directory.iterdir():
            if path.name not in needed and path.stat().st_nlink == 1:
                with suppress(FileNotFoundError):
                    path.unlink()


def _save(pieces: Iterator[bytes], path: Path, url: str, limit: int) -> str:
    digest, length = hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in pieces:
            length += len(piece)
            if length > limit:
                raise FileUnavailableError(f"{url}: more than {limit} bytes came")
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
