"""Writes releases of a few pages in the real layout: shared directories named by their content, and links to them."""

import gzip
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from contract.shards import gone_name, page_name, page_shard_name, page_shard_number

SHELL = {
    "/": "<p>Trang chủ</p>",
    "/404.html": "<p>Không có</p>",
    "/410.html": "<p>Đã rút lại</p>",
    "/thu-hoi.json": '{"items":[],"schema":1}',
}


@dataclass
class ReleaseWriter:
    """A site directory. `pages` by address, `files` by path below ``/tep/``, `gone` addresses: fill and write."""

    site: Path
    pages: dict[str, str] = field(default_factory=lambda: dict(SHELL))
    files: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    written: int = 0

    def add_file(self, name: str, data: bytes) -> str:
        """An attachment; its key in a store."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.files[f"{sha256[:2]}/{sha256}/{name}"] = data
        return f"tep/{sha256[:2]}/{sha256}/{name}"

    def write(self) -> str:
        """A new release, made the current one."""
        self.written += 1
        name = f"{self.written:020d}"
        release = self.site / "releases" / name
        release.mkdir(parents=True)
        trees = {"pages": self._pages(), "files": self._files(), "records": self._tree({"ab": b"secret"})}
        for room, tree in trees.items():
            (release / room).symlink_to(f"../../objects/{tree[:2]}/{tree[2:]}")
        facts = {"schema": 2, "release": name, "seq": self.written, "day": "2026-11-22", "items": 1}
        counts = {"pages": len(self.pages), "gone": len(self.gone)}
        for file in ("site.json", "changes.json"):
            (release / file).write_text("{}")
        (release / "manifest.json").write_text(json.dumps(facts | counts | {"trees": trees}))
        self.show(name)
        return name

    def show(self, name: str) -> None:
        link = self.site / ".current-new"
        link.symlink_to(f"releases/{name}")
        os.replace(link, self.site / "current")

    def _pages(self) -> str:
        shards: dict[str, dict[str, bytes]] = {}
        for address, text in self.pages.items():
            shard = shards.setdefault(page_shard_name(page_shard_number(address)), {})
            shard[page_name(address)] = text.encode()
            if not address.endswith(".json"):
                shard[f"{page_name(address)}.gz"] = gzip.compress(text.encode(), 6, mtime=0)
                shard[f"{page_name(address)}.br"] = b"brotli"
        for address in self.gone:
            shards.setdefault(page_shard_name(page_shard_number(address)), {})[gone_name(address)] = b""
        groups: dict[str, dict[str, str]] = {}
        for shard_name, shard in shards.items():
            group, _, number = shard_name.partition("/")
            groups.setdefault(group, {})[number] = self._tree(shard)
        return self._links({group: self._links(links) for group, links in groups.items()})

    def _files(self) -> str:
        rooms: dict[str, dict[str, bytes]] = {}
        for path, data in self.files.items():
            room, _, rest = path.partition("/")
            rooms.setdefault(room, {})[rest] = data
        return self._links({room: self._tree(files) for room, files in rooms.items()})

    def _tree(self, files: dict[str, bytes]) -> str:
        name = _hash(*(f"{path}\0".encode() + data for path, data in sorted(files.items())))
        for path, data in files.items():
            file = self.site / "objects" / name[:2] / name[2:] / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return name

    def _links(self, trees: dict[str, str]) -> str:
        name = _hash(*(f"{link}\0{tree}".encode() for link, tree in sorted(trees.items())))
        directory = self.site / "objects" / name[:2] / name[2:]
        directory.mkdir(parents=True, exist_ok=True)
        for link, tree in trees.items():
            if not (directory / link).is_symlink():
                (directory / link).symlink_to(f"../../{tree[:2]}/{tree[2:]}")
        return name


def _hash(*pieces: bytes) -> str:
    return hashlib.sha256(b"\1".join(pieces)).hexdigest()[:40]
