"""The reading site through nginx: pages, files, notices, headers, and nothing else."""

import gzip
import re
import socket
import time

import pytest

from contract.release import gone_path, page_path
from site_theme.stylesheet import content_security_policy
from tests.deployment.web_server import (
    PAGE,
    PICTURE,
    TEXT_FILE,
    WITHDRAWN,
    WebServer,
    assert_secured,
    needs_nginx,
    release,
)
from tests.search.shared_directories import point_to


@needs_nginx
def test_a_page_is_served_with_every_header_and_a_short_life(first_release: WebServer) -> None:
    answer = first_release.ask(PAGE)
    assert answer.status == 200
    assert "Nghị quyết r0000000001" in answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers.get_all("Cache-Control") == ["public, max-age=30, stale-while-revalidate=30"]
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert_secured(answer)


@needs_nginx
def test_the_policy_is_the_one_of_the_theme(first_release: WebServer) -> None:
    wanted = content_security_policy()
    got = first_release.ask("/").headers["Content-Security-Policy"]
    style = re.search(r"'sha256-[^']+'", wanted)
    assert style is not None
    assert style[0] in got, f"the stylesheet changed: put {style[0]} into deploy/nginx/reading-site.conf"
    assert re.sub(r"('sha256-[^']+' ?)+", "H", got) == re.sub(r"'sha256-[^']+'", "H", wanted)


@needs_nginx
def test_an_unchanged_page_is_not_sent_again(first_release: WebServer) -> None:
    tag = first_release.ask(PAGE).headers["ETag"]
    answer = first_release.ask(PAGE, If_None_Match=tag)
    assert (answer.status, answer.body) == (304, b"")
    assert_secured(answer)


@needs_nginx
def test_a_page_is_sent_compressed_to_whoever_takes_it(first_release: WebServer) -> None:
    answer = first_release.ask(PAGE, Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Nghị quyết" in gzip.decompress(answer.body).decode()
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize("path", [WITHDRAWN, WITHDRAWN.rstrip("/")])
def test_a_withdrawn_address_answers_410_with_the_page_that_says_so(first_release: WebServer, path: str) -> None:
    answer = first_release.ask(path)
    assert answer.status == 410
    assert "Nội dung đã được gỡ" in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"
    assert_secured(answer)


@needs_nginx
def test_a_withdrawal_shows_without_a_reload(first_release: WebServer) -> None:
    site, name = first_release.site, "r0000000003-cccccccc"
    release(site, name, 3, pages={"/": "<p>Trang chủ</p>"}, gone=(WITHDRAWN, PAGE))
    assert first_release.ask(PAGE).status == 200
    point_to(site, name)
    assert first_release.ask(PAGE).status == 410


@needs_nginx
@pytest.mark.parametrize(
    "path",
    ["/khong-co/", "/khong-co", "/tep/khong-co", "/404/", "/feed.atom/", f"{PAGE}x/", "/van-ban/%0a/", f"{PAGE}%0a"],
)
def test_what_is_not_there_answers_404_with_the_page_that_says_so(first_release: WebServer, path: str) -> None:
    answer = first_release.ask(path)
    assert answer.status == 404
    assert "Không tìm thấy trang" in answer.text
    assert_secured(answer)


def on_disk(path: str) -> str:
    """The path of a file in the release as somebody might ask for it."""
    return "/" + path.removeprefix("pages/")


@needs_nginx
@pytest.mark.parametrize(
    "path",
    [
        "/404.html",
        "/410.html",
        "/index.html",
        "/index",
        f"{PAGE.rstrip('/')}.html",
        f"{PAGE.rstrip('/')}.html.gz",
        f"{PAGE.rstrip('/')}.html.br",
        f"{WITHDRAWN.rstrip('/')}.gone",
        "/feed.atom.gz",
        "/feed.atom.br",
        on_disk(page_path(PAGE)),
        on_disk(page_path(PAGE)).removesuffix(".html"),
        on_disk(page_path(PAGE)) + ".gz",
        on_disk(page_path("/feed.atom")),
        on_disk(gone_path(WITHDRAWN)),
        on_disk(page_path("/404.html")),
    ],
)
def test_a_page_has_one_address_and_not_the_name_of_its_file(first_release: WebServer, path: str) -> None:
    answer = first_release.ask(path)
    assert answer.status == 404
    assert "Không tìm thấy trang" in answer.text
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/thu-hoi.json", "application/json"), ("/feed.atom", "application/atom+xml; charset=utf-8")],
)
def test_what_programs_read_has_its_type_and_a_short_life(first_release: WebServer, path: str, media_type: str) -> None:
    for encoding in ("identity", "gzip"):
        answer = first_release.ask(path, Accept_Encoding=encoding)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["Content-Encoding"] == (None if encoding == "identity" else encoding)
        assert answer.headers["Cache-Control"] == "public, max-age=30, stale-while-revalidate=30"
        assert_secured(answer)


