"""A release is read whole or not at all, and the next one for what it changes."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from contract.release import OBJECTS, RELEASES, SHARD_ITEMS, Record, record_path
from search.fallback import FallbackEngine
from search.live import LiveRelease
from search.releases import BrokenReleaseError, OtherLayoutError, Release, read_release
from search.request import read_request
from search.staleness import StaleRecords
from tests.search.factories import identity, item, release_of_another_layout, write_release


def news(*names: str, seq: int = 1, text: str = "Tin về lúa") -> list[Record]:
    return [item(name, f"{text} {name}", seq=seq) for name in names]


def released(site: Path, records: Iterable[Record], known: Release | None = None) -> Release:
    return read_release(site, write_release(site, records), known)


def ids(rows: Iterable[tuple[str, str]]) -> set[str]:
    return {row[0] for row in rows}


NAMES = [f"tin-{number}" for number in range(60)]


def test_a_release_knows_what_is_live_in_it(site: Path) -> None:
    release = released(site, news(*NAMES))
    assert len(release.items) == 60
    assert set(release.items) == {identity(name) for name in NAMES}
    assert identity("khac") not in release.items
    one = identity("tin-7")
    assert release.items[one].path == "/tin-tuc/tin-7/"
    assert release.record(one).snapshot.title == "Tin về lúa tin-7"
    assert release.holds(str(one), release.items[one].record)
    assert not release.holds(str(one), "0" * 64)
    assert not release.holds(str(identity("khac")), release.items[one].record)
    assert release.hashes == {str(item): entry.record for item, entry in release.items.items()}


def test_a_release_without_items_is_whole(site: Path) -> None:
    assert len(released(site, []).items) == 0


def test_the_next_release_is_read_for_what_it_changes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = released(site, news(*NAMES))
    read: list[str] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or read_bytes(path))
    changed = [*news(*NAMES[2:]), *news(NAMES[1], text="Tin về ngô", seq=2)]
    name = write_release(site, changed)
    read.clear()
    second = read_release(site, name, known=first)
    assert read.count(SHARD_ITEMS) <= 2
    assert set(second.items) == {identity(name) for name in NAMES[1:]}
    assert second.record(identity(NAMES[1])).snapshot.title == "Tin về ngô tin-1"
    assert dict(second.items) == dict(read_release(site, name).items)


def test_two_releases_tell_what_they_do_not_share(site: Path) -> None:
    first = released(site, news("mot", "hai", "ba"))
    second = released(site, [*news("mot", "bon"), *news("ba", text="Tin về ngô", seq=2)], known=first)
    assert ids(first.rows_not_in(second)) == {str(identity("hai")), str(identity("ba"))}
    assert ids(second.rows_not_in(first)) == {str(identity("bon")), str(identity("ba"))}
    assert list(first.rows_not_in(first)) == []
    assert set(first.rows_not_in(second)) <= set(first.hashes.items())


def directories(site: Path, release: Release) -> list[Path]:
    """The shared directories that lead to one record: root, group and shard."""
    shard = (release.directory / record_path(identity("mot"))).parent
    return [shard.parent.parent.resolve(), shard.parent.resolve(), shard.resolve()]


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("emptied", [True, False], ids=["emptied", "removed"])
def test_a_release_that_is_being_swept_away_is_never_taken_as_whole(site: Path, level: int, emptied: bool) -> None:
    release = released(site, news("mot", "hai", "ba", "bon"))
    swept = directories(site, release)[level]
    assert swept.is_relative_to(site / OBJECTS)
    for entry in swept.iterdir():
        entry.unlink()
    if not emptied:
        swept.rmdir()
    with pytest.raises(BrokenReleaseError, match=release.name):
        read_release(site, release.name)


def test_a_release_without_manifest_is_none(site: Path) -> None:
    release = released(site, news("mot"))
    (release.directory / "manifest.json").unlink()
    with pytest.raises(BrokenReleaseError, match=release.name):
        read_release(site, release.name)


def test_a_release_of_another_layout_is_told_from_a_broken_one(site: Path) -> None:
    name = release_of_another_layout(site)
    with pytest.raises(OtherLayoutError, match=f"{name} is of layout 1"):
        read_release(site, name)
    for manifest in (b"{}", b"[1]", b'{"schema":2}', b"{"):
        (site / RELEASES / name / "manifest.json").write_bytes(manifest)
        with pytest.raises(BrokenReleaseError, match=name) as refused:
            read_release(site, name)
        assert refused.type is BrokenReleaseError


def test_a_release_of_another_layout_is_waited_out_with_what_is_held(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveRelease(site)
    first = released(site, news("mot"))
    before = live.get()
    assert before is not None
    release_of_another_layout(site)
    assert [live.get() for _ in range(3)] == [before] * 3
    assert live.waits_for_another()
    assert [record.levelname for record in caplog.records] == ["WARNING"], "it is told once"
    third = released(site, news("mot", "hai"))
    now = live.get()
    assert now is not None
    assert now.name == third.name != first.name
    assert not live.waits_for_another()


def test_the_search_page_and_the_fallback_outlive_the_directory_of_the_release_they_hold(site: Path) -> None:
    live, engine = LiveRelease(site), FallbackEngine()
    released(site, news("mot"))
    held = live.get()
    assert held is not None
    engine.bring_to(held)
    name = release_of_another_layout(site)
    shutil.rmtree(held.directory)
    still = live.get()
    assert still is held
    assert still.site_facts.name
    assert engine.answer(read_request({"q": "lúa"}), still).total == 1
    assert live.waits_for_another()
    assert name != still.name
    engine.close()


def test_a_fallback_that_comes_too_late_for_a_release_leaves_its_file_as_it_is(
    site: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = released(site, news("mot"))
    engine = FallbackEngine(tmp_path / "cache")
    engine.bring_to(first)
    second = released(site, news("hai"), known=first)
    shutil.rmtree(second.directory)
    engine.bring_to(second)
    assert engine.answer(read_request({"q": "lúa"}), first).total == 1
    assert caplog.records == [], "there is nothing wrong with its records"
    engine.close()


def test_readers_keep_the_release_before_one_that_cannot_be_read(site: Path) -> None:
    live = LiveRelease(site)
    released(site, news("mot"))
    before = live.get()
    broken = released(site, news("mot", "hai"))
    (broken.directory / "manifest.json").unlink()
    assert live.get() is before


def test_hashes_of_outdated_rows_are_known_after_every_switch(site: Path) -> None:
    first = released(site, news("mot", "hai"))
    second = released(site, [*news("mot", text="Tin về ngô", seq=2), *news("hai")], known=first)
    third = released(site, news("mot", text="Tin về ngô", seq=2), known=second)
    stale = StaleRecords(lambda: first.name)
    old = first.hashes
    assert stale.against(first) == frozenset()
    assert stale.against(second) == {old[str(identity("mot"))]}
    assert stale.against(third) == {old[str(identity("mot"))], old[str(identity("hai"))]}
    assert stale.against(second) == {old[str(identity("mot"))]}, "what is live again is not stale"


def test_an_index_that_lags_behind_when_the_service_starts_is_compared(site: Path) -> None:
    first = released(site, news("mot", "hai"))
    second = released(site, news("hai"))
    assert StaleRecords(lambda: first.name).against(second) == {first.hashes[str(identity("mot"))]}


def test_an_index_of_a_release_that_is_no_longer_kept_is_left_to_the_check_of_hits(site: Path) -> None:
    first = released(site, news("mot", "hai"))
    second = released(site, news("hai"))
    shutil.rmtree(site / RELEASES / first.name)
    stale = StaleRecords(lambda: first.name)
    assert stale.against(second) == frozenset()
    row = (str(identity("mot")), first.hashes[str(identity("mot"))])
    stale.learn([row])
    assert stale.against(second) == {row[1]}


def test_the_fallback_reads_only_the_records_that_changed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FallbackEngine()
    first = released(site, news(*NAMES))
    engine.bring_to(first)
    read: list[object] = []
    record = Release.record
    monkeypatch.setattr(Release, "record", lambda release, wanted: read.append(wanted) or record(release, wanted))
    second = released(site, [*news(*NAMES[1:]), *news("moi")], known=first)
    engine.bring_to(second)
    assert read == [identity("moi")]
    assert engine.answer(read_request({"q": "lúa"}), second).total == 60
    engine.bring_to(first)
    assert engine.answer(read_request({"q": "lúa"}), first).total == 60
    assert read == [identity("moi"), identity(NAMES[0])]
    engine.close()
