"""Finds pages and files of the current release, and never anything outside the site's directory.

The same answers as those of ``deploy/nginx/reading-site.conf``.
"""

import hashlib
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path

from contract.release import FILES, gone_path, page_path
from contract.shards import GONE_SUFFIX, PAGE_SUFFIX

# Encodings the publisher writes beside each page, best first.
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# How things are called on disk and no address ends.
_NAMES_ON_DISK = (PAGE_SUFFIX, GONE_SUFFIX, *(suffix for _, suffix in _ENCODINGS))
_INLINE_TYPES = {"application/pdf", "image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
}


@dataclass(frozen=True)
class ReleasedFile:
    """A file of the release as it goes out. `encoding` is empty for the plain form."""

    path: Path
    media_type: str
    encoding: str = ""

    def read(self) -> bytes:
        """The bytes; pages are small enough to hold."""
        return self.path.read_bytes()

    @property
    def inline(self) -> bool:
        """Whether a browser may show it: pictures that cannot hold script, and PDF. Everything else is saved."""
        return self.media_type in _INLINE_TYPES


def entity_tag(content: bytes, encoding: str) -> str:
    """A strong ETag: each encoding is a form of its own."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}{"-" + encoding if encoding else ""}"'


@dataclass(frozen=True)
class ReleaseFiles:
    """The files below one release's directory; `site` is the boundary nothing may leave."""

    site: Path
    release: Path

    def page(self, address: str, accepted: str = "") -> ReleasedFile | None:
        """What lies at `address` (``/van-ban/x/``, ``/feed.atom``), in the best form of those `accepted`."""
        return None if address.endswith(_NAMES_ON_DISK) else self._page(address, accepted)

    def notice(self, status: int, accepted: str = "") -> ReleasedFile | None:
        """The page of the release that is shown instead of what is missing (404) or gone (410)."""
        return self._page(f"/{status}.html", accepted)

    def file(self, name: str) -> ReleasedFile | None:
        """The attachment or picture called `name`."""
        found = self._inside(f"{FILES}/{name}")
        return ReleasedFile(found, media_type(found)) if found else None

    def lacks_slash(self, address: str) -> bool:
        """Whether `address` is that of a page that was asked for without its last slash."""
        return not address.endswith("/") and self._page(f"{address}/", "") is not None

    def is_gone(self, address: str) -> bool:
        """Whether something stood at `address` and was withdrawn."""
        return _is_plain(address) and self._inside(gone_path(address)) is not None

    def _page(self, address: str, accepted: str) -> ReleasedFile | None:
        if not _is_plain(address) or (found := self._inside(page_path(address))) is None:
            return None
        for encoding, suffix in _ENCODINGS:
            if _accepts(accepted, encoding) and (copy := self._inside(page_path(address) + suffix)):
                return ReleasedFile(copy, media_type(found), encoding)
        return ReleasedFile(found, media_type(found))

    def _inside(self, name: str) -> Path | None:
        """The regular file `name` of the release, or None: for unsafe names, and when links lead out of the site."""
        segments = name.split("/")
        if any(not segment or segment.startswith(".") or "\\" in segment or "\0" in segment for segment in segments):
            return None
        try:
            found = Path(os.path.realpath(self.release / name, strict=True))
        except (OSError, ValueError):
            return None
        root = Path(os.path.realpath(self.site))
        return found if found.is_relative_to(root) and found.is_file() else None


def _is_plain(address: str) -> bool:
    """Addresses of pages are ASCII, and an empty part would be read as if it were not there."""
    return address.isascii() and "//" not in address


def media_type(path: Path) -> str:
    """The media type of a file by its name."""
    return _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _accepts(header: str, encoding: str) -> bool:
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name == encoding:
            return not any(
                parameter.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters
            )
    return False
