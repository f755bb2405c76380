"""Vietnamese text for Hypothesis: syllables as they are spelt, and the same text in the ways computers write it."""

import unicodedata
from itertools import product

from hypothesis import strategies as st

_ONSETS = ["", "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "kh", "l", "m", "ng", "nh", "ph", "q", "th", "tr", "x"]
_RIMES = [
    "a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y", "an", "ang", "anh", "ăn", "ân", "ông", "ương", "iên",
    "yêu", "oa", "oe", "uy", "oan", "oang", "oai", "uê", "uyên", "uynh", "uya", "uyu", "ươi", "iêm", "ac", "et",
]  # fmt: skip
_TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
_LETTERS = {unicodedata.normalize("NFC", letter + tone) for letter, tone in product("aăâeêioôơuưy", _TONES)} | {"đ"}

LETTERS = sorted(_LETTERS | {letter.upper() for letter in _LETTERS})
"""Every letter of the alphabet that carries a mark or may carry one, in both cases."""


def _spell(onset: str, rime: str, tone: str, at: int) -> str:
    vowels = [index for index, letter in enumerate(rime) if letter in "aăâeêioôơuưy"]
    place = vowels[at % len(vowels)]
    return unicodedata.normalize("NFC", onset + rime[: place + 1] + tone + rime[place + 1 :])


_syllable = st.builds(
    _spell, st.sampled_from(_ONSETS), st.sampled_from(_RIMES), st.sampled_from(_TONES), st.integers(0, 2)
)
_cased = st.builds(lambda text, case: case(text), _syllable, st.sampled_from([str, str.upper, str.title]))
_word = st.one_of(_cased, st.from_regex(r"[0-9]{1,4}(?:[-/.][A-ZĐ]{1,4}){0,2}", fullmatch=True))

sentences = st.lists(_word, max_size=8).map(" ".join)
"""Lines of plausible words and numbers, tones on any vowel."""

any_text = st.one_of(sentences, st.text(max_size=60), st.builds(str.__add__, sentences, st.text(max_size=20)))
"""Plausible lines, and whatever else Unicode has, lone surrogates included."""


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A text and the same one with each letter composed or taken apart at random, ``Đ`` possibly as its look-alike."""
    text = draw(sentences)
    written = []
    for letter in text:
        form = draw(st.sampled_from(["NFC", "NFD", "NFKC"]))
        if letter in "đĐ" and draw(st.booleans()):
            letter = {"đ": "ð", "Đ": "Ð"}[letter]
        written.append(unicodedata.normalize(form, letter))
    return text, "".join(written)


_PIECES = [
    *"aàáeèéoòóuùúyỳýoeuyOÀUÝ", *"âấăằêếôốơớưứừự", *"đĐðÐƉɖ", "qu", "Qu", "gi", "oà", "uý", "UỶ", "qúy", "QÙY",
    *_TONES, "\u0302", "\u0306", "\u031b", "\u0307", "\u0340", *"\u200b\u00ad\ufeff\u202e\u2066\x00\x1f\x7f\x85\ud800",
    *"\u00a0\u202f\u2007\u2028\u000b\r\n\t ", *"аоуАНοΟжλſKÅΩ가한中", *"–—“”‘’…·€₫²°«»<>&/-.,1",
]  # fmt: skip
tangles = st.lists(st.one_of(st.sampled_from(_PIECES), _cased), max_size=12).map("".join)
"""Letters, loose tones and hats, look-alikes and invisible characters next to one another in any order."""
