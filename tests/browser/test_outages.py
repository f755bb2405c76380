"""The reading site needs nothing but its own files; the search falls back; the demo needs neither Java nor Docker."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Response, expect

from tests.publisher.workshop import tree
from tools.stack import ROOT, Ports, Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the demo content, made by the demo command on a machine without Java, Maven and Docker."""
    var = tmp_path_factory.mktemp("demo")
    tools = tmp_path_factory.mktemp("bin")
    for name in ("bash", "env"):
        (tools / name).symlink_to(shutil.which(name))
    environment = {name: value for name, value in os.environ.items() if name not in ("ELASTICSEARCH_URL", "JAVA_HOME")}
    # No server unpacked before and none running: what a machine without Java has.
    environment |= {
        "PATH": str(tools),
        "BANGTIN_CACHE": str(var / "no-cache"),
        "ELASTICSEARCH_PORT": str(Ports.free().site),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo", "--check", "--free-ports", "--var", str(var)],
        cwd=ROOT, env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "embedded fallback" in done.stdout
    assert "bientap" in done.stdout
    return var / "site"


@pytest.fixture(scope="module")
def alone(demo_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The site and the search service, with no CMS, no database and an Elasticsearch that does not answer."""
    var = tmp_path_factory.mktemp("alone")
    shutil.copytree(demo_site, var / "site", symlinks=True)
    with Stack(var, Ports.free(), elasticsearch_url="http://127.0.0.1:9") as stack:
        stack._start("search", "-m", "search", "serve")
        stack.wait_for("search", f"http://127.0.0.1:{stack.ports.site}/van-ban/")
        yield stack


def test_a_reader_gets_everything_with_cms_database_and_search_server_off_and_without_javascript(
    alone: Stack, context: Callable[..., BrowserContext]
) -> None:
    reader = context(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    failed: list[Response] = []
    reader.on("response", lambda response: failed.append(response) if response.status >= 400 else None)
    for path in ("/", "/tin-tuc/", "/van-ban/", "/huong-dan/", "/don-vi/", "/feed.atom", "/sitemap.xml"):
        assert reader.goto(alone.site_url + path).status == 200
    reader.goto(f"{alone.site_url}/van-ban/")
    reader.locator("main h3 a, main h2 a, main article a").first.click()
    expect(reader.get_by_role("heading", level=1)).to_be_visible()
    reader.locator("summary", has_text="Mục lục").click()
    reader.locator("a[href^='#dieu-'], a[href^='#muc-']").first.click()
    reader.locator("input[name=q]").first.fill("sinh hoat chi bo")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("status")).to_contain_text("dự phòng")
    expect(reader.locator("main h3 a").first).to_be_visible()
    assert not failed


def test_a_restricted_demo_item_is_nowhere_in_the_release(demo_site: Path) -> None:
    from cms.importing.demo.reading import load_demo
    from contract.vocabulary import Audience

    restricted = [item for item in load_demo().items if item.audience is not Audience.PUBLIC]
    assert restricted
    files = tree(demo_site / "current")
    everything = b"".join(data for name, data in files.items() if name.endswith((".html", ".json", ".atom", ".xml")))
    assert any(item.title.encode() in everything for item in load_demo().items if item.audience is Audience.PUBLIC)
    for item in restricted:
        assert item.title.encode() not in everything
