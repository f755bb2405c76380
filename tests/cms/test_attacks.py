"""Ways round the board that were found by trying, each kept shut."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from wagtail.models import Page

from cms.content.published_form import published_form
from cms.editorial.publication import withdraw
from cms.ledger.models import Change, PublishedItem
from cms.ledger.recording import change_line
from cms.units.models import UnitPage
from contract.models import parse_change
from tests.cms.factories import Board, document, file_asset, news

pytestmark = pytest.mark.django_db


def live() -> set[str]:
    return set(PublishedItem.objects.filter(snapshot__isnull=False).values_list("title", flat=True))


def fresh(page: Page) -> Page:
    return type(page).objects.get(pk=page.pk)


def test_a_withdrawn_item_does_not_come_back_when_its_old_revision_is_published_again() -> None:
    board = Board()
    page = board.write(news(), approved=True)
    withdraw(page, board.approver, "Sai số liệu")
    fresh(page).get_latest_revision().publish(skip_permission_checks=True)
    assert live() == set()
    board.approve(board.submit(board.edit(fresh(page), summary="Đã sửa")))
    assert live() == {page.title}


def test_a_saved_revision_is_never_overwritten() -> None:
    board = Board()
    page = board.write(news(title="Bản đã duyệt"), approved=True)
    approved = page.get_latest_revision()
    draft = page.get_latest_revision_as_object()
    draft.title = "Viết đè"
    draft.save_revision(user=board.approver, overwrite_revision=approved)
    approved.refresh_from_db()
    assert approved.as_object().title == "Bản đã duyệt"
    board.submit(page)
    with pytest.raises(PermissionDenied):
        board.approve(page)


def test_a_unit_renamed_after_the_text_was_handed_in_stops_the_approval() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    unit = UnitPage.objects.get(pk=board.unit.pk)
    unit.title = "Tên mạo nhận"
    unit.save()
    with pytest.raises(PermissionDenied):
        board.approve(page)
    assert not Change.objects.exists()


def test_an_approved_units_name_goes_out_as_it_was_approved() -> None:
    board = Board()
    board.submit(board.edit(board.unit, summary="Giới thiệu"))
    board.approve(board.unit)
    unit = UnitPage.objects.get(pk=board.unit.pk)
    unit.title = "Tên chưa duyệt"
    unit.save()
    board.write(news(), approved=True)
    change = parse_change(change_line(Change.objects.order_by("-seq").first()))
    assert change.snapshot.unit.name == "Tỉnh ủy Sơn Hà"


def test_another_units_private_file_is_neither_previewed_nor_published() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    asset = file_asset(b"mat", collection=other.unit.board_group.collection)
    page = board.write(news(attachments=[("file", asset)]), approved=True)
    assert published_form(page).content["attachments"] == []
    own = file_asset(b"chung", collection=board.unit.board_group.collection)
    assert published_form(board.write(news(attachments=[("file", own)]))).content["attachments"] != []


def test_a_relation_says_nothing_of_a_draft() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    secret = other.write(document(number="99-NQ/ĐU"))
    value = {"verb": "amends", "number": "", "target": secret, "anchor": ""}
    page = board.write(document(relations=[("relation", value)]))
    assert published_form(page).content["relations"] == []


def test_withdrawing_a_scheduled_item_cancels_the_schedule() -> None:
    board = Board()
    page = board.write(news(go_live_at=timezone.now() + timedelta(hours=1)), approved=True)
    assert withdraw(page, board.approver, "Hoãn")
    assert not page.revisions.filter(approved_go_live_at__isnull=False).exists()
    Page.objects.filter(pk=page.pk).update(go_live_at=timezone.now() - timedelta(hours=1))
    call_command("publish_scheduled")
    assert live() == set()
    assert not fresh(page).live


@pytest.mark.parametrize("cursor", ["cD1h", "cD0lMDA=", "cD0nIE9SIDE9MQ==", "x"])
def test_an_invented_cursor_is_a_404(cursor: str) -> None:
    Board().write(document(), approved=True)
    for ordering in ("", "issued_on"):
        assert Client().get("/api/v1/documents/", {"cursor": cursor, "ordering": ordering}).status_code == 404


@pytest.mark.parametrize("set_aside", [[1, 2], "x", {"a": 1}, [["a"]]])
def test_a_state_of_the_wrong_shape_is_refused(service: Client, set_aside: object) -> None:
    state = {"release": "r", "seq": 1, "built_at": "2026-11-22T08:00:00Z", "set_aside": set_aside}
    assert service.post("/api/v1/publisher-state/", state, content_type="application/json").status_code == 400
