"""The search service behind nginx, and the site without it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from site_theme.scripts import search_page_policy
from tests.deployment.web_server import (
    ROOT,
    WebServer,
    assert_secured,
    end,
    needs_nginx,
    reading_site,
    start_nginx,
    wait_for,
)
from tests.search.factories import DEMO_SITE
from tools.ports import free_port


@pytest.fixture(scope="module")
def search_port(home: Path, site: Path) -> Iterator[int]:
    """The real search service over the same site, with its embedded fallback."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"SITE_DIR": str(site), "ELASTICSEARCH_URL": "", "PORT": str(port), "TRUSTED_PROXIES": "1"}
    with (home / "search.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    wait_for(port, process, home / "search.log")
    yield port
    end(process)


@pytest.fixture(scope="module")
def searching(home: Path, site: Path, search_port: int) -> Iterator[WebServer]:
    """nginx with the search service behind it."""
    port, place = free_port(), home / "searching"
    process = start_nginx(place, reading_site(place, site, port, search_port), port)
    yield WebServer(port, site)
    end(process)


@needs_nginx
def test_the_search_page_comes_from_the_search_service_with_each_header_once(searching: WebServer) -> None:
    answer = searching.ask("/tim-kiem/?q=ngh%E1%BB%8B%20quy%E1%BA%BFt")
    assert answer.status == 200
    assert DEMO_SITE.name in answer.text
    assert answer.headers.get_all("Cache-Control") == ["public, max-age=5"]
    assert answer.headers["Content-Security-Policy"] == search_page_policy()
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize("path", ["/tim-kiem/?q=a", "/api/search/?q=a"])
def test_answers_of_the_search_are_sent_compressed(searching: WebServer, path: str) -> None:
    assert searching.ask(path, Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"


@needs_nginx
def test_the_search_api_takes_the_longest_query_there_is(searching: WebServer) -> None:
    answer = searching.ask(f"/api/search/?q={'%E1%BB%8B' * 400}")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert_secured(answer)


@needs_nginx
def test_typing_uses_up_no_searches(searching: WebServer) -> None:
    typed = [searching.ask("/api/search/completions/?q=ng").status for _ in range(90)]
    assert set(typed) == {200}
    assert searching.ask("/api/search/?q=a").status == 200


@needs_nginx
def test_the_form_for_alerts_takes_the_longest_search_there_is(searching: WebServer) -> None:
    form = {"method": "POST", "Content_Type": "application/x-www-form-urlencoded"}
    answer = searching.ask("/tim-kiem/theo-doi/", body=f"q={'%E1%BB%8B' * 400}&address=a@example.org", **form)
    assert answer.status == 404
    assert "không gửi thư thông báo" in answer.text, "the service answers, not nginx: it has no CMS here"
    assert_secured(answer)


@needs_nginx
def test_what_is_new_for_saved_searches_is_not_asked_from_outside(searching: WebServer) -> None:
    answer = searching.ask("/api/search/new/", method="POST", body="{}")
    assert answer.status == 404
    assert "Content-Type" in answer.headers
    assert "detail" not in answer.text


@needs_nginx
def test_a_click_is_counted_through_the_web_server(searching: WebServer) -> None:
    assert searching.ask("/api/search/clicks/?position=1", method="POST", body="PING").status == 204


@needs_nginx
def test_a_flood_of_searches_is_stopped_in_vietnamese(searching: WebServer) -> None:
    answers = [searching.ask("/tim-kiem/?q=a") for _ in range(120)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert all("chờ một phút" in answer.text for answer in refused)
    assert_secured(refused[0])


@needs_nginx
def test_health_is_told(searching: WebServer) -> None:
    assert '"ok"' in searching.ask("/healthz").text


@needs_nginx
def test_nothing_of_a_search_is_written_down(searching: WebServer, home: Path) -> None:
    for path in ("/tim-kiem/", "/api/search/completions/"):
        searching.ask(f"{path}?q=dieu-rieng-tu")
    logs = [path for path in (home / "searching").iterdir() if path.is_file() and path.suffix != ".conf"]
    assert logs
    assert not any(b"dieu-rieng-tu" in path.read_bytes() for path in (*logs, home / "search.log"))


@needs_nginx
def test_the_site_is_read_while_search_and_cms_are_down(first_release: WebServer) -> None:
    assert first_release.ask("/").status == 200
    page, api = first_release.ask("/tim-kiem/?q=a"), first_release.ask("/api/search/?q=a")
    assert (page.status, api.status) == (503, 503)
    assert "đang tạm ngừng" in page.text
    assert page.headers["Cache-Control"] == "no-cache"
    assert_secured(page)
    assert_secured(api)
