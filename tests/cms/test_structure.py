"""The structure of official documents is read as a lawyer would cite it."""

import json
import re
import time
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.content.structure import ParsedDocument, parse_structure
from contract.html import plain_text, sanitise
from contract.models import Provision
from contract.normalising import normalise
from contract.vocabulary import ProvisionKind

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "documents.jsonl"
WORD = re.compile(r"[^\W_]+")


def by_anchor(text: str) -> dict[str, Provision]:
    return {provision.anchor: provision for provision in parse_structure(text).provisions}


def anchors(text: str) -> list[str]:
    return [provision.anchor for provision in parse_structure(text).provisions]


def test_a_regulation_has_chapters_sections_articles_clauses_and_points() -> None:
    found = by_anchor(
        "QUY ĐỊNH\nChương II\nTỔ CHỨC\nMục 1. CẤP ỦY\nĐiều 5. Nhiệm vụ\n1. Lãnh đạo.\n2. Quyết định:\n"
        "a) Việc một;\nb) Việc hai;\nc) Việc ba;\nd) Việc bốn;\nđ) Việc năm.\nĐiều 6. Quyền hạn\n1. Kiểm tra."
    )
    assert list(found) == [
        "chuong-ii", "chuong-ii-muc-1", "dieu-5", "dieu-5-khoan-1", "dieu-5-khoan-2", "dieu-5-khoan-2-diem-a",
        "dieu-5-khoan-2-diem-b", "dieu-5-khoan-2-diem-c", "dieu-5-khoan-2-diem-d", "dieu-5-khoan-2-diem-dd",
        "dieu-6", "dieu-6-khoan-1",
    ]  # fmt: skip
    assert (found["chuong-ii"].label, found["chuong-ii"].heading) == ("Chương II", "TỔ CHỨC")
    assert (found["dieu-5"].label, found["dieu-5"].heading) == ("Điều 5", "Nhiệm vụ")
    assert found["dieu-5"].parent == "chuong-ii-muc-1"
    assert found["dieu-5-khoan-2-diem-dd"].label == "Điểm đ"
    assert found["dieu-5-khoan-2-diem-dd"].body == "<p>Việc năm.</p>"


def test_a_resolution_has_roman_sections_numbers_and_decimal_numbers() -> None:
    text = (
        "NGHỊ QUYẾT\nI- TÌNH HÌNH\n1. Đã làm tốt.\nII- MỤC TIÊU\n1. Quan điểm\n1.1. Toàn diện.\n1.2. Bền vững.\n2. Hết."
    )
    assert anchors(text) == ["muc-i", "muc-i-1", "muc-ii", "muc-ii-1", "muc-ii-1-1", "muc-ii-1-2", "muc-ii-2"]
    assert by_anchor(text)["muc-ii-1-1"].label == "1.1"
    assert by_anchor(text)["muc-ii-1"].heading == "Quan điểm"


def test_an_article_that_only_states_something_has_a_body_and_no_heading() -> None:
    found = by_anchor("Điều 1. Ban hành kèm theo Quyết định này Quy chế làm việc.\nĐiều 2. Hiệu lực\nTừ ngày ký.")
    assert (found["dieu-1"].heading, found["dieu-1"].body) == (
        "", "<p>Ban hành kèm theo Quyết định này Quy chế làm việc.</p>",
    )  # fmt: skip
    assert (found["dieu-2"].heading, found["dieu-2"].body) == ("Hiệu lực", "<p>Từ ngày ký.</p>")


def test_quoted_articles_belong_to_the_clause_that_quotes_them() -> None:
    text = (
        "Điều 1. Sửa đổi, bổ sung một số điều\n1. Sửa đổi Điều 5 như sau:\n“Điều 5. Thời lượng\n1. Năm ngày.\n"
        "2. Ba ngày.”\n2. Bãi bỏ Điều 6.\nĐiều 2. Hiệu lực thi hành\nTừ ngày ký."
    )
    assert anchors(text) == ["dieu-1", "dieu-1-khoan-1", "dieu-1-khoan-2", "dieu-2"]
    assert "2. Ba ngày.”" in by_anchor(text)["dieu-1-khoan-1"].body


