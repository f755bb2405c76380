"""The order of names in lists: as in a Vietnamese dictionary, with numbers counted as numbers."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.collation import collation_key


def in_order(*words: str) -> list[str]:
    return sorted(words, key=collation_key)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["an", "ăn", "ân", "bà", "cá", "dân", "đân", "em", "êm"], id="marked letters after plain ones"),
        pytest.param(["on", "ôn", "ơn", "un", "ưn", "yên"], id="o ô ơ and u ư"),
        pytest.param(["ma", "mà", "mả", "mã", "má", "mạ"], id="tones: ngang huyền hỏi ngã sắc nặng"),
        pytest.param(["má", "mạ", "man", "màn"], id="letters before tones, over the whole word"),
        pytest.param(["xã Bình An", "xã Bính An", "xã Bình Ân"], id="letters before tones, over the whole text"),
        pytest.param(["Chi bộ 2", "Chi bộ 10", "Chi bộ 100", "Chi bộ An"], id="numbers count, and come before letters"),
        pytest.param(["Ba Tơ", "ba tơ đông", "Ba Vì"], id="a shorter text before one that goes on"),
        pytest.param(["Đảng ủy xã An", "Đảng ủy xã Ấp", "Đoàn"], id="đ is a letter of its own"),
    ],
)  # fmt: skip
def test_words_stand_in_the_order_of_a_vietnamese_dictionary(words: list[str]) -> None:
    assert in_order(*reversed(words)) == words
    assert in_order(*words) == words


def test_capitals_composition_and_punctuation_do_not_matter() -> None:
    word = "Đảng ủy"
    assert collation_key(word) == collation_key(word.upper())
    assert collation_key(word) == collation_key(unicodedata.normalize("NFD", word))
    letters = collation_key("xã An, tỉnh").partition("\x01")[0]
    assert letters == collation_key("xã  An – tỉnh").partition("\x01")[0]


@given(st.text(max_size=12))
def test_the_place_of_a_text_does_not_depend_on_how_its_letters_are_composed(text: str) -> None:
    assert collation_key(text) == collation_key(unicodedata.normalize("NFD", text))
