"""When nothing was found: what can be left out of the search, with the number of results that gives."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from contract.folding import fold
from search.request import Scope, SearchRequest
from search.spelling import Counts
from search.texts import _

# Ways out that are shown: more would be another search to read.
MOST = 4
# Ways that are tried; each asks the engine to count, which has just answered that there is nothing.
MOST_TRIED = 8
MOST_WORDS_TRIED = 3
# After this many seconds no further way is tried: an empty page must come as quickly as a full one.
SECONDS = 0.15

_CHUNK = re.compile(r'-?["“”«»„][^"“”«»„]*["“”«»„]|\S+')
_QUOTES = re.compile(r'["“”«»„]')
_WORD = re.compile(r"[^\W_]+")
_OPERATORS = ("OR", "|", "HOẶC")


class LeftOut(StrEnum):
    """What a looser search does without."""

    FILTER = "filter"
    FILTERS = "filters"
    SCOPE = "scope"
    QUOTES = "quotes"
    EXCLUSIONS = "exclusions"
    WORDS = "words"


@dataclass(frozen=True)
class Loosening:
    """A looser search and how much it finds. `value` is the facet's name or the words that are left out, else empty."""

    left_out: LeftOut
    value: str
    request: SearchRequest
    total: int = 0

    @property
    def label(self) -> str:
        """What it does, in the reader's words."""
        if self.left_out is LeftOut.FILTER:
            return _("Do not narrow by %(facet)s") % {"facet": _facet_name(self.value)}
        if self.left_out is LeftOut.WORDS:
            return _("Leave out “%(words)s”") % {"words": self.value}
        return {
            LeftOut.FILTERS: _("Remove all filters"),
            LeftOut.SCOPE: _("Search in whole documents and news"),
            LeftOut.QUOTES: _("Search for the words without the quotes"),
            LeftOut.EXCLUSIONS: _("Do not leave any words out"),
        }[self.left_out]

    def to_json(self) -> dict[str, Any]:
        """For the API and the search page; `path` is the address of the looser search there."""
        return {
            "left_out": self.left_out.value,
            "value": self.value,
            "label": self.label,
            "path": self.request.address(1),
            "total": self.total,
        }


def loosenings(
    request: SearchRequest,
    count: Callable[[SearchRequest], int],
    counts: Counts,
    now: Callable[[], float] = time.monotonic,
) -> tuple[Loosening, ...]:
    """At most `MOST` looser searches that find something, for a search that found nothing.

    `count` counts what readers of the release find; it is called up to `MOST_TRIED` times, and not after `SECONDS`.
    `counts` tells which words are known.
    """
    return tuple(islice(_finding(islice(_looser(request.on_page(1), counts), MOST_TRIED), count, now), MOST))


def _finding(
    ways: Iterable[Loosening], count: Callable[[SearchRequest], int], now: Callable[[], float]
) -> Iterator[Loosening]:
    end = now() + SECONDS
    for way in ways:
        if now() >= end:
            return
        if total := count(way.request):
            yield replace(way, total=total)


def _looser(request: SearchRequest, counts: Counts) -> Iterator[Loosening]:
    """What to try, in the order in which it most likely stands in the way."""
    for name, value in request.filters:
        others = tuple(kept for kept in request.filters if kept != (name, value))
        yield Loosening(LeftOut.FILTER, name, replace(request, filters=others))
    if len(request.filters) > 1:
        yield Loosening(LeftOut.FILTERS, "", replace(request, filters=()))
    if request.scope is Scope.PROVISIONS:
        yield Loosening(LeftOut.SCOPE, "", replace(request, scope=Scope.DOCUMENTS))
    chunks = _CHUNK.findall(request.query)
    if any(_is_phrase(chunk) for chunk in chunks):
        bare = " ".join(_QUOTES.sub(" ", chunk) if _is_phrase(chunk) else chunk for chunk in chunks).split()
        if bare:
            yield Loosening(LeftOut.QUOTES, "", replace(request, query=" ".join(bare)))
    kept = [chunk for chunk in chunks if not _is_exclusion(chunk)]
    if 0 < len(kept) < len(chunks):
        yield Loosening(LeftOut.EXCLUSIONS, "", replace(request, query=" ".join(kept)))
    for words in _left_out(chunks, counts):
        rest = [chunk for chunk in chunks if chunk not in words]
        if any(not _is_exclusion(chunk) for chunk in rest):
            yield Loosening(LeftOut.WORDS, " ".join(words), replace(request, query=" ".join(rest)))


def _left_out(chunks: list[str], counts: Counts) -> Iterator[list[str]]:
    """Words to do without: all that stand nowhere, then one of the others at a time, the rarest first."""
    if any(chunk in _OPERATORS for chunk in chunks):
        return
    known = {chunk: _count(chunk, counts) for chunk in chunks if not _is_phrase(chunk) and not _is_exclusion(chunk)}
    if unknown := [chunk for chunk in known if not known[chunk]]:
        yield unknown
    common = sorted((chunk for chunk in known if known[chunk]), key=lambda chunk: known[chunk])
    if len(common) > 1:
        yield from ([chunk] for chunk in common[:MOST_WORDS_TRIED])


def _count(chunk: str, counts: Counts) -> int:
    """How often the rarest word of a chunk stands, with whatever marks. Numbers are not counted, so they are rare."""
    words = [word for word in _WORD.findall(fold(chunk)) if not any(letter.isdigit() for letter in word)]
    return min((sum(counts.spellings([word], 1).values()) for word in words), default=1)


def _is_phrase(chunk: str) -> bool:
    return bool(_QUOTES.match(chunk)) and len(chunk) > 1


def _is_exclusion(chunk: str) -> bool:
    return chunk.startswith("-") and len(chunk) > 1


def _facet_name(name: str) -> str:
    return {
        "type": _("document type"),
        "status": _("validity"),
        "issuer": _("issuing body"),
        "level": _("level"),
        "unit": _("publishing unit"),
        "year": _("year"),
        "topic": _("topic"),
    }[name]