def test_a_quotation_whose_end_is_missing_does_not_swallow_the_next_article() -> None:
    assert anchors("Điều 1. Sửa đổi:\n“2. Tỷ lệ vốn\nlà 10%\nĐiều 2. Hiệu lực\nTừ ngày ký.\nCụm từ “cũ”.") == [
        "dieu-1", "dieu-2",
    ]  # fmt: skip


def test_an_attached_regulation_keeps_its_own_articles_apart() -> None:
    text = (
        "Điều 1. Ban hành Quy chế.\nĐiều 2. Hiệu lực từ ngày ký.\nNơi nhận:\n- Như Điều 2,\nBÍ THƯ\nĐỗ Văn A\n"
        "QUY CHẾ\nLÀM VIỆC CỦA BAN BIÊN TẬP\n(Ban hành kèm theo Quyết định số 1-QĐ/TU)\nĐiều 1. Phạm vi\nQuy chế này.\n"
    )
    assert anchors(text) == ["dieu-1", "dieu-2", "quy-che", "quy-che-dieu-1"]
    found = by_anchor(text)
    assert found["quy-che"].kind is ProvisionKind.APPENDIX
    assert found["quy-che"].heading == "LÀM VIỆC CỦA BAN BIÊN TẬP"
    assert found["quy-che-dieu-1"].parent == "quy-che"


def test_recipients_and_signature_are_the_closing_and_not_part_of_the_last_clause() -> None:
    parsed = parse_structure("1. Một.\n2. Hai.\nNơi nhận:\n- Các cấp ủy,\nT/M BAN THƯỜNG VỤ\nBÍ THƯ\nNguyễn Văn A")
    assert parsed.provisions[-1].body == "<p>Hai.</p>"
    assert plain_text(parsed.closing_html).split("\n") == [
        "Nơi nhận:", "- Các cấp ủy,", "T/M BAN THƯỜNG VỤ", "BÍ THƯ", "Nguyễn Văn A",
    ]  # fmt: skip


def test_lines_broken_by_a_crawler_are_joined_and_markdown_marks_dropped() -> None:
    found = by_anchor("### Điều\n1. Phạm vi điều chỉnh\nNghị quyết này quy định.\n### Điều 2. Đối tượng\n1. Tổ chức.")
    assert found["dieu-1"].heading == "Phạm vi điều chỉnh"
    assert found["dieu-2"].heading == "Đối tượng"


def test_a_preamble_on_one_line_is_set_in_paragraphs() -> None:
    preamble = parse_structure(
        "Căn cứ Điều lệ Đảng; Căn cứ Nghị quyết số 1-NQ/TU; QUYẾT ĐỊNH:\nĐiều 1. Ban hành quy chế."
    ).preamble_html
    assert preamble == "<p>Căn cứ Điều lệ Đảng;</p><p>Căn cứ Nghị quyết số 1-NQ/TU;</p><p>QUYẾT ĐỊNH:</p>"


def test_rows_of_a_flattened_table_do_not_become_clauses() -> None:
    assert anchors("Phụ lục I\nDANH MỤC\n7. Bảy\n12. Mười hai\n3.5 triệu\nV\n29. Hai mươi chín") == ["phu-luc-i"]


def test_references_to_articles_do_not_open_articles() -> None:
    assert anchors("Điều 1. Phạm vi\nĐiều 11 Nghị định số 95/2023/NĐ-CP\nKhoản 2 Điều 14 quy định.") == ["dieu-1"]


def test_text_without_structure_is_all_preamble() -> None:
    parsed = parse_structure("Kính gửi các đồng chí.\nĐề nghị thực hiện.")
    assert parsed == ParsedDocument("<p>Kính gửi các đồng chí.</p><p>Đề nghị thực hiện.</p>", (), "")


def test_markup_in_the_text_is_shown_and_not_obeyed() -> None:
    parsed = parse_structure("Điều 1. <script>alert(1)</script> & “a” < b.")
    assert parsed.provisions[0].body == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; “a” &lt; b.</p>"


def test_decomposed_letters_and_look_alikes_give_the_same_structure() -> None:
    text = "Điều 1. Phạm vi\n1. Uỷ ban.\nđ) Không."
    assert parse_structure(unicodedata.normalize("NFD", text)) == parse_structure(text.replace("Đ", "Ð"))


