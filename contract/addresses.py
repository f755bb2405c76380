"""Addresses of the reading site: which paths items may have, and which belong to the site itself."""

import re
from contextlib import suppress

from contract.vocabulary import Kind

MAX_PATH_BYTES = 240
_PATH = re.compile(r"^/(?:[a-z0-9]+(?:-+[a-z0-9]+)*/)+$")

SEARCH_PATH = "/tim-kiem/"
FILES_PATH = "/tep/"
# What was withdrawn, for copies that readers keep offline.
REVOKED_PATH = "/thu-hoi.json"

PREFIXES: dict[Kind, str] = {
    Kind.NEWS: "/tin-tuc/",
    Kind.DOCUMENT: "/van-ban/",
    Kind.GUIDANCE: "/huong-dan/",
    Kind.UNIT: "/don-vi/",
    Kind.PAGE: "/trang/",
}

# Names the site uses below a kind's prefix (pages of a list, years, types, feeds); an item may not take them.
RESERVED_SLUGS = frozenset({"trang", "nam", "loai", "chu-de", "co-quan", "feed", "index"})


class UnsafePathError(ValueError):
    """A path that must never reach the file system or the site; the message says why."""


def check_path(path: str) -> str:
    """Return `path` if it is a safe absolute directory path of ASCII slugs (``/van-ban/nghi-quyet-71-nq-tw/``).

    Raises `UnsafePathError` for anything else: no dots, no escapes, no back-slashes, no empty segments, so a checked
    path cannot leave the directory it is joined to.
    """
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        raise UnsafePathError(f"the path is longer than {MAX_PATH_BYTES} bytes")
    if not _PATH.match(path) or path.endswith("\n"):
        raise UnsafePathError(f"the path {path!r} is not made of lower-case ASCII slugs between slashes")
    return path


def check_item_path(path: str, kind: Kind) -> str:
    """`check_path`, and the path is one slug below the prefix of its kind and not one of the site's own."""
    check_path(path)
    prefix = PREFIXES[kind]
    slug = path.removeprefix(prefix).rstrip("/")
    if not path.startswith(prefix) or not slug or "/" in slug:
        raise UnsafePathError(f"the path {path!r} of a {kind.value} item must be one name below {prefix}")
    if slug in RESERVED_SLUGS or slug.isdigit():
        raise UnsafePathError(f"the name {slug!r} is used by the site itself")
    return path


def is_item_path(path: str) -> bool:
    """Whether an item of some kind may stand at `path`."""
    for kind in Kind:
        with suppress(UnsafePathError):
            check_item_path(path, kind)
            return True
    return False


def item_path(kind: Kind, slug: str) -> str:
    """The address of an item: ``item_path(Kind.DOCUMENT, "nghi-quyet-71-nq-tw")``."""
    return check_item_path(f"{PREFIXES[kind]}{slug}/", kind)
