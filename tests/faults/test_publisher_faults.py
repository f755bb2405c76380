"""What goes wrong while publishing leaves the old release readable, says what happened, and heals by the next run."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from contract.canonical import sha256_of
from contract.release import MANIFEST, page_path
from publisher import plugin, program
from publisher.engine import follow
from publisher.errors import BuildError, FeedRefusedError, LockedError, WrongFeedError
from publisher.feed import HttpFeed
from publisher.reporting import Reporter
from publisher.watching import StepOutcome, Watchers
from tests.publisher.factories import attachment, document, news, unit
from tests.publisher.feed_server import TOKEN, FeedServer, serving
from tests.publisher.workshop import Workshop, addresses, orphans, traces, tree


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def server(workshop: Workshop) -> Iterator[FeedServer]:
    with serving(workshop.ledger) as running:
        yield running


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Witness:
    """Watches the resident publisher: what its steps came to, and what failed."""

    def __init__(self) -> None:
        self.outcomes: list[StepOutcome] = []
        self.errors: list[BaseException] = []

    def polled(self, head: int | None, position: int) -> None:
        pass

    def working(self) -> None:
        pass

    def stepped(self, outcome: StepOutcome | None) -> None:
        if outcome is not None:
            self.outcomes.append(outcome)

    def failed(self, error: BaseException) -> None:
        self.errors.append(error)


@contextmanager
def following(workshop: Workshop, server: FeedServer, day: Callable[[], date]) -> Iterator[Witness]:
    """The resident publisher on a thread."""
    stop, witness = threading.Event(), Witness()

    def run() -> None:
        reporter = Reporter(server.origin, TOKEN)
        publisher = workshop.publisher_of(HttpFeed(server.feed, TOKEN, pauses=()))
        follow(publisher, stop, 0.05, Watchers(witness, reporter), day)
        publisher.close()
        reporter.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield witness
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def command(workshop: Workshop, name: str, *, feed: str | None = None, token: str = TOKEN) -> subprocess.Popen[str]:
    """The real command in its own process."""
    environment = os.environ | {"FEED_TOKEN": token}
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "publisher",
            name,
            "--feed",
            feed or str(workshop.feed),
            "--site",
            str(workshop.site.root),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# The feed


def test_bad_lines_are_set_aside_with_their_number_and_the_others_go_live(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"), news("hai"), news("ba"))
    lines = workshop.ledger.lines()
    lines[1] = lines[1].replace("Tiêu đề hai".encode(), b"Tampered")
    workshop.feed.write_bytes(lines[0] + lines[1] + b"garbage\n" + lines[2])
    outcome = workshop.build_feed()
    assert workshop.read("/tin-tuc/mot/")
    assert workshop.read("/tin-tuc/ba/")
    assert workshop.read("/tin-tuc/hai/") is None
    reasons = [entry.reason for entry in outcome.set_aside]
    assert any(reason.startswith("line 2:") and "sha256" in reason for reason in reasons)
    assert any(reason.startswith("line 3:") and "JSON" in reason for reason in reasons)


@pytest.mark.parametrize(
    "path",
    ["/van-ban/../../etc/", "/van-ban/%2e%2e/", "../x/", "/van-ban/a/../../b/", "/tin-tuc/x\\y/", "/van-ban/trang/"],
)
def test_a_path_that_leaves_its_place_is_set_aside(workshop: Workshop, path: str) -> None:
    workshop.ledger.publish(document("mot"), document("hai"))
    change = workshop.ledger.changes[0]
    change["snapshot"]["path"] = path
    change["sha256"] = sha256_of(change["snapshot"])
    outcome = workshop.build()
    assert len(outcome.set_aside) == 1
    assert outcome.set_aside[0].reason.startswith("line 1: snapshot:")
    assert workshop.read("/van-ban/hai/")
    assert {p.name for p in workshop.root.iterdir()} == {"feed.jsonl", "site"}


def test_a_corrected_line_replaces_the_one_set_aside(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.ledger.changes[0]["sha256"] = "0" * 64
    assert workshop.build().set_aside
    workshop.ledger.publish(news("mot"))
    assert workshop.build().set_aside == []
    assert workshop.read("/tin-tuc/mot/")


def test_a_ledger_that_was_reset_is_recognised(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"), news("hai"))
    workshop.build()
    workshop.ledger.changes.clear()
    workshop.ledger.publish(news("ba"))
    with pytest.raises(WrongFeedError, match="another ledger"):
        workshop.build()
    assert workshop.read("/tin-tuc/mot/")


def test_a_wrong_token_ends_the_command_with_the_remedy(workshop: Workshop, server: FeedServer) -> None:
    for name in ("build", "run"):
        process = command(workshop, name, feed=server.feed, token="wrong")
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "FEED_TOKEN" in errors
        assert "wrong" not in errors


def test_the_resident_publisher_survives_outages_and_follows_every_batch(
    workshop: Workshop, server: FeedServer
) -> None:
    workshop.ledger.publish(unit("tinh-uy"), news("mot"))
    with following(workshop, server, lambda: workshop.day) as witness:
        wait_until(lambda: workshop.read("/tin-tuc/mot/") is not None)
        for number, fault in enumerate(("down", "cut", "html", "half a line")):
            server.fault = fault
            workshop.ledger.publish(news(f"sau-{number}"))
            time.sleep(0.2)
            assert workshop.read(f"/tin-tuc/sau-{number}/") is None
            server.fault = None
            wait_until(lambda n=number: workshop.read(f"/tin-tuc/sau-{n}/") is not None)
        wait_until(lambda: server.states[-1].get("seq") == workshop.ledger.seq)
    assert [outcome.seq for outcome in witness.outcomes] == [2, 3, 4, 5, 6]
    assert len(witness.errors) >= 4
    assert server.states[-1]["release"] == workshop.site.current()
    assert server.states[-1]["failure"] is None


def test_the_resident_publisher_works_validity_out_again_when_the_day_changes(
    workshop: Workshop, server: FeedServer
) -> None:
    workshop.ledger.publish(document("mot", effective_from=date(2026, 11, 23)))
    now = [date(2026, 11, 22)]
    with following(workshop, server, lambda: now[0]):
        wait_until(lambda: "Chưa có hiệu lực" in (workshop.read("/van-ban/mot/") or ""))
        now[0] = date(2026, 11, 23)
        wait_until(lambda: "Còn hiệu lực" in (workshop.read("/van-ban/mot/") or ""))


def test_the_resident_publisher_cleans_kept_releases_and_its_database_in_quiet_moments(
    workshop: Workshop, server: FeedServer
) -> None:
    secret = news("bi-rut", title="xyzzy", summary="xyzzy", body="<p>xyzzy</p>")
    workshop.ledger.publish(news("mot"), secret)
    workshop.build()
    with following(workshop, server, lambda: workshop.day):
        workshop.ledger.withdraw(secret)
        wait_until(lambda: workshop.is_gone(secret.path))
        wait_until(lambda: is_clean_of(workshop, "xyzzy"))
        assert len(workshop.site.names()) == 2
        assert orphans(workshop.site.root) == []


def is_clean_of(workshop: Workshop, word: str) -> bool:
    """Whether no file of the site holds a word, the database and its log included."""
    try:
        return traces(workshop.site.root, word) == []
    except FileNotFoundError:  # deleted while we look
        return False


def test_sigterm_ends_the_resident_publisher_cleanly(workshop: Workshop, server: FeedServer) -> None:
    workshop.ledger.publish(news("mot"))
    process = command(workshop, "run", feed=server.feed)
    wait_until(lambda: workshop.read("/tin-tuc/mot/") is not None, 30)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors


# Files


def test_a_file_that_is_not_what_was_announced_keeps_the_old_version_live(workshop: Workshop) -> None:
    (workshop.root / "a.pdf").write_bytes(b"good")
    workshop.ledger.publish(document("mot", title="Bản cũ"))
    workshop.build()
    wrong = attachment(b"good", "a.pdf").model_copy(update={"sha256": "0" * 64})
    missing = attachment(b"x", "b.pdf")
    workshop.ledger.publish(
        document("mot", title="Bản mới", attachments=[wrong]), document("hai", attachments=[missing])
    )
    workshop.ledger.publish(news("ba"))
    outcome = workshop.build()
    assert "Bản cũ" in (workshop.read("/van-ban/mot/") or "")
    assert workshop.read("/van-ban/hai/") is None
    assert workshop.read("/tin-tuc/ba/")
    assert [("sha256" in e.reason, "b.pdf" in e.reason) for e in outcome.set_aside] == [(True, False), (False, True)]
    (workshop.root / "b.pdf").write_bytes(b"x")
    outcome = workshop.build()
    assert workshop.read("/van-ban/hai/"), "a file that came later is found by the next run"
    assert len(outcome.set_aside) == 1


def test_a_file_longer_than_announced_is_refused(workshop: Workshop) -> None:
    (workshop.root / "a.pdf").write_bytes(b"x" * 10_000)
    workshop.ledger.publish(document("mot", attachments=[attachment(b"x", "a.pdf")]))
    assert "more than 1 bytes" in workshop.build().set_aside[0].reason


# Pages


class Theme:
    """A copy of the real theme that a test may break. As after an update, it counts from the next start."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, template: str) -> str:
        return (self.root / "templates" / template).read_text()

    def write(self, template: str, source: str) -> None:
        (self.root / "templates" / template).write_text(source)
        self.restart()

    @staticmethod
    def restart() -> None:
        plugin.engine_for.cache_clear()
        program.program_digest.cache_clear()


