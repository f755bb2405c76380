"""What the publisher writes is what nginx serves and the search reads: the three agree on the layout of a release."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.addresses import REVOKED_PATH
from contract.release import Revoked
from search.releases import Release, current_release
from search.service.released_files import ReleaseFiles
from tests.deployment.web_server import (
    ROOT,
    WebServer,
    assert_secured,
    end,
    needs_nginx,
    reading_site,
    start_nginx,
)
from tests.publisher.factories import Ledger, document, guidance, news, unit
from tools.ports import free_port

LIVE = {
    "/don-vi/tinh-uy/": "Đơn vị tinh-uy",
    "/van-ban/nq-18/": "Tiêu đề nq-18",
    "/tin-tuc/hoi-nghi/": "Tiêu đề hoi-nghi",
    "/huong-dan/ket-nap/": "Tiêu đề ket-nap",
}
MADE_OF_THEM = [
    "/",
    "/tin-tuc/",
    "/van-ban/",
    "/van-ban/nam/2026/",
    "/feed.atom",
    "/sitemap.xml",
    "/robots.txt",
    REVOKED_PATH,
]
GONE = "/tin-tuc/da-go/"


@pytest.fixture(scope="module")
def published(home: Path) -> Path:
    """A site made by the publisher's own command, with one item withdrawn."""
    ledger, feed, site = Ledger(), home / "feed.jsonl", home / "published"
    taken_down = news("da-go")
    ledger.publish(unit("tinh-uy"), document("nq-18", "18-NQ/TU"), news("hoi-nghi"), guidance("ket-nap"), taken_down)
    build(ledger, feed, site)
    ledger.withdraw(taken_down)
    build(ledger, feed, site)
    return site


def build(ledger: Ledger, feed: Path, site: Path) -> None:
    ledger.write(feed)
    command = [sys.executable, "-m", "publisher", "build", "--feed", str(feed), "--site", str(site)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def reading(home: Path, published: Path) -> Iterator[WebServer]:
    """nginx over the published site."""
    place, port = home / "reading", free_port()
    process = start_nginx(place, reading_site(place, published, port), port)
    yield WebServer(port, published)
    end(process)


@pytest.fixture
def release(published: Path) -> Release:
    """The release as the search reads it."""
    release = current_release(published)
    assert release is not None
    return release


@needs_nginx
@pytest.mark.parametrize(("address", "title"), LIVE.items())
def test_what_is_live_has_its_page(reading: WebServer, address: str, title: str) -> None:
    answer = reading.ask(address)
    assert answer.status == 200
    assert title in answer.text
    assert_secured(answer)
    assert reading.ask(address.rstrip("/")).headers["Location"] == address


@needs_nginx
@pytest.mark.parametrize("address", [*LIVE, *MADE_OF_THEM])
def test_nginx_and_the_demo_serve_the_same_bytes(reading: WebServer, release: Release, address: str) -> None:
    served = ReleaseFiles(reading.site, release.directory).page(address)
    assert served is not None
    answer = reading.ask(address)
    assert (answer.status, answer.body) == (200, served.read())
    packed = reading.ask(address, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"


@needs_nginx
@pytest.mark.parametrize("address", [GONE, GONE.rstrip("/")])
def test_what_was_withdrawn_is_gone(reading: WebServer, release: Release, address: str) -> None:
    answer = reading.ask(address)
    assert answer.status == 410
    assert "<h1" in answer.text, "the publisher's own notice is shown"
    assert ReleaseFiles(reading.site, release.directory).is_gone(address)


@needs_nginx
def test_copies_that_readers_keep_learn_of_the_withdrawal(reading: WebServer) -> None:
    answer = reading.ask(REVOKED_PATH)
    assert answer.headers["Content-Type"] == "application/json"
    assert [item.path for item in Revoked.model_validate_json(answer.body).items] == [GONE]


@needs_nginx
def test_what_never_was_is_not_found(reading: WebServer) -> None:
    answer = reading.ask("/tin-tuc/chua-tung-co/")
    assert answer.status == 404
    assert "<h1" in answer.text


def test_the_search_reads_every_live_item_and_no_other(release: Release) -> None:
    assert {entry.path for entry in release.items.values()} == set(LIVE)
    assert {release.record(item).path for item in release.items} == set(LIVE)
