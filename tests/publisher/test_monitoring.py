"""A monitoring system sees how publishing goes, and whom to wake when it does not."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from publisher.errors import (
    BuildError,
    FeedError,
    FeedRefusedError,
    LockedError,
    PublisherError,
    SettingsError,
    WrongFeedError,
)
from publisher.monitoring import STALLED_AFTER, Monitor
from publisher.settings import Settings
from publisher.watching import FailureKind, Watchers, plain
from tests.publisher.outcomes import Step, approved, aside


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def disk_full() -> BuildError:
    error = BuildError("the site directory cannot be written: No space left on device")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    return error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def monitor(clock: Clock) -> Monitor:
    return Monitor(clock=clock)


@contextmanager
def served(monitor: Monitor) -> Iterator[str]:
    port = monitor.serve("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        monitor.close()


def metrics(monitor: Monitor) -> Callable[..., float | None]:
    """What Prometheus would read: the value of a series, None when there is none."""
    with served(monitor) as origin:
        response = httpx.get(f"{origin}/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    samples = [s for family in text_string_to_metric_families(response.text) for s in family.samples]

    def value(name: str, **labels: str) -> float | None:
        return next((s.value for s in samples if s.name == name and s.labels == labels), None)

    return value


def health(monitor: Monitor) -> tuple[int, dict[str, object]]:
    with served(monitor) as origin:
        response = httpx.get(f"{origin}/healthz")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()


# Metrics


def test_the_delay_is_measured_for_every_change_from_approval_to_the_switch(monitor: Monitor) -> None:
    monitor.stepped(Step(approved_at=approved(0.8, 4.0, 0.4)))
    value = metrics(monitor)
    assert value("publisher_approval_to_live_seconds_count") == 3
    assert value("publisher_approval_to_live_seconds_sum") == pytest.approx(5.2)
    assert value("publisher_approval_to_live_seconds_bucket", le="1.0") == 2


def test_a_step_that_changed_nothing_or_knows_no_approval_measures_no_delay(monitor: Monitor) -> None:
    monitor.stepped(Step(changed=False, approved_at=approved(0.8)))
    monitor.stepped(Step(full=True))
    assert metrics(monitor)("publisher_approval_to_live_seconds_count") == 0


def test_clocks_that_differ_give_no_negative_delay(monitor: Monitor) -> None:
    monitor.stepped(Step(approved_at=approved(-3.0)))
    value = metrics(monitor)
    assert (value("publisher_approval_to_live_seconds_count"), value("publisher_approval_to_live_seconds_sum")) == (
        1,
        0,
    )


def test_what_waits_is_the_head_of_the_feed_minus_the_position(monitor: Monitor) -> None:
    monitor.polled(head=10, position=4)
    assert metrics(monitor)("publisher_changes_waiting") == 6
    monitor.stepped(Step(seq=10))
    value = metrics(monitor)
    assert value("publisher_changes_waiting") == 0
    assert value("publisher_position") == 10


def test_a_feed_that_does_not_tell_its_head_has_nothing_waiting(monitor: Monitor) -> None:
    monitor.polled(head=None, position=4)
    assert metrics(monitor)("publisher_changes_waiting") == 0


def test_pages_steps_and_items_are_counted(monitor: Monitor) -> None:
    before = time.time()
    monitor.stepped(Step(full=True, seconds=3.0))
    monitor.stepped(Step(release="r2", items=6, set_aside=[aside()]))
    value = metrics(monitor)
    assert value("publisher_pages_written_total") == 24
    assert value("publisher_pages_removed_total") == 6
    assert value("publisher_step_seconds_sum", kind="full") == 3.0
    assert value("publisher_step_seconds_count", kind="incremental") == 1
    states = {state: value("publisher_items", state=state) for state in ("live", "hidden", "withdrawn", "set_aside")}
    assert states == {"live": 6, "hidden": 2, "withdrawn": 1, "set_aside": 1}
    assert (value("publisher_last_success_timestamp_seconds") or 0) >= before
    assert value("publisher_release_info", release="r2") == 1
    assert value("publisher_release_info", release="r1") is None


def test_failures_are_counted_by_kind_and_each_series_is_there_from_the_start(monitor: Monitor) -> None:
    assert all(metrics(monitor)("publisher_failed_steps_total", kind=kind.value) == 0 for kind in FailureKind)
    monitor.failed(disk_full())
    monitor.failed(disk_full())
    assert metrics(monitor)("publisher_failed_steps_total", kind="disk_full") == 2


def test_the_feed_is_shown_as_down_until_it_is_read_again(monitor: Monitor) -> None:
    monitor.failed(FeedError("down"))
    assert metrics(monitor)("publisher_feed_up") == 0
    monitor.failed(BuildError("broken template"))
    monitor.polled(5, 5)
    assert metrics(monitor)("publisher_feed_up") == 1


# Health


def test_a_publisher_that_makes_progress_is_well(monitor: Monitor) -> None:
    monitor.polled(9, 4)
    monitor.stepped(Step(seq=9))
    status, answer = health(monitor)
    assert status == 200
    assert (answer["status"], answer["release"], answer["seq"], answer["waiting"]) == ("ok", "r1", 9, 0)
    assert answer["last_step"]
    assert answer["last_poll"]
    assert answer["failure"] is None


def test_a_publisher_that_has_just_started_is_well_and_one_that_never_gets_going_is_not(
    monitor: Monitor, clock: Clock
) -> None:
    assert health(monitor)[0] == 200
    clock.now += STALLED_AFTER + 1
    assert health(monitor)[0] == 503


def test_a_hung_loop_is_seen() -> None:
    """A real loop on a thread, which then hangs in the middle of a step."""
    monitor, hang, hung = Monitor(stalled_after=0.5), threading.Event(), threading.Event()

    def loop() -> None:
        while not hang.is_set():
            monitor.polled(3, 3)
            monitor.stepped(None)
            time.sleep(0.02)
        hung.wait(10)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        with served(monitor) as origin:
            time.sleep(0.8)
            assert httpx.get(f"{origin}/healthz").status_code == 200
            hang.set()
            time.sleep(0.8)
            response = httpx.get(f"{origin}/healthz")
    finally:
        hung.set()
        thread.join()
    assert response.status_code == 503
    assert response.json()["status"] == "stalled"


def test_a_long_step_that_gives_signs_of_life_is_not_taken_for_a_hung_one(monitor: Monitor, clock: Clock) -> None:
    monitor.polled(100_000, 0)
    for _ in range(5):
        clock.now += STALLED_AFTER - 1
        monitor.working()
    assert health(monitor)[0] == 200


def test_a_cms_that_restarts_wakes_nobody_and_one_that_stays_away_is_told_apart(monitor: Monitor, clock: Clock) -> None:
    monitor.failed(FeedError("the feed cannot be reached"))
    status, answer = health(monitor)
    assert (status, answer["status"]) == (200, "ok")
    assert answer["failure"]
    clock.now += 61
    monitor.failed(FeedError("the feed cannot be reached"))
    status, answer = health(monitor)
    assert (status, answer["status"]) == (503, "feed_unreachable")
    monitor.polled(5, 5)
    assert health(monitor)[0] == 200


def test_another_publisher_that_ends_its_step_wakes_nobody(monitor: Monitor, clock: Clock) -> None:
    monitor.failed(LockedError("another publisher works on it"))
    assert health(monitor)[0] == 200
    clock.now += 61
    assert health(monitor)[1]["status"] == "failing"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BuildError("broken template"), "build"),
        (disk_full(), "disk_full"),
        (FeedRefusedError("FEED_TOKEN is refused"), "refused"),
        (WrongFeedError("another ledger"), "other_ledger"),
        (OSError(errno.EIO, "Input/output error"), "storage"),
        (PublisherError("something else"), "build"),
        (RuntimeError("a defect"), "internal"),
    ],
)
def test_what_waiting_does_not_heal_is_told_at_once_with_its_kind(
    monitor: Monitor, error: Exception, kind: str
) -> None:
    monitor.failed(error)
    status, answer = health(monitor)
    assert (status, answer["status"]) == (503, "failing")
    assert answer["failure"]["kind"] == kind  # type: ignore[index]


def test_reading_the_feed_does_not_end_a_failure_to_build_but_a_round_that_comes_through_does(
    monitor: Monitor,
) -> None:
    monitor.failed(BuildError("broken template"))
    monitor.polled(5, 4)
    assert health(monitor)[0] == 503
    monitor.stepped(None)
    assert health(monitor)[0] == 200


def test_a_failure_is_dated_from_its_first_time(monitor: Monitor) -> None:
    monitor.failed(BuildError("broken template"))
    first = monitor.health()[1]["failure"]["since"]
    time.sleep(1.1)  # the answer is in whole seconds
    monitor.failed(BuildError("broken template, still"))
    assert monitor.health()[1]["failure"]["since"] == first


# The server


def test_nothing_but_the_two_addresses_is_there(monitor: Monitor) -> None:
    with served(monitor) as origin:
        assert [httpx.get(origin + path).status_code for path in ("/", "/metrics/x", "/healthz/")] == [404] * 3
        assert httpx.post(f"{origin}/metrics").status_code == 405


def test_a_client_that_says_nothing_keeps_nobody_waiting(monitor: Monitor) -> None:
    with served(monitor) as origin, socket.create_connection(("127.0.0.1", httpx.URL(origin).port or 0)):
        assert httpx.get(f"{origin}/healthz", timeout=2).status_code == 200


def test_a_taken_port_is_said_with_the_remedy(monitor: Monitor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingsError, match="MONITOR_PORT"):
        monitor.serve("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize("values", [{"MONITOR_PORT": "http"}, {"MONITOR_PORT": "70000"}, {"LOG_FORMAT": "xml"}])
def test_a_wrong_setting_is_named(values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        Settings.from_environment(values)


def test_the_monitor_is_off_and_on_this_machine_only_unless_told() -> None:
    settings = Settings.from_environment({})
    assert (settings.monitor_host, settings.monitor_port, settings.log_format) == ("127.0.0.1", 0, "text")


# What both watchers rest on


def test_every_watcher_is_told() -> None:
    both = Monitor(), Monitor()
    watchers = Watchers(*both)
    watchers.polled(5, 4)
    watchers.working()
    watchers.failed(BuildError("broken"))
    watchers.stepped(Step(seq=5))
    assert [monitor.health()[1]["seq"] for monitor in both] == [5, 5]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the feed http://user:secret@cms:8001/x?token=secret answers 500", "the feed http://cms:8001/x answers 500"),
        ("one\nERROR two\r\n\x1b[31mthree", "one ERROR two [31mthree"),
        ("the token secret-token is refused", "the token … is refused"),
        ("is it the address of the feed?", "is it the address of the feed?"),
        ("\ud800\x00", "" ),
    ],
)  # fmt: skip
def test_messages_hold_no_secret_and_stay_on_one_line(text: str, shown: str) -> None:
    assert plain(text, "secret-token").strip() == shown
