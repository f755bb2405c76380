"""Documents come in from JSON Lines with the facts an editor would otherwise type."""

import json
from datetime import date
from pathlib import Path

import pytest

from cms.importing.document_lines import (
    ImportedDocument,
    ImportedRelation,
    InvalidLine,
    InvalidLineError,
    read_document,
    read_documents,
)
from cms.importing.official_names import tidy_issuer, tidy_title
from contract.normalising import normalise
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, Verb

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "documents.jsonl"
TEXT = (
    "TỈNH ỦY\nSố 44-QĐ/TU\nSơn Hà, ngày 22 tháng 4 năm 2025\nQUY ĐỊNH\n- Căn cứ Kết luận số 305-KL/TU;\n"
    "Điều 1. Sửa đổi khoản 2 Điều 1 Quy định số 31-QĐ/TU.\n"
    "Điều 2. Quy định này thay thế Quy định số 12-QĐ/TU và có hiệu lực từ ngày 01 tháng 5 năm 2025.\n"
    "Điều 3. Thực hiện cùng Chỉ thị số 8-CT/TU.\nNơi nhận:\n- Các cấp ủy,\nT/M BAN THƯỜNG VỤ PHÓ BÍ THƯ Phan Văn Hòa"
)


def document(**fields: object) -> ImportedDocument:
    return read_document(json.dumps({"text": TEXT, "title": "Quy định 44-QĐ/TU", "number": "44 - QĐ/TU", **fields}))


def test_the_facts_of_the_head_are_read() -> None:
    read = document()
    assert (read.type, read.number, read.issued_on) == ("quy-dinh", "44-QĐ/TU", date(2025, 4, 22))
    assert (read.effective_from, read.signer) == (date(2025, 5, 1), "Phan Văn Hòa")
    assert [p.anchor for p in read.provisions] == ["dieu-1", "dieu-2", "dieu-3"]


def test_relations_say_what_the_text_says() -> None:
    assert document().relations == (
        ImportedRelation(Verb.BASED_ON, "305-KL/TU"),
        ImportedRelation(Verb.AMENDS, "31-QĐ/TU"),
        ImportedRelation(Verb.REPLACES, "12-QĐ/TU"),
        ImportedRelation(Verb.CITES, "8-CT/TU"),
    )


@pytest.mark.parametrize(
    ("title", "verb"),
    [
        ("Nghị quyết bãi bỏ Nghị quyết 30/2013/NQ-HĐND", Verb.REPEALS),
        ("Quyết định sửa đổi, bổ sung Quyết định số 30/2013/NQ-HĐND", Verb.AMENDS),
        ("Quyết định bãi bỏ khoản 2 Điều 3 Quyết định 30/2013/NQ-HĐND", Verb.AMENDS),
        ("Hướng dẫn thực hiện Quy định 30/2013/NQ-HĐND", Verb.GUIDES),
        ("Công bố thủ tục được sửa đổi, bổ sung theo Nghị định 30/2013/NQ-HĐND", Verb.CITES),
    ],
)
def test_the_title_tells_the_verb(title: str, verb: Verb) -> None:
    read = read_document(json.dumps({"text": "Điều 1. Như tên gọi.", "title": title}))
    assert read.relations == (ImportedRelation(verb, "30/2013/NQ-HĐND"),)


def test_at_most_forty_documents_are_cited() -> None:
    text = "\n".join(f"Theo Nghị định số {n}/2020/NĐ-CP." for n in range(1, 80))
    assert len(read_document(json.dumps({"text": text})).relations) == 40


def test_a_date_of_another_year_than_the_number_gives_way_to_the_one_in_the_head() -> None:
    read = document(number="44/2025/QĐ-UBND", issue_date="2022-11-14")
    assert read.issued_on == date(2025, 4, 22)


