"""How the parts of a document are numbered on the page, and how they are called when cited."""

import re

# Levels people look for: these get a heading even without words of their own to stand there.
_HEADED = frozenset({"phan", "chuong", "muc", "dieu", "phu-luc"})
_BARE = re.compile(r"(?:\d+(?:\.\d+)*[a-zđ]?|[IVXLC]+|[A-Z])$")


def marker(label: str, kind: str) -> str:
    """The number as official documents print it: ``1.`` for Khoản 1, ``a)`` for Điểm a, ``Điều 5.`` for Điều 5."""
    if kind == "diem":
        return label.removeprefix("Điểm ") + ")"
    return label.removeprefix("Khoản ") + "."


def heading(label: str, kind: str, words: str) -> str:
    """What stands in the heading of a part: number and `words`, if it has any; nothing for a part without a heading."""
    if words:
        return f"{marker(label, kind)} {words}"
    return label if kind in _HEADED else ""


def cited(label: str, above: str = "") -> str:
    """The name of a part inside a sentence, with those `above` it: ``khoản 1, Điều 5``.

    Resolutions number theirs without a word: ``mục II`` for II.
    """
    name = f"mục {label}" if _BARE.match(label) else label
    return f"{name}, {above}" if above else name
