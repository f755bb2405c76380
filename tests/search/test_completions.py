"""Completions over HTTP."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from search.releases import Release
from search.service import runtime as running
from search.service.throttling import SearchThrottle
from tests.search.factories import write_release
from tests.search.samples import demo_records

ADDRESS = "/api/search/completions/"


@pytest.fixture
def client(site: Path, settings: Any) -> Iterator[Client]:
    """The service over a site that is still empty."""
    settings.SITE_DIR = site
    settings.ELASTICSEARCH_URL = ""
    running.runtime.cache_clear()
    SearchThrottle.cache.clear()
    yield Client(raise_request_exception=False)
    running.runtime().engines.fallback.close()
    running.runtime().lexicon.close()
    running.runtime.cache_clear()


@pytest.fixture
def filled(client: Client, site: Path) -> Client:
    write_release(site, demo_records())
    held = running.runtime()
    release = held.live.get()
    assert release is not None
    held.lexicon.bring_to(release)
    return client


def test_titles_and_numbers_are_offered_while_typing(filled: Client) -> None:
    assert filled.get(ADDRESS, {"q": "phát tri"}).json() == {
        "completions": [{"text": "Phát triển cây chè đến năm 2030", "kind": "title", "hint": None}]
    }
    assert filled.get(ADDRESS, {"q": "37/2"}).json()["completions"][0]["text"] == "37/2020/QĐ-UBND"


def test_an_answer_may_be_kept_as_long_as_one_of_the_search(filled: Client) -> None:
    response = filled.get(ADDRESS, {"q": "phat"})
    assert response.headers["Cache-Control"] == filled.get("/api/search/", {"q": "phat"}).headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "\x00", "%", '"' * 400, "a" * 5000, "\ud800", "<script>", "*?~^()[]{}\\"])
def test_hostile_queries_are_answered(filled: Client, query: str) -> None:
    assert filled.get(ADDRESS, {"q": query.encode("utf-8", "surrogatepass")}).status_code == 200


def test_before_the_first_release_it_says_so(client: Client) -> None:
    response = client.get(ADDRESS, {"q": "phat"})
    assert response.status_code == 503
    assert "chưa có nội dung" in response.json()["detail"]


def test_typing_has_a_budget_of_its_own(filled: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchThrottle, "THROTTLE_RATES", {"search": "2/min", "completions": "3/min"})
    answers = [filled.get(ADDRESS, {"q": "phat"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "đợi một phút" in answers[3].json()["detail"]
    assert filled.get("/api/search/", {"q": "chè"}).status_code == 200


def test_a_release_that_could_not_be_taken_in_is_tried_again(
    client: Client, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(site, demo_records())
    held, stop, tries = running.runtime(), threading.Event(), iter([True])
    taking_in = held.lexicon.bring_to

    def fail_once(release: Release) -> None:
        if next(tries, False):
            raise RuntimeError("a defect")
        taking_in(release)
        stop.set()

    monkeypatch.setattr(running, "IN_STEP_SECONDS", 0.01)
    monkeypatch.setattr(held.lexicon, "bring_to", fail_once)
    running.keep_in_step(stop)
    assert stop.wait(20)
    assert client.get(ADDRESS, {"q": "phat"}).json()["completions"]


def test_only_reading_is_possible(filled: Client) -> None:
    assert filled.post(ADDRESS, {"q": "x"}).status_code == 405
