"""What readers look for is counted without telling who, and handed to the CMS: nothing lost, nothing twice."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from search import counting
from search.answers import Answer, Engine
from search.counting import Batch, SearchCounts
from search.handing_over import COUNTS_PATH, HandOver
from search.request import read_request
from search.service import runtime as running
from search.service.checks import check_cms
from search.service.throttling import SearchThrottle
from tests.recording_server import RecordingServer

TOKEN = "token-of-the-services-token-of-the-services"
FOUND, MISSED = Answer(Engine.ELASTICSEARCH, 1, total=3), Answer(Engine.ELASTICSEARCH, 1)


class Calendar:
    day = date(2026, 11, 22)

    def __call__(self) -> date:
        return self.day


def search(counts: SearchCounts, query: str, times: int = 1, answer: Answer = FOUND, **more: str) -> None:
    for _ in range(times):
        counts.searched(read_request({"q": query, **more}), answer)


def taken(counts: SearchCounts) -> dict[str, Any]:
    """The one day of the next batch, which is then settled."""
    batch = counts.batch()
    assert batch is not None
    counts.settle(batch)
    (day,) = batch.to_json()["days"]
    return day


# What is counted


def test_a_query_is_told_with_its_words_only_when_it_was_asked_three_times_that_day() -> None:
    counts = SearchCounts()
    search(counts, "nguyễn văn a bị kỷ luật", times=2, answer=MISSED)
    search(counts, "Chuyển sinh hoạt Đảng", times=2)
    search(counts, "chuyển sinh hoạt đảng", answer=MISSED)
    day = taken(counts)
    assert (day["searches"], day["without_result"]) == (5, 3)
    assert day["queries"] == [{"words": "chuyển sinh hoạt đảng", "searches": 3, "without_result": 1}]


def test_the_third_time_tells_of_the_first_two_that_were_summed_before() -> None:
    counts = SearchCounts()
    search(counts, "đảng phí", times=2)
    assert taken(counts)["queries"] == []
    search(counts, "đảng phí")
    day = taken(counts)
    assert day["searches"] == 1, "the sums of the first two are handed over already"
    assert day["queries"] == [{"words": "đảng phí", "searches": 3, "without_result": 0}]
    search(counts, "đảng phí")
    assert taken(counts)["queries"][0]["searches"] == 1


def test_what_was_asked_on_another_day_does_not_count_towards_three() -> None:
    calendar = Calendar()
    counts = SearchCounts(day=calendar)
    search(counts, "đảng phí", times=2)
    taken(counts)
    calendar.day += timedelta(days=1)
    search(counts, "đảng phí", times=2)
    assert taken(counts)["queries"] == []


@pytest.mark.parametrize(
    "private", ["bi.thu@example.org", "0912 345 678", "thẻ 001085012345", "điện thoại 0912.345.678", "x" * 101]
)
def test_addresses_long_numbers_and_pasted_passages_are_never_told(private: str) -> None:
    counts = SearchCounts()
    search(counts, private, times=9)
    day = taken(counts)
    assert (day["searches"], day["queries"]) == (9, [])


@pytest.mark.parametrize(
    "number", ["30/2020/NĐ-CP", "11583/VPCP-CN", "66.10/2025/NQ-CP", "số 18-NQ/TW ngày 25/10/2017"]
)
def test_numbers_of_documents_are_told(number: str) -> None:
    counts = SearchCounts()
    search(counts, number, times=3)
    assert [query["words"] for query in taken(counts)["queries"]] == [number.casefold()]


@pytest.mark.parametrize("more", [{"page": "2"}, {"sort": "newest"}, {"type": "nghi-quyet"}])
def test_paging_sorting_and_narrowing_are_the_same_search(more: dict[str, str]) -> None:
    counts = SearchCounts()
    search(counts, "đảng phí", **more)
    assert counts.batch() is None


def test_queries_that_flood_in_do_not_grow_the_memory_nor_drive_out_the_frequent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "MOST_QUERIES", 50)
    counts = SearchCounts()
    search(counts, "đảng phí", times=2)
    for number in range(500):
        search(counts, f"rác {number}")
    assert len(next(iter(counts._days.values())).queries) <= 50
    search(counts, "đảng phí")
    assert taken(counts)["queries"] == [{"words": "đảng phí", "searches": 3, "without_result": 0}]


def test_what_nobody_takes_is_not_counted_and_a_week_is_kept_at_most() -> None:
    nobody = SearchCounts(wanted=False)
    search(nobody, "đảng phí")
    nobody.clicked(1)
    assert nobody.batch() is None
    calendar = Calendar()
    counts = SearchCounts(day=calendar)
    for _ in range(30):
        search(counts, "đảng phí")
        calendar.day += timedelta(days=1)
    batch = counts.batch()
    assert batch is not None
    assert len(batch.days) == counting.DAYS_KEPT


def test_a_batch_stays_the_same_until_it_is_settled() -> None:
    counts = SearchCounts()
    counts.clicked(1)
    first = counts.batch()
    counts.clicked(1)
    assert counts.batch() is first
    assert first is not None
    counts.settle(first)
    second = counts.batch()
    assert second is not None
    assert second.id != first.id
    counts.settle(first)
    assert counts.batch() is second, "a late answer to the first says nothing of the second"


def test_threads_that_count_while_others_hand_over_lose_nothing() -> None:
    counts, handed = SearchCounts(), Counter[str]()
    done = threading.Event()

    def ask() -> None:
        for number in range(2000):
            search(counts, f"câu hỏi {number % 7}")
            counts.clicked(number % 3 + 1)

    def take() -> None:
        while not done.is_set() or counts.batch() is not None:
            if (batch := counts.batch()) is not None:
                _add(handed, batch)
                counts.settle(batch)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    taker = threading.Thread(target=take)
    for thread in (*askers, taker):
        thread.start()
    for thread in askers:
        thread.join()
    done.set()
    taker.join()
    assert (handed["searches"], handed["clicks"], handed["named"]) == (8000, 8000, 8000)


def _add(sums: Counter[str], batch: Batch) -> None:
    for day in batch.days:
        sums["searches"] += day["searches"]
        sums["clicks"] += sum(entry["clicks"] for entry in day["clicks"])
        sums["named"] += sum(query["searches"] for query in day["queries"])


# Handing over


class Cms(RecordingServer):
    """Adds batches as the CMS does."""

    @property
    def sums(self) -> Counter[str]:
        sums = Counter[str]()
        for batch in {batch["id"]: batch for batch in self.taken}.values():
            _add(sums, Batch(id=batch["id"], days=tuple(batch["days"])))
        return sums


@pytest.fixture
def cms() -> Iterator[Cms]:
    with Cms().running() as server:
        yield server


def test_counts_reach_the_cms_with_the_token_of_the_services(cms: Cms) -> None:
    counts = SearchCounts()
    search(counts, "đảng phí", times=3)
    assert HandOver(counts, cms.origin, TOKEN).hand_over()
    assert [(sent.path, sent.authorization) for sent in cms.received] == [(COUNTS_PATH, f"Bearer {TOKEN}")]
    assert cms.sums == {"searches": 3, "clicks": 0, "named": 3}


def test_an_answer_that_is_lost_on_the_way_counts_nothing_twice(cms: Cms) -> None:
    counts = SearchCounts()
    search(counts, "đảng phí", times=3)
    hand_over = HandOver(counts, cms.origin, TOKEN)
    cms.mute = True
    assert not hand_over.hand_over()
    search(counts, "đảng phí", times=2)
    cms.mute = False
    assert hand_over.hand_over()
    assert cms.sums == {"searches": 5, "clicks": 0, "named": 5}


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_counts_wait_while_the_cms_does_not_take_them(cms: Cms, status: int) -> None:
    counts = SearchCounts()
    counts.clicked(2)
    hand_over = HandOver(counts, cms.origin, TOKEN)
    cms.status = status
    assert not hand_over.hand_over()
    cms.status = 200
    assert hand_over.hand_over()
    assert cms.sums["clicks"] == 1


def test_a_batch_the_cms_does_not_understand_does_not_stop_those_after_it(cms: Cms) -> None:
    counts = SearchCounts()
    counts.clicked(1)
    hand_over = HandOver(counts, cms.origin, TOKEN)
    cms.status = 400
    assert hand_over.hand_over()
    cms.status = 200
    counts.clicked(2)
    assert hand_over.hand_over()
    assert cms.sums["clicks"] == 1


def test_what_was_counted_last_arrives_when_the_service_ends(cms: Cms) -> None:
    counts = SearchCounts()
    hand_over = HandOver(counts, cms.origin, TOKEN)
    hand_over.start()
    search(counts, "đảng phí")
    hand_over.close()
    assert cms.sums["searches"] == 1


def test_a_cms_that_is_not_there_does_not_stop_the_service_from_ending() -> None:
    counts = SearchCounts()
    counts.clicked(1)
    hand_over = HandOver(counts, "http://127.0.0.1:9", TOKEN)
    hand_over.start()
    hand_over.close()
    assert counts.batch() is not None


# Clicks over HTTP


@pytest.fixture
def client(site: Any, settings: Any) -> Iterator[Client]:
    settings.SITE_DIR, settings.ELASTICSEARCH_URL, settings.CMS_URL = site, "", "http://127.0.0.1:9"
    running.runtime.cache_clear()
    SearchThrottle.cache.clear()
    yield Client(raise_request_exception=False)
    running.runtime.cache_clear()


def click(client: Client, position: str, **headers: str) -> int:
    return client.post(f"/api/search/clicks/?position={position}", "PING", "text/ping", headers=headers).status_code


def test_clicks_are_counted_by_position_and_no_cookie_is_set(client: Client) -> None:
    assert click(client, "1", **{"Sec-Fetch-Site": "same-origin", "Ping-From": "https://x/?q=bi-mat"}) == 204
    assert [click(client, position) for position in ("1", "0", "100")] == [204] * 3
    day = taken(running.runtime().counts)
    assert [(entry["position"], entry["clicks"]) for entry in day["clicks"]] == [(0, 1), (1, 2), (100, 1)]
    assert "bi-mat" not in json.dumps(day)
    assert not client.cookies


@pytest.mark.parametrize("position", ["", "-1", "101", "1e3", "١", "9" * 5000, "1%00", "%ff"])
def test_a_position_that_is_none_is_refused(client: Client, position: str) -> None:
    assert click(client, position) == 400
    assert running.runtime().counts.batch() is None


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_the_page_of_another_site_cannot_make_its_visitors_count(client: Client, headers: dict[str, str]) -> None:
    assert click(client, "1", **headers) == 403
    assert running.runtime().counts.batch() is None


def test_clicks_of_one_connection_are_limited_apart_from_its_searches(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SearchThrottle, "THROTTLE_RATES", {"search": "2/min"})
    assert [click(client, "1") for _ in range(3)] == [204, 204, 429]
    assert client.get("/api/search/", {"q": "chè"}).status_code != 429


def test_a_click_can_only_be_posted(client: Client) -> None:
    assert client.get("/api/search/clicks/?position=1").status_code == 405


# Settings


@pytest.mark.parametrize(
    ("url", "token", "named"),
    [
        ("", "", []),
        ("http://cms:8001", TOKEN, []),
        ("cms:8001", TOKEN, ["CMS_URL"]),
        ("http://cms:8001", "", ["SEARCH_TOKEN"]),
        ("http://cms:8001", "short", ["SEARCH_TOKEN"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(settings: Any, url: str, token: str, named: list[str]) -> None:
    settings.CMS_URL, settings.SEARCH_TOKEN = url, token
    messages = check_cms(None)
    assert [message.msg.split()[0] for message in messages] == named
    assert all(message.hint for message in messages)
