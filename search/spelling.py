"""What a query was meant to say: missing or wrong diacritics restored and typing errors mended, by counts alone.

Each syllable has candidates: itself, its other spellings, what one typing error away is known, and what its keys mean
to Telex. Viterbi's algorithm (IEEE Trans. Inf. Theory 13, 1967) finds the sequence of candidates that costs least,
where a candidate costs what its error is unlikely (`Penalties`) and what it is unlikely after the one before it
(bigrams interpolated with unigrams, Jelinek and Mercer 1980). Costs are natural logarithms of probabilities, negated.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log
from typing import Protocol

from contract.folding import fold
from contract.normalising import normalise_line
from search.lexicon import NUMBER
from search.telex import read_keys
from search.typing_errors import other_letters, swapped_letters

# Syllables after which a query is a text that was pasted, not words that were typed.
MOST_SYLLABLES = 24
# Letters of a mistyped syllable, or of two that ran together.
MOST_LETTERS = 16
# Candidates of a syllable with the same letters (every tone of every vowel), and with other ones.
MOST_SPELLINGS = 20
MOST_MENDED = 200
# Of two neighbours that are both mistyped, only so many readings are looked up side by side.
MOST_BOTH_MENDED = 40
# The longest syllable has seven letters ("nghiêng"); shorter unknown ones are rather mistyped.
FEWEST_LETTERS_OF_TWO = 5
# A query in parts. What is neither a syllable nor a number stays as it was typed and makes those around it strangers:
# phrases in quotes, words to leave out, letters joined by signs, the operator.
_PART = re.compile(
    r"""(?P<kept>-?["“”«»„][^"“”«»„]*(?:["“”«»„]|$)|(?<!\S)-\S+|\b(?:OR|HOẶC)\b)"""
    r"""|(?P<number>[^\s,]*\d[^\s,]*)|(?P<joined>[^\W\d_]+(?:[-/.&+][^\W\d_]+)+)|(?P<syllable>[^\W\d_]+)"""
)
_VOWEL = re.compile("[aeiouy]")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


class Counts(Protocol):
    """What the rules know of the language: `search.lexicon.Lexicon`, or a small one of a test."""

    @property
    def size(self) -> int:
        """Syllables counted in all."""

    def spellings(self, folded: Collection[str], most: int) -> dict[str, int]:
        """The commonest `most` spellings that fold to one of `folded`, with their counts."""

    def pairs(self, firsts: Collection[str], seconds: Collection[str]) -> dict[tuple[str, str], int]:
        """Counts of neighbours."""


@dataclass(frozen=True)
class Penalties:
    """What each difference between what was typed and what was meant costs, and how sure a suggestion must be."""

    # Marks left out are no error where the reader types none at all, and a likely one in a syllable without any.
    marks_left_out: float = 0.0
    marks_missing: float = 1.5
    # "quyêt" for "quyết": only the tone is missing; "bán" for "bàn": there is another one, on so many letters.
    tone_missing: float = 2.0
    mark_wrong: float = 4.0
    # The keys of Telex as they were hit: no other word is spelt so.
    keys: float = 1.0
    # A letter too much, too few, another one, or two that changed places; a letter with marks is rarely lost.
    mark_lost: float = 2.0
    letter_wrong: float = 5.5
    letters_swapped: float = 5.0
    # How much of a syllable's probability comes from the one before it.
    neighbours: float = 0.9
    # A syllable that stands nowhere counts as this many.
    unseen: float = 0.05
    # How much less a suggestion must cost than the query itself: e^5 is 150 to one.
    margin: float = 5.0


PENALTIES = Penalties()


@dataclass(frozen=True)
class Suggestion:
    """What was probably meant. `mends_letters` tells that more than diacritics differs."""

    query: str
    mends_letters: bool


@dataclass(frozen=True)
class _Candidate:
    """One reading of a syllable: what its error costs, and how often the spelling stands."""

    spelling: str
    cost: float
    count: int


@dataclass(frozen=True)
class _Syllable:
    """A syllable, or a number, as it was typed, where it stands in the query, and whether the one before is near."""

    typed: str
    start: int
    end: int
    follows: bool
    is_number: bool

    @property
    def spelling(self) -> str:
        """The form that is counted."""
        return NUMBER if self.is_number else self.typed.lower()

    @property
    def is_abbreviation(self) -> bool:
        """Whether it looks like one: capitals without a vowel."""
        return self.typed.isupper() and not _VOWEL.search(fold(self.typed))


@dataclass(frozen=True)
class _Reading:
    """A sequence of candidates and its cost."""

    cost: float
    spellings: tuple[str, ...]


def suggest(query: str, counts: Counts, penalties: Penalties = PENALTIES) -> Suggestion | None:
    """The query the reader probably meant; None when nothing is clearly better than what was typed.

    Deterministic. Whether it would find anything is the caller's to ask.
    """
    query = normalise_line(query)
    syllables = list(_syllables(query))
    if not syllables or len(syllables) > MOST_SYLLABLES or not counts.size:
        return None
    if (parted := _parted(query, syllables, counts)) != query:
        return Suggestion(further.query if (further := suggest(parted, counts, penalties)) else parted, True)
    reader = _Reader(syllables, counts, penalties)
    typed, restored = reader.as_typed(), reader.restored()
    mended = reader.mended(restored)
    # Letters are changed only where that is better than changing diacritics, not only than what was typed.
    best = mended if restored.cost - mended.cost >= penalties.margin else restored
    if best.spellings == typed.spellings or typed.cost - best.cost < penalties.margin:
        return None
    meant = _with_spellings(query, syllables, best.spellings)
    return Suggestion(meant, mends_letters=fold(meant) != fold(query))


class _Reader:
    """Knows what the syllables of one query may be, and what they cost."""

    def __init__(self, syllables: Sequence[_Syllable], counts: Counts, penalties: Penalties) -> None:
        self._syllables = syllables
        self._counts = counts
        self._penalties = penalties
        self._accented = any(fold(syllable.typed) != syllable.typed.lower() for syllable in syllables)
        self._size = counts.size
        self._followers: dict[str, dict[str, int]] = {}
        self._same = [self._same_letters(syllable) for syllable in syllables]
        for before, after in pairwise(self._same):
            self._learn(before, after)

    def as_typed(self) -> _Reading:
        """What stands there."""
        return self._cheapest([options[:1] for options in self._same])

    def restored(self) -> _Reading:
        """The best reading of the same letters."""
        return self._cheapest(self._same)

    def mended(self, restored: _Reading) -> _Reading:
        """The best reading when letters may be wrong too, where even the best of the same letters is doubtful."""
        other = [
            self._read_otherwise(syllable) if self._is_doubtful(place, restored) else []
            for place, syllable in enumerate(self._syllables)
        ]
        every = [[*same, *more] for same, more in zip(self._same, other, strict=True)]
        for place in range(1, len(every)):
            self._learn(self._same[place - 1], other[place])
            self._learn(other[place - 1], self._same[place])
            self._learn(other[place - 1][:MOST_BOTH_MENDED], other[place][:MOST_BOTH_MENDED])
        return self._cheapest(every)

    def _same_letters(self, syllable: _Syllable) -> list[_Candidate]:
        """What was typed, first, and the other spellings of its letters."""
        typed = syllable.spelling
        found = self._counts.spellings([NUMBER if syllable.is_number else fold(typed)], MOST_SPELLINGS)
        others = (_Candidate(word, self._cost_of_marks(typed, word), found[word]) for word in found if word != typed)
        return [_Candidate(typed, 0.0, found.get(typed, 0)), *others]

    def _read_otherwise(self, syllable: _Syllable) -> list[_Candidate]:
        keys = {candidate.spelling: candidate for candidate in self._meant_by_keys(syllable)}
        mended = (candidate for candidate in self._other_letters(syllable) if candidate.spelling not in keys)
        return [*keys.values(), *mended]

    def _other_letters(self, syllable: _Syllable) -> Iterator[_Candidate]:
        """Known syllables one typing error away, the commonest first."""
        folded = fold(syllable.spelling)
        swapped = swapped_letters(folded) - {folded}
        edits = (other_letters(folded) | swapped) - {folded} if len(folded) > 1 else swapped
        for word, count in self._counts.spellings(edits, MOST_MENDED).items():
            if _VOWEL.search(form := _folded(word)):
                cost = self._penalties.letters_swapped if form in swapped else self._penalties.letter_wrong
                marks_lost = sum(letter not in word for letter in syllable.spelling if not letter.isascii())
                yield _Candidate(word, cost + marks_lost * self._penalties.mark_lost, count)

    def _meant_by_keys(self, syllable: _Syllable) -> Iterator[_Candidate]:
        """The known syllable whose keys were typed."""
        if keys := read_keys(syllable.spelling):
            for word, count in self._counts.spellings([fold(keys.toneless)], MOST_SPELLINGS).items():
                if _toneless(word) == keys.toneless and _tone(word) == keys.tone:
                    yield _Candidate(word, self._penalties.keys, count)

    def _is_doubtful(self, place: int, reading: _Reading) -> bool:
        """Whether a syllable was never seen, or never beside its neighbours. A known abbreviation is not."""
        syllable, spelling = self._syllables[place], reading.spellings[place]
        if syllable.is_number or syllable.is_abbreviation:
            return False
        if not any(candidate.count for candidate in self._same[place]):
            return True
        before = reading.spellings[place - 1] if syllable.follows else None
        after = reading.spellings[place + 1] if self._has_follower(place) else None
        return not (
            (before is None or spelling in self._followers.get(before, ()))
            and (after is None or after in self._followers.get(spelling, ()))
        )

    def _has_follower(self, place: int) -> bool:
        return place + 1 < len(self._syllables) and self._syllables[place + 1].follows

    def _learn(self, before: Sequence[_Candidate], after: Sequence[_Candidate]) -> None:
        """Look up how often candidates of neighbouring syllables stand side by side."""
        if before and after:
            found = self._counts.pairs([option.spelling for option in before], [option.spelling for option in after])
            for (first, second), count in found.items():
                self._followers.setdefault(first, {})[second] = count

    def _cheapest(self, options: Sequence[Sequence[_Candidate]]) -> _Reading:
        """The best sequence with one of the options for each syllable (Viterbi)."""
        readings = [_Reading(0.0, ())]
        before: Sequence[_Candidate] = ()
        for syllable, candidates in zip(self._syllables, options, strict=True):
            readings = self._extended(readings, before if syllable.follows else (), candidates)
            before = candidates
        return min(readings, key=lambda reading: reading.cost)

    def _extended(
        self, readings: Sequence[_Reading], before: Sequence[_Candidate], candidates: Sequence[_Candidate]
    ) -> list[_Reading]:
        """For each candidate the best reading that ends with it.

        Most pairs stand nowhere: after those only the candidate itself counts, so the cheapest reading is the best.
        """
        share = self._penalties.neighbours if before else 0.0
        cheapest = min(readings, key=lambda reading: reading.cost)
        alone = [max(candidate.count, self._penalties.unseen) / self._size * (1 - share) for candidate in candidates]
        best = [(cheapest.cost - log(chance), cheapest) for chance in alone]
        places = {candidate.spelling: place for place, candidate in enumerate(candidates)}
        for reading, option in zip(readings, before, strict=False):
            for spelling, count in self._followers.get(option.spelling, {}).items():
                if (place := places.get(spelling)) is not None:
                    cost = reading.cost - log(share * count / max(option.count, count) + alone[place])
                    best[place] = min(best[place], (cost, reading), key=lambda found: found[0])
        return [
            _Reading(cost + candidate.cost, (*reading.spellings, candidate.spelling))
            for candidate, (cost, reading) in zip(candidates, best, strict=True)
        ]

    def _cost_of_marks(self, typed: str, meant: str) -> float:
        if fold(typed) == typed:
            return self._penalties.marks_missing if self._accented else self._penalties.marks_left_out
        if typed == _toneless(meant):
            return self._penalties.tone_missing
        return self._penalties.mark_wrong * sum(one != other for one, other in zip(typed, meant, strict=False))


def _syllables(query: str) -> Iterator[_Syllable]:
    """The syllables that may be changed, and the numbers between them."""
    end = -1
    for match in _PART.finditer(query):
        if match["number"] or (match["syllable"] and len(match["syllable"]) <= MOST_LETTERS):
            # A comma does not part what a sentence joins; it is rarely typed into a search box.
            follows = end >= 0 and query[end : match.start()].strip(" ,") == ""
            yield _Syllable(match[0], match.start(), match.end(), follows, bool(match["number"]))
            end = match.end()


def _parted(query: str, syllables: Sequence[_Syllable], counts: Counts) -> str:
    """The query with a space where two syllables ran together: "nghịquyết"."""
    spellings = [_as_two(syllable, counts) or syllable.spelling for syllable in syllables]
    return _with_spellings(query, syllables, spellings)


def _as_two(syllable: _Syllable, counts: Counts) -> str | None:
    """The two neighbours that an unknown run of letters is; None where one syllable explains it."""
    typed, folded = syllable.spelling, fold(syllable.spelling)
    if syllable.is_number or len(typed) < FEWEST_LETTERS_OF_TWO or read_keys(typed):
        return None
    if counts.spellings([folded], 1) or counts.spellings(other_letters(folded) | swapped_letters(folded), 1):
        return None
    together: dict[str, int] = {}
    for place in range(2, len(typed) - 1):
        first, second = typed[:place], typed[place:]
        firsts, seconds = (counts.spellings([fold(half)], MOST_SPELLINGS) for half in (first, second))
        if firsts and seconds and (found := counts.pairs(firsts, seconds)):
            together[f"{first} {second}"] = sum(found.values())
    return max(together, key=lambda halves: together[halves], default=None)


def _with_spellings(query: str, syllables: Sequence[_Syllable], spellings: Sequence[str]) -> str:
    parts, place = [], 0
    for syllable, spelling in zip(syllables, spellings, strict=True):
        written = syllable.typed if syllable.is_number else _in_case_of(syllable.typed, spelling)
        parts += [query[place : syllable.start], written]
        place = syllable.end
    return "".join((*parts, query[place:]))


def _in_case_of(typed: str, spelling: str) -> str:
    if typed.lower() == spelling:
        return typed
    if len(typed) > 1 and typed.isupper():
        return spelling.upper()
    return spelling[:1].upper() + spelling[1:] if typed[:1].isupper() else spelling


@lru_cache(maxsize=20_000)
def _folded(spelling: str) -> str:
    """`fold` of a spelling of the lexicon: the same few thousand come back with every query."""
    return fold(spelling)


def _toneless(word: str) -> str:
    """ "quyết" gives "quyêt": the tone is gone, the vowel is the same."""
    return unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", word) if c not in _TONES))


def _tone(word: str) -> str:
    """The tone of a syllable as a combining mark; empty for the level one."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if c in _TONES)
