"""Makes the shared directories of pages and records, one shard at a time: what did not change is linked, not written.

Each shard stands for itself, so many can be made side by side in several processes.
"""

import hashlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from contract.addresses import FILES_PATH
from contract.canonical import canonical_json
from contract.release import PAGES, RECORDS, SHARD_ITEMS, ManifestItem, ShardItems
from contract.shards import gone_name, page_name, page_shard_name
from publisher import disk
from publisher.changes import card_digest
from publisher.compression import COPIES, is_compressed
from publisher.errors import BuildError, DamagedReleaseError
from publisher.links import dead_references
from publisher.objects import Objects, object_name
from publisher.outline import Outline
from publisher.pages import Contents, Page, PageKind, Pages, is_dynamic
from publisher.plugin import Engine
from publisher.records import record_bytes
from publisher.replica import Replica

DROPPED = "dropped"
_MARKER = b""


@dataclass
class ShardOfPages:
    """What became of one shard of pages. `object` is None when nothing is left in it."""

    number: int
    object: str | None = None
    changed: list[tuple[str, bytes, str | None]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    written: int = 0
    tried: dict[str, int] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    dead_links: list[str] = field(default_factory=list)


@dataclass
class ShardOfRecords:
    """What became of one shard of records: rows of id, path, card digest and record hash."""

    name: str
    object: str | None = None
    changed: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    upserted: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


class ShardMaker:
    """Makes shards from what the replica holds. `code` stands for everything that is the same for all pages; `whole`
    means that the plan holds every page of the site."""

    def __init__(
        self, replica: Replica, pages: Pages, objects: Objects, engine: Engine, code: str, whole: bool
    ) -> None:
        self._replica = replica
        self._pages = pages
        self._objects = objects
        self._engine = engine
        self._code = code
        self._whole = whole
        self._answers: dict[str, bool] = {}

    def pages(self, number: int) -> ShardOfPages:
        """Make one shard of pages. Raises `BuildError` for a broken theme; an item that cannot be rendered is reported
        in the result."""
        result = ShardOfPages(number)
        rows = self._replica.db.execute("SELECT address, fingerprint, sha256 FROM page WHERE shard = ?", (number,))
        before = {address: (fingerprint, sha256) for address, fingerprint, sha256 in rows}
        after = {} if self._whole else dict(before)
        new: dict[str, bytes] = {}
        for page in self._planned(number):
            if isinstance(page, str):
                after.pop(page, None)
                continue
            old = before.get(page.address)
            made = self._page(page, old[0] if old else None, result)
            if made is None:
                if old is not None:
                    after[page.address] = old
                continue
            fingerprint, data = made
            sha256 = None if page.kind is PageKind.MARKER else hashlib.sha256(data).hexdigest()
            after[page.address] = (fingerprint, sha256)
            result.changed.append((page.address, fingerprint, sha256))
            if old is None or old[1] != sha256:
                new[page.address] = data
        result.written = len(new)
        result.dropped = [address for address in before if address not in after]
        if not result.failed:
            result.object = self._shard({address: sha256 for address, (_, sha256) in after.items()}, new, number)
        return result

    def records(self, name: str, touched: list[str]) -> ShardOfRecords:
        """Make one shard of records (``ab/c``), looking again at the items `touched`."""
        result = ShardOfRecords(name)
        digits = name.replace("/", "")
        rows = self._replica.db.execute(
            "SELECT id, path, record FROM built_item WHERE id >= ? AND id < ?", (digits, _after(digits))
        )
        before = {id_: ManifestItem(path=path, record=record) for id_, path, record in rows}
        after = {} if self._whole else dict(before)
        new: dict[str, bytes] = {}
        for id_ in touched:
            item = self._replica.item(id_)
            if item is None:
                after.pop(id_, None)
                continue
            outline = Outline.of(item.snapshot)
            data = record_bytes(self._pages.facts, item, outline)
            entry = ManifestItem(path=outline.path, record=hashlib.sha256(data).hexdigest())
            after[id_] = entry
            result.changed.append((id_, entry.path, card_digest(self._pages, outline), entry.record))
            if before.get(id_) is None or before[id_].record != entry.record:
                new[id_] = data
        result.upserted = sorted(new)
        result.removed = sorted(before.keys() - after.keys())
        result.object = self._record_shard(name, after, new)
        return result

    def _planned(self, number: int) -> list[Page | str]:
        rows = self._replica.db.execute(
            "SELECT address, kind, key, number, start FROM plan WHERE shard = ? ORDER BY address", (number,)
        ).fetchall()
        return [row[0] if row[1] == DROPPED else Page(row[0], PageKind(row[1]), *row[2:]) for row in rows]

    def _page(self, page: Page, before: bytes | None, result: ShardOfPages) -> tuple[bytes, bytes] | None:
        """Fingerprint and bytes of a page; None when it is as before, or failed, which is then in the result."""
        template = ""
        try:
            contents = self._pages.contents(page, self.exists)
            template = contents.template or ""
            fingerprint = contents.fingerprint(self._code)
            if fingerprint == before:
                return None
            result.tried[template] = result.tried.get(template, 0) + 1
            data = self._bytes(contents)
        except (BuildError, sqlite3.Error, OSError):
            raise
        except Exception as error:
            # Whatever the data of one item provokes must not stop the others.
            reason = f"{type(error).__name__}: {error}"
            if page.kind is not PageKind.ITEM:
                raise BuildError(f"the page {page.address} cannot be rendered: {reason}") from error
            result.failed[page.key] = (template, reason)
            return None
        if contents.template is not None:
            result.dead_links += self._dead_links(page.address, data.decode())
        return fingerprint, data

    def _bytes(self, contents: Contents) -> bytes:
        if contents.template is not None and contents.data is not None:
            return self._engine.generator.render(contents.template, contents.data).encode()
        return contents.text().encode() if contents.text is not None else _MARKER

    def exists(self, path: str) -> bool:
        """Whether something answers at an address in the release that is being made."""
        if path not in self._answers:
            self._answers[path] = is_dynamic(path) or self._is_planned(path)
        return self._answers[path]

    def _is_planned(self, path: str) -> bool:
        if path.startswith(FILES_PATH):
            file = path.removeprefix(FILES_PATH)
            return self._replica.db.execute("SELECT 1 FROM item_file WHERE file = ?", (file,)).fetchone() is not None
        row = self._replica.db.execute("SELECT kind FROM plan WHERE address = ?", (path,)).fetchone()
        if row is not None or self._whole:
            return row is not None and row[0] != DROPPED
        return self._replica.is_page(path)

    def _dead_links(self, address: str, html: str) -> list[str]:
        dead = dead_references(html, self._pages.site.base_url, address, self.exists)
        return [f"{address} links to {target}" for target in dead]

    def _shard(self, pages: dict[str, str | None], new: dict[str, bytes], number: int) -> str | None:
        if not pages:
            return None
        names = {address: page_name(address) if sha256 else gone_name(address) for address, sha256 in pages.items()}
        name = object_name(PAGES, {names[address]: sha256 or "" for address, sha256 in pages.items()})
        old = self._old(PAGES, page_shard_name(number))

        def fill(directory: Path) -> None:
            for below in sorted({file.rpartition("/")[0] for file in names.values()} - {""}):
                disk.make_directory(directory / below)
            for address, file in names.items():
                if address not in new:
                    _link_all(old, directory, [file, *(file + copy for copy in COPIES if is_compressed(file))])
                elif pages[address] is None:
                    disk.write(directory / file, _MARKER)
                else:
                    self._engine.writer.write_page(directory / file, new[address])

        self._objects.make(name, fill)
        return name

    def _record_shard(self, name: str, items: dict[str, ManifestItem], new: dict[str, bytes]) -> str | None:
        if not items:
            return None
        object_ = object_name(RECORDS, {id_: f"{entry.record} {entry.path}" for id_, entry in items.items()})
        old = self._old(RECORDS, name)

        def fill(directory: Path) -> None:
            for id_ in items:
                if id_ in new:
                    disk.write(directory / f"{id_}.json", new[id_])
                else:
                    _link_all(old, directory, [f"{id_}.json"])
            index = ShardItems.model_validate({"items": items})
            disk.write(directory / SHARD_ITEMS, canonical_json(index.model_dump(mode="json")))

        self._objects.make(object_, fill)
        return object_

    def _old(self, tree: str, name: str) -> Path | None:
        row = self._replica.db.execute("SELECT object FROM tree WHERE tree = ? AND name = ?", (tree, name)).fetchone()
        return self._objects.path(row[0]) if row else None


def _link_all(source: Path | None, target: Path, files: list[str]) -> None:
    for file in files:
        if source is None:
            raise DamagedReleaseError("a shared directory is not known")
        try:
            disk.link(source / file, target / file)
        except FileNotFoundError as error:
            raise DamagedReleaseError(f"{source / file} is missing") from error


def _after(prefix: str) -> str:
    """The first text after all that begin with `prefix` (hexadecimal digits)."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
