"""Several people decide at the same moment, on a real PostgreSQL (see racing.py)."""

import json
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from wagtail.models import Page, PageViewRestriction, TaskState, WorkflowState

from cms.content.models import NewsPage
from cms.editorial import publication
from cms.ledger.models import Approval, Change, LedgerPosition, PublishedItem, Snapshot
from cms.units.boards import seat
from cms.units.models import Role
from tests.cms.factories import Board, news, person
from tests.cms.racing import assert_races_end_well, at_once, first_test, racing_test

ROUNDS = 3  # of each two-sided race; who comes first differs from round to round

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
_numbers = count(1)


@first_test
def test_the_races_of_this_file_end_well_on_a_real_postgresql() -> None:
    assert_races_end_well(__file__)


@pytest.fixture
def board(transactional_db: None) -> Board:
    """The board of a unit, visible to all threads; the tables are emptied and filled anew between the tests."""
    return Board()


@pytest.fixture
def other(board: Board) -> Board:
    return Board(f"Đảng ủy xã số {next(_numbers)}", parent=board.unit)


def assert_ledger_is_sound() -> None:
    seqs = list(Change.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1)), "seq has gaps"
    position = LedgerPosition.objects.first()
    assert (position.last_seq if position else 0) == len(seqs)
    for item in PublishedItem.objects.select_related("snapshot__approval"):
        changes = list(item.changes.order_by("seq"))
        assert [change.is_latest for change in changes] == [False] * (len(changes) - 1) + [True]
        assert changes[-1].snapshot_id == item.snapshot_id
        page = Page.objects.filter(pk=item.page_id).first()
        if page is None or not page.live:
            assert not item.is_live, f"{item}: on the site, but its page is not live"
        elif item.is_live:
            assert item.snapshot.approval.revision_id == page.live_revision_id
            unit = json.loads(item.snapshot.data)["unit"]["id"]
            assert unit == str(page.get_parent().specific.uuid), f"{item}: the snapshot names another unit"
    assert Page.find_problems() == ([], [], [], [], [])


