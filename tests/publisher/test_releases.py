"""Releases: kept, listed, gone back to; and what the command line says."""

import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.release import CHANGES, ReleaseChanges
from publisher import disk
from publisher.__main__ import main
from publisher.engine import REPLICA, go_back
from publisher.errors import NoSuchReleaseError, PublisherError, SettingsError
from publisher.replica import Replica
from tests.publisher.factories import news
from tests.publisher.workshop import Workshop, traces


def releases(workshop: Workshop, count: int) -> list[str]:
    made = []
    for number in range(count):
        workshop.ledger.publish(news(f"tin-{number}", days=number))
        made.append(workshop.build().release or "")
    return made


def test_release_names_have_one_length_and_tell_the_position(workshop: Workshop) -> None:
    names = releases(workshop, 2)
    assert {len(name) for name in names} == {20}
    assert [name[:11] for name in names] == ["r0000000001", "r0000000002"]


def test_only_so_many_releases_are_kept(workshop: Workshop) -> None:
    made = releases(workshop, 5)
    assert workshop.site.names() == made[-3:]


def test_going_back_shows_the_release_before_and_the_next_build_goes_forward(workshop: Workshop) -> None:
    made = releases(workshop, 3)
    assert workshop.go_back() == made[1]
    assert workshop.read("/tin-tuc/tin-2/") is None
    assert workshop.read("/tin-tuc/tin-1/") is not None
    assert workshop.go_back() == made[0], "going back twice goes further back"
    assert workshop.build().changed
    assert workshop.read("/tin-tuc/tin-2/") is not None


def test_going_back_to_a_named_release(workshop: Workshop) -> None:
    made = releases(workshop, 3)
    assert workshop.go_back(made[0]) == made[0]
    with pytest.raises(NoSuchReleaseError, match="kept are"):
        workshop.go_back("r9999999999-00000000")


def test_going_back_never_brings_back_what_was_withdrawn(workshop: Workshop) -> None:
    secret = news("xyzzy", title="xyzzy")
    workshop.ledger.publish(news("mot"), secret)
    first = workshop.build().release
    workshop.ledger.publish(news("hai"))
    workshop.build()
    workshop.ledger.withdraw(secret)
    workshop.build()
    target = workshop.go_back()
    assert target != first
    assert workshop.is_gone(secret.path)
    assert workshop.read("/tin-tuc/hai/") is not None
    workshop.go_back()
    assert workshop.read("/tin-tuc/mot/") is not None
    assert workshop.read("/tin-tuc/hai/") is None
    assert workshop.is_gone(secret.path)
    assert traces(workshop.site.releases, 'title":"xyzzy', ">xyzzy<") == []


def test_going_back_frees_kept_releases_that_were_not_cleaned_yet(workshop: Workshop) -> None:
    secret = news("xyzzy")
    workshop.ledger.publish(news("mot"), secret)
    workshop.build()
    workshop.ledger.withdraw(secret)
    workshop.ledger.write(workshop.feed)
    publisher = workshop.publisher()
    publisher.step(workshop.day)  # killed before the kept release was cleaned
    publisher.close()
    workshop.go_back()
    assert workshop.is_gone(secret.path)
    assert workshop.read("/tin-tuc/mot/") is not None


def test_going_back_does_not_bring_back_what_was_withdrawn_and_approved_anew_in_one_batch(workshop: Workshop) -> None:
    secret = news("xyzzy", title="xyzzy")
    workshop.ledger.publish(news("mot"), secret)
    workshop.build()
    workshop.ledger.withdraw(secret)
    workshop.ledger.publish(news("xyzzy", title="Bản đã sửa"))
    workshop.build()
    workshop.go_back()
    assert workshop.read("/tin-tuc/mot/") is not None
    assert traces(workshop.site.releases, 'title":"xyzzy', ">xyzzy<") == []


def test_nobody_goes_forward_to_a_newest_release_that_shows_what_was_withdrawn_meanwhile(workshop: Workshop) -> None:
    secret = news("xyzzy")
    workshop.ledger.publish(news("mot"))
    workshop.build()
    workshop.ledger.publish(secret)
    newest = workshop.build().release
    workshop.go_back()
    workshop.ledger.withdraw(secret)
    workshop.ledger.write(workshop.feed)
    disk.watchers.append(_failing_switch)
    with closing(workshop.publisher()) as publisher, pytest.raises(PublisherError):
        publisher.step(workshop.day)
    disk.watchers.remove(_failing_switch)
    with pytest.raises(NoSuchReleaseError, match="withdrawn since"):
        workshop.go_back(newest)
    assert workshop.read(secret.path) is None


