"""Finds pages and files of the current release, and never anything outside the site's directory."""

import hashlib
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path

from contract.release import FILES, GONE, PAGES

# Encodings the publisher writes beside each page, best first.
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
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

    def page(self, path: str, accepted: str = "") -> ReleasedFile | None:
        """The page or other file of the document root at `path` (no leading slash)."""
        name = f"{path}index.html" if path == "" or path.endswith("/") else path
        found = self._inside(PAGES, name)
        if found is None or (found.suffix in (".br", ".gz") and found.with_suffix("").exists()):
            return None
        for encoding, suffix in _ENCODINGS:
            if _accepts(accepted, encoding) and (other := self._inside(PAGES, name + suffix)):
                return ReleasedFile(other, media_type(found), encoding)
        return ReleasedFile(found, media_type(found))

    def file(self, name: str) -> ReleasedFile | None:
        """The attachment or picture called `name`."""
        found = self._inside(FILES, name)
        return ReleasedFile(found, media_type(found)) if found else None

    def is_directory(self, path: str) -> bool:
        """Whether `path` names a page that was asked for without its last slash."""
        return not path.endswith("/") and self._inside(PAGES, f"{path}/index.html") is not None

    def is_gone(self, path: str) -> bool:
        """Whether something stood at `path` and was withdrawn."""
        return self._inside(GONE, f"{path.rstrip('/')}/index.html") is not None

    def _inside(self, part: str, name: str) -> Path | None:
        """The regular file `name` below `part`, or None: for unsafe names, and when links lead out of the site."""
        segments = name.split("/")
        if any(not segment or segment.startswith(".") or "\\" in segment or "\0" in segment for segment in segments):
            return None
        try:
            found = Path(os.path.realpath(self.release / part / name, strict=True))
        except (OSError, ValueError):
            return None
        root = Path(os.path.realpath(self.site))
        return found if found.is_relative_to(root) and found.is_file() else None


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