def post(user: Any, path: str, **data: str) -> Callable[[], int]:
    """A logged-in browser tab with a form ready to be sent; gives the status of the answer."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return lambda: client.post(path, data).status_code


def review_path(page: Page) -> str:
    state = WorkflowState.objects.get(object_id=str(page.pk), status=WorkflowState.STATUS_IN_PROGRESS)
    return f"/admin/editorial/review/{state.current_task_state_id}/"


def approval(board: Board, page: Page) -> Callable[[], int]:
    return post(board.approver, review_path(page), action="approve", comment="")


def live_with_a_new_version_waiting(board: Board) -> NewsPage:
    page = board.write(news(), approved=True)
    return board.submit(board.edit(page, body="<p>Bản hai.</p>"))


def superuser() -> Any:
    return person(f"quantri{next(_numbers)}", is_superuser=True, is_staff=True)


@racing_test
def test_twelve_clicks_on_approve_publish_once_and_the_page_stays_live(board: Board) -> None:
    page = board.write(news(), submitted=True)
    second = person("pheduyet-thu-hai", board.unit, Role.APPROVER)
    path = review_path(page)
    users = [board.approver, second]
    statuses = at_once(*(post(users[n % 2], path, action="approve", comment="") for n in range(12)))
    assert max(statuses) < 500
    assert statuses.count(302) == 12, statuses
    assert Page.objects.get(pk=page.pk).live
    assert Snapshot.objects.filter(item_id=page.uuid).count() == 1
    assert Change.objects.filter(item_id=page.uuid).count() == 1
    assert Approval.objects.filter(item_uuid=page.uuid).count() == 1
    assert not WorkflowState.objects.active().filter(object_id=str(page.pk)).exists()


@racing_test
def test_items_approved_in_parallel_are_never_skipped_by_a_reader_who_follows_the_feed(board: Board) -> None:
    pages = [board.write(news(), submitted=True) for _ in range(10)]
    done = threading.Event()
    seen: list[dict[str, Any]] = []
    reader = Client(headers={"Authorization": f"Bearer {settings.FEED_TOKEN}"})

    def follow() -> int:
        while True:
            last_round = done.is_set()
            after = seen[-1]["seq"] if seen else 0
            seen.extend(map(json.loads, reader.get("/api/v1/changes/", {"after": after}).content.splitlines()))
            if last_round:
                return 200

    def approve_all() -> int:
        try:
            return max(at_once(*(approval(board, page) for page in pages)))
        finally:
            done.set()

    assert max(at_once(follow, approve_all)) < 500
    seqs = [line["seq"] for line in seen]
    assert seqs == sorted(seqs)
    # A later change of the same item may have superseded what was already there when the reader began.
    expected = {str(uuid) for uuid in PublishedItem.objects.values_list("uuid", flat=True)}
    assert {line["id"] for line in seen} == expected
    assert {str(page.uuid) for page in pages} <= expected


@racing_test
def test_an_approval_racing_a_withdrawal_ends_as_one_of_the_two(board: Board) -> None:
    second = person("pheduyet-rut", board.unit, Role.APPROVER)
    for _ in range(ROUNDS):
        page = live_with_a_new_version_waiting(board)
        withdrawal = post(second, f"/admin/editorial/withdraw/{page.pk}/", reason="Sai số liệu")
        assert max(at_once(approval(board, page), withdrawal)) < 500
        assert_ledger_is_sound()


@racing_test
def test_an_approval_racing_a_deletion_leaves_nothing_on_the_site(board: Board) -> None:
    root = superuser()
    for page in [live_with_a_new_version_waiting(board) for _ in range(ROUNDS)] + [
        board.write(news(), submitted=True) for _ in range(ROUNDS)
    ]:
        deletion = post(root, f"/admin/pages/{page.pk}/delete/")
        assert max(at_once(approval(board, page), deletion)) < 500
        assert not Page.objects.filter(pk=page.pk).exists()
        item = PublishedItem.objects.filter(uuid=page.uuid).first()
        assert item is None or not item.is_live
        assert_ledger_is_sound()


@racing_test
def test_an_approval_racing_a_move_names_the_unit_the_item_ends_up_in(board: Board, other: Board) -> None:
    root = superuser()
    for _ in range(ROUNDS):
        page = live_with_a_new_version_waiting(board)
        move = post(root, f"/admin/pages/{page.pk}/move/{other.unit.pk}/confirm/")
        statuses = at_once(approval(board, page), move)
        assert max(statuses) < 500
        assert Page.objects.get(pk=page.pk).get_parent().pk == other.unit.pk
        assert_ledger_is_sound()


@racing_test
@pytest.mark.parametrize("what", ["withdraw", "delete", "move"])
def test_what_begins_in_the_middle_of_an_approval_waits_for_its_end(
    what: str, board: Board, other: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = live_with_a_new_version_waiting(board)
    root = superuser()
    seat(root, board.unit, Role.APPROVER)
    paths = {
        "withdraw": f"/admin/editorial/withdraw/{page.pk}/",
        "delete": f"/admin/pages/{page.pk}/delete/",
        "move": f"/admin/pages/{page.pk}/move/{other.unit.pk}/confirm/",
    }
    second = post(root, paths[what], reason="Sai số liệu")
    in_the_middle = threading.Event()
    real_form = publication.published_form

    def slow_form(draft: Any) -> Any:
        in_the_middle.set()
        time.sleep(1)
        return real_form(draft)

    monkeypatch.setattr(publication, "published_form", slow_form)
    assert max(at_once(approval(board, page), lambda: in_the_middle.wait(30) and second())) < 500
    assert Approval.objects.filter(item_uuid=page.uuid).count() == 2, "the approval went through"
    after = Page.objects.filter(pk=page.pk).first()
    ended_as = {"withdraw": after and not after.live, "delete": after is None, "move": after and after.live}
    assert ended_as[what]
    assert_ledger_is_sound()


@racing_test
def test_an_approval_racing_a_restriction_of_its_unit_is_not_on_the_site(board: Board) -> None:
    for _ in range(ROUNDS):
        commune = Board(f"Đảng ủy xã số {next(_numbers)}", parent=board.unit)
        page = commune.write(news(), submitted=True)

        def restrict(unit: Page = commune.unit) -> int:
            PageViewRestriction.objects.create(page_id=unit.pk, restriction_type=PageViewRestriction.LOGIN)
            return 200

        assert max(at_once(approval(commune, page), restrict)) < 500
        item = PublishedItem.objects.filter(uuid=page.uuid).first()
        assert item is None or not item.is_live


@racing_test
def test_an_approval_racing_a_rejection_ends_as_one_of_the_two(board: Board) -> None:
    for _ in range(ROUNDS):
        page = board.write(news(), submitted=True)
        path = review_path(page)
        rejection = post(board.reviewer, path, action="reject", comment="Xem lại số liệu.")
        assert max(at_once(approval(board, page), rejection)) < 500
        statuses = set(TaskState.objects.filter(revision_id=page.latest_revision_id).values_list("status", flat=True))
        assert len(statuses) == 1
        approved = statuses == {TaskState.STATUS_APPROVED}
        assert Page.objects.get(pk=page.pk).live == approved
        assert PublishedItem.objects.filter(uuid=page.uuid).exists() == approved


@racing_test
def test_an_edit_racing_an_approval_never_puts_the_edited_text_on_the_site(board: Board) -> None:
    for _ in range(ROUNDS):
        page = board.write(news(body="<p>Bản đã nộp.</p>"), submitted=True)

        def edit(page: NewsPage = page) -> int:
            draft = NewsPage.objects.get(pk=page.pk).get_latest_revision_as_object()
            draft.body = "<p>Bản sửa lén.</p>"
            draft.save_revision(user=board.editor)
            return 200

        assert max(at_once(approval(board, page), edit)) < 500
        assert not Snapshot.objects.filter(item_id=page.uuid, data__contains="sửa lén").exists()
        assert_ledger_is_sound()


@racing_test
def test_a_seat_given_and_taken_while_approving_never_lets_the_author_approve(board: Board) -> None:
    seat(board.editor, board.unit, Role.APPROVER)
    try:
        page = board.write(news(), submitted=True)
        path = review_path(page)
        at_once(*(post(board.editor, path, action="approve", comment="") for _ in range(6)))
        assert not PublishedItem.objects.filter(uuid=page.uuid).exists()
        assert not Page.objects.get(pk=page.pk).live
    finally:
        board.editor.memberships.filter(role=Role.APPROVER).delete()
