"""The hosts of the CMS and of previews beside the reading site: what each answers, and what only services may call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.web_server import (
    CMS,
    NOBODY,
    PREVIEW,
    SITE,
    WebServer,
    configure,
    end,
    needs_nginx,
    start_nginx,
)
from tools.ports import free_port


@pytest.fixture(scope="module")
def editing(home: Path, site: Path) -> Iterator[WebServer]:
    """nginx with every server of ours on one port, told apart by host name. Nothing answers behind them."""
    port, place = free_port(), home / "editing"
    listen = f"127.0.0.1:{port}"
    values = {
        "SITE_HOST": SITE, "CMS_HOST": CMS, "PREVIEW_HOST": PREVIEW, "SITE_DIR": str(site),
        "SITE_LISTEN": listen, "CMS_LISTEN": listen, "PREVIEW_LISTEN": listen,
        "SEARCH_UPSTREAM": NOBODY, "CMS_UPSTREAM": NOBODY, "PREVIEW_UPSTREAM": NOBODY,
    }  # fmt: skip
    conf = configure(place, values, ("reading-site.conf", "shards.conf", "cms.conf", "preview.conf"))
    process = start_nginx(place, conf, port)
    yield WebServer(port, site)
    end(process)


@needs_nginx
@pytest.mark.parametrize("path", ["/admin/", "/api/v1/documents/", "/media/x", "/static/cms/admin.css", "/preview/"])
def test_nothing_of_the_cms_is_reachable_under_the_name_of_the_site(editing: WebServer, path: str) -> None:
    assert editing.ask(path).status == 404


@needs_nginx
@pytest.mark.parametrize(
    "path",
    ["changes/?after=0", f"files/{'a' * 64}/", "preview/?token=x", "publisher-state/", "search-counts/", "alerts/"],
)
def test_what_only_services_may_call_is_not_there_from_outside(editing: WebServer, path: str) -> None:
    answer = editing.ask(f"/api/v1/{path}", host=CMS)
    assert answer.status == 404
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@needs_nginx
@pytest.mark.parametrize("path", ["/admin/", "/media/pictures/x.jpg", "/static/cms/admin.css"])
def test_the_cms_host_serves_nothing_from_a_disk(editing: WebServer, path: str) -> None:
    answer = editing.ask(path, host=CMS)  # its Django is not there: whoever answers, it is not nginx with a file
    assert answer.status == 503
    assert "đang tạm ngừng" in answer.text


@needs_nginx
def test_guessing_passwords_is_slowed_down(editing: WebServer) -> None:
    answers = [editing.ask("/admin/login/", host=CMS, method="POST").status for _ in range(10)]
    assert answers[:5] == [503] * 5
    assert 429 in answers
    assert editing.ask("/admin/login/", host=CMS).status == 503, "the form itself is not limited"


@needs_nginx
def test_the_preview_host_has_one_address(editing: WebServer) -> None:
    assert editing.ask("/preview/?token=x", host=PREVIEW).status == 502
    assert editing.ask("/", host=PREVIEW).status == 404
    assert editing.ask("/admin/", host=PREVIEW).status == 404


@needs_nginx
@pytest.mark.django_db(transaction=True)
def test_the_cms_itself_answers_behind_nginx_with_each_header_once(home: Path, live_server: Any) -> None:
    port = free_port()
    upstream = live_server.url.removeprefix("http://").replace("localhost", "127.0.0.1")
    values = {"CMS_HOST": "localhost", "CMS_LISTEN": f"127.0.0.1:{port}", "CMS_UPSTREAM": upstream}
    place = home / "cms"
    process = start_nginx(place, configure(place, values, ("cms.conf",)), port)
    try:
        server = WebServer(port, home)
        form = server.ask("/admin/login/", host="localhost")
        assert form.status == 200
        for name in ("X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy"):
            assert len(form.headers.get_all(name)) == 1, name
        assert form.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert server.ask("/media/pictures/x.jpg", host="localhost").status == 404
        assert server.ask("/static/cms/admin.css", host="localhost").status == 200
        log = (place / "access.log").read_text()
        assert "GET /admin/login/ 200" in log
    finally:
        end(process)
