"""The service over HTTP: the search as JSON and as a page, and the release it serves."""

import gzip
import json
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.test import Client

from contract.release import gone_path, page_path
from search.service import runtime as running
from search.service.checks import check_elasticsearch, check_site
from search.service.throttling import SearchThrottle
from tests.search.factories import release_of_another_layout, write_release
from tests.search.samples import demo_records

ADDRESS, WITHDRAWN = "/van-ban/quyet-dinh-37/", "/tin-tuc/da-go/"
PAGE = "<!doctype html><title>Văn bản</title>"


@pytest.fixture
def client(site: Path, settings: Any) -> Iterator[Client]:
    """The service over a served demo release, without Elasticsearch."""
    pages = {
        "/": "<!doctype html><title>Trang chủ</title>",
        ADDRESS: PAGE,
        "/404.html": "<!doctype html><title>Không có trang này</title>",
        "/410.html": "<!doctype html><title>Đã gỡ</title>",
        "/feed.xml": "<rss/>",
        "/link.txt": "",
        "/thu-hoi.json": '{"items": [], "schema": 1}',
    }
    files = {f"ab/ab12/{name}": b"bytes of " + name.encode() for name in ("a.pdf", "a.docx", "a.svg", "a.webp")}
    write_release(site, demo_records(), pages=pages, gone=[WITHDRAWN], files=files)
    (site / "secret.txt").write_text("secret")
    yield _client(site, settings)
    running.runtime().engines.fallback.close()
    running.runtime.cache_clear()


def _client(site: Path, settings: Any) -> Client:
    settings.SITE_DIR = site
    settings.ELASTICSEARCH_URL = ""
    running.runtime.cache_clear()
    return Client(raise_request_exception=False)


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests() -> None:
    SearchThrottle.cache.clear()


def test_the_api_answers_in_the_promised_shape(client: Client) -> None:
    answer = client.get("/api/search/", {"q": "37/2020/QĐ-UBND"}).json()
    assert set(answer) == {
        "total", "page", "took_ms", "engine", "results", "facets", "suggestion", "number_match",
        "missing_number", "reworded", "next", "loosenings",
    }  # fmt: skip
    assert set(answer["results"][0]) >= {
        "id", "url", "title", "number", "type", "issued_on", "status", "score", "passages",
    }  # fmt: skip
    assert answer["number_match"]["url"] == "/van-ban/quyet-dinh-37/"
    assert answer["facets"]["type"][0] == {"value": "quyet-dinh", "label": "Quyết định", "count": 1}


def test_the_page_shows_the_results_and_says_that_the_full_search_is_off(client: Client) -> None:
    response = client.get("/tim-kiem/", {"q": "cây chè"})
    html = response.content.decode()
    assert "Phát triển cây chè đến năm 2030" in html
    assert "công cụ dự phòng" in html
    assert '<html lang="vi">' in html


def test_the_page_before_a_search_explains_how_to_ask(client: Client) -> None:
    html = client.get("/tim-kiem/").content.decode()
    assert "18 nq tw" in html
    assert "Không tìm thấy" not in html


def test_a_query_that_was_cut_is_told(client: Client) -> None:
    assert "dài quá 400 ký tự" in client.get("/tim-kiem/", {"q": "đảng " * 200}).content.decode()


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "svg", "iframe") or any(name.startswith("on") for name, _ in attrs):
            self.found.append(tag)