def test_a_publisher_killed_while_it_cleans_what_readers_see_still_shows_it_clean_in_the_end(
    workshop: Workshop,
) -> None:
    secret = news("xyzzy")
    workshop.ledger.publish(news("mot"), secret)
    first = workshop.build().release
    workshop.ledger.publish(news("hai"))
    workshop.build()
    workshop.go_back(first)
    workshop.ledger.withdraw(secret)
    workshop.ledger.write(workshop.feed)
    with closing(workshop.publisher()) as publisher:
        publisher.step(workshop.day)
    workshop.site.switch(str(first))  # as somebody who went back just before the withdrawal was cleaned

    def fail(what: str, path: Path) -> None:
        if what == "remove" and str(first) in path.name:
            raise OSError("killed")

    for victim in ("switch", "remove"):
        watch = fail if victim == "remove" else _failing_switch
        disk.watchers.append(watch)
        with pytest.raises(PublisherError):
            workshop.go_back(first)
        disk.watchers.remove(watch)
    with closing(workshop.publisher()) as publisher:
        while publisher.tidy_up():
            pass
    assert workshop.is_gone(secret.path)


def _failing_switch(what: str, path: Path) -> None:
    if what == "rename" and path.name == "current":
        raise OSError("killed")


def test_looking_at_the_status_changes_nothing_whatever_the_settings_of_the_shell(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.build()
    monkeypatch.setenv("SITE_URL", "https://khac.example")
    assert main(["status", "--site", str(workshop.site.root)]) == 0
    with closing(Replica(workshop.site.root / REPLICA, "", writable=False)) as replica:
        assert replica.value("site_url") == workshop.settings.site_url


def test_a_release_named_before_it_was_cleaned_is_still_the_one_shown(workshop: Workshop) -> None:
    secret = news("xyzzy")
    workshop.ledger.publish(news("mot"), secret)
    first = workshop.build().release
    workshop.ledger.publish(news("hai"))
    workshop.build()
    workshop.ledger.withdraw(secret)
    workshop.ledger.write(workshop.feed)
    publisher = workshop.publisher()
    publisher.step(workshop.day)
    publisher.close()
    workshop.go_back(first)
    assert workshop.read("/tin-tuc/mot/") is not None
    assert workshop.read("/tin-tuc/hai/") is None
    assert workshop.is_gone(secret.path)
    changes = ReleaseChanges.model_validate_json((workshop.current / CHANGES).read_bytes())
    assert changes.since is None
    assert set(changes.upserted) == {record.id for record in workshop.records()}, (
        "without a release before, everything is new"
    )


def test_going_back_without_an_older_release_is_a_clear_error(workshop: Workshop) -> None:
    releases(workshop, 1)
    with pytest.raises(NoSuchReleaseError, match="no older release"):
        workshop.go_back()


def test_the_commands_do_what_they_say(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    site = str(workshop.root / "site")
    workshop.ledger.publish(news("mot"))
    feed = str(workshop.ledger.write(workshop.feed))
    assert main(["build", "--feed", feed, "--site", site]) == 0
    workshop.ledger.publish(news("hai"))
    workshop.ledger.write(workshop.feed)
    assert main(["build", "--feed", feed, "--site", site]) == 0
    capsys.readouterr()
    assert main(["releases", "--site", site]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line[:13] for line in listed] == ["* r0000000002", "  r0000000001"]
    assert main(["rollback", "--site", site]) == 0
    assert capsys.readouterr().out.startswith("r0000000001-")
    assert main(["status", "--site", site]) == 0
    assert "live      2" in capsys.readouterr().out


def test_errors_go_to_standard_error_with_a_status_and_no_traceback(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "publisher", "build", "--feed", "http://127.0.0.1:9/", "--site", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("RELEASES_KEPT", "none")
    assert main(["releases", "--site", "."]) == 1
    assert "RELEASES_KEPT" in capsys.readouterr().err


def test_going_back_with_another_address_of_the_site_is_refused_and_changes_nothing(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"))
    workshop.build()
    workshop.ledger.publish(news("hai"))
    release = workshop.build().release
    others = replace(workshop.settings, site_url="https://khac.example")
    with pytest.raises(SettingsError, match="SITE_URL"):
        go_back(workshop.site, others, None)
    assert workshop.site.current() == release
    assert workshop.go_back() != release


def test_a_kept_release_that_is_damaged_is_dropped_and_does_not_keep_what_was_withdrawn(workshop: Workshop) -> None:
    workshop.ledger.publish(news("mot"), news("hai"))
    first = workshop.build().release or ""
    workshop.ledger.publish(news("ba"))
    workshop.build()
    shutil.rmtree((workshop.site.path(first) / "pages").resolve())
    workshop.ledger.withdraw(news("hai"))
    workshop.build()
    assert first not in workshop.site.names()
    assert traces(workshop.site.root / "objects", "Nội dung hai") == []
