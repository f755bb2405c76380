"""What the boards taught the search box: abbreviations, synonyms, other names of documents, queries to offer.

Pure: made from the terms of a release, asked with what a reader typed (`normalise_line` of it, which places refer to).
Words are the same in any case and without diacritics, unless the reader typed diacritics that say otherwise.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from contract.folding import fold
from contract.models import Term
from contract.vocabulary import TermKind

_WORD = re.compile(r"[^\W\d_]+|\d+")  # TW4 is two words
# Up to XXXIX: congresses, sessions and parts are counted so.
_ROMAN = re.compile(r"(x{0,3})(ix|iv|v?i{0,3})")
_ROMAN_ONES = {"": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
# Consonants, vowels, consonants: an abbreviation of this shape (TƯ, CA) reads as another word, too.
_SYLLABLE = re.compile(
    "(?:b|c|ch|d|g|gh|h|k|kh|l|m|n|ng|ngh|nh|p|ph|q|r|s|t|th|tr|v|x)?[aeiouy]{1,3}(?:c|ch|m|n|ng|nh|p|t)?"
)


@dataclass(frozen=True)
class Expansion:
    """Words of a query that may be said otherwise: in the ways the boards wrote down."""

    start: int
    end: int
    alternatives: tuple[str, ...]


@dataclass(frozen=True)
class NamedDocument:
    """Words of a query that are another name of a document; `issued_on` is told where several share the number."""

    start: int
    end: int
    number: str
    issued_on: date | None = None


class Vocabulary:
    """The terms of a release. `queries` may be offered while readers type."""

    def __init__(self, others: "_Phrases", names: "_Phrases", queries: tuple[str, ...]) -> None:
        """`Vocabulary.of` makes one."""
        self._others = others
        self._names = names
        self.queries = queries

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Self:
        """The vocabulary of `terms`.

        A synonym holds both ways. An abbreviation is only ever written out: hardly a text has the short form alone, and
        there it may stand for something else.
        """
        terms = tuple(terms)
        others, names = _Phrases(), _Phrases()
        for term in terms:
            if term.means:
                others.add(_words(term.words), term)
                if term.kind is TermKind.SYNONYM:
                    others.add(_words(term.means), term.model_copy(update={"words": term.means, "means": term.words}))
        for term in terms:
            if term.kind is TermKind.ALIAS:
                for reading in _readings(term.words, others):
                    names.add(reading, term)
        return cls(others, names, tuple(term.words for term in terms if term.kind is TermKind.QUERY))

    def expand(self, query: str) -> tuple[Expansion, ...]:
        """What of a query may be said otherwise: of overlapping words the longest, from left to right."""
        return tuple(
            Expansion(words[0].start, words[-1].end, tuple(dict.fromkeys(term.means for term in terms if term.means)))
            for words, terms in self._others.find(_words(query), _is_meant_in(query))
        )

    def aliases(self, query: str) -> tuple[NamedDocument, ...]:
        """The documents a query calls by another name, also with abbreviations and either kind of numerals ("NQ TW 4
        khoá 12" for "Nghị quyết Trung ương 4 khoá XII"). Several at one place when they share the name."""
        found = {
            NamedDocument(words[0].start, words[-1].end, term.number or "", term.issued_on): None
            for reading in _readings(query, self._others)
            for words, terms in self._names.find(reading)
            for term in terms
        }
        return tuple(found)


@dataclass(frozen=True)
class _Word:
    """A word, folded and as typed, and its place in the text: for one that was written out, that of the short form."""

    folded: str
    typed: str
    start: int
    end: int


@dataclass
class _Phrases:
    """Terms by their folded words."""

    terms: dict[tuple[str, ...], list[Term]] = field(default_factory=lambda: defaultdict(list))
    longest: int = 0

    def add(self, words: Sequence[_Word], term: Term) -> None:
        """Have `term` found by `words`."""
        known = self.terms[_key(words)] if words else []
        if term not in known:
            known.append(term)
        self.longest = max(self.longest, len(words))

    def find(
        self, words: Sequence[_Word], is_meant: Callable[[Sequence[_Word], Term], bool] = lambda _words, _term: True
    ) -> Iterator[tuple[Sequence[_Word], list[Term]]]:
        """The longest words that are a term's, from left to right."""
        place = 0
        while place < len(words):
            for length in range(min(self.longest, len(words) - place), 0, -1):
                run = words[place : place + length]
                if terms := [term for term in self.terms.get(_key(run), ()) if is_meant(run, term)]:
                    yield run, terms
                    place += length
                    break
            else:
                place += 1


def _words(text: str) -> list[_Word]:
    return [_Word(fold(match[0]), match[0], match.start(), match.end()) for match in _WORD.finditer(text)]


def _key(words: Sequence[_Word]) -> tuple[str, ...]:
    return tuple(word.folded for word in words)


def _is_meant_in(query: str) -> Callable[[Sequence[_Word], Term], bool]:
    """Whether words of `query` mean a term whose folded words they are.

    "tự" is not TƯ, and neither is "tu" or "tư", which are words: such an abbreviation has to be typed in capitals.
    """
    capitals_tell = query != query.upper() or len(query.split()) == 1

    def is_meant(words: Sequence[_Word], term: Term) -> bool:
        pairs = list(zip(words, _words(term.words), strict=True))
        if any(typed.typed.lower() not in (typed.folded, written.typed.lower()) for typed, written in pairs):
            return False
        if term.kind is not TermKind.ABBREVIATION or len(pairs) > 1 or not _SYLLABLE.fullmatch(words[0].folded):
            return True
        return capitals_tell and words[0].typed.isupper()

    return is_meant


def _readings(text: str, others: _Phrases) -> list[list[_Word]]:
    """The words of a text as they stand, and with abbreviations written out, one reading for each meaning an
    abbreviation has; all with numerals in Arabic."""
    words, is_meant = _words(text), _is_meant_in(text)
    short = list(others.find(words, lambda run, term: term.kind is TermKind.ABBREVIATION and is_meant(run, term)))
    meanings = max((len(terms) for _, terms in short), default=0)
    readings = [words, *(_written_out(words, short, meaning) for meaning in range(meanings))]
    return [[_in_arabic(word) for word in reading] for reading in readings]


def _written_out(words: Sequence[_Word], short: list[tuple[Sequence[_Word], list[Term]]], meaning: int) -> list[_Word]:
    ends = {run[0].start: (run[-1].end, terms[min(meaning, len(terms) - 1)]) for run, terms in short}
    written: list[_Word] = []
    end = 0
    for word in words:
        if word.start in ends:
            end, term = ends[word.start]
            written += [_Word(part.folded, part.typed, word.start, end) for part in _words(term.means or "")]
        elif word.start >= end:
            written.append(word)
    return written


def _in_arabic(word: _Word) -> _Word:
    match = _ROMAN.fullmatch(word.folded)
    if not match or not word.folded:
        return word
    return _Word(str(10 * len(match[1]) + _ROMAN_ONES[match[2]]), word.typed, word.start, word.end)
