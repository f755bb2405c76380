"""The order of Vietnamese words in a list: a ă â b c d đ e ê …, then the tones ngang, huyền, hỏi, ngã, sắc, nặng."""

import re
import unicodedata

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANKS = {letter: rank for rank, letter in enumerate(_LETTERS)}
# Combining marks of the tones, in the order of Vietnamese dictionaries.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}


def collation_key(text: str) -> str:
    """A string that sorts, code point by code point, as `text` does in a Vietnamese dictionary.

    Letters decide first, over the whole text; tones only where all letters are the same. Numbers come before letters
    and count as numbers ("Chi bộ 2" before "Chi bộ 10"); everything else counts as a space.
    """
    letters, tones = [], []
    for character in unicodedata.normalize("NFC", text).lower():
        decomposed = unicodedata.normalize("NFD", character)
        tone = next((_TONES[mark] for mark in decomposed if mark in _TONES), 0)
        letter = unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in _TONES))
        if letter in _RANKS:
            letters.append(chr(ord("A") + _RANKS[letter]))
        else:
            letters.append(letter if letter.isdecimal() else " ")
        tones.append(str(tone))
    words = " ".join("".join(letters).split())
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), words) + "\x01" + "".join(tones)
