"""A reader searches and opens a result in a real browser; the real service counts it and hands it over when it ends."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Request

from search.releases import Release
from tests.deployment.web_server import wait_for
from tests.search.test_counting import TOKEN, Cms, cms
from tools.ports import free_port

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]

__all__ = ["cms"]


def test_a_search_and_a_click_reach_the_cms_without_the_reader(
    chromium: Browser, demo_release: Release, cms: Cms, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "search.log"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {
        "SITE_DIR": str(demo_release.directory.parent.parent), "ELASTICSEARCH_URL": "", "PORT": str(port),
        "CMS_URL": cms.origin, "SEARCH_TOKEN": TOKEN,
    }  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", "serve"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        wait_for(port, process, log)
        pings = _search_and_open(chromium, f"http://127.0.0.1:{port}/tim-kiem/?q=chè")
    finally:
        process.terminate()
        process.wait(20)
    (position,) = parse_qs(urlsplit(pings[0].url).query)["position"]
    assert "cookie" not in pings[0].headers
    (batch,) = cms.taken
    (day,) = batch["days"]
    assert (day["searches"], day["queries"]) == (1, []), "asked once, it keeps its words to itself"
    assert day["clicks"] == [{"position": int(position), "clicks": 1}]
    assert "chè" not in log.read_text(encoding="utf-8")


def _search_and_open(chromium: Browser, address: str) -> list[Request]:
    """Open the second result; returns the pings the browser sent."""
    with chromium.new_context() as context:
        page = context.new_page()
        pings: list[Request] = []
        context.on("request", lambda request: pings.append(request) if "/clicks/" in request.url else None)
        page.goto(address)
        with page.expect_navigation():
            page.locator(".cards a[ping]").last.click()
        page.wait_for_timeout(1000)
        return pings
