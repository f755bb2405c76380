"""What was typed with the keys of Telex while nothing turned them into letters: ``quyeets`` for “quyết”."""

import re
from dataclasses import dataclass

_LETTERS = {"aa": "â", "ee": "ê", "oo": "ô", "dd": "đ", "aw": "ă", "ow": "ơ", "uw": "ư"}
_LETTER_KEYS = re.compile("|".join(_LETTERS))
_TONE_KEYS = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
# After its vowel a Vietnamese syllable has none of these letters, so there they can only be keys.
_TONE_KEY = re.compile("(?<=[aeiouyâêôăơư])([cghmnpt]{0,2})([sfrxj])([cghmnpt]{0,2})$")


@dataclass(frozen=True)
class Keys:
    """A syllable without its tone ("quyêt"), and the tone as a combining mark; empty for the level one."""

    toneless: str
    tone: str


def read_keys(word: str) -> Keys | None:
    """The syllable that the keys of `word` (lower case) stand for; None when there is no key of Telex in it."""
    letters = _LETTER_KEYS.sub(lambda keys: _LETTERS[keys[0]], word)
    # Two keys in one go: "truowng" is "trương", as everybody types it.
    letters = re.sub("uơ(?=[a-z])", "ươ", letters)
    tone = _TONE_KEY.search(letters)
    if tone:
        letters = f"{letters[: tone.start()]}{tone[1]}{tone[3]}"
    return Keys(letters, _TONE_KEYS[tone[2]] if tone else "") if letters != word else None
