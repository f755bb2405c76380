"""What a query means, without a server."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.understanding import PartialNumber, understand


@pytest.mark.parametrize(
    "typed",
    [
        "18-NQ/TW",
        "18-nq/tw",
        "18 NQ TW",
        "số 18 nq tw",
        "Số: 18 – NQ/TW",
        "nghị quyết 18-NQ/TW về sắp xếp bộ máy",
        "nghi quyet so 18-NQ/TW",
        "018-NQ/TW",
    ],
)
def test_a_number_is_read_in_any_spelling(typed: str) -> None:
    assert "18-nq-tw" in understand(typed).number_keys


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("37/2020/QĐ-UBND", "37-2020-qd-ubnd"),
        ("37/2020/qd ubnd", "37-2020-qd-ubnd"),
        ("66.7/2025/NQ-CP", "66-7-2025-nq-cp"),
        ("luật 60/2024/QH15", "60-2024-qh15"),
        ("11554/VPCP-V.I", "11554-vpcp-v-i"),
    ],
)
def test_the_rarer_shapes_of_numbers_are_read_too(typed: str, key: str) -> None:
    assert key in understand(typed).number_keys


def test_no_number_begins_inside_another() -> None:
    assert not any(key.startswith(("7-", "2025-")) for key in understand("66.7/2025/NQ-CP").number_keys)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("nghị quyết 18", PartialNumber("18", ("nghi-quyet",))),
        ("nghi quyet so 18 nam 2017", PartialNumber("18", ("nghi-quyet",), 2017)),
        ("NQ 18", PartialNumber("18", ("nghi-quyet",))),
        ("QĐ 37/2020", PartialNumber("37-2020", ("quy-dinh", "quyet-dinh"))),
        ("30/2020", PartialNumber("30-2020")),
        ("18 nq", PartialNumber("18-nq")),
        ("số 18", PartialNumber("18")),
        ("18", PartialNumber("18")),
    ],
)
def test_part_of_a_number_is_understood(typed: str, number: PartialNumber) -> None:
    assert understand(typed).partial_number == number


@pytest.mark.parametrize("typed", ["luật 2024", "chi bộ họp mỗi tháng", "kết nạp 32 đảng viên", "", "-", '"'])
def test_what_is_no_number_is_not_taken_for_one(typed: str) -> None:
    assert understand(typed).partial_number is None


@pytest.mark.parametrize(
    ("typed", "citation"),
    [
        ("dieuu 4 quy định 31-QĐ/TU", "dieu-4"),
        ("khaon 2 điều 7 15-QĐ/TU", "dieu-7/khoan-2"),
        ("dieu5 khoan2 18-NQ/TW", "dieu-5/khoan-2"),
        ("khoá 12", None),
        ("khoảng 5 triệu", None),
        ("lô 2 khoảnh 5 tiểu khu 123", None),
        ("biểu 5 thông tư 21/2025/TT-BGDĐT", None),
        ("dueu 18-NQ/TW", None),
    ],
)
def test_a_typing_error_in_the_word_for_a_provision_does_not_lose_it(typed: str, citation: str | None) -> None:
    assert understand(typed).citation == citation


@pytest.mark.parametrize(
    ("typed", "citation"),
    [
        ("điều 5 quyết định 37/2020/QĐ-UBND", "dieu-5"),
        ("khoản 2 điều 5 nghị định 30", "dieu-5/khoan-2"),
        ("diem a khoan 2 dieu 5", "dieu-5/khoan-2/diem-a"),
        ("điều lệ đảng", None),
    ],
)
def test_a_provision_is_understood_whichever_end_it_is_named_from(typed: str, citation: str | None) -> None:
    assert understand(typed).citation == citation


def test_quotes_make_a_phrase_and_a_minus_leaves_out() -> None:
    meant = understand('họp “chi bộ” -online -"quốc hội"')
    assert meant.phrases == ("chi bộ",)
    assert set(meant.excluded) == {"online", "quốc hội"}
    assert meant.text == "họp chi bộ"


def test_a_dash_inside_a_loosely_typed_number_leaves_nothing_out() -> None:
    meant = understand("18 -NQ/TW")
    assert meant.excluded == ()
    assert "18-nq-tw" in meant.number_keys


def test_typed_diacritics_are_noticed() -> None:
    assert understand("bàn ghế").accented
    assert not understand("ban ghe").accented


@given(st.text(max_size=400))
def test_any_text_is_understood(text: str) -> None:
    meant = understand(text)
    assert understand(text) == meant
    assert len(meant.number_keys) <= 120


@pytest.mark.parametrize("typed", ["1-" * 200, '"' * 400, "-a " * 130, "nghị quyết " * 36, "số " * 130, "1 " * 200])
def test_a_hostile_query_costs_little(typed: str) -> None:
    started = time.perf_counter()
    understand(typed[:400])
    assert time.perf_counter() - started < 0.05
