"""What a query that is being typed may become: titles, numbers, and queries the boards approved. No one's history.

Every offer is live in the release readers see; diacritics may be left out, and count when they are typed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice

from contract.folding import fold
from contract.normalising import normalise
from contract.numbers import number_key
from search.lexicon import Lexicon, Named
from search.releases import Release
from search.request import MAX_QUERY_LENGTH

# A list that is heard, and shown above a phone's keyboard, must be short.
MOST = 8
MOST_QUERIES = 3
MOST_NUMBERS = 4
# Fewer letters begin everything; more words than these are a text, not the beginning of one.
FEWEST_LETTERS = 2
MOST_WORDS = 40
# Items of each way to match that are looked at: some are there for the order, some may be withdrawn.
_LOOKED_AT = 32
_WORD = re.compile(r"[^\W_]+")


class CompletionKind(StrEnum):
    """Where a completion comes from."""

    QUERY = "query"
    NUMBER = "number"
    TITLE = "title"


@dataclass(frozen=True)
class Completion:
    """A query to offer. `hint` says what a number is the number of."""

    text: str
    kind: CompletionKind
    hint: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """As the API says it."""
        return {"text": self.text, "kind": self.kind.value, "hint": self.hint}


@dataclass(frozen=True)
class _Typed:
    """What was typed: folded words, of which the last may be half a word, and the words with marks."""

    text: str
    words: tuple[str, ...]
    is_open: bool
    marked: tuple[str, ...]

    @property
    def has_digits(self) -> bool:
        """Whether it may be (part of) a number."""
        return any(character.isdigit() for word in self.words for character in word)

    def begins(self, text: str) -> bool:
        """Whether a text begins with the words."""
        begun = " ".join(self.words) + ("" if self.is_open else " ")
        return f"{_folded(text)} ".startswith(begun)

    def is_marked_as(self, text: str) -> bool:
        """Whether the words with marks stand in a text with the same ones."""
        return all(f" {word}" in f" {text.lower()}" for word in self.marked)


def complete(typed: str, lexicon: Lexicon, release: Release, queries: Iterable[str] = ()) -> list[Completion]:
    """At most `MOST` completions, the likeliest first. `queries` are those the boards approved.

    The last word counts as half typed unless a space follows. Any text is safe.
    """
    asked = _read(typed)
    if len("".join(asked.words)) < FEWEST_LETTERS or len(asked.words) > MOST_WORDS:
        return []

    def live(found: Iterable[Named]) -> Iterator[Named]:
        return (named for named in found if release.holds(named.id, named.record))

    approved = (Completion(query, CompletionKind.QUERY) for query in queries if asked.begins(query))
    offered = chain(
        islice(approved, MOST_QUERIES),
        islice(_once(_numbers(asked, lexicon, live)), MOST_NUMBERS),
        _titles(asked, lexicon, live),
    )
    return list(islice(_once(offered), MOST))


def _read(typed: str) -> _Typed:
    text = normalise(typed[:MAX_QUERY_LENGTH])
    marked = (word for word in _WORD.findall(text.lower()) if fold(word) != word)
    return _Typed(text, tuple(_WORD.findall(fold(text))), not text[-1:].isspace(), tuple(marked))


_Live = Callable[[Iterable[Named]], Iterator[Named]]


def _numbers(asked: _Typed, lexicon: Lexicon, live: _Live) -> Iterator[Completion]:
    """Numbers that begin so ("18-nq"), then those of a type ("nghị quyết 18")."""
    if not asked.has_digits:
        return
    key = number_key(asked.text)
    begun = lexicon.numbered(key, _LOOKED_AT) if key[:1].isdigit() else []
    for named in live(chain(begun, lexicon.named(f"number : ({_all_words(asked)})", _LOOKED_AT))):
        if named.number:
            yield Completion(named.number, CompletionKind.NUMBER, hint=named.title)


def _titles(asked: _Typed, lexicon: Lexicon, live: _Live) -> Iterator[Completion]:
    """Titles that begin with the words, then those that hold them in a row, then those that hold them all."""
    row = f'"{" ".join(asked.words)}"{" *" if asked.is_open else ""}'
    for match in (f"title : ^ {row}", f"title : {row}", _all_words(asked)):
        found = sorted(lexicon.named(match, _LOOKED_AT), key=lambda named: not asked.is_marked_as(named.title))
        for named in live(found):
            yield Completion(named.title[:MAX_QUERY_LENGTH], CompletionKind.TITLE)


def _all_words(asked: _Typed) -> str:
    """An FTS5 query; every word stands in quotes, so that nothing a reader types is an operator."""
    words = [f'"{word}"' for word in asked.words]
    return " AND ".join(words) + (" *" if asked.is_open else "")


@lru_cache(maxsize=5_000)
def _folded(query: str) -> str:
    """The words of an approved query: they are the same with every letter that is typed."""
    return " ".join(_WORD.findall(fold(query)))


def _once(offered: Iterable[Completion]) -> Iterator[Completion]:
    """Each text once, however it is written."""
    seen = set()
    for completion in offered:
        if (key := fold(completion.text)) not in seen:
            seen.add(key)
            yield completion
