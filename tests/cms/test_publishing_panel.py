"""Editors see on the dashboard whether what they approved is on the site, and what to do when it is not."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import strip_tags

from cms.editorial import publishing
from cms.editorial.publishing import duration
from cms.ledger.models import LedgerPosition, PublisherState
from publisher.errors import BuildError
from publisher.replica import SetAside, Stage
from publisher.reporting import HEARTBEAT, Reporter
from publisher.watching import FailureKind
from tests.cms.factories import Board, news, person
from tests.publisher.outcomes import Step

pytestmark = pytest.mark.django_db

STATE = {
    "release": "r-1",
    "seq": 0,
    "head": 0,
    "built_at": "2026-11-22T01:05:00Z",
    "seconds": 0.2,
    "delay": 0.8,
    "pages_written": 12,
    "pages_removed": 1,
    "items": 32638,
    "hidden": 0,
    "withdrawn": 3,
    "set_aside": [],
    "set_aside_total": 0,
    "failure": None,
}


def report(service: Client, **values: Any) -> None:
    response = service.post("/api/v1/publisher-state/", {**STATE, **values}, content_type="application/json")
    assert response.status_code == 200, response.content


def dashboard(user: Any) -> str:
    client = Client()
    client.force_login(user)
    html = client.get(reverse("wagtailadmin_home")).content.decode()
    found = re.search(r'<section[^>]*id="publisher-state.*?</section>', html, re.DOTALL)
    assert found, "the panel is on the dashboard"
    return found[0]


def text(user: Any) -> str:
    return " ".join(strip_tags(dashboard(user)).split())


def superuser() -> Any:
    return person("quantri", is_superuser=True)


def aside(page: Any, stage: str = "path") -> dict[str, Any]:
    return {"seq": 3, "id": str(page.uuid), "stage": stage, "reason": "the address belongs to another live item"}


def test_the_last_release_is_told_in_vietnamese_time_with_what_is_on_the_site(service: Client) -> None:
    report(service)
    shown = text(Board().editor)
    assert "Bản phát hành gần nhất lúc 08:05, 22/11/2026." in shown
    assert "Lần duyệt gần nhất lên trang sau 0,8 giây." in shown
    assert "Trang đang có 32.638 mục." in shown
    assert "Bản phát hành gần nhất ghi mới 12 trang." in shown
    assert "Mọi nội dung đã duyệt đều đã lên trang." in shown


def test_before_the_publisher_has_spoken_the_panel_says_that_nothing_is_lost() -> None:
    assert "chưa báo trạng thái" in text(Board().editor)


def test_changes_that_wait_are_counted_once_for_each_item(service: Client) -> None:
    board = Board()
    report(service, seq=LedgerPosition.objects.filter(pk=1).values_list("last_seq", flat=True).first() or 0)
    page = board.write(news(), approved=True)
    board.write(news(), approved=True)
    page = board.submit(board.edit(page, title="Tin đã sửa"))
    board.approve(page)
    shown = text(board.editor)
    assert "Đang chờ 2 thay đổi." in shown
    assert "Mọi nội dung đã duyệt" not in shown


def test_a_set_aside_item_is_named_and_linked_for_those_who_may_edit_it(service: Client) -> None:
    board = Board()
    page = board.write(news(title="Tin bị để lại"), approved=True)
    report(service, seq=99, set_aside=[aside(page)], set_aside_total=1)
    html = dashboard(board.editor)
    assert f'<a href="{reverse("wagtailadmin_pages:edit", args=[page.pk])}">Tin bị để lại</a>' in html
    assert "Địa chỉ của mục này đang thuộc về một mục khác" in html
    assert "Mọi nội dung đã duyệt" not in html
    assert "belongs to" not in html, "English is for those who run the system"
    assert "belongs to another live item" in dashboard(superuser())


def test_the_title_of_a_set_aside_item_is_hidden_from_other_boards(service: Client) -> None:
    board, other = Board(), Board("Đảng ủy xã Núi Ngọc")
    page = board.write(news(title="Tin bị để lại"), approved=True)
    report(service, seq=99, set_aside=[aside(page)], set_aside_total=1)
    html = dashboard(other.approver)
    assert "Tin bị để lại" not in html
    assert str(page.uuid) not in html
    assert f"/{page.pk}/" not in html
    assert "Còn 1 mục khác không liệt kê ở đây." in html


@pytest.mark.parametrize("id_", [None, "x", "not-a-uuid", str(uuid4())])
def test_a_set_aside_change_without_a_page_is_known_by_its_number(service: Client, id_: str | None) -> None:
    report(service, set_aside=[{"seq": 1234, "id": id_, "stage": "line", "reason": "bad"}], set_aside_total=1)
    shown = text(Board().editor)
    assert "Thay đổi số 1.234: Bộ xuất bản không đọc được dữ liệu" in shown


def test_a_set_aside_item_whose_page_was_deleted_does_not_break_the_dashboard(service: Client) -> None:
    board = Board()
    page = board.write(news(title="Tin đã xóa"), approved=True)
    report(service, set_aside=[aside(page)], set_aside_total=1)
    page.delete()
    shown = text(board.editor)
    assert "Tin đã xóa" not in shown
    assert "Thay đổi số 3:" in shown


def test_a_state_kept_from_an_older_version_does_not_break_the_dashboard() -> None:
    PublisherState.objects.create(
        pk=1, release="r", set_aside=[{"reason": "old"}, {"seq": 1, "id": "x", "reason": "y"}]
    )
    assert "chưa đưa lên trang được" in text(Board().editor)


def test_the_dashboard_asks_as_much_for_many_items_set_aside_as_for_one(
    service: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    board = Board()
    pages = [board.write(news(), approved=True) for _ in range(6)]
    report(service, set_aside=[aside(page) for page in pages], set_aside_total=6)
    with django_assert_max_num_queries(8):
        known = publishing.publishing_for(board.editor, timezone.now())
    assert known is not None
    assert len(known.set_aside) == 6


@pytest.mark.parametrize("kind", [kind.value for kind in FailureKind])
def test_a_failure_is_told_plainly_with_its_beginning_and_what_to_do(service: Client, kind: str) -> None:
    failure = {"kind": kind, "message": "[Errno 28] No space left", "since": "2026-11-22T02:00:00Z"}
    report(service, failure=failure)
    shown = text(Board().editor)
    assert "Từ 09:00, 22/11/2026:" in shown
    assert "quản trị viên hệ thống" in shown
    assert "Trang vẫn hiển thị nội dung như trước." in shown
    assert "Mọi nội dung đã duyệt" not in shown
    assert "Errno" not in shown
    assert "Errno" in text(superuser())


def test_cms_and_publisher_use_the_same_words() -> None:
    assert publishing._FAILURES.keys() == {kind.value for kind in FailureKind} - {"internal"}
    assert publishing._SET_ASIDE.keys() == {stage.value for stage in Stage}


def test_every_explanation_is_in_vietnamese() -> None:
    explanations = [text for pair in [*publishing._FAILURES.values(), publishing._UNKNOWN_FAILURE] for text in pair]
    explanations += [*publishing._SET_ASIDE.values(), publishing._UNKNOWN_STAGE]

    def told(language: str) -> set[str]:
        with translation.override(language):
            return {str(explanation) for explanation in explanations}

    assert not told("vi") & told("en")


def test_a_publisher_that_was_not_heard_of_for_long_is_said_to_be_down(service: Client) -> None:
    report(service)
    editor = Board().editor
    assert "có thể bộ xuất bản đã dừng" not in text(editor)
    PublisherState.objects.update(received_at=datetime(2026, 11, 22, 1, 10, tzinfo=UTC))
    shown = text(editor)
    assert "Không nhận được tin của bộ xuất bản từ 08:10, 22/11/2026" in shown
    assert "Mọi nội dung đã duyệt" not in shown


def test_silence_begins_only_after_some_missed_signs_of_life() -> None:
    assert timedelta(seconds=3 * HEARTBEAT) <= publishing.SILENCE


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0,0 giây"),
        (0.84, "0,8 giây"),
        (9.96, "10 giây"),
        (59.4, "59 giây"),
        (75, "1 phút 15 giây"),
        (7500, "2 giờ 5 phút"),
        (90_000, "1 ngày 1 giờ"),
        (86_400 * 1500, "1.500 ngày 0 giờ"),
    ],
)
def test_lengths_of_time_are_told_in_vietnamese(seconds: float, words: str) -> None:
    with translation.override("vi"):
        assert duration(seconds) == words


# The API


def test_what_the_publisher_leaves_out_stays_as_it_was(service: Client) -> None:
    report(service)
    failure = {"kind": "feed", "message": "down", "since": "2026-11-22T02:00:00Z"}
    service.post("/api/v1/publisher-state/", {"failure": failure}, content_type="application/json")
    state = PublisherState.objects.get()
    assert (state.release, state.delay, state.failure["kind"]) == ("r-1", 0.8, "feed")
    service.post("/api/v1/publisher-state/", {"failure": None}, content_type="application/json")
    assert PublisherState.objects.get().failure is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay": -1},
        {"delay": "soon"},
        {"items": -1},
        {"seq": None},
        {"failure": "down"},
        {"failure": {"kind": "feed"}},
        {"failure": {"kind": "feed", "message": "x", "since": "yesterday"}},
        {"failure": {"kind": "x" * 31, "message": "x", "since": "2026-11-22T02:00:00Z"}},
        {"set_aside": [{"reason": "x" * 2001}]},
        {"set_aside": [{"reason": "x"}] * 1001},
        {"set_aside": [{"seq": "three", "reason": "x"}]},
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_and_nothing_is_kept(service: Client, wrong: dict[str, Any]) -> None:
    response = service.post("/api/v1/publisher-state/", {**STATE, **wrong}, content_type="application/json")
    assert response.status_code == 400
    assert not PublisherState.objects.exists()


def test_keys_that_are_not_known_are_ignored(service: Client) -> None:
    report(service, colour="red", set_aside=[{"seq": 1, "id": None, "stage": "line", "reason": "x", "title": "bí mật"}])
    assert "bí mật" not in str(PublisherState.objects.get().set_aside)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_the_publisher_says_stands_on_the_dashboard_a_moment_later(live_server: Any) -> None:
    """The real reporter, over HTTP, to the real CMS."""
    board = Board()
    page = board.write(news(title="Tin bị để lại"), approved=True)
    reporter = Reporter(live_server.url, settings.FEED_TOKEN)
    try:
        reporter.polled(9, 4)
        now = datetime.now(UTC)
        left = SetAside(3, str(page.uuid), Stage.RENDER, "the page cannot be rendered")
        reporter.stepped(
            Step(release="r-9", seq=9, live_at=now, approved_at=(now - timedelta(seconds=1.24),), set_aside=[left])
        )
        reporter.failed(BuildError("broken template"))
    finally:
        reporter.close()
    deadline = time.monotonic() + 5
    while not PublisherState.objects.filter(failure__isnull=False).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    shown = text(board.editor)
    assert "Lần duyệt gần nhất lên trang sau 1,2 giây." in shown
    assert "Tin bị để lại: Không dựng được trang từ nội dung này." in shown
    assert "Không dựng được các trang mới." in shown


def test_the_feed_tells_the_moment_of_an_approval_to_the_millisecond(service: Client) -> None:
    Board().write(news(), approved=True)
    line = service.get("/api/v1/changes/").content.decode()
    assert re.search(r'"at": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', line)


# Health of the CMS


def test_the_cms_is_well_while_its_database_answers() -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert Client().post("/healthz").status_code == 405


def test_a_database_that_is_down_is_a_503_that_tells_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError("connection to postgres:5432 as bangtin refused")

    monkeypatch.setattr(connection, "cursor", refuse)
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert b"bangtin" not in response.content
