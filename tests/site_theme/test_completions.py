"""Completions below the search box, in a real browser on a phone: keyboard, pointer, what a screen reader is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from site_theme.environment import environment
from site_theme.scripts import completion_script, minify_script, search_page_policy
from tests.site_theme.samples import pages

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="document.title=1">'
OFFERED: dict[str, list[dict[str, str | None]]] = {
    "nghi": [
        {"text": "Nghị quyết về sinh hoạt chi bộ", "kind": "title", "hint": None},
        {"text": "18-NQ/TW", "kind": "number", "hint": "Về tiếp tục sắp xếp tổ chức bộ máy " * 3},
        {"text": HOSTILE, "kind": "title", "hint": None},
    ],
    "dang": [{"text": "Điều lệ Đảng", "kind": "query", "hint": None}],
}


class _Site(BaseHTTPRequestHandler):
    """The search page under its policy, and canned completions; what was asked for is kept."""

    asked: list[str] = []

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query).get("q", [""])[0]
        if address.path == "/api/search/completions/":
            type(self).asked.append(query)
            if query == "hong":
                return self._send(503, "application/json", '{"detail": "…"}')
            return self._send(200, "application/json", json.dumps({"completions": OFFERED.get(query, [])}))
        _, data = pages()["search-start"]
        return self._send(200, "text/html", environment().get_template("search.html").render({**data, "query": query}))

    def _send(self, status: int, media_type: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Security-Policy", search_page_policy())
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *values: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tim-kiem/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    _Site.asked.clear()
    with chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True) as context:
        page = context.new_page()
        page.set_default_timeout(5000)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.get_by_role("combobox").fill("")
        yield page
        assert [text for text in complaints if "503" not in text and "favicon" not in text] == []


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Từ khóa hoặc số hiệu văn bản")


def typed(page: Page, text: str) -> Locator:
    """Types into the box and waits for the list."""
    box(page).press_sequentially(text)
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    return options


def active(page: Page) -> str:
    """The text of the option a screen reader is led to."""
    name = box(page).get_attribute("aria-activedescendant")
    return page.locator(f"#{name}").inner_text() if name else ""


def query_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query)["q"][0]


def test_typing_opens_a_list_that_is_told_to_a_screen_reader(page: Page) -> None:
    assert box(page).get_attribute("aria-expanded") == "false"
    assert box(page).get_attribute("aria-autocomplete") == "list"
    options = typed(page, "nghi")
    assert box(page).get_attribute("aria-expanded") == "true"
    controlled = page.locator(f"#{box(page).get_attribute('aria-controls')}")
    assert controlled.get_attribute("role") == "listbox"
    assert controlled.get_attribute("aria-label") == "Gợi ý"
    assert options.count() == 3
    expect(page.get_by_role("status").filter(has_text="3 gợi ý")).to_have_count(1)
    assert box(page).evaluate("e => document.activeElement === e")


def test_arrows_go_through_the_list_and_back_to_what_was_typed(page: Page) -> None:
    typed(page, "nghi")
    seen = []
    for _ in range(4):
        page.keyboard.press("ArrowDown")
        seen.append((box(page).input_value(), active(page)[:8]))
    assert seen == [
        ("Nghị quyết về sinh hoạt chi bộ", "Nghị quy"),
        ("18-NQ/TW", "18-NQ/TW"),
        (HOSTILE, HOSTILE[:8]),
        ("nghi", ""),
    ]
    page.keyboard.press("ArrowUp")
    assert box(page).input_value() == HOSTILE
    assert page.get_by_role("option", selected=True).count() == 1


def test_enter_searches_for_the_option_or_for_what_was_typed(page: Page) -> None:
    typed(page, "nghi")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert query_of(page) == "18-NQ/TW"
    box(page).fill("")
    typed(page, "dang")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert query_of(page) == "dang"


def test_escape_closes_the_list_and_gives_back_what_was_typed(page: Page) -> None:
    options = typed(page, "nghi")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    assert box(page).input_value() == "nghi"
    assert box(page).get_attribute("aria-expanded") == "false"
    assert not box(page).get_attribute("aria-activedescendant")


def test_a_tap_searches_for_the_option(page: Page) -> None:
    options = typed(page, "nghi")
    with page.expect_navigation():
        options.nth(0).tap()
    assert query_of(page) == "Nghị quyết về sinh hoạt chi bộ"


def test_leaving_the_box_closes_the_list(page: Page) -> None:
    options = typed(page, "nghi")
    page.keyboard.press("Tab")
    expect(options).to_have_count(0)


def test_an_offer_is_text_whatever_it_holds(page: Page) -> None:
    typed(page, "nghi")
    assert page.locator("[role=listbox] img").count() == 0
    assert page.title() != "1"


def test_options_can_be_hit_and_the_page_does_not_scroll_sideways(page: Page) -> None:
    options = typed(page, "nghi")
    boxes = [option.bounding_box() for option in options.all()]
    assert all(found and found["height"] >= 43.9 for found in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_word_is_asked_for_once_and_not_letter_by_letter(page: Page) -> None:
    box(page).press_sequentially("nghi", delay=20)
    expect(page.get_by_role("option")).to_have_count(3)
    assert _Site.asked == ["nghi"]


def test_when_nothing_answers_the_box_is_a_plain_one(page: Page) -> None:
    options = typed(page, "nghi")
    box(page).fill("hong")
    expect(options).to_have_count(0)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert query_of(page) == "hong"


def test_without_javascript_nothing_changes(chromium: Browser, address: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        field = page.get_by_role("searchbox", name="Từ khóa hoặc số hiệu văn bản")
        field.fill("nghi")
        field.press("Enter")
        page.wait_for_url("**/tim-kiem/?q=nghi*")


def test_the_script_is_light_and_the_policy_lets_it_run_and_nothing_else() -> None:
    assert len(completion_script().encode()) < 2048
    policy = search_page_policy()
    assert policy.count("'sha256-") == 3
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy


def test_taking_out_white_space_leaves_texts_alone() -> None:
    assert (
        minify_script('  // why\n  const a = "b : c";\n  if (a) {\n    f(a);\n  }\n') == 'const a="b : c";if(a){f(a)}'
    )
