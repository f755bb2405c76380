"""Four eyes, and what the ledger says after each decision."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from wagtail.models import Page, PageViewRestriction

from cms.editorial.publication import withdraw
from cms.editorial.rules import APPROVE, ENDORSE, verdict
from cms.editorial.workflow import approve, submit
from cms.ledger.models import Approval, Change, LedgerPosition, PublishedItem
from cms.ledger.recording import change_line, reconcile
from cms.units.boards import seat
from cms.units.models import Membership, Role
from contract.models import parse_change
from tests.cms.factories import Board, document, file_asset, news, person

pytestmark = pytest.mark.django_db


def last_change() -> Change:
    return Change.objects.order_by("-seq").first()


def test_an_approval_writes_snapshot_and_change_that_pass_the_contract() -> None:
    board = Board()
    page = board.write(document(), approved=True)
    change = parse_change(change_line(last_change()))
    assert change.op == "publish"
    assert change.snapshot.title == page.title
    assert change.snapshot.document.number == page.number
    assert "dieu-1-khoan-2" in [provision.anchor for provision in change.snapshot.provisions]
    assert change.snapshot.unit.name == "Tỉnh ủy Sơn Hà"
    assert page.live


def test_a_draft_and_a_waiting_text_write_nothing() -> None:
    board = Board()
    board.write(news())
    board.write(news(), submitted=True)
    assert not Change.objects.exists()
    assert not PublishedItem.objects.exists()


def test_nobody_approves_their_own_text_not_even_with_every_role_and_as_superuser() -> None:
    board = Board()
    seat(board.editor, board.unit, Role.APPROVER)
    board.editor.is_superuser = True
    board.editor.save()
    page = board.write(news(), submitted=True)
    with pytest.raises(PermissionDenied, match="tham gia viết"):
        approve(page, board.editor)
    assert not Change.objects.exists()
    assert not Page.objects.get(pk=page.pk).live


def test_a_superuser_without_a_seat_on_the_board_cannot_approve() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    with pytest.raises(PermissionDenied):
        approve(page, person("quantri", is_superuser=True, is_staff=True))
    assert not Change.objects.exists()


def test_a_reviewer_cannot_approve_and_another_units_approver_neither() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    page = board.write(news(), submitted=True)
    for user in (board.reviewer, other.approver):
        with pytest.raises(PermissionDenied):
            approve(page, user)


def test_whoever_changed_the_draft_counts_as_its_author() -> None:
    board = Board()
    page = board.write(news())
    draft = page.get_latest_revision_as_object()
    draft.title = "Tiêu đề do người phê duyệt sửa"
    draft.save_revision(user=board.approver)
    second = person("pheduyet-khac", board.unit, Role.APPROVER)
    submit(type(page).objects.get(pk=page.pk), board.editor)
    with pytest.raises(PermissionDenied):
        approve(type(page).objects.get(pk=page.pk), board.approver)
    approve(type(page).objects.get(pk=page.pk), second)
    assert json.loads(last_change().snapshot.data)["title"] == "Tiêu đề do người phê duyệt sửa"


def test_the_board_above_decides_when_the_unit_has_no_other_approver() -> None:
    province = Board()
    commune = Board("Đảng ủy xã Suối Trong", parent=province.unit)
    Membership.objects.filter(unit=commune.unit, role=Role.APPROVER).delete()
    page = commune.write(news(), submitted=True)
    with pytest.raises(PermissionDenied):
        approve(page, commune.approver)
    approve(page, province.approver)
    assert last_change().op == "publish"


def test_the_board_above_does_not_decide_while_the_units_own_board_can() -> None:
    province = Board()
    commune = Board("Đảng ủy xã Suối Trong", parent=province.unit)
    page = commune.write(news(), submitted=True)
    with pytest.raises(PermissionDenied):
        approve(page, province.approver)


def test_a_role_taken_away_after_the_form_was_opened_no_longer_counts() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    assert page.current_workflow_task.get_actions(page, board.approver)
    Membership.objects.filter(user=board.approver).delete()
    with pytest.raises(PermissionDenied):
        approve(page, board.approver)


def test_approving_twice_writes_one_snapshot_and_the_page_stays_live() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    task_state = page.current_workflow_task_state
    for _ in range(2):
        task_state.task.specific.on_action(task_state, board.approver, "approve")
    assert Change.objects.count() == 1
    assert Approval.objects.count() == 1
    assert Page.objects.get(pk=page.pk).live


def test_a_text_changed_after_it_was_handed_in_waits_again_in_its_new_version() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    draft = page.get_latest_revision_as_object()
    draft.body = "<p>Nội dung khác.</p>"
    draft.save_revision(user=board.editor)
    board.approve(page)
    assert not Change.objects.exists()
    assert type(page).objects.get(pk=page.pk).workflow_in_progress


def test_a_file_replaced_after_the_text_was_handed_in_stops_the_approval() -> None:
    board = Board()
    asset = file_asset(b"ban dau")
    page = board.write(news(attachments=[("file", asset)]), submitted=True)
    asset.file.save("thay.txt", ContentFile(b"ban khac"))
    with pytest.raises(PermissionDenied):
        board.approve(page)
    assert not Change.objects.exists()


def test_the_text_is_locked_for_everyone_while_it_waits() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    root = person("quantri", is_superuser=True, is_staff=True)
    assert all(page.get_lock().for_user(user) for user in (board.editor, board.approver, root))


def test_a_second_version_supersedes_the_first_in_the_feed_and_a_draft_of_it_is_not_seen() -> None:
    board = Board()
    page = board.write(news(title="Bản một"), approved=True)
    page = board.edit(page, title="Bản hai")
    assert json.loads(last_change().snapshot.data)["title"] == "Bản một"
    board.submit(page)
    board.approve(page)
    latest = Change.objects.filter(is_latest=True)
    assert [json.loads(change.snapshot.data)["title"] for change in latest] == ["Bản hai"]
    assert LedgerPosition.objects.get().last_seq == 2


def test_withdrawing_writes_a_withdrawal_that_carries_no_text() -> None:
    board = Board()
    page = board.write(news(title="Tin rút lại"), approved=True)
    withdraw(page, board.approver, "Sai số liệu")
    line = change_line(last_change())
    change = parse_change(line)
    assert (change.op, change.snapshot, change.path) == ("withdraw", None, page.address)
    assert "Tin rút lại".encode() not in line
    assert not Page.objects.get(pk=page.pk).live


def test_withdrawing_twice_or_what_was_never_live_changes_nothing() -> None:
    board = Board()
    page = board.write(news(), approved=True)
    assert withdraw(page, board.approver, "Sai số liệu")
    assert not withdraw(page, board.approver, "Lý do khác")
    assert not withdraw(board.write(news()), board.approver, "Chưa đăng")
    assert [change.reason for change in Change.objects.filter(op="withdraw")] == ["Sai số liệu"]


def test_an_approver_does_not_endorse_and_a_reviewer_does() -> None:
    board = Board()
    page = board.write(news(), submitted=True)
    assert not verdict(board.approver, page, ENDORSE).allowed
    assert verdict(board.reviewer, page, ENDORSE).allowed
    assert not verdict(board.reviewer, page, APPROVE).allowed


def test_an_editor_cannot_withdraw() -> None:
    board = Board()
    page = board.write(news(), approved=True)
    with pytest.raises(PermissionDenied):
        withdraw(page, board.editor, "thử")


def test_restricting_a_unit_withdraws_what_lies_below_and_lifting_it_brings_the_same_text_back() -> None:
    board = Board()
    board.write(news(), approved=True)
    before = last_change().snapshot.sha256
    restriction = PageViewRestriction.objects.create(page=board.unit, restriction_type=PageViewRestriction.LOGIN)
    assert last_change().op == "withdraw"
    restriction.delete()
    assert last_change().op == "publish"
    assert last_change().snapshot.sha256 == before


def test_moving_an_item_publishes_its_new_unit_under_the_same_approval_and_address() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    page = board.write(news(), approved=True)
    approval = Approval.objects.get()
    page.move(other.unit, pos="last-child")
    change = parse_change(change_line(last_change()))
    assert change.snapshot.unit.name == "Đảng ủy xã Suối Trong"
    assert change.snapshot.path == page.address
    assert last_change().snapshot.approval == approval


def test_moving_an_item_below_a_restricted_unit_withdraws_it() -> None:
    board, other = Board(), Board("Đảng ủy xã Suối Trong")
    PageViewRestriction.objects.create(page=other.unit, restriction_type=PageViewRestriction.LOGIN)
    page = board.write(news(), approved=True)
    page.move(other.unit, pos="last-child")
    assert last_change().op == "withdraw"


@pytest.mark.parametrize("what", ["page", "unit"])
def test_deleting_a_page_or_the_unit_around_it_withdraws_the_item(what: str) -> None:
    board = Board()
    page = board.write(news(), approved=True)
    Page.objects.get(pk=page.pk if what == "page" else board.unit.pk).delete()
    assert (last_change().op, str(last_change().item_id)) == ("withdraw", str(page.uuid))


def test_publishing_past_the_workflow_writes_nothing() -> None:
    board = Board()
    page = board.write(news())
    page.get_latest_revision().publish(skip_permission_checks=True)
    assert Page.objects.get(pk=page.pk).live
    assert not Change.objects.exists()


def test_a_copy_of_a_live_page_is_not_published() -> None:
    board = Board()
    page = board.write(news(), approved=True)
    copy = page.copy(update_attrs={"slug": "ban-sao", "title": "Bản sao"}, keep_live=True)
    reconcile(copy)
    assert PublishedItem.objects.count() == 1
    assert copy.uuid != page.uuid


def test_saying_it_twice_changes_nothing() -> None:
    board = Board()
    page = board.write(news(), approved=True)
    assert reconcile(page) is None
    assert Change.objects.count() == 1


def test_seq_grows_by_one_and_nothing_is_skipped() -> None:
    board = Board()
    for _ in range(3):
        board.write(news(), approved=True)
    assert list(Change.objects.values_list("seq", flat=True)) == [1, 2, 3]


def test_the_address_follows_the_number_until_it_is_published_and_then_stays() -> None:
    board = Board()
    page = board.write(document(number="7-NQ/TU"))
    page = board.edit(page, number="17-NQ/TU")
    page = board.approve(board.submit(page))
    assert page.address == "/van-ban/nghi-quyet-17-nq-tu/"
    page = board.approve(board.submit(board.edit(page, number="18-NQ/TU")))
    assert page.address == "/van-ban/nghi-quyet-17-nq-tu/"


def test_two_documents_of_one_number_get_two_addresses() -> None:
    board = Board()
    pages = [
        board.write(document(number="18-NQ/TU", issued_on=day), approved=True) for day in ("2025-01-02", "2026-01-02")
    ]
    assert [page.slug for page in pages] == ["nghi-quyet-18-nq-tu", "nghi-quyet-18-nq-tu-2"]