@needs_nginx
def test_an_address_without_its_last_slash_leads_to_the_page(first_release: WebServer) -> None:
    answer = first_release.ask(PAGE.rstrip("/"))
    assert (answer.status, answer.headers["Location"]) == (301, PAGE)
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize("path", ["/tin-tuc/", "/tin-tuc/nam/", "/tep/", "/tep/aa/", PICTURE.rpartition("/")[0] + "/"])
def test_no_directory_is_listed(first_release: WebServer, path: str) -> None:
    answer = first_release.ask(path)
    assert answer.status == 404
    assert "anh.webp" not in answer.text
    assert_secured(answer)


@needs_nginx
def test_a_picture_is_kept_for_good_by_browsers_and_for_a_minute_by_shared_caches(first_release: WebServer) -> None:
    answer = first_release.ask(PICTURE)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, s-maxage=60, immutable"
    assert answer.headers["Content-Disposition"] is None
    assert_secured(answer)


@needs_nginx
def test_a_file_that_could_hold_script_is_saved_and_not_shown(first_release: WebServer) -> None:
    answer = first_release.ask(TEXT_FILE)
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == "attachment"
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize(
    "path",
    [
        "/../manifest.json", "/..%2fmanifest.json", "/%2e%2e/manifest.json", "/tep/../manifest.json",
        "/tep/..%2fmanifest.json", "/tep/%2e%2e/records/", "/tep../manifest.json", "/van-ban/..%5c..%5cmanifest.json",
        "/manifest.json", "/site.json", "/.git/config", "/.env", "/tep/.env", f"{PAGE}index.html.gz", "/gone/",
        "/records/", "/objects/", "/00/00/", "//etc/passwd", "/%00", "/tep/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
    ],
)  # fmt: skip
def test_nothing_beside_the_pages_and_files_can_be_reached(first_release: WebServer, path: str) -> None:
    answer = first_release.ask(path)
    assert answer.status in (400, 404)
    assert b"schema" not in answer.body
    assert b"root:" not in answer.body
    if answer.status == 404:  # a request that cannot be read belongs to no server yet
        assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("PUT", PAGE), ("DELETE", PICTURE), ("POST", "/khong-co/")]
)
def test_the_site_can_only_be_read(first_release: WebServer, method: str, path: str) -> None:
    answer = first_release.ask(path, method=method)
    assert answer.status in (404, 405)
    assert_secured(answer)


@needs_nginx
def test_a_body_nobody_asked_for_is_refused(first_release: WebServer) -> None:
    answer = first_release.ask("/", method="POST", Content_Length="100000000")
    assert answer.status == 413
    assert_secured(answer)


@needs_nginx
def test_a_client_that_dawdles_over_its_head_is_let_go(first_release: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", first_release.port), timeout=20) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: doc.example.vn\r\nX-Slow: ")
        started = time.monotonic()
        with pytest.raises(ConnectionResetError):
            slow.recv(4096)
        assert time.monotonic() - started < 15
