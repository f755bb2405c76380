"""``make screenshots``: the README's pictures, taken from a running demo with a real browser."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.demo import DEMO_PASSWORD
from tools.stack import ROOT, Stack

PICTURES = ROOT / "docs" / "pictures"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-first-run"]  # fmt: skip


def main() -> int:
    """Take all pictures."""
    stack = Stack(Path())
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
        reading_site(browser, stack)
        editor(browser, stack)
        browser.close()
    return 0


def reading_site(browser: Browser, stack: Stack) -> None:
    """Home page, a document on a phone, search."""
    wide = browser.new_page(viewport={"width": 1280, "height": 800}, locale="vi-VN")
    wide.goto(f"{stack.site_url}/")
    shoot(wide, "home")
    wide.goto(f"{stack.site_url}/tim-kiem/?q=sinh+hoat+chi+bo+chuyen+de")
    shoot(wide, "search")
    phone = browser.new_page(viewport={"width": 360, "height": 740}, device_scale_factor=2, locale="vi-VN")
    phone.goto(f"{stack.site_url}/van-ban/")
    phone.locator("main a[href^='/van-ban/']:not([href*='loai']):not([href*='nam'])").first.click()
    shoot(phone, "document-phone")


def editor(browser: Browser, stack: Stack) -> None:
    """The editor's form with the live preview beside it."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="vi-VN")
    page.goto(f"{stack.cms_url}/admin/login/")
    page.fill("#id_username", "bientap")
    page.fill("#id_password", DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{stack.cms_url}/admin/")
    shoot(page, "cms-dashboard")
    page.goto(f"{stack.cms_url}/admin/pages/")
    page.get_by_role("link", name="Nghị quyết").first.click()
    page.locator("[data-side-panel-toggle=preview]").click()
    page.frame_locator("#w-preview-iframe").frame_locator("iframe").get_by_role("heading", level=1).wait_for()
    shoot(page, "cms-editor")


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
