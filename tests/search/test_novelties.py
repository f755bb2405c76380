"""What is new for saved searches, on the real server: what was published since, what is live, and nothing twice."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from contract.release import Record
from search import novelties
from search.answering import ElasticsearchEngine
from search.indexing import ReleaseIndexer
from search.novelties import NotInStepError, Novelties, SavedSearch, whats_new
from search.releases import Release
from search.request import read_request
from search.service import runtime as running
from tests.search.conftest import live_release
from tests.search.factories import PUBLISHED, WARD, document, item, write_release

TOKEN = "token-of-the-services-token-of-the-services"
ADDRESS = "/api/search/new/"


def at(hours: int, record: Record) -> Record:
    """The record, published some hours later than everything else."""
    later = PUBLISHED + timedelta(hours=hours)
    snapshot = record.snapshot.model_copy(update={"published_at": later})
    return record.model_copy(update={"snapshot": snapshot, "sha256": snapshot.sha256})


RECORDS = [
    item("cu", "Trồng chè hữu cơ", body="Cây chè.", seq=1),
    at(2, item("moi", "Giá chè tăng", body="Cây chè được mùa.", seq=2)),
    at(3, item("moi-nhat", "Hội chợ chè", body="Cây chè xuất khẩu.", seq=3, unit=WARD)),
    at(5, document("so-18", "Về sắp xếp bộ máy", "18-NQ/TW", body="Sắp xếp tổ chức bộ máy.", seq=4)),
]


@pytest.fixture
def release(site: Path, indexer: ReleaseIndexer) -> Release:
    write_release(site, RECORDS)
    release = live_release(site)
    indexer.rebuild(release)
    return release


def saved(since: datetime = PUBLISHED, **parameters: str) -> SavedSearch:
    return SavedSearch(str(uuid4()), read_request(parameters), since)


def ask(engine: ElasticsearchEngine, release: Release, **parameters: str) -> list[str]:
    """Titles of what is new for one search since everything else was published."""
    _, (found,) = whats_new(engine, release, [saved(**parameters)])
    return titles(found)


def titles(found: Novelties) -> list[str]:
    return [new.title for new in found.items]


@pytest.mark.elasticsearch
def test_only_what_was_published_since_is_new_and_the_newest_comes_first(
    engine: ElasticsearchEngine, release: Release
) -> None:
    assert ask(engine, release, q="chè") == ["Hội chợ chè", "Giá chè tăng"]
    assert ask(engine, release, q="che") == ["Hội chợ chè", "Giá chè tăng"]
    assert ask(engine, release, q="bưởi") == []


@pytest.mark.elasticsearch
def test_a_saved_search_may_have_filters_a_number_or_only_filters(
    engine: ElasticsearchEngine, release: Release
) -> None:
    assert ask(engine, release, q="chè", unit=str(WARD.id)) == ["Hội chợ chè"]
    assert ask(engine, release, q="nghị quyết 18") == ["Về sắp xếp bộ máy"]
    assert ask(engine, release, type="nghi-quyet") == ["Về sắp xếp bộ máy"]


@pytest.mark.elasticsearch
def test_many_searches_are_answered_at_once_each_since_its_own_time(
    engine: ElasticsearchEngine, release: Release
) -> None:
    searches = [saved(PUBLISHED + timedelta(hours=hours), q="chè") for hours in range(5)]
    until, answers = whats_new(engine, release, searches)
    assert [answer.total for answer in answers] == [2, 2, 1, 0, 0]
    assert [answer.id for answer in answers] == [search.id for search in searches]
    assert until == PUBLISHED + timedelta(hours=5)


@pytest.mark.elasticsearch
def test_asking_again_since_the_answer_tells_nothing_twice_and_misses_nothing_that_came_late(
    engine: ElasticsearchEngine, release: Release, indexer: ReleaseIndexer, site: Path
) -> None:
    until, _ = whats_new(engine, release, [saved(q="chè")])
    assert until is not None
    _, (again,) = whats_new(engine, release, [saved(until, q="chè")])
    assert again.total == 0
    late = at(6, item("muon", "Chè đến muộn", body="Cây chè.", seq=5))
    write_release(site, [*RECORDS, late], name="r-2")
    newer = live_release(site)
    indexer.rebuild(newer)
    _, (again,) = whats_new(engine, newer, [saved(until, q="chè")])
    assert titles(again) == ["Chè đến muộn"]


@pytest.mark.elasticsearch
def test_an_item_dated_in_the_future_is_new_then_and_hides_nothing_until_then(
    engine: ElasticsearchEngine, indexer: ReleaseIndexer, site: Path
) -> None:
    ahead = at(24 * 365 * 50, item("mai-sau", "Chè của mai sau", body="Cây chè.", seq=5))
    write_release(site, [*RECORDS, ahead])
    release = live_release(site)
    indexer.rebuild(release)
    until, (found,) = whats_new(engine, release, [saved(q="chè")])
    assert titles(found) == ["Hội chợ chè", "Giá chè tăng"]
    assert until == PUBLISHED + timedelta(hours=5)


@pytest.mark.elasticsearch
def test_while_the_index_lags_there_is_no_answer_that_could_miss_something(
    engine: ElasticsearchEngine, release: Release, site: Path
) -> None:
    write_release(site, RECORDS[:3], name="r-2")
    with pytest.raises(NotInStepError):
        whats_new(engine, live_release(site), [saved(q="chè")])


@pytest.mark.elasticsearch
def test_of_many_items_some_are_named_and_all_are_counted(
    engine: ElasticsearchEngine, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelties, "SHOWN", 1)
    _, (found,) = whats_new(engine, release, [saved(q="chè")])
    assert (found.total, titles(found)) == (2, ["Hội chợ chè"])


# Over HTTP


@pytest.fixture
def service(engine: ElasticsearchEngine, release: Release, settings: Any, site: Path) -> Client:
    settings.SITE_DIR, settings.ELASTICSEARCH_URL, settings.SEARCH_TOKEN = site, "", TOKEN
    running.runtime.cache_clear()
    held = running.runtime()
    held.engines.elasticsearch = engine
    return Client(headers={"Authorization": f"Bearer {TOKEN}"}, raise_request_exception=False)


def post(client: Client, *searches: Any) -> Any:
    return client.post(ADDRESS, {"searches": list(searches)}, content_type="application/json")


def entry(**values: Any) -> dict[str, Any]:
    return {"id": str(UUID(int=7)), "since": PUBLISHED.isoformat(), "parameters": {"q": "chè"}, **values}


@pytest.mark.elasticsearch
def test_the_cms_is_told_what_to_write_and_until_when_it_holds(service: Client) -> None:
    answer = post(service, entry()).json()
    assert datetime.fromisoformat(answer["until"]) == PUBLISHED + timedelta(hours=5)
    (found,) = answer["answers"]
    assert (found["id"], found["total"]) == (str(UUID(int=7)), 2)
    assert found["items"][0] == {
        "url": "/tin-tuc/moi-nhat/", "title": "Hội chợ chè", "number": None, "type_name": None, "issued_on": None,
    }  # fmt: skip


@pytest.fixture
def client(site: Path, settings: Any) -> Client:
    """The service without Elasticsearch."""
    write_release(site, RECORDS)
    settings.SITE_DIR, settings.ELASTICSEARCH_URL, settings.SEARCH_TOKEN = site, "", TOKEN
    running.runtime.cache_clear()
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"bearer {TOKEN}"])
def test_nobody_but_the_cms_may_ask(client: Client, header: str) -> None:
    answer = client.post(ADDRESS, {}, content_type="application/json", headers={"Authorization": header})
    assert answer.status_code == 403


def test_without_a_token_in_the_settings_nobody_may_ask(client: Client, settings: Any) -> None:
    settings.SEARCH_TOKEN = ""
    answer = client.post(ADDRESS, {}, content_type="application/json", headers={"Authorization": "Bearer "})
    assert answer.status_code == 403


def test_the_token_that_opens_drafts_is_unknown_here(client: Client, settings: Any, monkeypatch: Any) -> None:
    feed_token = "token-of-the-feed-token-of-the-feed-token"
    monkeypatch.setenv("FEED_TOKEN", feed_token)
    header = {"Authorization": f"Bearer {feed_token}"}
    assert client.post(ADDRESS, {}, content_type="application/json", headers=header).status_code == 403
    assert not hasattr(settings, "FEED_TOKEN")


WRONG = [
    [], {}, {"searches": {}}, {"searches": [{}]}, {"searches": [entry(id="x")]}, {"searches": [entry(since="x")]},
    {"searches": [entry(since="2026-11-20T01:00:00")]}, {"searches": [entry(parameters=["q"])]},
    {"searches": [entry()] * 101}, {"searches": [None]}, {"searches": [entry(since=5)]},
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_what_is_no_list_of_searches_is_refused(client: Client, body: Any) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.post(ADDRESS, body, content_type="application/json", headers=headers).status_code == 400


def test_without_elasticsearch_the_cms_is_asked_to_come_back(client: Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.post(ADDRESS, {"searches": [entry()]}, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_an_elasticsearch_that_is_down_is_no_error_page(client: Client, settings: Any) -> None:
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"
    running.runtime.cache_clear()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.post(ADDRESS, {"searches": [entry()]}, content_type="application/json", headers=headers)
    assert answer.status_code == 503
