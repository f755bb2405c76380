"""A release in plain form: one object a page, under the address a reader asks for.

A web server finds a page by computing its shard; an object store serves what its key says. So
``pages/07/31/van-ban/x.html`` becomes ``van-ban/x/index.html``. Records, manifest and lists of changes are not for
readers and never appear here.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path, PurePosixPath
from uuid import UUID

from pydantic import ValidationError

from contract.addresses import FILES_PATH, REVOKED_PATH, is_item_path
from contract.release import CURRENT, FILES, MANIFEST, PAGES, RELEASES, Manifest, Revoked, page_path, record_path
from contract.shards import GONE_SUFFIX, PAGE_SUFFIX
from publisher.errors import NoSuchReleaseError

INDEX = "index.html"
GONE_ADDRESS = "/410.html"
FILES_PREFIX = FILES_PATH.lstrip("/")
# Pages that answer for no directory of their own: the home page and what a store shows instead of a missing page.
_NOTICES = frozenset({"404.html", "410.html"})
_NAMED_PAGES = _NOTICES | {INDEX}
_COPIES = (".gz", ".br")
# What may link to items; `/thu-hoi.json` comes with the lists.
_LINKING = frozenset({".html", ".atom", ".xml", ".txt", ".json"})

# As in deploy/nginx/reading-site.conf, which says why.
PAGE_CACHE = "public, max-age=30, stale-while-revalidate=30"
FILE_CACHE = "public, max-age=31536000, s-maxage=60, immutable"
NOTICE_CACHE = "no-cache"
# Browsers show pictures that cannot hold script, and PDF; everything else is saved.
_SHOWN = frozenset({".avif", ".gif", ".jpeg", ".jpg", ".pdf", ".png", ".webp"})
# Not `mimetypes`, whose answers depend on the machine. What is not named here is saved and never run.
_CONTENT_TYPES = {
    ".7z": "application/x-7z-compressed",
    ".atom": "application/atom+xml; charset=utf-8",
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml; charset=utf-8",
    ".zip": "application/zip",
}


class Stage(IntEnum):
    """When an object is sent: what others link to comes before what links to it."""

    WITHDRAWN = 0
    ASSETS = 1
    ITEMS = 2
    LISTS = 3


@dataclass(frozen=True)
class WebObject:
    """One object as a store is to hold it. `source` is the file to send, a gzip copy where `encoding` says so."""

    key: str
    source: Path
    stage: Stage
    content_type: str
    cache_control: str
    encoding: str | None = None
    disposition: str | None = None

    def fingerprint(self) -> str:
        """What tells these bytes from others under the same key: their MD5 (as a store's ETag), or for an attachment,
        whose key holds the sha256, its size."""
        if self.key.startswith(FILES_PREFIX):
            return str(self.source.stat().st_size)
        return hashlib.md5(self.source.read_bytes(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Part:
    """A shared directory of the release. Two parts with the same `tree` hold the same; `name` is ``pages/07/31``."""

    name: str
    tree: str
    directory: Path


class PlainRelease:
    """One release of a site directory, by its own name and not through ``current``, which may change meanwhile."""

    def __init__(self, site: Path, name: str | None = None) -> None:
        """`name` None: the release readers see now. Raises `NoSuchReleaseError`."""
        self.name = name or _current(site)
        self._root = site / RELEASES / self.name
        try:
            Manifest.model_validate_json((self._root / MANIFEST).read_bytes())
        except (OSError, ValidationError) as error:
            raise NoSuchReleaseError(f"there is no complete release {self.name} in {site}") from error
        self._notice = self._root / page_path(GONE_ADDRESS)

    def parts(self) -> Iterator[Part]:
        """The shards of the pages, then the directories of the files."""
        for group in _links(self._root / PAGES, PAGES):
            yield from _links(group.directory, group.name)
        yield from _links(self._root / FILES, FILES)

    def objects(self, part: Part) -> Iterator[WebObject]:
        """What a store is to hold of one part."""
        of_files = part.name.startswith(f"{FILES}/")
        for path in _files_below(part.directory):
            name = path.relative_to(part.directory).as_posix()
            if of_files:
                yield _attachment(f"{FILES_PREFIX}{part.name.removeprefix(f'{FILES}/')}/{name}", path)
            elif name.endswith(GONE_SUFFIX):
                yield self._withdrawn(name)
            elif not (name.endswith(_COPIES) and path.with_suffix("").is_file()):
                yield _page(name, path)

    def revoked(self) -> list[UUID]:
        """The items that were withdrawn, or are for members only, when the release was made."""
        page = self._root / page_path(REVOKED_PATH)
        return [item.id for item in Revoked.model_validate_json(page.read_bytes()).items] if page.is_file() else []

    def holds(self, item: UUID) -> bool:
        """Whether an item is live in the release."""
        return (self._root / record_path(item)).is_file()

    def notice(self) -> str:
        """The fingerprint of the page that stands at every withdrawn address."""
        return self._withdrawn(GONE_SUFFIX).fingerprint()

    def _withdrawn(self, marker: str) -> WebObject:
        source, encoding = _compressed(self._notice)
        key = f"{marker.removesuffix(GONE_SUFFIX)}/{INDEX}"
        return WebObject(key, source, Stage.WITHDRAWN, _CONTENT_TYPES[PAGE_SUFFIX], NOTICE_CACHE, encoding)


def _current(site: Path) -> str:
    try:
        return Path(os.readlink(site / CURRENT)).name
    except OSError as error:
        raise NoSuchReleaseError(f"{site} shows no release; python -m publisher build makes one") from error


def _links(directory: Path, name: str) -> Iterator[Part]:
    """The shared directories that a directory links to; none when it is not there."""
    if directory.is_dir():
        for link in sorted(directory.iterdir()):
            tree = "/".join(Path(os.readlink(link)).parts[-2:])
            yield Part(f"{name}/{link.name}", tree, link)


def _files_below(directory: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory):
        folders.sort()
        yield from (Path(folder) / name for name in sorted(names))


def _attachment(key: str, source: Path) -> WebObject:
    suffix = source.suffix.lower()
    disposition = None if suffix in _SHOWN else "attachment"
    return WebObject(key, source, Stage.ASSETS, _content_type(suffix), FILE_CACHE, disposition=disposition)


def _page(name: str, path: Path) -> WebObject:
    source, encoding = _compressed(path)
    key = name
    if name.endswith(PAGE_SUFFIX) and name not in _NAMED_PAGES:
        key = f"{name.removesuffix(PAGE_SUFFIX)}/{INDEX}"
    cache = NOTICE_CACHE if name in _NOTICES else PAGE_CACHE
    return WebObject(key, source, _stage(key), _content_type(path.suffix), cache, encoding)


def _compressed(path: Path) -> tuple[Path, str | None]:
    """The gzip copy beside a page if there is one: a store cannot ask the browser, and every browser takes gzip."""
    copy = path.with_name(f"{path.name}.gz")
    return (copy, "gzip") if copy.is_file() else (path, None)


def _content_type(suffix: str) -> str:
    return _CONTENT_TYPES.get(suffix, "application/octet-stream")


def _stage(key: str) -> Stage:
    if PurePosixPath(key).suffix not in _LINKING:
        return Stage.ASSETS
    return Stage.ITEMS if is_item_path(f"/{key.removesuffix(INDEX)}") else Stage.LISTS
