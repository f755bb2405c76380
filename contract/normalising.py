"""One spelling for each Vietnamese text: look-alike letters, Unicode composition, tone placement, invisible characters.

Everything that is saved, imported, indexed or searched passes through `normalise` (or `normalise_line`), so two texts
that look alike are the same bytes afterwards.
"""

import re
import unicodedata

_COMPOSED_LOOKALIKES = str.maketrans(
    {
        "Ð": "Đ",  # U+00D0 ETH, what many keyboards and PDF fonts give for Đ
        "ð": "đ",
        "Ɖ": "Đ",  # U+0189 AFRICAN D
        "ɖ": "đ",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2007": " ",
        "\u2028": "\n",
        "\u2029": "\n",
        "\u0085": "\n",
        "\u000b": "\n",
        "\u000c": "\n",
    }
)

# Cyrillic and Greek letters that are drawn like Latin ones. Only replaced in a word that also holds a Latin letter, so
# that a quotation in Russian stays Russian.
_FOREIGN_LOOKALIKES = dict(
    zip(
        "АВЕКМНОРСТХаеорсухіІјЈѕЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "ABEKMHOPCTXaeopcyxiIjJsSABEZHIKMNOPTYXo",
        strict=True,
    )
)
_FOREIGN = re.compile(f"[{''.join(_FOREIGN_LOOKALIKES)}]")
_WORD = re.compile(r"[^\W\d_][^\W\d_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W\d_]*)*")
_LATIN = re.compile("[A-Za-zĐđ]")

# Zero-width and bidirectional controls: nobody sees them, they break search and can turn a file name round.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_QUALITIES = "\u0302\u0306\u031b"
_TONE_BEFORE_QUALITY = re.compile(f"([{_TONES}]+)([{_QUALITIES}]+)")

# The 15 syllable endings whose tone is written in two places (oà or òa). Official documents mostly write it on the
# first vowel; after q the u belongs to the consonant and "quý" has one spelling only.
_TONE_PLACEMENT = {
    "oá": "óa", "oà": "òa", "oả": "ỏa", "oã": "õa", "oạ": "ọa",
    "oé": "óe", "oè": "òe", "oẻ": "ỏe", "oẽ": "õe", "oẹ": "ọe",
    "uý": "úy", "uỳ": "ùy", "uỷ": "ủy", "uỹ": "ũy", "uỵ": "ụy",
}  # fmt: skip
_NEW_STYLE = re.compile(
    "[oOuU](?:(?<=[oO])[áàảãạéèẻẽẹÁÀẢÃẠÉÈẺẼẸ]|(?<=[uU])[ýỳỷỹỵÝỲỶỸỴ])(?<![qQ]..)(?![^\\W\\d_]|[\u0300-\u036f])"
)
_MISPLACED_AFTER_Q = re.compile(r"(?<=[qQ])([uU])([\u0300\u0301\u0303\u0309\u0323])([yY])(?![\u0300-\u036f])")

# Nearly all text is in its stored spelling already: it has no tone in the other place, and only characters that stay
# themselves whatever stands around them (ASCII, Vietnamese and western European letters, signs of print).
_UNUSUAL = re.compile(
    "[^\\t\\n -~\u00a1-\u00ac\u00ae-\u00cf\u00d1-\u00ef\u00f1-\u00ffĂăĐđĨĩŨũƠơƯư\u1ea0-\u1ef9"
    "\u2010-\u2027\u2030-\u203a₫€\u2190-\u2193\u2212≤≥]"
)
_COMPOSED_AFTER_Q = re.compile("[qQ][úùủũụÚÙỦŨỤ][yY]")


def normalise(text: str) -> str:
    """Return `text` in its one stored spelling: NFC, Latin letters, old-style tone placement, no invisible characters.

    Line breaks are kept (as ``\\n``). Idempotent, and the same for NFC, NFD and mixed input.
    """
    if _UNUSUAL.search(text) or _NEW_STYLE.search(text) or _COMPOSED_AFTER_Q.search(text):
        return respell(text)
    return text


def respell(text: str) -> str:
    """What `normalise` returns, worked out step by step without looking first whether there is anything to do."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_COMPOSED_LOOKALIKES)
    text = _SURROGATE.sub("\ufffd", _CONTROL.sub("", _INVISIBLE.sub("", text)))
    text = unicodedata.normalize("NFD", text)
    if _FOREIGN.search(text):
        text = _WORD.sub(_latinise, text)
    # Someone who typed the tone before the hat gets the letter they meant: e + acute + circumflex is ế.
    text = _TONE_BEFORE_QUALITY.sub(r"\2\1", text)
    text = _MISPLACED_AFTER_Q.sub(r"\1\3\2", text)
    # A swapped pair may compose with a mark that follows; composing twice reaches the fixed point.
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text)).translate(_COMPOSED_LOOKALIKES)
    return _NEW_STYLE.sub(_move_tone, text)


def normalise_line(text: str) -> str:
    """`normalise` for one-line values (titles, names, numbers): runs of white space become one space, ends trimmed."""
    return " ".join(normalise(text).split())


def _latinise(match: re.Match[str]) -> str:
    word = match.group()
    if not _LATIN.search(word):
        return word
    return _FOREIGN.sub(lambda m: _FOREIGN_LOOKALIKES[m.group()], word)


def _move_tone(match: re.Match[str]) -> str:
    found = match.group()
    moved = _TONE_PLACEMENT[found.lower()]
    return "".join(new.upper() if old.isupper() else new for old, new in zip(found, moved, strict=True))
