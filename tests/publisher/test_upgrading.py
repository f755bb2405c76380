"""A site directory that another version of the publisher made becomes one of this version by itself."""

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contract.release import CURRENT, MANIFEST, PAGES
from publisher import disk, replica
from publisher.__main__ import main
from publisher.engine import REPLICA
from publisher.errors import BuildError, LockedError, NoSuchReleaseError, OtherVersionError, WrongFeedError
from publisher.replica import VERSION, Replica
from tests.publisher.factories import document, news, unit
from tests.publisher.other_version import NEWER, OLDER, PAGE, WORD, age, replica_of
from tests.publisher.workshop import Workshop, shown, traces, tree


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def write_feed(workshop: Workshop) -> None:
    gone = news("rut", title=WORD)
    workshop.ledger.publish(unit("tinh-uy"), document("van-ban", "9-NQ/TU"), news("mot"), gone)
    workshop.ledger.withdraw(gone)
    workshop.ledger.write(workshop.feed)


def built_afresh(workshop: Workshop) -> dict[str, bytes]:
    fresh = Workshop(workshop.root / "fresh")
    fresh.root.mkdir(exist_ok=True)
    shutil.copy(workshop.feed, fresh.feed)
    fresh.build_feed()
    return shown(fresh.current)


@pytest.mark.parametrize("version", [OLDER, NEWER], ids=["older", "newer"])
def test_a_replica_of_another_version_is_thrown_away_and_the_feed_fills_it_again(
    workshop: Workshop, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    write_feed(workshop)
    age(workshop, version)
    with caplog.at_level(logging.WARNING):
        outcome = workshop.build_feed()
    assert "the feed fills it again" in caplog.text
    assert shown(workshop.current) == built_afresh(workshop)
    assert workshop.site.names() == [outcome.release], "what cannot be freed of withdrawn items is not kept"
    assert traces(workshop.site.root, WORD) == []
    caplog.clear()
    workshop.build_feed()
    assert caplog.text == "", "it is done once"


def test_readers_see_the_release_they_saw_until_the_new_one_is_whole(workshop: Workshop) -> None:
    write_feed(workshop)
    age(workshop)
    seen: list[bytes] = []

    def look(what: str, path: Path) -> None:
        seen.append((workshop.current / "pages/index.html").read_bytes())
        if (what, path.name) == ("rename", CURRENT):
            raise OSError("no switch")

    disk.watchers.append(look)
    try:
        with pytest.raises(BuildError, match="no switch"):
            workshop.build_feed()
    finally:
        disk.watchers.remove(look)
    assert set(seen) == {PAGE}
    assert (workshop.current / "pages/tin-tuc/rut/index.html").exists(), "nothing of what is shown is gone"
    with pytest.raises(NoSuchReleaseError):
        workshop.go_back()
    workshop.build_feed()
    assert shown(workshop.current) == built_afresh(workshop)


def test_a_feed_that_ends_before_the_release_of_the_other_version_is_still_another_ledger(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.ledger.write(workshop.feed)
    age(workshop)
    for _ in range(2):
        with pytest.raises(WrongFeedError, match="made up to 2"):
            workshop.build_feed()
    assert (workshop.current / "pages/index.html").read_bytes() == PAGE


def test_shared_directories_of_a_newer_layout_stay_while_readers_see_it(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    name = workshop.build().release
    assert name is not None
    manifest = workshop.site.path(name) / MANIFEST
    manifest.write_text(manifest.read_text().replace('"schema":2', '"schema":3'))
    (workshop.current / PAGES).rename(workshop.site.path(name) / "trang")
    for file in workshop.site.root.glob("replica.sqlite*"):
        file.unlink()
    replica_of(workshop.site.root / REPLICA, NEWER).close()
    before = tree(workshop.site.path(name))
    workshop.feed.write_bytes(b"")
    publisher = workshop.publisher()
    publisher.tidy_up()
    publisher.close()
    assert tree(workshop.site.path(name)) == before


def test_who_only_reads_says_what_to_do_and_deletes_nothing(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    age(workshop)
    before = tree(workshop.site.releases)
    site = str(workshop.site.root)
    assert main(["status", "--site", site]) == 1
    assert "python -m publisher build" in capsys.readouterr().err
    assert main(["rollback", "--site", site]) == 1
    assert "python -m publisher build" in capsys.readouterr().err
    assert main(["releases", "--site", site]) == 0
    assert "* r0000000002-bbbbbbbb  of another version" in capsys.readouterr().out
    with pytest.raises(OtherVersionError):
        Replica(workshop.site.root / REPLICA, "", writable=False)
    assert tree(workshop.site.releases) == before
    with closing(sqlite3.connect(workshop.site.root / REPLICA)) as other:
        assert other.execute("SELECT text FROM thing").fetchall() == [(WORD,)]


def test_a_replica_that_is_not_filled_yet_is_told_to_who_only_reads(tmp_path: Path) -> None:
    (tmp_path / REPLICA).touch()
    with pytest.raises(OtherVersionError, match="fills it"):
        Replica(tmp_path / REPLICA, "", writable=False)


def test_while_a_publisher_of_the_other_version_runs_nothing_is_thrown_away(workshop: Workshop) -> None:
    write_feed(workshop)
    age(workshop)
    with closing(sqlite3.connect(workshop.site.root / REPLICA)) as other:
        assert other.execute("SELECT text FROM thing").fetchall() == [(WORD,)]
        with pytest.raises(LockedError, match="end it"):
            workshop.build_feed()
        assert other.execute("SELECT text FROM thing").fetchall() == [(WORD,)]
    assert (workshop.current / "pages/index.html").read_bytes() == PAGE
    workshop.build_feed()
    assert shown(workshop.current) == built_afresh(workshop)


@pytest.mark.parametrize("file", ["schema.sql", "outline.py"])
def test_the_version_changes_by_itself_with_what_the_rows_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    for name in ("schema.sql", "outline.py"):
        shutil.copy(Path(replica.__file__).with_name(name), tmp_path)
    monkeypatch.setattr(replica, "package_files", lambda package: tmp_path)
    assert replica._version() == VERSION
    with (tmp_path / file).open("a") as text:
        text.write(" ")
    assert replica._version() not in (VERSION, 0)