@pytest.fixture
def theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Theme]:
    copied = tmp_path / "theme"
    shutil.copytree(plugin.THEME, copied)
    monkeypatch.setattr(plugin, "THEME", copied)
    monkeypatch.setattr(program, "site_theme", SimpleNamespace(__file__=str(copied / "__init__.py")))
    Theme.restart()
    yield Theme(copied)
    Theme.restart()


def test_an_item_whose_page_fails_stays_as_it_was_and_the_rest_goes_live(workshop: Workshop, theme: Theme) -> None:
    workshop.ledger.publish(news("mot", title="Bản cũ"))
    workshop.build()
    good = theme.read("news.html")
    theme.write("news.html", "{% if 'hỏng' in item.title %}{{ 1 / 0 }}{% endif %}" + good)
    workshop.ledger.publish(news("mot", title="Bản hỏng"), news("hai"), news("ba", title="hỏng từ đầu"))
    outcome = workshop.build()
    assert "Bản cũ" in (workshop.read("/tin-tuc/mot/") or "")
    assert workshop.read("/tin-tuc/hai/")
    assert workshop.read("/tin-tuc/ba/") is None
    assert ["ZeroDivisionError" in entry.reason for entry in outcome.set_aside] == [True, True]
    theme.write("news.html", good)
    outcome = workshop.build()
    assert outcome.set_aside == []
    assert "Bản hỏng" in (workshop.read("/tin-tuc/mot/") or "")
    assert workshop.read("/tin-tuc/ba/")


