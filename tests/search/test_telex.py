"""What the keys of Telex stand for."""

import pytest

from search.telex import read_keys


@pytest.mark.parametrize(
    ("typed", "toneless", "tone"),
    [
        ("nghij", "nghi", "\u0323"),
        ("quyeets", "quyêt", "\u0301"),
        ("quyeest", "quyêt", "\u0301"),
        ("ddangr", "đang", "\u0309"),
        ("truowngf", "trương", "\u0300"),
        ("truwowng", "trương", ""),
        ("xax", "xa", "\u0303"),
        ("thuws", "thư", "\u0301"),
    ],
)
def test_keys_are_read_as_letters_and_a_tone(typed: str, toneless: str, tone: str) -> None:
    keys = read_keys(typed)
    assert keys is not None
    assert (keys.toneless, keys.tone) == (toneless, tone)


@pytest.mark.parametrize("word", ["nghi", "trung", "san", "xa", "rung", "nghị", "s", "", "ft"])
def test_a_word_without_keys_is_none(word: str) -> None:
    assert read_keys(word) is None
