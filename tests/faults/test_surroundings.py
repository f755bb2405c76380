"""What surrounds the publisher goes wrong: the directory, other publishers, its own processes, clocks, content."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from contract.release import CURRENT
from contract.shards import page_shard_name, page_shard_number
from publisher import disk
from publisher.engine import REPLICA, RETRY_ON_START, Outcome, Publisher
from publisher.errors import BuildError, LockedError, PublisherError
from publisher.releases import LOCK
from tests.publisher.factories import document, item_id, news, unit
from tests.publisher.workshop import Workshop, orphans, shown, tree


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def published(workshop: Workshop) -> Workshop:
    """A site with a release, and a change that waits."""
    workshop.ledger.publish(unit("tinh-uy"), document("mot", "1-NQ/TU"), news("hai"))
    workshop.build()
    workshop.ledger.publish(news("ba", days=1))
    workshop.ledger.write(workshop.feed)
    return workshop


def built_at_once(workshop: Workshop, name: str = "clean") -> dict[str, bytes]:
    """What a clean build of the same feed shows."""
    other = Workshop(workshop.root / name)
    other.day = workshop.day
    other.feed.write_bytes(workshop.feed.read_bytes())
    other.build_feed()
    return shown(other.current)


@contextmanager
def watched(watcher: Callable[[str, Path], None]) -> Iterator[None]:
    disk.watchers.append(watcher)
    try:
        yield
    finally:
        disk.watchers.remove(watcher)


def step(publisher: Publisher, workshop: Workshop, **options: Any) -> Outcome | None:
    return publisher.step(workshop.day, retry=RETRY_ON_START, **options)


# The directory


def test_a_directory_that_cannot_be_written_is_told_and_taken_up_again_when_it_can(workshop: Workshop) -> None:
    site = workshop.site.root
    mounting = ["mount", "-t", "tmpfs", "tmpfs", str(site)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root and the right to mount")
    try:
        workshop.site.releases.mkdir()
        workshop.ledger.publish(news("mot"))
        workshop.build()
        before = shown(workshop.current)
        workshop.ledger.publish(news("hai"))
        workshop.ledger.write(workshop.feed)
        subprocess.run(["mount", "-o", "remount,ro", str(site)], check=True)
        with pytest.raises(PublisherError, match="replica cannot be used"):
            step(workshop.publisher(), workshop)
        assert shown(workshop.current) == before
        subprocess.run(["mount", "-o", "remount,rw", str(site)], check=True)
        workshop.build()
        assert shown(workshop.current) == built_at_once(workshop)
    finally:
        subprocess.run(["umount", "-l", str(site)], check=True)


def test_a_directory_that_vanishes_is_told_and_the_next_start_makes_the_site_anew(published: Workshop) -> None:
    publisher = published.publisher()
    shutil.rmtree(published.site.root)
    with pytest.raises(PublisherError, match="No such file or directory"):
        step(publisher, published)
    publisher.close()
    fresh = Workshop(published.root)
    fresh.build_feed()
    assert shown(fresh.current) == built_at_once(published)


def test_a_directory_that_vanishes_in_the_middle_of_a_step_is_told_too(published: Workshop) -> None:
    publisher = published.publisher()

    def take_away(what: str, path: Path) -> None:
        if what == "rename" and path.parent.parent.name == "objects" and published.site.root.exists():
            shutil.rmtree(published.site.root)

    with watched(take_away), pytest.raises(PublisherError, match="No such file or directory"):
        step(publisher, published)
    publisher.close()
    fresh = Workshop(published.root)
    fresh.build_feed()
    assert shown(fresh.current) == built_at_once(published)


def test_too_many_open_files_is_told_and_passes(published: Workshop) -> None:
    publisher = published.publisher()
    before = shown(published.current)
    with too_many_open_files(), pytest.raises(PublisherError, match="Too many open files"):
        step(publisher, published)
    assert shown(published.current) == before
    assert step(publisher, published) is not None
    publisher.close()
    assert published.read("/tin-tuc/ba/")


@contextmanager
def too_many_open_files() -> Iterator[None]:
    """This process can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, hard))
    with suppress(OSError):
        while True:
            taken.append(os.dup(taken[0]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize("level", ["shard", "group", "root"])
def test_a_shared_directory_that_is_missing_is_made_again_when_it_is_needed(
    published: Workshop, level: str, restarted: bool
) -> None:
    publisher = published.publisher()
    publisher.step(published.day, always=True)
    group, _, _ = page_shard_name(page_shard_number("/")).partition("/")
    place = {"shard": page_shard_name(page_shard_number("/")), "group": group, "root": "."}[level]
    shutil.rmtree((published.current / "pages" / place).resolve())
    if restarted:
        publisher.close()
        publisher = published.publisher()
    while publisher.tidy_up():
        pass
    for number in range(3):
        published.ledger.publish(news(f"sau-{number}", days=2 + number))
        published.ledger.write(published.feed)
        assert step(publisher, published) is not None
        while publisher.tidy_up():
            pass
        assert shown(published.current) == built_at_once(published, f"clean-{number}")
    publisher.close()
    assert orphans(published.site.root) == [], "with the last damaged release everything it held is gone too"


# Other publishers


def test_whoever_lost_the_lock_to_another_publisher_switches_no_more(published: Workshop) -> None:
    slow, quick = published.publisher(), None
    told: list[BaseException] = []
    taken_over, go_on = threading.Event(), threading.Event()
    main = threading.get_ident()

    def take_over() -> None:
        nonlocal quick
        quick = Workshop(published.root).publisher()
        try:
            step(quick, published, patience=5)
        except PublisherError as error:
            told.append(error)
        quick.close()

    other = threading.Thread(target=take_over)

    def lose_the_lock(what: str, path: Path) -> None:
        if threading.get_ident() == main and what == "sync" and path.name == "releases" and not taken_over.is_set():
            taken_over.set()
            fence = (published.site.root / "publisher.fence").read_text()
            (published.site.root / LOCK).unlink()
            other.start()
            deadline = time.monotonic() + 10
            while (published.site.root / "publisher.fence").read_text() == fence:
                assert time.monotonic() < deadline
                time.sleep(0.01)

    before = os.readlink(published.site.root / CURRENT)
    with watched(lose_the_lock):
        with pytest.raises(LockedError, match="another publisher took over"):
            step(slow, published)
        seen = os.readlink(published.site.root / CURRENT)
        go_on.set()
        other.join(30)
    assert taken_over.is_set()
    assert told == []
    assert seen == before or other.is_alive() is False
    slow.close()
    assert shown(published.current) == built_at_once(published)


def test_two_publishers_at_once_take_turns_and_end_with_one_site(published: Workshop) -> None:
    processes = []
    for number in range(6):
        published.ledger.publish(news(f"sau-{number}", days=2 + number))
    published.ledger.write(published.feed)
    for _ in range(2):
        command = ["build", "--feed", str(published.feed), "--site", str(published.site.root), "--day", "2026-11-22"]
        environment = os.environ | {"SITE_TAGLINE": published.settings.site_tagline}
        processes.append(subprocess.Popen([os.sys.executable, "-m", "publisher", *command], env=environment))
    assert [process.wait(60) for process in processes] == [0, 0]
    assert shown(published.current) == built_at_once(published)
    assert orphans(published.site.root) == []


# Its own processes


def test_a_process_of_a_parallel_build_that_is_killed_fails_the_build_and_the_next_one_is_whole(
    published: Workshop,
) -> None:
    published.ledger.publish(*(news(f"sau-{n}", days=2 + n / 100, body="<p>chữ</p>" * 300) for n in range(400)))
    published.ledger.write(published.feed)
    before = shown(published.current)
    publisher = published.publisher()
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + 30
        while not killed and time.monotonic() < deadline:
            for child in active_children():
                if child.pid is not None:
                    os.kill(child.pid, signal.SIGKILL)
                    killed.append(child.pid)
                    break
            time.sleep(0.005)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(BuildError, match="process that renders pages was killed"):
        step(publisher, published)
    killer.join()
    assert killed
    assert shown(published.current) == before
    assert step(publisher, published) is not None
    while publisher.tidy_up():
        pass
    publisher.close()
    assert shown(published.current) == built_at_once(published)
    assert orphans(published.site.root) == []


# Clocks


def test_a_clock_that_jumps_to_and_fro_leaves_the_site_of_the_day_it_ends_on(workshop: Workshop) -> None:
    day = workshop.day
    workshop.ledger.publish(
        document("truoc", "1-NQ/TU", effective_from=day + timedelta(days=1)),
        document("sau", "2-NQ/TU", effective_to=day),
        document("thay", "3-NQ/TU", effective_from=day + timedelta(days=2), relations=[_replaces("1-NQ/TU")]),
    )
    workshop.build()
    first = shown(workshop.current)
    for days in (1, -400, 2, 4000, 0, 3, 1, 0):
        workshop.day = day + timedelta(days=days)
        workshop.build()
        assert shown(workshop.current) == built_at_once(workshop, f"clean-{days}-{time.monotonic_ns()}")
    assert shown(workshop.current) == first


def _replaces(number: str) -> dict[str, Any]:
    return {"verb": "replaces", "number": number}


# Content


_PICTURE = {"url": "anh.png", "height": 1, "media_type": "image/png"}


def test_poison_is_set_aside_and_everything_else_goes_live(workshop: Workshop) -> None:
    unclosed = "<div><p>mở <b>không <i>đóng <table><tr><td>" + "<blockquote>" * 300 + "chữ"
    workshop.ledger.publish(
        news("truoc"),
        news("to", body="<p>" + "chữ to " * 700_000 + "</p>"),
        news("ho", body=unclosed),
        news("lap"),
        news("lap-2", path="/tin-tuc/lap/"),
        news("sau"),
        news("thoat"),
    )
    lines = workshop.ledger.lines()
    lines[-1] = lines[-1].replace(b"/tin-tuc/thoat/", b"/tin-tuc/../../../etc/")
    garbage = [b"\xff\xfe{\xc3\x28}\n", b'{"seq": "\xc3\x28"}\n', b"\x00\n", b"\n"]
    workshop.feed.write_bytes(b"".join([lines[0], *garbage, *lines[1:]]))
    outcome = workshop.build_feed()
    for slug in ("truoc", "ho", "lap", "sau"):
        assert workshop.read(f"/tin-tuc/{slug}/"), slug
    page = workshop.read("/tin-tuc/ho/") or ""
    assert page.rstrip().endswith("</html>")
    assert page.count("<blockquote>") == page.count("</blockquote>")
    big = workshop.read("/tin-tuc/to/")
    reasons = [entry.reason for entry in outcome.set_aside]
    assert big, reasons
    assert len([reason for reason in reasons if "belongs to another live item" in reason]) == 1
    assert {reason.partition(":")[0] for reason in reasons if reason.startswith("line ")} == {
        "line 2",
        "line 3",
        "line 4",
        "line 11",
    }
    assert {path.name for path in workshop.root.iterdir()} == {"feed.jsonl", "site"}
    assert workshop.build_feed().changed is False, "what was set aside is not built again and again"


WITHDRAWN = '{"seq": 3, "op": "withdraw", "id": "%s", "at": "2026-11-22T08:00:00Z", "sha256": null, "snapshot": null, '


@pytest.mark.parametrize("path", ["/", "/van-ban/", "/../../../../ra/", "/tin-tuc/" + "x" * 400 + "/", "/\\u0000/"])
def test_a_withdrawal_is_done_but_marks_no_address_where_an_item_cannot_stand(workshop: Workshop, path: str) -> None:
    workshop.ledger.publish(news("mot"), news("hai"))
    workshop.build()
    line = WITHDRAWN % item_id("mot") + f'"path": "{path}"' + "}\n"
    workshop.feed.write_bytes(b"".join(workshop.ledger.lines()) + line.encode())
    workshop.build_feed()
    assert workshop.is_gone("/tin-tuc/mot/")
    assert list(workshop.root.rglob("ra.gone")) == []
    (workshop.site.root / "replica.sqlite").unlink()
    workshop.build_feed()
    assert workshop.read("/tin-tuc/hai/"), "a whole build comes to its end too"
    assert workshop.read("/tin-tuc/mot/") is None


@pytest.mark.parametrize(
    "poison",
    [
        {"published_at": "9999-12-31T23:59:59Z"},
        {"published_at": "0999-01-01T00:00:00Z"},
        {"title": "Dòng một\x0bdòng hai"},
        {"topics": [{"slug": "a", "name": "Chủ\x00đề"}]},
        {"image": {"alt": "", "renditions": [_PICTURE | {"width": 10**300}]}},
    ],
    ids=["end of time", "three digits", "line break of Word", "control character", "wide picture"],
)
def test_what_no_page_or_feed_can_hold_is_set_aside_and_everything_else_goes_live(
    workshop: Workshop, poison: dict[str, Any]
) -> None:
    (workshop.root / "anh.png").write_bytes(b"png")
    workshop.ledger.publish(news("truoc"), news("doc", **poison), news("sau"))
    outcome = workshop.build()
    assert workshop.read("/tin-tuc/truoc/")
    assert workshop.read("/tin-tuc/sau/")
    assert [entry.id for entry in outcome.set_aside] == [str(item_id("doc"))]
    assert workshop.is_nowhere("/tin-tuc/doc/")


@pytest.mark.parametrize("url", ["http://localhost:8000/bai-cu/", "http://[x"])
def test_a_source_that_leads_nowhere_on_this_site_is_named_without_a_link(workshop: Workshop, url: str) -> None:
    workshop.ledger.publish(news("dan-nguon", source={"name": "Báo Nhân Dân", "url": url}))
    workshop.build()
    page = workshop.read("/tin-tuc/dan-nguon/") or ""
    assert "Báo Nhân Dân" in page
    assert url not in page


def peak_memory(pid: int) -> int:
    """Bytes a process has had at most so far, without its children; 0 when it has just ended.

    What `wait4` tells would count the test's own memory, which a new process shares for a moment.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def test_many_waiting_changes_go_live_in_one_release_and_in_bounded_memory(workshop: Workshop) -> None:
    texts = "<p>" + "Nội dung của một tin dài. " * 400 + "</p>"  # 12 kB
    workshop.ledger.publish(*(news(f"t-{n}", days=n / 50, body=f"{texts}<p>{n}</p>") for n in range(1500)))
    workshop.ledger.write(workshop.feed)
    size = workshop.feed.stat().st_size
    assert size > 15_000_000
    command = ["build", "--feed", str(workshop.feed), "--site", str(workshop.site.root), "--day", "2026-11-22"]
    process = subprocess.Popen(
        [os.sys.executable, "-m", "publisher", *command],
        env=os.environ | {"SITE_TAGLINE": workshop.settings.site_tagline},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    most = 0
    while process.poll() is None:
        most = max(most, peak_memory(process.pid))
        time.sleep(0.02)
    assert process.returncode == 0
    assert 20_000_000 < most < 200_000_000
    assert workshop.manifest().items == 1500
    assert len(workshop.site.names()) == 1
    assert len(tree(workshop.current / "records")) > 1500


def test_after_a_crash_of_the_machine_no_shared_directory_is_trusted_that_no_release_reaches(
    published: Workshop,
) -> None:
    """It has the name of a whole one, but its files may never have come to the disk."""
    published.ledger.publish(news("moi", days=50))
    published.ledger.write(published.feed)
    publisher = published.publisher()

    def crash(what: str, path: Path) -> None:
        if what == "rename" and path.name == CURRENT:
            raise OSError("the machine stops here")

    with watched(crash), suppress(PublisherError):
        step(publisher, published)
    publisher.close()
    shutil.rmtree(published.site.releases)
    published.site.releases.mkdir()
    for path in published.site.root.rglob("moi.html"):
        path.write_bytes(b"")
    with sqlite3.connect(published.site.root / REPLICA) as database:
        database.execute("UPDATE state SET value = 'the boot before' WHERE name = 'boot'")
    published.build_feed()
    assert tree(published.current / "pages") == {
        name.removeprefix("pages/"): data
        for name, data in built_at_once(published).items()
        if name.startswith("pages/")
    }
