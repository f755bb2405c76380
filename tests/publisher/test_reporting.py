"""The CMS hears how publishing goes, and publishing never waits for it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from publisher import reporting
from publisher.errors import BuildError, FeedError
from publisher.reporting import HEARTBEAT, SET_ASIDE_SENT, Reporter, cms_origin
from tests.publisher.outcomes import Step, approved, aside
from tests.recording_server import RecordingServer

TOKEN = "service-token-of-the-tests"


@pytest.fixture
def cms() -> Iterator[RecordingServer]:
    with RecordingServer().running() as server:
        yield server


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def reporting_to(cms: RecordingServer, clock: Callable[[], float] = time.monotonic) -> Iterator[Reporter]:
    reporter = Reporter(cms.origin, TOKEN, clock)
    try:
        yield reporter
    finally:
        reporter.close()


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_step_is_told_with_release_position_counts_and_delay(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.polled(9, 4)
        reporter.stepped(Step(seq=9, approved_at=approved(5.0, 0.8), set_aside=[aside()]))
    assert cms.received[-1].path == "/api/v1/publisher-state/"
    assert cms.received[-1].authorization == f"Bearer {TOKEN}"
    assert cms.taken[-1] == {
        "release": "r1",
        "seq": 9,
        "head": 9,
        "built_at": "2026-11-22T08:00:01.000+00:00",
        "seconds": 0.2,
        "delay": 0.8,
        "pages_written": 12,
        "pages_removed": 3,
        "items": 5,
        "hidden": 2,
        "withdrawn": 1,
        "set_aside": [{"seq": 3, "id": "x", "stage": "path", "reason": "the address is taken"}],
        "set_aside_total": 1,
        "failure": None,
    }


def test_a_publisher_that_has_just_started_takes_back_nothing_it_does_not_know(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.failed(FeedError("the feed cannot be reached"))
    assert cms.taken[-1].keys() == {"failure"}


def test_a_step_that_changed_nothing_does_not_pass_for_a_new_release(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.stepped(Step(changed=False, approved_at=approved(3.0)))
    assert not {"built_at", "pages_written", "seconds", "delay"} & cms.taken[-1].keys()


def test_a_failure_is_told_once_with_its_beginning_and_taken_back_when_it_is_over(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.stepped(Step())
        for _ in range(5):
            reporter.failed(BuildError("broken template"))
        wait_until(lambda: cms.taken != [] and cms.taken[-1]["failure"] is not None)
        failing = cms.taken[-1]
        told = len(cms.taken)
        reporter.stepped(None)
        wait_until(lambda: len(cms.taken) > told)
    assert (failing["failure"]["kind"], failing["failure"]["message"]) == ("build", "broken template")
    assert failing["release"] == "r1"
    assert told <= 2
    assert cms.taken[-1]["failure"] is None


def test_a_feed_that_is_read_again_ends_its_failure_before_the_step_does(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.failed(FeedError("down"))
        reporter.polled(5, 5)
    assert cms.taken[-1]["failure"] is None


def test_a_quiet_publisher_gives_a_sign_of_life_every_minute(cms: RecordingServer) -> None:
    clock = Clock()
    with reporting_to(cms, clock) as reporter:
        reporter.polled(5, 5)
        wait_until(lambda: len(cms.taken) == 1)
        reporter.polled(5, 5)
        reporter.stepped(None)
        clock.now += HEARTBEAT
        reporter.working()
        wait_until(lambda: len(cms.taken) == 2)
        time.sleep(0.1)
    assert len(cms.taken) == 2


def test_a_slow_cms_delays_nothing_and_hears_the_newest_state_only(cms: RecordingServer) -> None:
    cms.delay = 0.5
    with reporting_to(cms) as reporter:
        started = time.monotonic()
        for seq in range(1, 201):
            reporter.polled(seq, seq - 1)
            reporter.stepped(Step(seq=seq))
        assert time.monotonic() - started < 0.3
    assert cms.taken[-1]["seq"] == 200
    assert len(cms.taken) <= 3


def test_ending_does_not_wait_long_for_a_cms_that_hangs(cms: RecordingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "FLUSH", 0.3)
    cms.delay = 3.0
    started = time.monotonic()
    with reporting_to(cms) as reporter:
        reporter.stepped(Step())
    assert time.monotonic() - started < 1.5


def test_a_state_the_cms_did_not_take_is_sent_again_and_the_log_says_it_once(
    cms: RecordingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reporting, "RETRY", 0.05)
    cms.status = 503
    with caplog.at_level("INFO", "publisher"), reporting_to(cms) as reporter:
        reporter.stepped(Step(seq=8))
        wait_until(lambda: len(cms.received) >= 3)
        cms.status = 200
        wait_until(lambda: cms.taken != [])
    assert cms.taken[-1]["seq"] == 8
    assert [record.levelname for record in caplog.records if record.name == "publisher.reporting"] == [
        "WARNING",
        "INFO",
    ]


def test_a_cms_that_is_not_there_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    reporter = Reporter("http://127.0.0.1:9", TOKEN)
    reporter.stepped(Step())
    reporter.close()
    assert "does not take" in caplog.text
    assert TOKEN not in caplog.text


def test_without_a_cms_nothing_is_sent() -> None:
    reporter = Reporter(None, "")
    threads = threading.active_count()
    reporter.stepped(Step())
    assert threading.active_count() == threads
    reporter.close()


def test_what_is_sent_holds_no_token_and_no_password(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.stepped(Step(set_aside=[aside(reason=f"http://u:hidden@cms/f?token={TOKEN} fails")]))
        reporter.failed(FeedError(f"http://u:hidden@cms/x does not like {TOKEN}"))
    text = json.dumps(cms.taken)
    assert "cms/f fails" in text
    assert TOKEN not in text
    assert "hidden@" not in text


def test_a_bad_line_cannot_make_a_state_that_cannot_be_sent(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.stepped(Step(set_aside=[aside(id_="\ud800\x00" + "a" * 10_000), aside(id_="")]))
    sent = [entry["id"] for entry in cms.taken[-1]["set_aside"]]
    assert sent[1] is None
    assert set(sent[0].strip()) == {"a"}
    assert len(sent[0]) <= 100


def test_of_very_many_items_set_aside_some_are_named_and_all_are_counted(cms: RecordingServer) -> None:
    with reporting_to(cms) as reporter:
        reporter.stepped(Step(set_aside=[aside(seq) for seq in range(1, 5001)]))
    assert len(cms.taken[-1]["set_aside"]) == SET_ASIDE_SENT
    assert cms.taken[-1]["set_aside_total"] == 5000


def test_the_cms_is_where_the_setting_says_or_where_the_feed_comes_from() -> None:
    assert cms_origin("https://cms.vn", "http://feed:8001/x") == "https://cms.vn"
    assert cms_origin(None, "http://feed:8001/api/v1/changes/") == "http://feed:8001"
    assert cms_origin(None, "feed.jsonl") is None
