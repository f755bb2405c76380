"""Looks through a whole release as readers see it: nothing missing, nothing damaged, no link to nothing.

Reads the release only and trusts nothing that remembers how it was made.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from contract.addresses import FILES_PATH, PREFIXES
from contract.models import Term
from contract.release import (
    FILES,
    PAGES,
    RECORDS,
    SHARD_ITEMS,
    SITE_FACTS,
    VOCABULARY,
    Manifest,
    Record,
    ReleaseVocabulary,
    ShardItems,
    SiteFacts,
    page_path,
    record_path,
)
from contract.shards import GONE_SUFFIX, PAGE_SUFFIX
from contract.vocabulary import Kind
from publisher.compression import COPIES, compressed_copies, is_compressed
from publisher.errors import NoSuchReleaseError
from publisher.links import dead_references
from publisher.objects import object_name
from publisher.pages import GONE, NOT_FOUND, is_dynamic
from publisher.releases import Site

_NOTICES = {address.lstrip("/") for address in (NOT_FOUND, GONE)}


@dataclass(frozen=True)
class _Page:
    """A file of a shard and the address it answers for; `is_marker`: the address was withdrawn."""

    path: Path
    address: str
    is_marker: bool


class ReleaseCheck:
    """The check of one release. Raises `NoSuchReleaseError` when there is none that can be read."""

    def __init__(self, site: Site, name: str) -> None:
        self._release = site.path(name)
        manifest = site.manifest(name)
        if manifest is None:
            raise NoSuchReleaseError(f"there is no release {name} with a manifest that can be read")
        self._manifest: Manifest = manifest
        self._addresses: set[str] = set()

    def problems(self) -> Iterator[str]:
        """Everything that is wrong, each as a sentence."""
        for tree, name in self._manifest.trees.items():
            if _linked(self._release / tree) != name:
                yield f"{tree} is linked to another directory than the manifest says"
        pages = list(self._pages())
        self._addresses = {page.address for page in pages}
        shown = sum(not page.is_marker for page in pages)
        if (shown, len(pages) - shown) != (self._manifest.pages, self._manifest.gone):
            yield f"{shown} pages and {len(pages) - shown} markers are there, the manifest says otherwise"
        yield from self._shards()
        yield from self._dead_links(page for page in pages if page.path.suffix == PAGE_SUFFIX)
        yield from self._items()
        yield from self._files()

    def _pages(self) -> Iterator[_Page]:
        for shard in _shards(self._release / PAGES):
            for path in _files(shard):
                if path.suffix not in COPIES:
                    name = path.relative_to(shard).as_posix()
                    yield _Page(path, _address(name), name.endswith(GONE_SUFFIX))

    def _shards(self) -> Iterator[str]:
        """Every directory has the name that its content gives it; copies hold what the file beside them does."""
        for shard in _shards(self._release / PAGES):
            entries = {}
            for path in _files(shard):
                if path.suffix in COPIES:
                    continue
                data = path.read_bytes()
                name = path.relative_to(shard).as_posix()
                entries[name] = "" if name.endswith(GONE_SUFFIX) else hashlib.sha256(data).hexdigest()
                if is_compressed(name):
                    yield from _wrong_copies(path, data)
            if object_name(PAGES, entries) != _linked(shard):
                yield f"{shard} holds something else than its name says"

    def _dead_links(self, pages: Iterable[_Page]) -> Iterator[str]:
        facts = SiteFacts.model_validate_json((self._release / SITE_FACTS).read_bytes())
        for page in pages:
            html = page.path.read_text(encoding="utf-8")
            for target in dead_references(html, facts.base_url, page.address, self._answers):
                yield f"{page.address} links to {target}, where there is nothing"

    def _answers(self, target: str) -> bool:
        if target.startswith(FILES_PATH):
            return (self._release / FILES / target.removeprefix(FILES_PATH)).is_file()
        return target in self._addresses or is_dynamic(target)

    def _items(self) -> Iterator[str]:
        count = 0
        terms: list[Term] = []
        for shard in _shards(self._release / RECORDS):
            try:
                items = ShardItems.model_validate_json((shard / SHARD_ITEMS).read_bytes()).items
            except (OSError, ValidationError) as error:
                yield f"{shard / SHARD_ITEMS}: {error}"
                continue
            count += len(items)
            for id_, item in items.items():
                record = self._release / record_path(id_)
                if not record.is_file() or hashlib.sha256(record.read_bytes()).hexdigest() != item.record:
                    yield f"the record of {id_} is missing or damaged"
                elif item.path.startswith(PREFIXES[Kind.PAGE]):
                    terms += Record.model_validate_json(record.read_bytes()).snapshot.terms
                if not (self._release / page_path(item.path)).is_file():
                    yield f"the item {id_} has no page at {item.path}"
        if count != self._manifest.items:
            yield f"{count} items are there, the manifest says {self._manifest.items}"
        yield from self._vocabulary(terms)

    def _vocabulary(self, terms: Iterable[Term]) -> Iterator[str]:
        file = self._release / VOCABULARY
        try:
            held = ReleaseVocabulary.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            held = ReleaseVocabulary()
        except (OSError, ValidationError) as error:
            yield f"{file}: {error}"
            return
        if held != ReleaseVocabulary.of(terms):
            yield f"{file} holds other search terms than the live pages"

    def _files(self) -> Iterator[str]:
        for path in _files(self._release / FILES):
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != path.parent.name:
                    yield f"{path} does not hold the bytes its name says"


def _shards(tree: Path) -> Iterator[Path]:
    for group in sorted(tree.iterdir()):
        yield from sorted(group.iterdir())


def _files(directory: Path) -> Iterator[Path]:
    # With a slash at the end the link itself is followed, and so are those below it.
    for parent, _, names in os.walk(f"{directory}/", followlinks=True):
        yield from (Path(parent, name) for name in sorted(names))


def _linked(link: Path) -> str:
    target = Path(os.readlink(link))
    return target.parent.name + target.name


def _address(name: str) -> str:
    if name in _NOTICES:
        return f"/{name}"
    for suffix in (PAGE_SUFFIX, GONE_SUFFIX):
        if name.endswith(suffix):
            stem = name.removesuffix(suffix)
            return "/" if stem == "index" else f"/{stem}/"
    return f"/{name}"


def _wrong_copies(path: Path, data: bytes) -> Iterator[str]:
    for suffix, copy in compressed_copies(data).items():
        beside = path.with_name(path.name + suffix)
        if not beside.is_file() or beside.read_bytes() != copy:
            yield f"{beside} is missing or holds something else than {path.name}"