LINE = st.sampled_from(
    [
        "Chương I", "QUY ĐỊNH CHUNG", "Mục 1. A", "Điều 1. Phạm vi", "Điều 1. Có hiệu lực.", "Điều 2: Tên", "Điều",
        "1. Một", "2. Hai.", "1.1. Nhỏ", "a) Chữ;", "đ) Đê", "I. MỘT", "II- HAI", "A. PHẦN", "- gạch", "“Điều 9. Trích",
        "hết trích”", "PHỤ LỤC I DANH MỤC (Kèm theo số 1)", "QUY CHẾ", "Nơi nhận:", "T/M ĐẢNG ỦY", "Lê Văn A", "## Đề",
        "__đậm__", "Phần thứ nhất", "12", "văn bản <b> & “lạ”", "Điều 3. Phạm vi điều chỉnh Quyết định này.",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=25))
def test_no_word_is_lost_whatever_the_lines_are(lines: list[str]) -> None:
    assert_sound("\n".join(lines))


def test_a_long_text_is_read_in_linear_time() -> None:
    quotes = "Điều 1. Sửa đổi:\n" + "“Điều 5. Mở mà không đóng\n" * 9_000
    started = time.perf_counter()
    parse_structure(quotes)
    assert time.perf_counter() - started < 3


def assert_sound(text: str) -> None:
    """Words complete and in order, anchors unique and after their parents, HTML safe, the same answer twice."""
    parsed = parse_structure(text)
    assert parse_structure(text) == parsed
    seen: set[str] = set()
    for provision in parsed.provisions:
        assert provision.anchor not in seen
        assert provision.parent is None or provision.parent in seen
        seen.add(provision.anchor)
        assert sanitise(provision.body) == provision.body
    shown = words(plain_text(parsed.preamble_html)) + [w for p in parsed.provisions for w in provision_words(p)]
    closing = words(plain_text(parsed.closing_html))
    source = words(normalise(text))
    assert not Counter(source) - Counter(shown + closing)
    assert is_interleaved(source, shown, closing)


def provision_words(provision: Provision) -> list[str]:
    return words(f"{provision.label} {provision.heading} {plain_text(provision.body)}")


def words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def is_interleaved(source: list[str], shown: list[str], closing: list[str]) -> bool:
    """Whether the source is what is shown with the closing in one place; labels may add words ("Khoản", "Điểm")."""
    size = len(closing)
    return any(
        source[at : at + size] == closing and is_in_order(source[:at] + source[at + size :], shown)
        for at in range(len(source) - size + 1)
    )


def is_in_order(some: list[str], others: list[str]) -> bool:
    following = iter(others)
    return all(word in following for word in some)


@pytest.fixture(scope="module")
def corpus() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    with CORPUS.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_in_real_documents_no_word_is_lost_and_anchors_are_sound(corpus: list[dict[str, Any]]) -> None:
    for document in corpus:
        parsed = parse_structure(document["text"])
        shown = f"{plain_text(parsed.preamble_html)} {plain_text(parsed.closing_html)} " + " ".join(
            f"{p.label} {p.heading} {plain_text(p.body)}" for p in parsed.provisions
        )
        assert not Counter(words(normalise(document["text"]))) - Counter(words(shown)), document["id"]
        found = [p.anchor for p in parsed.provisions]
        assert len(found) == len(set(found)), document["id"]


def test_the_articles_of_real_documents_are_found(corpus: list[dict[str, Any]]) -> None:
    """`n_dieu` counts lines that begin with Điều; the few differences are forms and rows of tables in annexes."""
    with_articles = [document for document in corpus if document["n_dieu"]]
    agreeing = sum(
        document["n_dieu"] == sum(p.kind is ProvisionKind.ARTICLE for p in parse_structure(document["text"]).provisions)
        for document in with_articles
    )
    assert agreeing >= 0.95 * len(with_articles)


def test_the_longest_real_document_is_read_in_a_moment(corpus: list[dict[str, Any]]) -> None:
    text = max((document["text"] for document in corpus), key=len)
    started = time.perf_counter()
    parse_structure(text)
    assert time.perf_counter() - started < 1.5  # 0.15 s alone; the machine may be busy