def test_titles_in_capitals_are_set_in_sentence_case() -> None:
    assert tidy_title("KẾT LUẬN 127-KL/TW CỦA BỘ CHÍNH TRỊ, BAN BÍ THƯ VỀ TỔ CHỨC BỘ MÁY CỦA UBND TỈNH HÀ GIANG") == (
        "Kết luận 127-KL/TW của Bộ Chính trị, Ban Bí thư về tổ chức bộ máy của UBND tỉnh Hà Giang"
    )
    assert tidy_title("Nghị quyết số 66-NQ/TW về đổi mới") == "Nghị quyết số 66-NQ/TW về đổi mới"


@pytest.mark.parametrize(
    ("crawled", "number", "tidy"),
    [
        ("Ban Chấp Hành Trung Ương Ban Tuyên Giáo Và Dân Vận", None, "Ban Tuyên giáo và Dân vận Trung ương"),
        ("Ban Chấp Hành Trung Ương Văn Phòng", None, "Văn phòng Trung ương Đảng"),
        ("Ban Chấp Hành Trung Ương", None, "Ban Chấp hành Trung ương"),
        ("Bộ Văn Hóa, Thể Thao Và Du Lịch", None, "Bộ Văn hóa, Thể thao và Du lịch"),
        ("Ủy Ban Nhân Dân Tỉnh Đắk Lắk", None, "Ủy ban nhân dân tỉnh Đắk Lắk"),
        ("Tỉnh Bắc Ninh", "1505/QĐ-UBND", "Ủy ban nhân dân tỉnh Bắc Ninh"),
        ("Bộ Tài chính", None, "Bộ Tài chính"),
    ],
)
def test_issuers_are_spelt_as_they_spell_themselves(crawled: str, number: str | None, tidy: str) -> None:
    assert tidy_issuer(crawled, number) == tidy


def test_a_type_nobody_names_is_read_from_the_title_or_is_another_document() -> None:
    assert document(title="Chỉ thị về tiết kiệm").type == "chi-thi"
    assert document(title="Circular No. 109/2025/TT-BTC").type == "khac"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 7: not JSON .* write one JSON object on each line"),
        ("[1]", "line 7: not a JSON object"),
        ('{"title": "Không có nội dung"}', "line 7: the document has no `text`; add it or remove the line"),
        ('{"text": 5}', "line 7: `text` is not text"),
        ('{"text": "Có", "issue_date": "19/11/2025"}', "line 7: `issue_date` '19/11/2025' .* write it as 2025-11-19"),
    ],
)
def test_a_bad_line_says_where_it_is_and_what_to_do(line: str, reason: str) -> None:
    with pytest.raises(InvalidLineError, match=reason):
        read_document(line, 7)


def test_a_bad_line_does_not_stop_the_others() -> None:
    read = list(read_documents(['{"text": "Một"}', "", "hỏng", '{"text": "Hai"}']))
    assert [type(item) for item in read] == [ImportedDocument, InvalidLine, ImportedDocument]
    assert isinstance(read[1], InvalidLine)
    assert read[1].line == 3


def test_all_real_documents_are_read() -> None:
    if not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    with CORPUS.open(encoding="utf-8") as lines:
        read = [item for item in read_documents(lines) if isinstance(item, ImportedDocument)]
    assert len(read) == 412
    assert sum(item.number is not None for item in read) == 411
    assert sum(item.issued_on is not None for item in read) > 380
    assert {item.type for item in read} <= set(DOCUMENT_TYPE_BY_SLUG)
    for item in read:
        assert normalise(item.title) == item.title
        assert 0 < len(item.summary) <= 301
        assert len({relation.number for relation in item.relations}) == len(item.relations)
    by_number = {item.number: item for item in read}
    assert ImportedRelation(Verb.REPLACES, "270-QĐ/TW") in by_number["383-QĐ/TW"].relations
    assert ImportedRelation(Verb.GUIDES, "377-QĐ/TW") in by_number["45-HD/BTCTW"].relations
    assert by_number["383-QĐ/TW"].signer == "Trần Cẩm Tú"
