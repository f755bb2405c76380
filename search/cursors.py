"""Where a list by date goes on: the sort values of its last result, as text for an address."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any
from uuid import UUID

# Milliseconds; far beyond any date of a document.
_LARGEST = 10**15

Cursor = tuple[int, int, str]


def write_cursor(values: Sequence[Any]) -> str:
    """Day, time of publication (both milliseconds since 1970) and id as text."""
    return urlsafe_b64encode(json.dumps(list(values), separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor | None:
    """The values `write_cursor` wrote; None for any other text."""
    if not text or len(text) > 200 or not text.isascii():
        return None
    try:
        values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        day, published, item = values
        if not all(type(time) is int and abs(time) < _LARGEST for time in (day, published)):
            return None
        return day, published, str(UUID(item))
    except (ValueError, TypeError, AttributeError):
        return None
