"""`python -m publisher run`, as a process, under the eyes of a monitor: well, cut off from the CMS, failing, hung."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.publisher.factories import Ledger, news, unit
from tests.publisher.feed_server import TOKEN, FeedServer, serving
from tools.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


class Resident:
    """The process, its log, and what it tells a monitor."""

    def __init__(self, server: FeedServer, root: Path) -> None:
        port = free_port()
        self.origin = f"http://127.0.0.1:{port}"
        self.site = root / "site"
        self.site.mkdir()
        self._log = root / "log"
        environment = {**os.environ, "FEED_TOKEN": TOKEN, "MONITOR_PORT": str(port), "LOG_FORMAT": "json"}
        command = [sys.executable, "-m", "publisher", "run", "--feed", server.feed, "--site", str(self.site)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen([*command, "--interval", "0.1"], cwd=ROOT, env=environment, stderr=log)

    def health(self) -> tuple[int, dict[str, Any]]:
        try:
            response = httpx.get(f"{self.origin}/healthz", timeout=2)
        except httpx.HTTPError:
            return 0, {"seq": None, "failure": None}
        return response.status_code, response.json()

    def metric(self, name: str, **labels: str) -> float:
        text = httpx.get(f"{self.origin}/metrics").text
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return next(sample.value for sample in samples if sample.name == name and sample.labels == labels)

    def wait_until(self, condition: Callable[[int, dict[str, Any]], bool], seconds: float = 30.0) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not condition(*(seen := self.health())):
            assert time.monotonic() < deadline, (seen, self._log.read_text())
            time.sleep(0.05)
        return seen[1]

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    ledger = Ledger()
    ledger.publish(unit("tinh-uy"), news("mot"))
    with serving(ledger) as running:
        yield running


@pytest.fixture
def resident(server: FeedServer, tmp_path: Path) -> Iterator[Resident]:
    running = Resident(server, tmp_path)
    running.wait_until(lambda _, health: health["seq"] == 2)
    yield running
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(20)


def test_a_change_is_seen_in_health_metrics_log_and_report(server: FeedServer, resident: Resident) -> None:
    server.ledger.publish(news("hai"))
    health = resident.wait_until(lambda status, health: status == 200 and health["seq"] == 3)
    assert health["status"] == "ok"
    assert resident.metric("publisher_approval_to_live_seconds_count") == 1
    assert resident.metric("publisher_items", state="live") == 3
    assert resident.metric("publisher_step_seconds_count", kind="incremental") == 1
    assert [entry["seq"] for entry in resident.log() if entry["message"] == "release is live"] == [2, 3]
    deadline = time.monotonic() + 5
    while server.states[-1]["seq"] != 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.states[-1]["failure"] is None


def test_a_cms_that_is_down_shows_and_is_no_failure_of_the_publisher(server: FeedServer, resident: Resident) -> None:
    server.fault = "down"
    health = resident.wait_until(lambda _, health: health["failure"] is not None)
    assert health["failure"]["kind"] == "feed"
    assert resident.metric("publisher_feed_up") == 0
    server.fault = None
    resident.wait_until(lambda status, health: status == 200 and health["failure"] is None)


def test_what_cannot_be_built_is_a_503_with_the_reason_and_waits_until_it_can(
    server: FeedServer, resident: Resident
) -> None:
    objects = resident.site / "objects"
    objects.rename(resident.site / "elsewhere")
    objects.write_text("not a directory")
    server.ledger.publish(news("hai"))
    health = resident.wait_until(lambda status, _: status == 503)
    assert health["status"] == "failing"
    assert health["waiting"] == 1
    objects.unlink()
    (resident.site / "elsewhere").rename(objects)
    resident.wait_until(lambda status, health: status == 200 and health["seq"] == 3)


def test_it_ends_with_its_report_sent_and_without_a_word_on_the_terminal(
    server: FeedServer, resident: Resident
) -> None:
    resident.process.send_signal(signal.SIGTERM)
    assert resident.process.wait(20) == 0
    assert server.states[-1]["seq"] == 2
    assert all(entry["level"] == "info" for entry in resident.log())
