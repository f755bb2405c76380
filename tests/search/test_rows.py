"""What of a record goes into the index."""

from contract.models import Provision
from contract.vocabulary import ProvisionKind
from search.provision_texts import provision_texts
from search.rows import document_row, number_prefixes, provision_rows
from tests.search.factories import WARD, document, item
from tests.search.samples import demo_records, regulation_provisions, resolution_provisions


def labels(provisions: list[Provision]) -> dict[str, str]:
    return {found.label: found.citation for found in provision_texts(tuple(provisions))}


def test_provisions_are_cited_from_their_article_down() -> None:
    assert labels(list(regulation_provisions())) == {
        "Điều 1": "dieu-1",
        "Điều 5": "dieu-5",
        "Điều 5, khoản 1": "dieu-5/khoan-1",
        "Điều 5, khoản 2": "dieu-5/khoan-2",
        "Điều 5, khoản 2, điểm a": "dieu-5/khoan-2/diem-a",
    }


def test_sections_of_a_resolution_are_cited_from_the_top() -> None:
    assert list(labels(list(resolution_provisions()))) == ["Mục I, khoản 1", "Mục II"]


def test_an_article_says_what_its_clauses_and_points_say() -> None:
    article = next(found for found in provision_texts(tuple(regulation_provisions())) if found.label == "Điều 5")
    assert "mỗi tháng một lần" in article.text
    assert "báo qua điện thoại" in article.text


def test_a_heading_over_other_provisions_is_no_provision_of_its_own() -> None:
    provisions = (
        Provision(anchor="chuong-i", kind=ProvisionKind.CHAPTER, label="Chương I", heading="QUY ĐỊNH CHUNG"),
        Provision(anchor="dieu-1", kind=ProvisionKind.ARTICLE, label="Điều 1", parent="chuong-i", body="<p>Một.</p>"),
    )
    assert [found.anchor for found in provision_texts(provisions)] == ["dieu-1"]


def test_a_clause_that_is_a_title_over_its_points_can_be_cited_and_says_what_they_say() -> None:
    provisions = (
        Provision(anchor="dieu-3", kind=ProvisionKind.ARTICLE, label="Điều 3", heading="Hồ sơ"),
        Provision(anchor="dieu-3-khoan-1", kind=ProvisionKind.CLAUSE, label="1", heading="Hồ sơ gồm:", parent="dieu-3"),
        Provision(
            anchor="dieu-3-khoan-1-diem-a",
            kind=ProvisionKind.POINT,
            label="a",
            body="<p>Đơn;</p>",
            parent="dieu-3-khoan-1",
        ),
    )
    clause = next(found for found in provision_texts(provisions) if found.citation == "dieu-3/khoan-1")
    assert (clause.heading, clause.text) == ("Hồ sơ gồm:", "Đơn;")


def test_a_number_is_found_by_every_beginning_of_it() -> None:
    assert number_prefixes("30/2020/NĐ-CP") == ["30", "30-2020", "30-2020-nd", "30-2020-nd-cp"]
    assert number_prefixes(None) == []


def test_an_item_belongs_to_its_unit_and_every_unit_above() -> None:
    row = document_row(item("tin", "Tin", unit=WARD), "0" * 64)
    assert row["units"] == [str(WARD.ancestors[0]), str(WARD.id)]


def test_attachments_are_searched_by_their_text() -> None:
    row = document_row(item("tin", "Tin", attachment_text="Phụ lục số liệu"), "0" * 64)
    assert "Phụ lục số liệu" in row["attachments"]


def test_text_is_stored_in_one_spelling() -> None:
    row = document_row(document("qd", "Uỷ ban", "1-QĐ/TU", body="thuỷ lợi"), "0" * 64)
    assert row["title"] == "Ủy ban"
    assert "thủy lợi" in row["text"]


def test_every_row_of_a_document_carries_the_hash_of_its_record() -> None:
    record = demo_records()[2]
    assert {row["record"] for row in provision_rows(record, "f" * 64)} == {"f" * 64}
