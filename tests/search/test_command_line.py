"""The commands as processes, over real sockets."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from search.__main__ import main
from tests.search.factories import item, write_release
from tests.search.samples import demo_records
from tools.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port(site: Path) -> Iterator[int]:
    """A running service over the demo release, without Elasticsearch."""
    write_release(site, demo_records(), pages={"/": "trang chủ"})
    (site / "secret.txt").write_text("secret")
    port = free_port()
    environment = {**os.environ, "SITE_DIR": str(site), "PORT": str(port), "ELASTICSEARCH_URL": ""}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    process = subprocess.Popen([sys.executable, "-m", "search", "serve"], cwd=ROOT, env=environment)
    try:
        _wait_until_up(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _wait_until_up(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz"):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the service did not come up")


def _raw(port: int, target: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def test_the_service_serves_searches_and_pages_and_follows_new_releases(port: int, site: Path) -> None:
    with urlopen(f"http://127.0.0.1:{port}/api/search/?q=cay+che") as response:
        assert json.load(response)["results"][0]["url"] == "/van-ban/nghi-quyet-che/"
    with urlopen(f"http://127.0.0.1:{port}/") as response:
        assert response.read().decode() == "trang chủ"
    write_release(site, [*demo_records(), item("moi", "Tin về sầu riêng", seq=40)])
    with urlopen(f"http://127.0.0.1:{port}/api/search/?q=sau+rieng") as response:
        assert json.load(response)["total"] == 1


@pytest.mark.parametrize(
    "target", [b"/../secret.txt", b"/tep/../../../secret.txt", b"/%2e%2e/%2e%2e/secret.txt", b"/" + b"a/" * 3000]
)
def test_raw_targets_that_no_browser_sends_get_nothing(port: int, target: bytes) -> None:
    answer = _raw(port, target)
    assert re.match(rb"HTTP/1\.1 4\d\d ", answer)
    assert b"secret" not in answer


def test_the_longest_query_a_reader_can_type_fits_the_address(port: int) -> None:
    query = b"%E1%BB%83" * 400
    assert b" 200 " in _raw(port, b"/tim-kiem/?q=" + query).split(b"\r\n", 1)[0]


def test_without_a_site_the_service_says_what_is_missing() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SITE_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "search", "serve"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "search.E001" in done.stderr
    assert "SITE_DIR" in done.stderr


def test_a_site_without_release_is_told_not_indexed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["rebuild", "--site", str(site), "--elasticsearch", "http://127.0.0.1:1"])
    assert code == 2
    assert "has no release" in capsys.readouterr().err


def test_a_server_that_is_not_there_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_release(site, demo_records())
    assert main(["check", "--site", str(site), "--elasticsearch", "http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err


def test_a_follower_ends_when_it_is_told_to(site: Path) -> None:
    command = [sys.executable, "-m", "search", "follow", "--site", str(site), "--elasticsearch", "http://127.0.0.1:1"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
