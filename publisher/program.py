"""A hash of what a page's bytes come from beside the data: theme, contract, publisher and their libraries."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import contract
import publisher
import site_theme

# What these write ends up in pages, records and compressed copies.
_LIBRARIES = ("pelican", "jinja2", "markupsafe", "nh3", "feedgenerator", "brotli", "pydantic")
_IGNORED = frozenset({"__pycache__"})


@cache
def program_digest() -> str:
    """The hash, worked out once a process: what is installed under a running one counts from its next start."""
    digest = hashlib.blake2b(digest_size=16)
    for package in (contract, publisher, site_theme):
        root = Path(package.__file__ or "").parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and not _IGNORED.intersection(path.parts):
                digest.update(f"{path.relative_to(root.parent)}\0".encode())
                digest.update(hashlib.blake2b(path.read_bytes()).digest())
    digest.update(repr([(name, version(name)) for name in _LIBRARIES]).encode())
    return digest.hexdigest()
