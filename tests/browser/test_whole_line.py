"""From an editor's keyboard to a reader's screen: the one path everything else exists for."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tools.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.elasticsearch, pytest.mark.timeout(240)]

TITLE = "Nghị quyết về nâng cao chất lượng sinh hoạt chi bộ nông thôn"
TEXT = """Căn cứ Điều lệ Đảng;
Chương I
QUY ĐỊNH CHUNG
Điều 1. Phạm vi điều chỉnh
Nghị quyết này áp dụng đối với các chi bộ nông thôn trong toàn tỉnh.
Điều 2. Sinh hoạt chuyên đề
1. Mỗi quý, chi bộ sinh hoạt chuyên đề ít nhất một lần về phát triển kinh tế vườn đồi.
2. Nội dung được gửi trước cho đảng viên ít nhất ba ngày.
"""


def open_unit(page: Page, stack: Stack) -> str:
    """Go to the province's unit in the explorer and return its id."""
    page.goto(f"{stack.cms_url}/admin/pages/")
    page.wait_for_url(re.compile(r"/admin/pages/\d+/"))
    return page.url.rstrip("/").rpartition("/")[2]


def reload_until(page: Page, url: str, selector: str) -> Locator:
    """What a reader who waits for something does: reload until it is there."""
    for _ in range(60):
        response = page.goto(url)
        if response and response.ok and page.locator(selector).count():
            return page.locator(selector).first
        page.wait_for_timeout(250)
    raise AssertionError(f"{selector} did not appear at {url}")


def test_a_resolution_goes_from_the_editor_to_the_reader(
    stack: Stack, log_in: Callable[[str], Page], context: Callable[..., BrowserContext]
) -> None:
    editor = log_in("bientap")
    unit = open_unit(editor, stack)
    editor.goto(f"{stack.cms_url}/admin/pages/add/content/documentpage/{unit}/")
    editor.locator("textarea[name=title], input[name=title]").first.fill(TITLE)
    editor.fill("[name=number]", "09-NQ/TU")
    editor.fill("[name=issuer]", "Ban Chấp hành Đảng bộ tỉnh Sơn Hà")
    editor.fill("[name=text]", TEXT)

    # Preview: the frame in the side panel shows the page as the reader will see it, from the unsaved form.
    editor.locator("[data-side-panel-toggle=preview]").click()
    rendered = editor.frame_locator("#w-preview-iframe").frame_locator("iframe")
    expect(rendered.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(rendered.locator("#dieu-2")).to_contain_text("Sinh hoạt chuyên đề")

    editor.locator("footer [data-w-dropdown-target=toggle]").click()
    editor.locator("[name=action-submit]").click()
    expect(editor.locator(".messages")).to_contain_text(TITLE)

    reader = context(java_script_enabled=False).new_page()
    reader.goto(f"{stack.site_url}/van-ban/")
    assert TITLE not in reader.content()

    approver = log_in("pheduyet")
    approver.get_by_role("link", name=TITLE).first.click()
    expect(approver.frame_locator("iframe.review-preview").get_by_role("heading", level=1)).to_have_text(TITLE)
    approver.get_by_role("button", name="Phê duyệt", exact=True).click()
    expect(approver.locator(".messages")).to_contain_text("Đã phê duyệt")

    reload_until(reader, f"{stack.site_url}/van-ban/", f"a:has-text('{TITLE}')").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(reader.locator("#dieu-1")).to_contain_text("Phạm vi điều chỉnh")

    search = f"{stack.site_url}/tim-kiem/?q=phat+trien+kinh+te+vuon+doi"
    passage = reload_until(reader, search, "a[href*='#dieu-2']")
    expect(passage).to_contain_text("Điều 2")
    passage.click()
    assert re.search(r"/van-ban/nghi-quyet-09-nq-tu/#dieu-2", reader.url)
    expect(reader.locator("#dieu-2")).to_be_in_viewport()


def test_the_editor_sees_no_way_to_publish_past_the_board(stack: Stack, log_in: Callable[[str], Page]) -> None:
    editor = log_in("bientap")
    unit = open_unit(editor, stack)
    editor.goto(f"{stack.cms_url}/admin/pages/add/content/newspage/{unit}/")
    assert editor.locator("[name=action-publish]").count() == 0
    assert editor.locator("[name=action-submit]").count() == 1
