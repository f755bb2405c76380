"""What a reader meets in a real browser, with JavaScript off: width, targets, focus, line heights, dark, paper.

The thresholds are those of WCAG 2.2 AAA as docs/reading.md lists them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.site_theme.rendering import NAMES, rendered

pytestmark = pytest.mark.browser

WIDTHS = (320, 360, 768, 1280)

# Links in running text are exempt from 2.5.5; a clause's number is part of its text, and the skip link is off screen
# until it has the focus. A radio button is hit through its label.
SMALL_TARGETS = """() => [...document.querySelectorAll('a[href], button, input, select, summary, fieldset label')]
    .filter(e => !e.matches('.prose p a, .prose li a, .label, .skip, [type=radio]') && e.checkVisibility())
    .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([_, r]) => r.width && (r.width < 43.9 || r.height < 43.9))
    .map(([html, r]) => `${html} ${r.width}×${r.height}`)"""

TIGHT_LINES = """() => [...document.querySelectorAll('body *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
    .map(e => [e, parseFloat(getComputedStyle(e).lineHeight) / parseFloat(getComputedStyle(e).fontSize)])
    .filter(([e, ratio]) => ratio < (e.matches('p, .prose li') ? 1.6 : 1.35) - .001 && !e.matches('.brand *, .brand'))
    .map(([e, ratio]) => `${e.tagName} ${e.className} ${ratio}`)"""

CHARACTERS_PER_LINE = """() => [...document.querySelectorAll('.prose > p, .intro')].map(p => {
    const style = getComputedStyle(p), pen = document.createElement('canvas').getContext('2d');
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const text = p.textContent.trim();
    return p.clientWidth / (pen.measureText(text).width / text.length); })"""


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    for name in NAMES:
        (directory / f"{name}.html").write_text(rendered(name), encoding="utf-8")
    return directory


def context(browser: Browser, width: int = 360, **more: Any) -> BrowserContext:
    return browser.new_context(viewport={"width": width, "height": 740}, java_script_enabled=False, **more)


def add_style(page: Page, css: str) -> None:
    """As a reader's own stylesheet would. (`Page.add_style_tag` waits for an event that needs JavaScript.)"""
    page.evaluate(
        "css => document.head.append(Object.assign(document.createElement('style'), {textContent: css}))", css
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with context(browser) as made:
        yield made.new_page()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways_or_has_a_target_too_small_to_hit(browser: Browser, site: Path, width: int) -> None:
    faults = {}
    with context(browser, width) as made:
        page = made.new_page()
        for name in NAMES:
            page.goto((site / f"{name}.html").as_uri())
            if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
                faults[name, "wide"] = needed
            if small := page.evaluate(SMALL_TARGETS):
                faults[name, "small"] = small
            if tight := page.evaluate(TIGHT_LINES):
                faults[name, "tight"] = tight
    assert faults == {}


def test_text_spacing_of_the_reader_makes_nothing_scroll(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for name in NAMES:
        page.goto((site / f"{name}.html").as_uri())
        add_style(page, "* { letter-spacing: .12em !important; word-spacing: .16em !important }")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name


def test_text_of_double_size_makes_nothing_scroll(page: Page, site: Path) -> None:
    for name in NAMES:
        page.goto((site / f"{name}.html").as_uri())
        add_style(page, "html { font-size: 36px !important }")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_hold_eighty_characters_at_most(browser: Browser, site: Path, width: int) -> None:
    with context(browser, width) as made:
        page = made.new_page()
        page.goto((site / "news.html").as_uri())
        lengths = page.evaluate(CHARACTERS_PER_LINE)
        assert len(lengths) >= 4
        assert max(lengths) <= 80


def test_text_is_eighteen_pixels_and_grows_with_the_readers_setting(page: Page, site: Path) -> None:
    page.goto((site / "news.html").as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.prose p')).fontSize") == "18px"
    assert re.search(r"html\{font-size:112\.5%", rendered("news"))


def test_whoever_tabs_sees_where_they_are_and_can_skip_the_head(page: Page, site: Path) -> None:
    page.goto((site / "document.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "noi-dung"
    for _ in range(12):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2, page.evaluate("document.activeElement.outerHTML")


def test_the_contents_open_without_javascript_and_lead_to_the_article(page: Page, site: Path) -> None:
    page.goto((site / "document.html").as_uri())
    link = page.get_by_role("link", name="Điều 7. Phạm vi điều chỉnh", exact=False).first
    assert not link.is_visible()
    page.get_by_text("Mục lục", exact=True).click()
    link.click()
    assert page.url.endswith("#dieu-7")
    colour = "getComputedStyle(document.getElementById('{}')).backgroundColor"
    assert page.evaluate(colour.format("dieu-7")) != page.evaluate(colour.format("dieu-6"))


def test_the_contents_stand_open_beside_the_text_where_there_is_room(browser: Browser, site: Path) -> None:
    with context(browser, 1280) as made:
        page = made.new_page()
        page.goto((site / "document.html").as_uri())
        contents, text = page.locator("nav.toc a").first.bounding_box(), page.locator("h1").bounding_box()
        assert contents
        assert text
        assert contents["x"] >= text["x"] + text["width"]


def test_dark_is_dark_where_the_reader_wants_it(browser: Browser, site: Path) -> None:
    with context(browser, color_scheme="dark") as made:
        page = made.new_page()
        page.goto((site / "news.html").as_uri())
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 20, 18)"


def test_paper_is_a4_black_on_white_with_number_and_address_and_without_menus(page: Page, site: Path) -> None:
    page.goto((site / "document.html").as_uri())
    sheet = page.pdf(prefer_css_page_size=True)
    assert re.search(rb"/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]", sheet)
    page.emulate_media(media="print")
    assert [page.locator(part).first.is_visible() for part in (".menu", ".find", ".crumbs", ".toc", ".anchor")] == [
        False
    ] * 5
    assert "71-NQ/TW" in page.locator("footer .paper").inner_text()
    style = page.evaluate("(({fontSize, color}) => [parseFloat(fontSize), color])(getComputedStyle(document.body))")
    assert style[0] >= 13 * 96 / 72 - 0.01
    assert style[1] == "rgb(0, 0, 0)"


@pytest.mark.parametrize("selector", ["h1", "h3", ".prose p", ".card h3 a, .toc a"])
def test_stacked_marks_of_one_line_do_not_touch_the_next(page: Page, site: Path, selector: str) -> None:
    page.goto((site / "document.html").as_uri())
    ink, line = page.evaluate(
        """selector => {
            const style = getComputedStyle(document.querySelector(selector));
            const pen = document.createElement('canvas').getContext('2d');
            pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
            const box = pen.measureText('ẾỀỂỄỆỐỒỔỖỘẮẰẲẴẶỨỪỬỮỰỴgjpqyậộệựỵ');
            return [box.actualBoundingBoxAscent + box.actualBoundingBoxDescent, parseFloat(style.lineHeight)];
        }""",
        selector,
    )
    assert 0 < ink <= line