@pytest.mark.parametrize(
    ("template", "source"),
    [
        ("base.html", "{% if %}"),
        ("list.html", "{{ articles }}"),
        ("news.html", "{{ nowhere }}"),
        ("news.html", "{{ SITEURL }}"),
        ("home.html", '<a href="/khong-co/">x</a>'),
        ("news.html", '{% extends "missing.html" %}'),
    ],
)
def test_a_broken_theme_fails_the_build_and_the_old_release_stays(
    workshop: Workshop, theme: Theme, template: str, source: str
) -> None:
    workshop.ledger.publish(news("mot"), news("hai"))
    workshop.build()
    before = tree(workshop.current)
    good = theme.read(template)
    theme.write(template, source)
    workshop.ledger.publish(news("ba"))
    with pytest.raises(BuildError):
        workshop.build()
    assert tree(workshop.current) == before
    assert [p.name for p in workshop.site.releases.iterdir()] == [workshop.site.current()]
    theme.write(template, good)
    workshop.build()
    assert workshop.read("/tin-tuc/ba/")


# The machine


def test_a_full_disk_leaves_the_old_release_and_heals(workshop: Workshop) -> None:
    disk = workshop.site.root
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("mounting a small tmpfs needs root and the right to mount")
    try:
        workshop.site.releases.mkdir()
        workshop.ledger.publish(news("mot"))
        workshop.build()
        before = tree(workshop.current)
        workshop.ledger.publish(*(news(f"sau-{n}", body="<p>" + os.urandom(8000).hex() + "</p>") for n in range(60)))
        workshop.ledger.write(workshop.feed)
        process = command(workshop, "build")
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1, errors
        assert "cannot be" in errors
        assert "Traceback" not in errors
        assert tree(workshop.current) == before
        assert len(list(workshop.site.releases.iterdir())) == 1
        subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
        workshop.build()
        assert workshop.read("/tin-tuc/sau-59/")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.25, 0.5])
