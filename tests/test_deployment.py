"""nginx as deploy/nginx configures it, over a release laid out by hand, with the real search service and CMS behind."""

import gzip
import http.client
import itertools
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.canonical import canonical_json
from contract.release import CURRENT, FILES, GONE, MANIFEST, PAGES, RELEASES, SITE_FACTS, Manifest, SiteFacts
from site_theme.stylesheet import content_security_policy

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = ROOT / "deploy" / "nginx"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

SITE, CMS, PREVIEW = "doc.example.vn", "bientap.example.vn", "xemtruoc.example.vn"
PAGE = "/van-ban/nghi-quyet-18-nq-tw/"
WITHDRAWN = "/tin-tuc/da-go/"
PICTURE = "/tep/" + "a" * 64 + "/anh.webp"
TEXT_FILE = "/tep/" + "b" * 64 + "/bieu-mau.html"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class WebServer:
    """A running nginx and the site directory it serves."""

    port: int
    site: Path

    def ask(self, path: str, host: str = SITE, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Host": host, **named})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def release(site: Path, name: str, seq: int) -> Path:
    """A release as `contract.release` lays it out, with a page, its compressed copy, two files and a marker."""
    root = site / RELEASES / name
    for page, text in {
        "index.html": f"<p>Trang chủ {name}</p>",
        f"{PAGE[1:]}index.html": f"<p>Nghị quyết {name}</p>",
        "404.html": "<p>Không tìm thấy trang</p>",
        "410.html": "<p>Nội dung đã được gỡ</p>",
    }.items():
        write(root / PAGES / page, text)
        write(root / PAGES / f"{page}.gz", gzip.compress(text.encode(), mtime=0))
    write(root / PAGES / "feed.atom", "<feed/>")
    write(root / PAGES / "tin-tuc" / "nam" / "2026" / "index.html", "<p>2026</p>")
    write(root / FILES / PICTURE.removeprefix("/tep/"), b"RIFF....WEBP")
    write(root / FILES / TEXT_FILE.removeprefix("/tep/"), "<script>alert(1)</script>")
    write(root / GONE / WITHDRAWN[1:] / "index.html", "")
    facts = SiteFacts(name="Đảng bộ tỉnh Sơn Hà", tagline="", base_url=f"https://{SITE}", navigation=())
    write(root / SITE_FACTS, canonical_json(facts.model_dump(mode="json")))
    manifest = Manifest(release=name, seq=seq, day="2026-11-22", items={}, pages={})
    write(root / MANIFEST, canonical_json(manifest.model_dump(mode="json", by_alias=True)))
    return root


def switch(site: Path, name: str) -> None:
    link = site / f".{CURRENT}-test"
    link.symlink_to(f"{RELEASES}/{name}")
    link.rename(site / CURRENT)


def configure(home: Path, values: dict[str, str], files: tuple[str, ...]) -> Path:
    """The files of deploy/nginx with their variables filled in, as the image does, and with paths of ours."""
    conf = home / "conf.d"
    conf.mkdir(parents=True)
    paths = {"/etc/nginx/conf.d": str(conf), "/run/nginx.pid": str(home / "nginx.pid"),
             "/etc/nginx/tls": str(home / "tls"), "/var/log/nginx": str(home)}  # fmt: skip

    def filled(file: str) -> str:
        text = (CONFIGURATION / file).read_text(encoding="utf-8")
        for name, value in ({"RESOLVER": "127.0.0.1"} | values).items():
            text = text.replace(f"${{{name}}}", value)
        for path, ours in paths.items():
            text = text.replace(path, ours)
        assert not re.findall(r"\$\{[A-Z_]+\}", text), "a variable was not filled in"
        return text

    for file in files:
        (conf / file).write_text(filled(file), encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (conf / "test.conf").write_text("".join(f"{kind}_temp_path {home}/{kind};\n" for kind in kinds))
    (home / "nginx.conf").write_text(filled("nginx.conf"), encoding="utf-8")
    return home / "nginx.conf"


def start_nginx(home: Path, conf: Path, port: int) -> subprocess.Popen[bytes]:
    """nginx as a user without rights, in the foreground."""
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        owner = pwd.getpwnam(user)
        for path in (home, *home.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    command = [str(NGINX), "-c", str(conf), "-p", str(home), "-g", "daemon off;"]
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, user=user)
    wait_for(port, process, home / "output")
    return process


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    process.terminate()
    raise AssertionError(log.read_text(errors="replace"))


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A directory another user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="bangtin-nginx-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def search_port(home: Path) -> Iterator[int]:
    """The real search service over the same site, with its embedded fallback."""
    site, port = home / "site", free_port()
    release(site, "r0000000001-aaaaaaaa", 1)
    release(site, "r0000000002-bbbbbbbb", 2)
    switch(site, "r0000000001-aaaaaaaa")
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"SITE_DIR": str(site), "ELASTICSEARCH_URL": "", "PORT": str(port), "TRUSTED_PROXIES": "1"}
    with (home / "search.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    wait_for(port, process, home / "search.log")
    yield port
    end(process)


@pytest.fixture(scope="module")
def web(home: Path, search_port: int) -> Iterator[WebServer]:
    """nginx with every server of ours on one port, told apart by host name. Nothing answers for CMS and preview."""
    port, nobody = free_port(), free_port()
    listen = f"127.0.0.1:{port}"
    values = {
        "SITE_HOST": SITE, "CMS_HOST": CMS, "PREVIEW_HOST": PREVIEW, "SITE_DIR": str(home / "site"),
        "SITE_LISTEN": listen, "CMS_LISTEN": listen, "PREVIEW_LISTEN": listen,
        "SEARCH_UPSTREAM": f"127.0.0.1:{search_port}", "CMS_UPSTREAM": f"127.0.0.1:{nobody}",
        "PREVIEW_UPSTREAM": f"127.0.0.1:{nobody}",
    }  # fmt: skip
    conf = configure(home / "nginx", values, ("reading-site.conf", "cms.conf", "preview.conf"))
    process = start_nginx(home / "nginx", conf, port)
    yield WebServer(port, home / "site")
    end(process)


@pytest.fixture
def first_release(web: WebServer) -> WebServer:
    switch(web.site, "r0000000001-aaaaaaaa")
    return web


def assert_secured(answer: Answer) -> None:
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_all(name) == [value], name
    assert len(answer.headers.get_all("Content-Security-Policy")) == 1
    assert "nginx/" not in (answer.headers["Server"] or "") + answer.body.decode(errors="replace")


# The reading site


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
    site = first_release.site
    name = "r0000000003-cccccccc"
    root = release(site, name, 3)
    (root / PAGES / PAGE[1:] / "index.html").unlink()
    write(root / GONE / PAGE[1:] / "index.html", "")
    assert first_release.ask(PAGE).status == 200
    switch(site, name)
    assert first_release.ask(PAGE).status == 410


@needs_nginx
@pytest.mark.parametrize(
    "path", ["/khong-co/", "/khong-co", "/tep/khong-co", "/404.html", "/410.html", f"{PAGE}x.html"]
)
def test_what_is_not_there_answers_404_with_the_page_that_says_so(first_release: WebServer, path: str) -> None:
    answer = first_release.ask(path)
    assert answer.status == 404
    assert "Không tìm thấy trang" in answer.text
    assert_secured(answer)


@needs_nginx
def test_an_address_without_its_last_slash_leads_to_the_page(first_release: WebServer) -> None:
    answer = first_release.ask(PAGE.rstrip("/"))
    assert (answer.status, answer.headers["Location"]) == (301, PAGE)
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize("path", ["/tin-tuc/", "/tin-tuc/nam/", "/tep/", "/tep/" + "a" * 64 + "/"])
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
        "/records/", "//etc/passwd", "/%00", "/tep/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
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
def test_readers_see_the_old_or_the_new_release_while_it_is_switched(first_release: WebServer) -> None:
    stop = threading.Event()
    seen: set[tuple[int, str]] = set()

    def read() -> None:
        while not stop.is_set():
            answer = first_release.ask(PAGE)
            seen.add((answer.status, answer.text))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    names = itertools.cycle(["r0000000002-bbbbbbbb", "r0000000001-aaaaaaaa"])
    for _ in range(400):
        switch(first_release.site, next(names))
        time.sleep(0.003)
    stop.set()
    for reader in readers:
        reader.join()
    assert seen == {
        (200, "<p>Nghị quyết r0000000001-aaaaaaaa</p>"),
        (200, "<p>Nghị quyết r0000000002-bbbbbbbb</p>"),
    }


@needs_nginx
def test_a_client_that_dawdles_over_its_head_is_let_go(first_release: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", first_release.port), timeout=20) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: doc.example.vn\r\nX-Slow: ")
        started = time.monotonic()
        with pytest.raises(ConnectionResetError):
            slow.recv(4096)
        assert time.monotonic() - started < 15


# The search behind it


@needs_nginx
def test_the_search_page_comes_from_the_search_service_with_each_header_once(first_release: WebServer) -> None:
    answer = first_release.ask("/tim-kiem/?q=ngh%E1%BB%8B%20quy%E1%BA%BFt")
    assert answer.status == 200
    assert "Đảng bộ tỉnh Sơn Hà" in answer.text
    assert answer.headers.get_all("Cache-Control") == ["public, max-age=5"]
    assert answer.headers["Content-Security-Policy"] == content_security_policy()
    assert_secured(answer)


@needs_nginx
@pytest.mark.parametrize("path", ["/tim-kiem/?q=a", "/api/search/?q=a"])
def test_answers_of_the_search_are_sent_compressed(first_release: WebServer, path: str) -> None:
    assert first_release.ask(path, Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"


@needs_nginx
def test_the_search_api_takes_the_longest_query_there_is(first_release: WebServer) -> None:
    answer = first_release.ask(f"/api/search/?q={'%E1%BB%8B' * 400}")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert_secured(answer)


@needs_nginx
def test_a_flood_of_searches_is_stopped_in_vietnamese(first_release: WebServer) -> None:
    answers = [first_release.ask("/tim-kiem/?q=a") for _ in range(120)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert all("chờ một phút" in answer.text for answer in refused)
    assert_secured(refused[0])


@needs_nginx
def test_health_is_told(first_release: WebServer) -> None:
    assert '"ok"' in first_release.ask("/healthz").text


@needs_nginx
def test_nothing_of_a_search_is_written_down(first_release: WebServer, home: Path) -> None:
    first_release.ask("/tim-kiem/?q=dieu-rieng-tu")
    logs = [path for path in (home / "nginx").iterdir() if path.is_file() and path.suffix != ".conf"]
    assert logs
    assert not any(b"dieu-rieng-tu" in path.read_bytes() for path in (*logs, home / "search.log"))


# Without the services


@needs_nginx
def test_the_site_is_read_while_search_and_cms_are_down(home: Path, web: WebServer) -> None:
    port, nobody = free_port(), free_port()
    values = {"SITE_HOST": SITE, "SITE_DIR": str(web.site), "SITE_LISTEN": f"127.0.0.1:{port}",
              "SEARCH_UPSTREAM": f"127.0.0.1:{nobody}"}  # fmt: skip
    alone = home / "alone"
    process = start_nginx(alone, configure(alone, values, ("reading-site.conf",)), port)
    try:
        server = WebServer(port, web.site)
        assert server.ask("/").status == 200
        page, api = server.ask("/tim-kiem/?q=a"), server.ask("/api/search/?q=a")
        assert (page.status, api.status) == (503, 503)
        assert "đang tạm ngừng" in page.text
        assert page.headers["Cache-Control"] == "no-cache"
        assert_secured(page)
        assert_secured(api)
    finally:
        end(process)


# The CMS and the previews


@needs_nginx
@pytest.mark.parametrize("path", ["/admin/", "/api/v1/documents/", "/media/x", "/static/cms/admin.css", "/preview/"])
def test_nothing_of_the_cms_is_reachable_under_the_name_of_the_site(first_release: WebServer, path: str) -> None:
    assert first_release.ask(path).status == 404


@needs_nginx
@pytest.mark.parametrize("path", ["changes/?after=0", f"files/{'a' * 64}/", "preview/?token=x", "publisher-state/"])
def test_what_only_services_may_call_is_not_there_from_outside(web: WebServer, path: str) -> None:
    answer = web.ask(f"/api/v1/{path}", host=CMS)
    assert answer.status == 404
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@needs_nginx
@pytest.mark.parametrize("path", ["/admin/", "/media/pictures/x.jpg", "/static/cms/admin.css"])
def test_the_cms_host_serves_nothing_from_a_disk(web: WebServer, path: str) -> None:
    answer = web.ask(path, host=CMS)  # its Django is not there: whoever answers, it is not nginx with a file
    assert answer.status == 503
    assert "đang tạm ngừng" in answer.text


@needs_nginx
def test_guessing_passwords_is_slowed_down(web: WebServer) -> None:
    answers = [web.ask("/admin/login/", host=CMS, method="POST").status for _ in range(10)]
    assert answers[:5] == [503] * 5
    assert 429 in answers
    assert web.ask("/admin/login/", host=CMS).status == 503, "the form itself is not limited"


@needs_nginx
def test_the_preview_host_has_one_address(web: WebServer) -> None:
    assert web.ask("/preview/?token=x", host=PREVIEW).status == 502
    assert web.ask("/", host=PREVIEW).status == 404
    assert web.ask("/admin/", host=PREVIEW).status == 404


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


# The door


@needs_nginx
def test_strangers_get_no_answer_and_our_names_lead_to_tls(home: Path, web: WebServer) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    place, plain, tls = home / "door", free_port(), free_port()
    values = {"SITE_HOST": SITE, "CMS_HOST": CMS, "PREVIEW_HOST": PREVIEW, "SITE_DIR": str(web.site),
              "SITE_LISTEN": f"127.0.0.1:{tls} ssl http2", "SEARCH_UPSTREAM": "127.0.0.1:1"}  # fmt: skip
    conf = configure(place, values, ("default.conf", "tls.conf", "reading-site.conf"))
    default = place / "conf.d" / "default.conf"
    text = default.read_text(encoding="utf-8").replace("listen 80", f"listen 127.0.0.1:{plain}")
    default.write_text(text.replace("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl http2"), encoding="utf-8")
    (place / "tls").mkdir()
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}",
         "-keyout", place / "tls" / "privkey.pem", "-out", place / "tls" / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    process = start_nginx(place, conf, plain)
    try:
        server = WebServer(plain, web.site)
        moved = server.ask(PAGE, host=SITE)
        assert (moved.status, moved.headers["Location"]) == (301, f"https://{SITE}{PAGE}")
        with pytest.raises(ConnectionError):
            server.ask("/", host="192.0.2.1")
        trusting = ssl.create_default_context(cafile=str(place / "tls" / "fullchain.pem"))
        raw = socket.create_connection(("127.0.0.1", tls), timeout=10)
        with trusting.wrap_socket(raw, server_hostname=SITE) as secure:
            secure.sendall(f"GET / HTTP/1.1\r\nHost: {SITE}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: secure.recv(4096), b"")).decode()
        assert "200 OK" in answer
        assert "Strict-Transport-Security: max-age=31536000" in answer
        with socket.create_connection(("127.0.0.1", tls), timeout=10) as raw, pytest.raises(ssl.SSLError):
            trusting.wrap_socket(raw, server_hostname="other.example.vn")
    finally:
        end(process)


def test_every_variable_of_the_configuration_is_given_by_compose() -> None:
    wanted = set()
    for file in CONFIGURATION.glob("*.conf"):
        wanted |= set(re.findall(r"\$\{([A-Z_]+)\}", file.read_text(encoding="utf-8")))
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert {name for name in wanted if not re.search(rf"^\s+{name}:", compose, re.MULTILINE)} == set()


# Compose


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_compose_refers_only_to_what_it_declares(services: dict[str, Any]) -> None:
    declared = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["volumes"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in declared or source.startswith("${TLS_DIR") or (ROOT / source).is_file(), volume


def test_only_the_web_server_is_reachable_from_another_machine(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name != "nginx":
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def test_the_search_server_starts_alone_and_without_an_env_file(services: dict[str, Any]) -> None:
    assert "depends_on" not in services["elasticsearch"]
    assert services["elasticsearch"]["ports"] == ["127.0.0.1:${ELASTICSEARCH_PORT:-9200}:9200"]
    # `${NAME:?…}` or `env_file` anywhere would stop every service of the file where there is no .env.
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert all(":-" in variable for variable in re.findall(r"\$\{[^}]*\}", text))
    assert "env_file" not in text


def test_every_variable_of_compose_stands_in_the_example(services: dict[str, Any]) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert used == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    for secret in ("SECRET_KEY", "FEED_TOKEN", "POSTGRES_PASSWORD"):
        assert re.search(rf"^{secret}=$", example, re.MULTILINE), "a secret in the example would end up in production"


def test_git_keeps_the_secrets_out() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
