"""A real nginx with the files of deploy/nginx, and a site directory with releases for it to serve."""

import http.client
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.search.factories import write_release

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "deploy" / "nginx"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

# The port of the discard service: nothing listens there, and no server is ever given it.
NOBODY = "127.0.0.1:9"
SITE, CMS, PREVIEW = "doc.example.vn", "bientap.example.vn", "xemtruoc.example.vn"
PAGE = "/van-ban/nghi-quyet-18-nq-tw/"
WITHDRAWN = "/tin-tuc/da-go/"
PICTURE = "/tep/aa/" + "a" * 64 + "/anh.webp"
TEXT_FILE = "/tep/bb/" + "b" * 64 + "/bieu-mau.html"
FIRST, SECOND = "r0000000001-aaaaaaaa", "r0000000002-bbbbbbbb"
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

    def ask(self, path: str, host: str = SITE, method: str = "GET", body: str = "", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            return ask_over(connection, path, host, method, body, **headers)
        finally:
            connection.close()


def ask_over(
    connection: http.client.HTTPConnection,
    path: str,
    host: str = SITE,
    method: str = "GET",
    body: str = "",
    **headers: str,
) -> Answer:
    """One request over a connection that stays open."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body or None, headers={"Host": host, **named})
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def assert_secured(answer: Answer) -> None:
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_all(name) == [value], name
    assert len(answer.headers.get_all("Content-Security-Policy")) == 1
    assert "nginx/" not in (answer.headers["Server"] or "") + answer.body.decode(errors="replace")


def release(
    site: Path, name: str, seq: int, pages: dict[str, str] | None = None, gone: tuple[str, ...] = (WITHDRAWN,)
) -> None:
    """A release with a few pages that name it, the two notices, two files and a marker; `pages` replaces its pages."""
    some = {
        "/": f"<p>Trang chủ {name}</p>",
        PAGE: f"<p>Nghị quyết {name}</p>",
        "/feed.atom": "<feed/>",
        "/thu-hoi.json": '{"items":[],"schema":1}',
        "/tin-tuc/nam/2026/": "<p>2026</p>",
    }
    notices = {"/404.html": "<p>Không tìm thấy trang</p>", "/410.html": "<p>Nội dung đã được gỡ</p>"}
    files = {
        PICTURE.removeprefix("/tep/"): b"RIFF....WEBP",
        TEXT_FILE.removeprefix("/tep/"): b"<script>alert(1)</script>",
    }
    kept = some if pages is None else pages
    write_release(site, [], name=name, seq=seq, pages=kept | notices, gone=gone, files=files, switch=False)


def configure(home: Path, values: dict[str, str], files: tuple[str, ...]) -> Path:
    """The files of deploy/nginx with their variables filled in, as the image does, and with paths of ours."""
    conf = home / "conf.d"
    conf.mkdir(parents=True)
    paths = {
        "/etc/nginx/conf.d": str(conf),
        "/etc/nginx/modules-enabled": str(home / "modules"),
        "/run/nginx.pid": str(home / "nginx.pid"),
        "/etc/nginx/tls": str(home / "tls"),
        "/var/log/nginx": str(home),
    }

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


def reading_site(home: Path, site: Path, port: int, search_port: int | None = None, *more: str) -> Path:
    """The configuration of the reading site alone, and of the files in `more`."""
    values = {
        "SITE_HOST": SITE,
        "SITE_DIR": str(site),
        "SITE_LISTEN": f"127.0.0.1:{port}",
        "SEARCH_UPSTREAM": f"127.0.0.1:{search_port}" if search_port else NOBODY,
    }
    return configure(home, values, ("reading-site.conf", "shards.conf", *more))


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
