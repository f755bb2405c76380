"""Makes safe HTML out of text and the words that were found in it, keeping the text's own diacritics."""

import re
from collections import Counter
from functools import lru_cache

from markupsafe import Markup, escape

from contract.folding import fold

_WORD = re.compile(r"[^\W_]+")
# Two syllables side by side are mostly one word; one mark is easier on eyes and screen readers than two.
_BETWEEN_MARKS = re.compile(r"</mark>([ \n]+)<mark>")
# Where an excerpt is looked for: a reader sees only 200 characters, and the answer stands early in almost every text.
LOOKED_AT = 60_000


def escape_marked(text: str, opening: str, closing: str) -> Markup:
    """Escape `text` and turn the sentinels `opening` and `closing` into `<mark>`; lone ones vanish."""
    html = str(escape(text))
    html = re.sub(f"{opening}([^{opening}{closing}]*){closing}", r"<mark>\1</mark>", html)
    html = _BETWEEN_MARKS.sub(r"\1", html)
    return Markup(re.sub(f"[{opening}{closing}]", "", html))  # noqa: S704 - escaped above


def excerpt(text: str, words: frozenset[str], folded: str = "", length: int = 220) -> Markup:
    """About `length` characters of `text` around most of `words` (folded), with them marked.

    Where `folded` is the text folded letter for letter, they are looked for there, in a tenth of the time.
    """
    is_in_place = len(folded) == len(text)
    text = text[:LOOKED_AT]
    hits = _places(folded[:LOOKED_AT], words) if is_in_place else _places_as_written(text, words)
    start = _densest(text, hits, length)
    # Begin at a word, with a little of what stands before.
    start = text.rfind(" ", 0, max(start - length // 6, 0) + 1) + 1
    end = len(text) if len(text) - start <= length else text.rfind(" ", start + 1, start + length)
    end = end if end > start else min(start + length, len(text))
    parts = [escape("… " if start else "")]
    place = start
    for first, last in hits:
        if first >= start and last <= end:
            parts += [escape(text[place:first]), Markup("<mark>"), escape(text[first:last]), Markup("</mark>")]
            place = last
    parts += [escape(text[place:end]), escape(" …" if end < len(text) else "")]
    html = _BETWEEN_MARKS.sub(r"\1", Markup("").join(parts))
    return Markup(html)  # noqa: S704 - joined from escaped parts


def folded_words(text: str) -> frozenset[str]:
    """The words of a query in the form `excerpt` compares."""
    return frozenset(_WORD.findall(fold(text)))


def _places(folded: str, words: frozenset[str]) -> list[tuple[int, int]]:
    one_of_them = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})\b")
    return [match.span() for match in one_of_them.finditer(folded)] if words else []


def _places_as_written(text: str, words: frozenset[str]) -> list[tuple[int, int]]:
    return [match.span() for match in _WORD.finditer(text) if _folded(match[0]) in words]


def _densest(text: str, hits: list[tuple[int, int]], length: int) -> int:
    """Start of the window of `length` characters with the most different words, then the most; the first of equals."""
    best, best_worth = 0, (0, 0)
    inside: Counter[str] = Counter()
    last = 0
    for first, (start, end) in enumerate(hits):
        while last < len(hits) and hits[last][1] <= start + length:
            inside[_folded(text[slice(*hits[last])])] += 1
            last += 1
        worth = (len(inside), last - first)
        if worth > best_worth:
            best, best_worth = start, worth
        word = _folded(text[start:end])
        inside[word] -= 1
        if inside[word] <= 0:
            del inside[word]
    return best


@lru_cache(maxsize=50_000)
def _folded(word: str) -> str:
    return fold(word)
