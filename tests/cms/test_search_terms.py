"""What boards teach the search box: written, checked and approved like any other content, by the top unit only."""

import json
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import translation
from wagtail.blocks import StreamValue
from wagtail.blocks.stream_block import StreamBlockValidationError
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from cms.content.models import StandardPage, VocabularyPage
from cms.content.search_terms import SearchTermsBlock
from cms.editorial.publication import withdraw
from cms.editorial.workflow import approve
from cms.ledger.models import Change
from cms.ledger.recording import change_line
from contract.models import Snapshot, parse_change
from contract.vocabulary import Kind, TermKind
from tests.cms.factories import Board, document, vocabulary

pytestmark = pytest.mark.django_db

SHORT = ("abbreviation", {"words": "BCH TW", "means": "Ban Chấp hành Trung ương"})
NINETEEN = ("alias", {"words": "19 điều", "number": "37-QĐ/TW", "issued_on": date(2021, 10, 25)})


def last_snapshot() -> Snapshot:
    snapshot = parse_change(change_line(Change.objects.order_by("-seq").first())).snapshot
    assert snapshot is not None
    return snapshot


def clean(*terms: tuple[str, dict[str, Any]]) -> StreamValue:
    block = SearchTermsBlock()
    return block.clean(block.to_python([{"type": kind, "value": values} for kind, values in terms]))


def refusal(*terms: tuple[str, dict[str, Any]]) -> dict[str, str]:
    """What is said beside which field of the last term."""
    with translation.override("vi"), pytest.raises(StreamBlockValidationError) as caught:
        clean(*terms)
    last = caught.value.block_errors[len(terms) - 1]
    return {name: " ".join(ValidationError(error).messages) for name, error in last.block_errors.items()}


# Through the workflow -------------------------------------------------------------------------------------------------


def test_what_was_approved_goes_out_as_terms_of_a_page() -> None:
    query = ("query", {"words": "chuyển sinh hoạt đảng"})
    Board().write(vocabulary(terms=[SHORT, NINETEEN, query]), approved=True)
    sent = last_snapshot()
    assert (sent.kind, sent.path) == (Kind.PAGE, "/trang/tu-ngu-tim-kiem/")
    assert [(term.kind, term.words, term.means or term.number, term.issued_on) for term in sent.terms] == [
        (TermKind.ABBREVIATION, "BCH TW", "Ban Chấp hành Trung ương", None),
        (TermKind.ALIAS, "19 điều", "37-QĐ/TW", date(2021, 10, 25)),
        (TermKind.QUERY, "chuyển sinh hoạt đảng", None, None),
    ]


def test_terms_of_a_draft_or_a_waiting_page_go_nowhere_and_a_live_page_keeps_its_own() -> None:
    board = Board()
    board.write(vocabulary())
    board.write(vocabulary(), submitted=True)
    assert not Change.objects.exists()
    page = board.write(vocabulary(terms=[SHORT]), approved=True)
    board.edit(page, terms=[NINETEEN])
    assert [term.words for term in last_snapshot().terms] == ["BCH TW"]
    board.approve(board.submit(page))
    assert [term.words for term in last_snapshot().terms] == ["19 điều"]


def test_nobody_approves_their_own_terms() -> None:
    board = Board()
    page = board.write(vocabulary(), submitted=True)
    with pytest.raises(PermissionDenied):
        approve(page, board.editor)
    assert not Change.objects.exists()


def test_terms_that_were_changed_after_they_were_handed_in_wait_again() -> None:
    board = Board()
    page = board.write(vocabulary(terms=[SHORT]), submitted=True)
    draft = page.get_latest_revision_as_object()
    draft.terms = [("abbreviation", {"words": "BCH TW", "means": "một nghĩa khác"})]
    draft.save_revision(user=board.editor)
    board.approve(page)
    assert not Change.objects.exists()


def test_withdrawing_the_page_withdraws_its_terms() -> None:
    board = Board()
    page = board.write(vocabulary(), approved=True)
    withdraw(page, board.approver, "Sai nghĩa")
    assert parse_change(change_line(Change.objects.order_by("-seq").first())).op == "withdraw"


# Where such pages may be ----------------------------------------------------------------------------------------------


def test_only_the_top_unit_has_search_terms() -> None:
    province = Board()
    commune = Board("Đảng ủy xã Suối Trong", parent=province.unit)
    assert VocabularyPage.can_create_at(province.unit)
    assert not VocabularyPage.can_create_at(commune.unit)
    page = province.write(vocabulary())
    assert not page.can_move_to(commune.unit)
    client = Client()
    client.force_login(commune.editor)
    offered = client.get(reverse("wagtailadmin_pages:add_subpage", args=[commune.unit.pk])).content.decode()
    assert "Từ ngữ tìm kiếm" not in offered
    assert "Trang" in offered
    assert client.get(add_address(commune)).status_code in (302, 403)


