"""Lays a release out as `contract.release` says, from a plain list of its files: shared directories and links."""

import hashlib
import os
from pathlib import Path
from uuid import uuid4

from contract.canonical import canonical_json
from contract.release import FILES, OBJECTS, PAGES, RECORDS, RELEASES

# How many levels of links stand between the release and the directories that hold files.
_LEVELS = {PAGES: 2, RECORDS: 2, FILES: 1}


def lay_out(site: Path, release: str, files: dict[str, bytes]) -> dict[str, str]:
    """Write `files`, by their paths below the release, and link to them; returns the names of the three trees."""
    directory = site / RELEASES / release
    directory.mkdir(parents=True)
    trees = {}
    for tree, levels in _LEVELS.items():
        contents = {path.removeprefix(f"{tree}/"): data for path, data in files.items() if path.startswith(f"{tree}/")}
        trees[tree] = _shared(site / OBJECTS, contents, levels)
        (directory / tree).symlink_to(Path("../..") / OBJECTS / _place(trees[tree]))
    return trees


def point_to(site: Path, release: str) -> None:
    """Switch `current`, as the publisher does: one rename."""
    link = site / "current.new"
    link.symlink_to(Path(RELEASES) / release)
    os.replace(link, site / "current")


def _shared(objects: Path, contents: dict[str, bytes], levels: int) -> str:
    """Make the directory of `contents` unless it is there already; returns its name."""
    if levels == 0:
        return _keep(objects, contents, {})
    parts: dict[str, dict[str, bytes]] = {}
    for path, data in contents.items():
        part, _, rest = path.partition("/")
        parts.setdefault(part, {})[rest] = data
    return _keep(objects, {}, {part: _shared(objects, below, levels - 1) for part, below in parts.items()})


def _keep(objects: Path, files: dict[str, bytes], links: dict[str, str]) -> str:
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    name = hashlib.sha256(canonical_json({"files": hashes, "links": links})).hexdigest()[:40]
    directory = objects / _place(name)
    if directory.exists():
        return name
    staged = objects / f"staged-{uuid4().hex}"
    staged.mkdir(parents=True)
    for path, data in files.items():
        (staged / path).parent.mkdir(parents=True, exist_ok=True)
        (staged / path).write_bytes(data)
    for part, target in links.items():
        (staged / part).symlink_to(Path("../..") / _place(target))
    directory.parent.mkdir(exist_ok=True)
    staged.rename(directory)
    return name


def _place(name: str) -> str:
    return f"{name[:2]}/{name[2:]}"
