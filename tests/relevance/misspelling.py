"""How people type what they look for: without diacritics, with typing errors, with other dashes and spaces."""

import re
import unicodedata
from random import Random

_WORD = re.compile(r"[^\W\d_]{2,}")
_LETTERS = "abcdeghiklmnopqrstuvxy"
# A number or part of one; what follows "điều" and the like is the provision's.
_NUMBER = re.compile(r"(?<!điều )(?<!khoản )(?<!điểm )(?<!năm )\b(?<![\w.])\d[\d.]*(?:[-/][^\s]+)?")


def without_diacritics(text: str) -> str:
    """The same letters without marks, capitals as they are (OR must stay one)."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def with_typing_error(word: str, rng: Random) -> str:
    """A letter too much, another one, one too few, or two that changed places."""
    n, letter = rng.randrange(len(word)), rng.choice(_LETTERS)
    kinds = [word[:n] + letter + word[n:], word[:n] + letter + word[n + 1 :]]
    if len(word) > 2:
        n = rng.randrange(len(word) - 1)
        kinds += [word[:n] + word[n + 1 :], word[:n] + word[n + 1] + word[n] + word[n + 2 :]]
    return rng.choice(kinds)


def with_one_error(text: str, seed: int) -> str | None:
    """A typing error in one word of three letters or more in small ones; None where there is none."""
    rng = Random(seed)
    places = [match.span() for match in _WORD.finditer(text) if match[0].islower() and len(match[0]) > 2]
    places = [place for place in places if text[: place[0]].rstrip('"')[-1:] != "-"]
    return _replaced(text, rng.choice(places), rng) if places else None


def with_errors(text: str, rng: Random) -> str:
    """A typing error in one of every four syllables, which are two words."""
    places = [match.span() for match in _WORD.finditer(text)]
    for start in reversed(range(0, len(places), 4)):
        text = _replaced(text, rng.choice(places[start : start + 4]), rng)
    return text


def with_so(text: str) -> str | None:
    """ "số" before the number; None where there is no number, or has it already."""
    match = _NUMBER.search(text)
    if match is None or text[: match.start()].rstrip().endswith("số"):
        return None
    return f"{text[: match.start()]}số {text[match.start() :]}"


def with_other_separators(text: str) -> str | None:
    """The number with a long dash and another slash, and spaces around them; None where it has neither."""
    match = _NUMBER.search(text)
    if match is None:
        return None
    number = re.sub(r"\s*/\s*", " ⁄ ", re.sub(r"\s*-\s*", " – ", match[0]))
    return f"{text[: match.start()]}{number}{text[match.end() :]}" if number != match[0] else None


def _replaced(text: str, place: tuple[int, int], rng: Random) -> str:
    start, end = place
    return text[:start] + with_typing_error(text[start:end], rng) + text[end:]
