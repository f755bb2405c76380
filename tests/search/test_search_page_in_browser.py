"""The search page of the real service in a real browser on a phone: complete, mend, loosen."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from search.releases import Release
from tools.ports import free_port

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
CHE = "Phát triển cây chè đến năm 2030"


@pytest.fixture(scope="module")
def address(demo_release: Release) -> Iterator[str]:
    """The service over the demo release, with its embedded fallback."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"SITE_DIR": str(demo_release.directory.parent.parent), "ELASTICSEARCH_URL": "", "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "search", "serve"], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    _wait_until_it_completes(address)
    yield address
    process.terminate()
    process.wait(20)


def _wait_until_it_completes(address: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{address}/api/search/completions/?q=phat+trien") as answer:
                if b"title" in answer.read():
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.25)
    pytest.fail("the service completes nothing")


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page before a search; whatever the browser complains of fails the test."""
    with chromium.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/tim-kiem/")
        yield page
        assert [text for text in complaints if "favicon" not in text] == []


def test_what_is_typed_without_marks_is_completed_and_found(page: Page) -> None:
    page.get_by_role("combobox", name="Từ khóa hoặc số hiệu văn bản").press_sequentially("phat tri")
    option = page.get_by_role("listbox").get_by_role("option", name=CHE)
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=CHE).first).to_be_visible()


def test_a_mistyped_query_is_mended_with_one_tap(page: Page, address: str) -> None:
    page.goto(f"{address}/tim-kiem/?q=ph%C3%A1t+tri%E1%BB%83n+c%C3%A2y+ch%C3%A8n")
    with page.expect_navigation():
        page.get_by_role("link", name="phát triển cây chè", exact=True).click()
    expect(page.get_by_role("link", name=CHE).first).to_be_visible()


def test_a_search_that_finds_nothing_tells_what_to_leave_out(page: Page, address: str) -> None:
    page.goto(f"{address}/tim-kiem/?q=c%C3%A2y+ch%C3%A8&year=1999")
    with page.expect_navigation():
        page.get_by_role("link", name="Không lọc theo năm").click()
    expect(page.get_by_role("link", name=CHE).first).to_be_visible()


def test_the_page_does_not_scroll_sideways_while_the_list_is_open(page: Page) -> None:
    page.get_by_role("combobox", name="Từ khóa hoặc số hiệu văn bản").press_sequentially("18")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