def test_two_types_of_pages_never_get_one_address() -> None:
    board = Board()
    first = board.write(StandardPage(title="Từ ngữ tìm kiếm", body="<p>Giới thiệu.</p>"))
    second = board.write(vocabulary(title="Từ ngữ tìm kiếm"))
    assert (first.address, second.address) == ("/trang/tu-ngu-tim-kiem/", "/trang/tu-ngu-tim-kiem-2/")
    second.slug = first.slug
    with pytest.raises(ValidationError):
        second.full_clean()


# What an editor is told -----------------------------------------------------------------------------------------------


def test_everything_typed_gets_its_one_spelling() -> None:
    terms = clean(
        ("abbreviation", {"words": " BCH  TW ", "means": "Ban Chấp hành Đảng uỷ"}),
        ("alias", {"words": "19 điều", "number": "số 37 – QĐ/TW"}),
    )
    assert (terms[0].value["words"], terms[0].value["means"]) == ("BCH TW", "Ban Chấp hành Đảng ủy")
    assert terms[1].value["number"] == "37-QĐ/TW"


@pytest.mark.parametrize(
    ("kind", "values", "field", "said"),
    [
        ("abbreviation", {"words": "", "means": "đảng viên"}, "words", "bắt buộc"),
        ("abbreviation", {"words": "ĐV", "means": ""}, "means", "bắt buộc"),
        ("abbreviation", {"words": "…", "means": "ba chấm"}, "words", "ít nhất một chữ cái"),
        ("abbreviation", {"words": "ĐẢNG VIÊN", "means": "đảng viên"}, "means", "giống nhau"),
        ("synonym", {"words": "chi bộ", "means": "chi bo"}, "means", "giống nhau"),
        ("alias", {"words": "19 điều", "number": ""}, "number", "bắt buộc"),
        ("alias", {"words": "19 điều", "number": "quy định về 19 điều"}, "number", "không phải số hiệu"),
        ("query", {"words": "x" * 201}, "words", "200"),
    ],
)
def test_a_term_that_says_nothing_is_refused_beside_its_field(
    kind: str, values: dict[str, Any], field: str, said: str
) -> None:
    assert said in refusal((kind, values))[field]


def test_the_same_term_twice_is_refused_and_two_meanings_are_not() -> None:
    assert "đã có trong danh sách" in refusal(SHORT, ("abbreviation", {**SHORT[1], "words": "bch tw"}))["words"]
    assert len(clean(SHORT, ("abbreviation", {"words": "BCH TW", "means": "Ban chỉ huy Trung ương"}))) == 2


def test_a_shared_number_needs_the_date_of_one_of_its_documents() -> None:
    board = Board()
    for day in ("2017-10-25", "2022-06-16"):
        board.write(document(number="18-NQ/TW", issued_on=day, title=f"Nghị quyết {day}"), approved=True)
    name = {"words": "Nghị quyết về đất đai", "number": "18-nq/tw"}
    assert "25/10/2017, 16/06/2022" in refusal(("alias", name))["issued_on"]
    assert "25/10/2017, 16/06/2022" in refusal(("alias", {**name, "issued_on": date(2022, 6, 17)}))["issued_on"]
    assert clean(("alias", {**name, "issued_on": date(2022, 6, 16)}))


def test_a_draft_tells_nothing_of_its_number_and_a_document_may_come_later() -> None:
    board = Board()
    board.write(document(number="18-NQ/TW", issued_on="2017-10-25"))
    board.write(document(number="18-NQ/TW", issued_on="2022-06-16"))
    assert clean(("alias", {"words": "Nghị quyết 18", "number": "18-NQ/TW"}))


def add_address(board: Board) -> str:
    return reverse("wagtailadmin_pages:add", args=["content", "vocabularypage", board.unit.pk])


def filled_form(*terms: tuple[str, dict[str, Any]]) -> dict[str, str]:
    values = {
        "title": "Từ ngữ tìm kiếm",
        "summary": "",
        "body": rich_text(""),
        "terms": streamfield(list(terms)),
        "comments": inline_formset([]),
    }
    return nested_form_data(values)


def test_an_editor_fills_in_the_form_and_reads_in_vietnamese_what_is_wrong() -> None:
    board = Board()
    client = Client()
    client.force_login(board.editor)
    assert "Từ ngữ tìm kiếm" in client.get(add_address(board)).content.decode()
    wrong = ("alias", {"words": "19 điều", "number": "mười chín", "issued_on": ""})
    answer = client.post(add_address(board), filled_form(SHORT, wrong))
    # What stands beside a block is put there by a script, which gets it as JSON.
    assert json.dumps("không phải số hiệu")[1:-1] in answer.content.decode()
    assert not VocabularyPage.objects.exists()
    right = ("alias", {"words": "19 điều", "number": "37-QĐ/TW", "issued_on": "2021-10-25"})
    client.post(add_address(board), filled_form(SHORT, right))
    draft = VocabularyPage.objects.get().get_latest_revision_as_object()
    assert [block.value["words"] for block in draft.terms] == ["BCH TW", "19 điều"]