def test_a_publisher_killed_in_the_middle_leaves_a_whole_release_and_the_next_converges(
    workshop: Workshop, delay: float
) -> None:
    workshop.ledger.publish(unit("tinh-uy"), news("mot"))
    workshop.build()
    before = workshop.site.current()
    workshop.ledger.publish(*(news(f"sau-{n}", days=n / 100, body="<p>chữ</p>" * 200) for n in range(250)))
    workshop.ledger.write(workshop.feed)
    process = command(workshop, "build")
    objects = workshop.site.root / "objects"
    had = len(list(objects.iterdir()))
    wait_until(lambda: len(list(objects.iterdir())) > had or workshop.site.current() != before, 30)
    time.sleep(delay)
    process.kill()
    process.communicate()
    after = workshop.site.current()
    manifest = workshop.manifest()
    assert len(addresses(workshop.current)) == manifest.pages
    assert len(workshop.records()) == manifest.items
    assert after == before or manifest.items == 252
    workshop.build()
    assert workshop.read("/tin-tuc/sau-249/")
    assert orphans(workshop.site.root) == []
    assert len(workshop.site.names()) == 2


def test_two_publishers_do_not_work_on_one_site(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.ledger.write(workshop.feed)
    first, second = workshop.publisher(), workshop.publisher()
    with workshop.site.lock(0), pytest.raises(LockedError, match=str(os.getpid())):
        first.step(workshop.day, patience=0)
    assert first.step(workshop.day) is not None
    assert second.step(workshop.day) is None, "the second finds that the first has done it"
    first.close()
    second.close()


def test_a_second_resident_publisher_is_refused(workshop: Workshop, server: FeedServer) -> None:
    workshop.ledger.publish(news("mot"))
    first = command(workshop, "run", feed=server.feed)
    try:
        wait_until(lambda: workshop.read("/tin-tuc/mot/") is not None, 30)
        second = command(workshop, "run", feed=server.feed)
        _, errors = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"process {first.pid}" in errors
    finally:
        first.terminate()
        first.communicate(timeout=20)


def test_readers_never_see_half_a_release(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.build()
    stop, torn = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            release = (workshop.site.root / "current").resolve()
            if not (release / MANIFEST).is_file() or not (release / page_path("/")).is_file():
                torn.append(release)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2):  # fewer than are kept, so that what a reader resolved is still there
        workshop.ledger.publish(news(f"sau-{number}"))
        workshop.build()
    stop.set()
    reader.join()
    assert torn == []


def test_a_refused_token_is_not_retried_at_the_start(workshop: Workshop, server: FeedServer) -> None:
    publisher = workshop.publisher_of(HttpFeed(server.feed, "wrong", pauses=()))
    with pytest.raises(FeedRefusedError):
        follow(publisher, threading.Event(), 0.01, Witness())
    publisher.close()
    assert len(server.tokens_seen) == 1
