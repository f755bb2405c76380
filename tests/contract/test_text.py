"""Promise 8: texts that look alike are the same bytes, whoever typed them on whatever machine."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.folding import fold
from contract.normalising import normalise, normalise_line, respell
from contract.numbers import number_key
from contract.slugs import MAX_LENGTH, slugify, unique_slug
from tests.contract.vietnamese import LETTERS, any_text, sentences, spellings, tangles

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
PAIRS = SHARED / "relevance" / "tone_placement_pairs.json"


@pytest.mark.parametrize("function", [normalise, normalise_line, fold, slugify, number_key])
@given(text=any_text)
def test_doing_it_twice_changes_nothing(function, text: str) -> None:
    once = function(text)
    assert function(once) == once


@given(st.one_of(tangles, any_text, spellings().map("".join)))
def test_looking_first_whether_there_is_anything_to_do_changes_no_text(text: str) -> None:
    assert normalise(text) == respell(text)


@pytest.mark.parametrize("text", ["{}", "hò{}", "qu{}", "q{}y", "ho{}", "hu{}", "hoà{}", "{}oà"])
def test_looking_first_is_right_about_every_character(text: str) -> None:
    for character in map(chr, range(0x2300)):
        assert normalise(text.format(character)) == respell(text.format(character))


@given(spellings())
def test_composed_decomposed_and_mixed_input_are_the_same_bytes_and_the_same_slug(pair: tuple[str, str]) -> None:
    text, other = pair
    assert normalise(other).encode() == normalise(text).encode()
    assert slugify(other) == slugify(text)
    assert fold(other) == fold(text)
    assert number_key(other) == number_key(text)


@given(sentences)
def test_no_combining_mark_is_left_of_vietnamese_letters(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert not re.search("[\u0300-\u036f]", normalise(unicodedata.normalize(form, text)))


@given(st.permutations(["\u0301", "\u0302"]), st.sampled_from("aeoAEO"))
def test_the_order_in_which_tone_and_hat_were_typed_does_not_matter(marks: list[str], letter: str) -> None:
    assert normalise(letter + "".join(marks)) == unicodedata.normalize("NFC", letter + "\u0302\u0301")


@pytest.mark.parametrize("letter", LETTERS)
def test_every_vietnamese_letter_stays_itself_and_folds_to_ascii(letter: str) -> None:
    assert normalise(letter) == normalise(unicodedata.normalize("NFD", letter)) == letter
    assert re.fullmatch("[a-z]", fold(letter))


def test_the_alphabet_is_complete() -> None:
    assert len([letter for letter in LETTERS if not letter.isascii()]) == 134


@given(any_text)
def test_what_comes_out_can_always_be_stored_and_sent(text: str) -> None:
    for function in (normalise, fold):
        result = function(text)
        result.encode("utf-8")
        assert "\x00" not in result
        assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\r]", result)


@given(any_text)
def test_a_slug_is_ascii_and_not_too_long(text: str) -> None:
    slug = slugify(text)
    assert slug == "" or re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= MAX_LENGTH


@given(any_text, st.integers(1, 60), st.data())
def test_a_unique_slug_is_free_within_its_length_and_always_the_same(text: str, length: int, data) -> None:
    slug = slugify(text, length) or "x"
    taken = {slug} | {f"{slug}-{n}" for n in data.draw(st.sets(st.integers(2, 6)))}
    free = unique_slug(slug, taken)
    assert free not in taken
    assert free == unique_slug(slug, taken)
    assert unique_slug(free, taken) == free


@pytest.mark.skipif(not PAIRS.exists(), reason="the shared folder is not here")
def test_the_fifteen_tone_pairs_are_one_spelling_in_both_cases_and_forms() -> None:
    pairs = json.loads(PAIRS.read_text(encoding="utf-8"))
    assert len(pairs) == 15
    for pair in pairs:
        for case in (str, str.upper, str.title):
            for form in ("NFC", "NFD"):
                old, new = (unicodedata.normalize(form, case(f"h{pair[style]}")) for style in ("old", "new"))
                assert normalise(old) == normalise(new) == unicodedata.normalize("NFC", case(f"h{pair['old']}"))


@pytest.mark.parametrize(
    "word",
    ["quý", "Quý", "QUÝ", "quỳnh", "quỵ", "khuỷu", "hoàn", "Hoàng", "thuở", "thuế", "khuya", "huỳnh", "toán", "hoặc",
     "xoèn", "ngoằn", "loại", "quả", "quá", "quà", "giá", "kỷ", "kĩ", "Huế", "nguyễn", "Thúy", "hóa", "khỏe", "ủy"],
)  # fmt: skip
def test_words_that_have_one_place_for_the_tone_only_stay_as_they_are(word: str) -> None:
    assert normalise(word) == word
    assert normalise(unicodedata.normalize("NFD", word)) == word


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("uỷ ban", "ủy ban"), ("HOÀ BÌNH", "HÒA BÌNH"), ("Hoà Bình", "Hòa Bình"), ("khoẻ", "khỏe"), ("thuỷ", "thủy"),
     ("qúy", "quý"), ("QÚY", "QUÝ"), ("qủy", "quỷ")],
)  # fmt: skip
def test_the_other_placement_becomes_the_official_one(typed: str, meant: str) -> None:
    assert normalise(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("NÐ-CP", "NĐ-CP"), ("Ðảng", "Đảng"), ("ðảng ủy", "đảng ủy"), ("ƉẢNG", "ĐẢNG"), ("QÐ", "QĐ"), ("ɖó", "đó")],
)
def test_what_looks_like_d_with_a_stroke_is_one(typed: str, meant: str) -> None:
    assert normalise(typed) == meant
    assert slugify(typed) == slugify(meant)
    assert "d" in fold(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ho\u0430 \u0441ác", "Hoa các"),  # Cyrillic а and с
        ("\u041dội nghị", "Hội nghị".replace("H", "H")),  # Cyrillic Н
        ("\u0422\u0422-BTC", "\u0422\u0422-BTC"),  # a word of look-alikes only may be Russian
        ("Москва", "Москва"),
        ("Правда và Đảng", "Правда và Đảng"),
        ("хорошо", "хорошо"),
    ],
)
def test_cyrillic_look_alikes_become_latin_in_latin_words_only(typed: str, meant: str) -> None:
    assert normalise(typed) == meant


@given(st.text(alphabet="абвгдежзиклмнопрстуфхцчшщыьэюя", min_size=1, max_size=20))
def test_a_russian_word_stays_russian(word: str) -> None:
    assert normalise(word) == unicodedata.normalize("NFC", word)


@given(sentences)
def test_upper_case_folds_as_lower_case_does(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower()) == fold(text)


@given(any_text)
def test_a_line_has_no_white_space_but_single_spaces_inside(text: str) -> None:
    line = normalise_line(text)
    assert line == " ".join(line.split())
    assert "\n" not in line
