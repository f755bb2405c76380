"""ASCII names for addresses, by rule (đ becomes d; Django's own slugify drops it)."""

import re
from collections.abc import Container

from contract.folding import fold

MAX_LENGTH = 80
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


def slugify(text: str, max_length: int = MAX_LENGTH) -> str:
    """Return ``nghi-quyet-18-nq-tw`` for ``Nghị quyết 18-NQ/TW``; cut at a word boundary; empty if nothing is left."""
    slug = _NOT_IN_SLUG.sub("-", fold(text)).strip("-")
    if len(slug) <= max_length:
        return slug
    cut = slug[: max_length + 1].rpartition("-")[0]
    return cut or slug[:max_length]


def unique_slug(slug: str, taken: Container[str], max_length: int = MAX_LENGTH) -> str:
    """Return `slug`, or the first of ``slug-2``, ``slug-3``… that is not in `taken`: the same answer on every run."""
    if slug not in taken:
        return slug
    number = 2
    while True:
        suffix = f"-{number}"
        candidate = slug[: max_length - len(suffix)].rstrip("-") + suffix
        if candidate not in taken:
            return candidate
        number += 1
