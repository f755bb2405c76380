"""Document numbers: every real one reads, and every way of typing one finds it."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.folding import fold
from contract.numbers import (
    InvalidNumberError,
    canonical_number,
    document_key,
    is_number,
    number_key,
    numbers_in,
    parse_number,
)

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "documents.jsonl"

SPELLINGS = {
    "as it is": lambda n: n,
    "lower case": str.lower,
    "without diacritics": fold,
    "spaces for separators": lambda n: n.replace("-", " ").replace("/", " "),
    "with “số”": lambda n: f"số {n}",
    "with an en dash": lambda n: n.replace("-", "\u2013"),
    "with “Số:” and spaces around": lambda n: f" Số: {n.replace('/', ' / ').replace('-', ' - ')} ",
    "with eth": lambda n: n.replace("Đ", "Ð"),
}

_symbol = st.lists(st.from_regex(r"[A-ZĐ]{1,6}", fullmatch=True), min_size=1, max_size=3)
_serial = st.integers(1, 99_999).map(str)
numbers = st.one_of(
    st.builds(lambda n, s: f"{n}-{s[0]}/{'-'.join(s[1:]) or 'TW'}", _serial, _symbol),
    st.builds(lambda n, s: f"{n}/{'-'.join(s)}", _serial, _symbol),
    st.builds(lambda n, y, s: f"{n}/{y}/{'-'.join(s)}", _serial, st.integers(1945, 2029), _symbol),
)


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    if not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    with CORPUS.open(encoding="utf-8") as lines:
        found = [json.loads(line)["number"] for line in lines]
    return [number for number in found if number]


def test_every_real_number_reads_and_has_one_key_in_every_spelling(corpus: list[str]) -> None:
    assert len(corpus) > 300
    for number in corpus:
        parsed = parse_number(number)
        assert number_key(str(parsed)) == parsed.key == number_key(number)
        for name, spell in SPELLINGS.items():
            assert number_key(spell(number)) == parsed.key, (number, name)


def test_every_real_number_is_found_in_a_running_text(corpus: list[str]) -> None:
    for number in corpus:
        expected = canonical_number(number)
        for sentence in (f"Căn cứ Văn bản số {number} ngày 01/02/2024 của Bộ.", f"({number}); {number}, {number}."):
            assert numbers_in(sentence) == [expected], sentence


@given(numbers)
def test_any_number_has_one_key_in_every_spelling(number: str) -> None:
    assert is_number(number)
    keys = {number_key(spell(number)) for spell in SPELLINGS.values()}
    assert keys == {parse_number(number).key}


@given(numbers)
def test_reading_what_was_read_gives_the_same_number(number: str) -> None:
    parsed = parse_number(number)
    assert parse_number(str(parsed)) == parsed
    assert canonical_number(str(parsed)) == str(parsed)


@given(numbers, numbers)
def test_different_numbers_have_different_keys_unless_they_differ_in_spelling_only(first: str, second: str) -> None:
    def bare(number: str) -> list[str]:
        return fold(number).replace("/", "-").split("-")

    assert (number_key(first) == number_key(second)) == (bare(first) == bare(second))


@pytest.mark.parametrize(
    ("number", "serial", "year", "symbol", "party"),
    [
        ("18-NQ/TW", "18", None, "NQ/TW", True),
        ("109/2025/TT-BTC", "109", 2025, "TT-BTC", False),
        ("66.10/2025/NQ-CP", "66.10", 2025, "NQ-CP", False),
        ("60/2024/QH15", "60", 2024, "QH15", False),
        ("11583/VPCP-CN", "11583", None, "VPCP-CN", False),
        ("số 07 – KL / VPTW", "07", None, "KL/VPTW", True),
    ],
)
def test_the_parts_of_a_number(number: str, serial: str, year: int | None, symbol: str, party: bool) -> None:
    parsed = parse_number(number)
    assert (parsed.serial, parsed.year, parsed.symbol, parsed.party) == (serial, year, symbol, party)


@pytest.mark.parametrize(
    "text", ["", "số", "18", "NQ/TW", "22/08/2025", "1/2", "nghị quyết", "18-", "-NQ", "3-4", "a" * 500]
)
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidNumberError, match="18-NQ/TW"):
        parse_number(text)


@given(st.text(max_size=80))
def test_reading_never_fails_otherwise_and_a_key_is_always_plain(text: str) -> None:
    is_number(text)
    numbers_in(text)
    assert set(number_key(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Nghị quyết số 18-NQ/TW và Chỉ thị 35-CT/TW, rồi lại 18-NQ/TW", ["18-NQ/TW", "35-CT/TW"]),
        ("ngày 22/08/2025, tỷ lệ 3/4, trang 12-15", []),
        ("Nghị định 30/2020/NÐ-CP", ["30/2020/NĐ-CP"]),
        ("theo Quyết định số 2827 / QĐ-UBND", ["2827/QĐ-UBND"]),
        ("Hướng dẫn 03–HD/UBKTTU.", ["03-HD/UBKTTU"]),
        ("Công văn 11554/VPCP-V.I.", ["11554/VPCP-V.I"]),
        ("theo số 18-NQ/TW.I. QUAN ĐIỂM", ["18-NQ/TW"]),
    ],
)
def test_numbers_in_a_sentence_each_once_and_no_dates(sentence: str, found: list[str]) -> None:
    assert numbers_in(sentence) == found


def test_a_document_is_known_by_number_issuer_and_date_together() -> None:
    key = document_key("18-NQ/TW", "Bộ Chính trị", date(2017, 10, 25))
    assert key == document_key("số 18 – nq/tw", "bo  chinh TRI", date(2017, 10, 25))
    assert key != document_key("18-NQ/TW", "Bộ Chính trị", date(2022, 6, 16))
    assert key != document_key("18-NQ/TW", "Ban Bí thư", date(2017, 10, 25))
