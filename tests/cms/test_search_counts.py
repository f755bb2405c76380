"""The CMS adds what the search service counted, each batch once, and shows it to the boards in Vietnamese."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from cms.searching.counts import forget_old
from cms.searching.models import DailyClicks, DailyQuery, ReceivedBatch, SearchDay
from tests.cms.factories import Board

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/search-counts/"


@pytest.fixture
def service(search_service: Client) -> Client:
    return search_service


def query(words: str = "chuyển sinh hoạt đảng", searches: int = 3, without_result: int = 0) -> dict[str, Any]:
    return {"words": words, "searches": searches, "without_result": without_result}


def day(**values: Any) -> dict[str, Any]:
    counts = {"day": timezone.localdate().isoformat(), "searches": 5, "without_result": 2, "queries": [], "clicks": []}
    return {**counts, **values}


def batch(*days: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "days": list(days), **values}


def post(client: Client, body: Any) -> Any:
    return client.post(ADDRESS, body, content_type="application/json")


def report(days: str = "30") -> str:
    client = Client()
    client.force_login(Board().editor)
    html = client.get(reverse("searching:report"), {"days": days}).content.decode()
    return " ".join(strip_tags(html.split("<main")[1].replace("<", " <")).split())


def test_batches_of_several_services_add_up(service: Client) -> None:
    clicks = [{"position": 1, "clicks": 4}]
    for _ in range(2):
        assert post(service, batch(day(queries=[query(without_result=1)], clicks=clicks))).json() == {"added": True}
    assert SearchDay.objects.values_list("searches", "without_result").get() == (10, 4)
    assert DailyQuery.objects.values_list("searches", "without_result").get() == (6, 2)
    assert DailyClicks.objects.values_list("position", "clicks").get() == (1, 8)


def test_a_batch_that_is_repeated_is_not_counted_twice(service: Client) -> None:
    repeated = batch(day(queries=[query()]))
    assert [post(service, repeated).json()["added"] for _ in range(3)] == [True, False, False]
    assert SearchDay.objects.get().searches == 5
    assert DailyQuery.objects.get().searches == 3


def test_a_batch_that_is_wrong_in_part_adds_nothing_and_may_come_again_mended(service: Client) -> None:
    wrong = batch(day(), day(queries=[query(searches=-1)]))
    assert post(service, wrong).status_code == 400
    assert not SearchDay.objects.exists()
    assert post(service, batch(day(), id=wrong["id"])).json() == {"added": True}


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "1999-01-01"},
        {"day": (timezone.localdate() + timedelta(days=3)).isoformat()},
        {"searches": 10**9},
        {"queries": [query(words="x" * 201)]},
        {"clicks": [{"position": 101, "clicks": 1}]},
        {"queries": None},
    ],
)
def test_counts_that_cannot_be_are_refused(service: Client, wrong: dict[str, Any]) -> None:
    assert post(service, batch(day(**wrong))).status_code == 400
    assert not SearchDay.objects.exists()


def test_only_the_service_may_hand_over(client: Client) -> None:
    assert post(client, batch(day())).status_code == 403
    assert not SearchDay.objects.exists()


def test_boards_see_what_is_searched_for_and_what_is_missing(service: Client) -> None:
    today = timezone.localdate()
    for offset, counts in enumerate([(1200, 60), (34, 0)]):
        searches, missed = counts
        post(
            service,
            batch(
                day(
                    day=(today - timedelta(days=offset)).isoformat(),
                    searches=searches,
                    without_result=missed,
                    queries=[query(), query("mẫu đơn xin vào đảng", 9, 9)],
                    clicks=[{"position": 1, "clicks": 30}, {"position": 0, "clicks": 10}],
                )
            ),
        )
    shown = report()
    assert "1.234 lượt tìm" in shown
    assert "60 lượt (4,9 %) không có kết quả" in shown
    assert "80 lượt mở kết quả" in shown
    assert "mẫu đơn xin vào đảng 18 18" in shown.split("Tìm mà không thấy")[1]
    assert "chuyển sinh hoạt đảng 6 0" in shown.split("Tìm mà không thấy")[0]
    assert f"{today:%d/%m/%Y} 1.200 60" in shown
    assert "Văn bản đúng số hiệu 20 25,0 %" in shown


def test_the_drawing_is_as_long_as_the_counts(service: Client) -> None:
    post(service, batch(day(searches=100, without_result=25)))
    client = Client()
    client.force_login(Board().editor)
    html = client.get(reverse("searching:report"), {"days": "7"}).content.decode()
    assert re.findall(r'search-bar__part" width="([^"]+)"', html) == ["25.00"]
    assert html.count("search-bar__all") == 7 + 12, "every day of the week, also those without a search"


def test_a_year_is_drawn_by_weeks_and_an_odd_period_is_a_month(service: Client) -> None:
    post(service, batch(day()))
    assert "Lượt tìm theo tuần" in report("365")
    assert report("-1; DROP TABLE").count("Lượt tìm theo ngày") == 1


def test_markup_in_a_query_is_shown_as_text(service: Client) -> None:
    post(service, batch(day(queries=[query("<img src=x onerror=alert(1)>")])))
    client = Client()
    client.force_login(Board().editor)
    html = client.get(reverse("searching:report")).content.decode()
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_nobody_sees_the_report_without_logging_in(client: Client) -> None:
    response = client.get(reverse("searching:report"))
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, reverse("wagtailadmin_login"))


def test_counts_are_forgotten_after_a_good_year(service: Client) -> None:
    post(service, batch(day(queries=[query()], clicks=[{"position": 1, "clicks": 1}])))
    today = timezone.localdate()
    forget_old(today + timedelta(days=400))
    assert SearchDay.objects.aggregate(Sum("searches"))["searches__sum"] == 5
    ReceivedBatch.objects.update(received_at=timezone.now() - timedelta(days=31))
    forget_old(today + timedelta(days=401))
    for model in (SearchDay, DailyQuery, DailyClicks, ReceivedBatch):
        assert not model.objects.exists()
