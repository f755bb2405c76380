"""How the parts of a document are numbered on the page, and how they are called when cited."""

import re

_BARE = re.compile(r"(?:\d+(?:\.\d+)*[a-zđ]?|[IVXLC]+|[A-Z])$")


def marker(label: str, kind: str) -> str:
    """The number as official documents print it: ``1.`` for Khoản 1, ``a)`` for Điểm a, ``Điều 5.`` for Điều 5."""
    if kind == "diem":
        return label.removeprefix("Điểm ") + ")"
    return label.removeprefix("Khoản ") + "."


def cited(label: str) -> str:
    """The name of a part inside a sentence; resolutions number theirs without a word: ``mục II`` for II."""
    return f"mục {label}" if _BARE.match(label) else label
