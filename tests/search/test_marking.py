"""Marked text is safe HTML and keeps its diacritics."""

import re

from hypothesis import given
from hypothesis import strategies as st

from search.fallback_rows import folded_in_place
from search.marking import escape_marked, excerpt, folded_words


def test_marks_stand_around_the_words_as_written() -> None:
    assert excerpt("Kết nạp đảng viên mới", folded_words("dang vien")) == "Kết nạp <mark>đảng viên</mark> mới"


def test_the_excerpt_is_where_most_words_are() -> None:
    text = "Đảng. " + "Chuyện khác. " * 100 + "Kết nạp đảng viên mới ở chi bộ. " + "Chuyện khác. " * 100
    assert "<mark>Kết nạp đảng viên</mark>" in excerpt(text, folded_words("ket nap dang vien"))


@given(st.text("aáăbch …\n", max_size=300))
def test_a_text_that_was_folded_before_is_marked_in_the_same_places(text: str) -> None:
    words = folded_words("a cha")
    assert excerpt(text, words, folded_in_place(text)) == excerpt(text, words)


def test_a_mark_of_the_highlighter_becomes_html_and_nothing_else_does() -> None:
    assert escape_marked("\x02a\x03<b>\x02", "\x02", "\x03") == "<mark>a</mark>&lt;b&gt;"


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_comes_out_without_markup_of_its_own(text: str, query: str) -> None:
    html = str(excerpt(text, folded_words(query)))
    assert "<" not in re.sub("</?mark>", "", html)
    assert html.count("<mark>") == html.count("</mark>")