@pytest.mark.parametrize(
    "query",
    ["xâm nhập", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus=alert(1) autofocus='"],
)
def test_neither_a_query_nor_a_document_brings_script_into_the_page(client: Client, query: str) -> None:
    for parameters in ({"q": query}, {"q": "chè", "type": query}, {"q": "chè", "issuer": query}):
        parser = _Scripts()
        parser.feed(client.get("/tim-kiem/", parameters).content.decode())
        assert parser.found == ["script"]  # the theme's own, which the policy names by its hash


@pytest.mark.parametrize("query", ["\x00", "%", "a" * 5000, "\ud800", '"' * 400, "-" * 400, "*?~^()[]{}\\"])
def test_hostile_queries_are_answered(client: Client, query: str) -> None:
    for address in ("/api/search/", "/tim-kiem/"):
        assert client.get(address, {"q": query.encode("utf-8", "surrogatepass")}).status_code == 200


def test_parameters_that_are_nonsense_are_answered(client: Client) -> None:
    assert client.get("/api/search/?q=%ff%fe&page=-3&sort=%00&scope=x&year=abcd&unit=%27").status_code == 200


def test_pages_beyond_the_tenth_are_the_tenth(client: Client) -> None:
    assert client.get("/api/search/", {"q": "tin", "page": "999"}).json()["page"] == 10


def test_only_reading_is_possible(client: Client) -> None:
    assert client.post("/api/search/", {"q": "x"}).status_code == 405
    assert client.post("/tim-kiem/").status_code == 405
    assert client.delete("/van-ban/quyet-dinh-37/").status_code == 405


def test_too_many_searches_are_refused_in_vietnamese(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchThrottle, "THROTTLE_RATES", {"search": "2/min"})
    answers = [client.get("/tim-kiem/", {"q": "chè"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "đợi một phút" in answers[2].content.decode()
    assert client.get("/api/search/", {"q": "chè"}).status_code == 429


@pytest.mark.parametrize(
    "address", ["/", "/tim-kiem/", "/api/search/", "/healthz", "/khong-co/", "/tin-tuc/da-go/", "/tep/ab/ab12/a.pdf"]
)
def test_every_answer_carries_the_security_headers(client: Client, address: str) -> None:
    response = client.get(address)
    policy = response.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert ("script" in policy) == (address == "/tim-kiem/")
    assert address != "/tim-kiem/" or "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in response.headers


def test_a_page_of_the_release_is_served_and_asked_again_cheaply(client: Client) -> None:
    response = client.get("/van-ban/quyet-dinh-37/")
    assert response.content.decode() == PAGE
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    tag, changed = response.headers["ETag"], response.headers["Last-Modified"]
    assert client.get("/van-ban/quyet-dinh-37/", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("/van-ban/quyet-dinh-37/", headers={"If-Modified-Since": changed}).status_code == 304


def test_a_compressed_copy_goes_to_those_who_take_it(client: Client) -> None:
    plain = client.get("/van-ban/quyet-dinh-37/", headers={"Accept-Encoding": "gzip;q=0, deflate"})
    packed = client.get("/van-ban/quyet-dinh-37/", headers={"Accept-Encoding": "gzip"})
    smallest = client.get("/van-ban/quyet-dinh-37/", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert (packed.headers["Content-Encoding"], smallest.headers["Content-Encoding"]) == ("gzip", "br")
    assert gzip.decompress(packed.content).decode() == PAGE
    assert brotli.decompress(smallest.content).decode() == PAGE
    assert len({answer.headers["ETag"] for answer in (plain, packed, smallest)}) == 3
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_missing_slash_is_added(client: Client) -> None:
    response = client.get("/van-ban/quyet-dinh-37")
    assert (response.status_code, response.headers["Location"]) == (301, "/van-ban/quyet-dinh-37/")


def test_other_files_of_the_site_have_their_type(client: Client) -> None:
    assert client.get("/feed.xml").headers["Content-Type"].startswith("application/xml")
    assert client.get("/thu-hoi.json").headers["Content-Type"].startswith("application/json")


def test_what_was_withdrawn_is_gone_and_what_never_was_is_not_found(client: Client) -> None:
    gone, missing = client.get(WITHDRAWN), client.get("/tin-tuc/chua-tung-co/")
    assert (gone.status_code, missing.status_code) == (410, 404)
    assert client.get(WITHDRAWN.rstrip("/")).status_code == 410
    assert "Đã gỡ" in gone.content.decode()
    assert "Không có trang này" in missing.content.decode()


@pytest.mark.parametrize(("name", "shown"), [("a.pdf", True), ("a.webp", True), ("a.svg", False), ("a.docx", False)])
def test_only_files_that_hold_no_script_are_shown_by_the_browser(client: Client, name: str, shown: bool) -> None:
    response = client.get(f"/tep/ab/ab12/{name}")
    assert b"".join(response.streaming_content) == b"bytes of " + name.encode()
    assert response.headers["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert "immutable" in response.headers["Cache-Control"]
    assert client.get(f"/tep/ab/ab12/{name}", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


TRAVERSAL = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/tep/../../../secret.txt",
    "/tep/..%2f..%2f..%2fsecret.txt",
    "/tep/%2e%2e/manifest.json",
    "/../manifest.json",
    "//etc/passwd",
    "/tep//etc/passwd",
    "/..%5c..%5csecret.txt",
    "/van-ban/%00",
    "/tep/%00",
    "/.git/config",
    "/tep/.htaccess",
    "/%c0%ae%c0%ae/secret.txt",
    "/records/",
    "/manifest.json",
]


NAMES_ON_DISK = [
    *(f"/{page_path(ADDRESS).removeprefix('pages/')}{suffix}" for suffix in ("", ".gz", ".br")),
    f"/{page_path(ADDRESS)}",
    f"/{gone_path(WITHDRAWN).removeprefix('pages/')}",
    "/van-ban/quyet-dinh-37.html",
    "/van-ban/quyet-dinh-37.html.gz",
    "/tin-tuc/da-go.gone",
    "/feed.xml.br",
    "/index.html",
    "/404.html",
    "/410.html",
]


@pytest.mark.parametrize("address", NAMES_ON_DISK)
def test_a_page_has_one_address_and_not_the_name_of_its_file(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "Không có trang này" in response.content.decode()


@pytest.mark.parametrize("address", TRAVERSAL)
def test_nothing_outside_pages_and_files_is_ever_served(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code in (400, 404)
    assert b"secret" not in response.content
    assert b"root:" not in response.content


def test_a_link_that_leads_out_of_the_site_is_not_followed(client: Client, site: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("outside")
    page = site / "current" / page_path("/link.txt")
    assert client.get("/link.txt").status_code == 200
    page.unlink()
    page.symlink_to(tmp_path / "outside.txt")
    assert client.get("/link.txt").status_code == 404


def test_a_new_release_is_served_and_searched_at_once(
    client: Client, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.runtime().recent, "seconds", 3600)
    assert client.get("/api/search/", {"q": "cây chè"}).json()["total"] == 1
    kept = [record for record in demo_records() if "che" not in record.path]
    write_release(site, kept, pages={"/": "mới"}, gone=["/van-ban/nghi-quyet-che/"], seq=30)
    assert client.get("/").content.decode() == "mới"
    assert client.get("/van-ban/nghi-quyet-che/").status_code == 410
    assert client.get("/api/search/", {"q": "cây chè"}).json()["results"] == []


def test_before_the_first_release_the_service_says_so(site: Path, settings: Any) -> None:
    client = _client(site, settings)
    for address in ("/", "/tim-kiem/", "/api/search/", "/healthz"):
        assert client.get(address).status_code == 503
    running.runtime.cache_clear()


def test_a_release_of_another_layout_disturbs_no_reader_of_a_running_service(client: Client, site: Path) -> None:
    held = (site / "current").readlink().name
    assert client.get("/api/search/", {"q": "cây chè"}).json()["total"] == 1
    release_of_another_layout(site)
    shutil.rmtree(site / "releases" / held)
    assert client.get("/api/search/", {"q": "cây chè"}).json()["total"] == 1
    page = client.get("/tim-kiem/", {"q": "cây chè"})
    assert page.status_code == 200
    assert "/van-ban/nghi-quyet-che/" in page.content.decode()
    assert client.get("/healthz").json() == {"status": "ok", "release": held}
    assert client.get("/").status_code == 404
    write_release(site, demo_records(), name="r00000009", pages={"/": "mới"}, seq=30)
    assert client.get("/").content.decode() == "mới"


def test_a_service_that_starts_while_the_release_is_of_another_layout_says_that_it_waits(
    site: Path, settings: Any
) -> None:
    release_of_another_layout(site)
    client = _client(site, settings)
    for address in ("/", "/tim-kiem/", "/api/search/"):
        response = client.get(address)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "30"
        said = response.json()["detail"] if address == "/api/search/" else response.content.decode()
        assert "đang được nâng cấp" in said
    write_release(site, demo_records())
    assert client.get("/api/search/", {"q": "cây chè"}).json()["total"] == 1
    running.runtime().engines.fallback.close()
    running.runtime.cache_clear()


def test_health_names_the_release(client: Client, site: Path) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "release": (site / "current").readlink().name}


def test_wrong_settings_are_named_with_their_remedy(settings: Any, tmp_path: Path) -> None:
    settings.SITE_DIR = None
    settings.ELASTICSEARCH_URL = "localhost"
    messages = [*check_site(None), *check_elasticsearch(None)]
    assert [message.id for message in messages] == ["search.E001", "search.E002"]
    assert all(message.hint for message in messages)
    settings.SITE_DIR = tmp_path
    assert [message.id for message in check_site(None)] == ["search.W001"]


def test_no_query_and_no_address_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    client.get("/api/search/", {"q": "bimatcuatoi"}, REMOTE_ADDR="203.0.113.9")
    client.get("/tim-kiem/", {"q": "bimatcuatoi"}, REMOTE_ADDR="203.0.113.9")
    assert "bimatcuatoi" not in caplog.text
    assert "203.0.113.9" not in caplog.text


def test_answers_are_json_in_utf8(client: Client) -> None:
    response = client.get("/api/search/", {"q": "chè"}, headers={"Accept": "text/html"})
    assert response.headers["Content-Type"].startswith("application/json")
    assert "chè" in json.dumps(json.loads(response.content), ensure_ascii=False)
