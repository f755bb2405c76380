"""Where nginx has the module for it, a page goes out in its smallest form."""

from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from tests.deployment.web_server import (
    PAGE,
    WITHDRAWN,
    WebServer,
    assert_secured,
    end,
    needs_nginx,
    reading_site,
    start_nginx,
)
from tools.ports import free_port

MODULE = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")

pytestmark = [needs_nginx, pytest.mark.skipif(not MODULE.exists(), reason="nginx's module for brotli is not installed")]


@pytest.fixture(scope="module")
def smallest(home: Path, site: Path) -> Iterator[WebServer]:
    """nginx with the module loaded, as Debian's package does it, and brotli.conf beside the other files."""
    port, place = free_port(), home / "brotli"
    conf = reading_site(place, site, port, None, "brotli.conf")
    (place / "modules").mkdir()
    (place / "modules" / "50-mod-http-brotli-static.conf").write_text(f"load_module {MODULE};")
    process = start_nginx(place, conf, port)
    yield WebServer(port, site)
    end(process)


@pytest.mark.parametrize("accepted", ["br", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8"])
@pytest.mark.parametrize(
    ("path", "media_type"), [(PAGE, "text/html; charset=utf-8"), ("/thu-hoi.json", "application/json")]
)
def test_whoever_takes_brotli_gets_it(smallest: WebServer, accepted: str, path: str, media_type: str) -> None:
    answer = smallest.ask(path, Accept_Encoding=accepted)
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "br")
    assert brotli.decompress(answer.body).decode() == smallest.ask(path).text
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers.get_all("Vary") == ["Accept-Encoding"]
    assert answer.headers["Cache-Control"] == "public, max-age=30, stale-while-revalidate=30"
    assert_secured(answer)


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("gzip, br;q=0", "gzip"), ("identity", None)])
def test_whoever_does_not_gets_what_it_takes(smallest: WebServer, accepted: str, encoding: str | None) -> None:
    answer = smallest.ask(PAGE, Accept_Encoding=accepted)
    assert answer.headers["Content-Encoding"] == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_withdrawn_page_is_gone_for_them_too(smallest: WebServer) -> None:
    answer = smallest.ask(WITHDRAWN, Accept_Encoding="br")
    assert (answer.status, answer.headers["Content-Encoding"]) == (410, "br")
    assert "Nội dung đã được gỡ" in brotli.decompress(answer.body).decode()


def test_a_compressed_copy_has_no_address_of_its_own(smallest: WebServer) -> None:
    assert smallest.ask("/feed.atom.br").status == 404
