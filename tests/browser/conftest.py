"""A real line on free ports, and people with browsers."""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from elasticsearch import Elasticsearch
from playwright.sync_api import Browser, BrowserContext, Page

from tools.demo import search_server
from tools.stack import Ports, Stack

PASSWORD = "bang-tin-2026"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """CMS with the demo's boards and people and no items, publisher, search."""
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    url = os.environ.get("ELASTICSEARCH_URL") or search_server()
    with Stack(tmp_path_factory.mktemp("line"), Ports.free(), url, index_prefix=prefix) as stack:
        stack.manage("migrate", "--verbosity", "0")
        stack.manage("load_demo", "--boards-only")
        stack.start()
        yield stack
    with Elasticsearch(url) as client:
        for name in client.indices.get(index=f"{prefix}-*"):
            client.indices.delete(index=name)


@pytest.fixture
def context(chromium: Browser) -> Callable[..., BrowserContext]:
    """Makes a browser of its own for each person, as if on another machine; closed at the end."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        opened.append(chromium.new_context(locale="vi-VN", **{"viewport": {"width": 1280, "height": 900}, **options}))
        opened[-1].set_default_timeout(20_000)
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def log_in(context: Callable[..., BrowserContext], stack: Stack) -> Callable[[str], Page]:
    """Logs a demo user in and returns their page."""

    def enter(username: str) -> Page:
        page = context().new_page()
        page.goto(f"{stack.cms_url}/admin/login/")
        page.fill("#id_username", username)
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{stack.cms_url}/admin/")
        return page

    return enter
