"""What a reader means as queries of FTS5. Every word stands in quotes, so that nothing anybody types is an operator."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from contract.folding import fold
from search.fallback_rows import AS_WRITTEN, FOLDED

# Words of a question after which every further one only costs time.
MOST_WORDS = 40

_WORD = re.compile(r"[^\W_]+")
_RULE = re.compile(r"(\d+)<(-?\d+)(%?)")


def folded_sequence(text: str) -> tuple[str, ...]:
    """The words of a text as they are indexed."""
    return tuple(_WORD.findall(fold(text))[:MOST_WORDS])


def all_of(words: Sequence[str]) -> str:
    """All of these words, wherever in an item."""
    return f"{FOLDED} : ({' AND '.join(map(quoted, dict.fromkeys(words)))})"


def any_of(texts: Iterable[str]) -> str:
    """At least one of these words and phrases."""
    return " OR ".join(map(quoted, texts))


def pairs(words: Sequence[str]) -> list[str]:
    """Neighbours: two syllables are mostly one word."""
    return list(dict.fromkeys(" ".join(pair) for pair in pairwise(words)))


def phrase(text: str) -> str | None:
    """A text that stands in an item as it is, whatever its diacritics; None when there is no word in it."""
    words = folded_sequence(text)
    return f"{FOLDED} : {quoted(' '.join(words))}" if words else None


def phrase_as_typed(text: str) -> str | None:
    """A text that stands in an item; diacritics that were typed have to agree. Attachments are known without them."""
    if fold(text) == text.lower():
        return phrase(text)
    words = _WORD.findall(text.lower())
    return f"{AS_WRITTEN} : {quoted(' '.join(words))} OR attachments : {quoted(' '.join(folded_sequence(text)))}"


def least_of(rule: str, words: int) -> int:
    """How many of so many words a row must hold, by a rule as Elasticsearch writes it: "2<-1 4<60%" is all of two,
    all but one of three or four, six tenths of more."""
    least = words
    for above, number, percent in _RULE.findall(rule):
        if words > int(above):
            part = words * int(number) // 100 if percent else int(number)
            least = part if percent else words + part
    return max(least, 1)


def quoted(text: str) -> str:
    """Words side by side, as a string of FTS5. There is no quotation mark in them."""
    return f'"{text}"'
