"""The files that follow the releases hold what is approved, and nothing of what was."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from contract.release import Record
from search import mirror
from search.fallback import FallbackEngine
from search.lexicon import Lexicon
from search.mirror import Mirror
from tests.search.conftest import live_release
from tests.search.factories import item, write_release

Make = Callable[[Path], Mirror]
KINDS = pytest.mark.parametrize("make", [FallbackEngine, Lexicon])
# Their folded forms begin as no other word does, so that an index keeps them in one piece.
WITHDRAWN, CHANGED = "zwrụt", "zxrổng"
TRACES = [word.encode() for word in (WITHDRAWN, CHANGED, "zwrut", "zxrong")]


def held(directory: Path) -> bytes:
    """Every byte of the files, free pages and logs included."""
    return b"".join(file.read_bytes() for file in directory.iterdir())


def items(extra: list[Record]) -> list[Record]:
    """Enough of them that what changes is a small part."""
    return [*(item(f"tin-{n}", f"Tin về lúa {n}", body=f"Ruộng số {n}. " * 50) for n in range(100)), *extra]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(params=[FallbackEngine, Lexicon])
def kept(request: pytest.FixtureRequest, directory: Path) -> Iterator[Mirror]:
    made: Mirror = request.param(directory)
    yield made
    made.close()


def before(site: Path) -> None:
    write_release(site, items([item("mat", f"Chuyện {WITHDRAWN}", body=WITHDRAWN), item("sua", f"Tin {CHANGED}")]))


def after(site: Path) -> None:
    write_release(site, items([item("sua", "Tin đã sửa", seq=2)]), seq=3)


def test_no_byte_of_what_was_withdrawn_or_changed_is_left_in_the_files(
    site: Path, directory: Path, kept: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "SWEEP_PAUSES", 0)
    before(site)
    kept.bring_to(live_release(site))
    assert all(trace in held(directory) for trace in TRACES)
    after(site)
    kept.bring_to(live_release(site))
    assert [trace for trace in TRACES if trace in held(directory)] == []


def test_what_a_process_that_was_killed_left_behind_is_overwritten_by_the_next_one(
    site: Path, directory: Path, kept: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(site)
    kept.bring_to(live_release(site))
    after(site)
    with monkeypatch.context() as patched:
        patched.setattr(Mirror, "_sweep", lambda *_: None)
        kept.bring_to(live_release(site))
    assert any(trace in held(directory) for trace in TRACES)
    next_one = type(kept)(directory)  # type: ignore[call-arg]
    next_one.bring_to(live_release(site))
    assert [trace for trace in TRACES if trace in held(directory)] == []
    next_one.close()


def test_what_was_left_clean_is_not_swept_again(
    site: Path, directory: Path, kept: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(site)
    kept.bring_to(live_release(site))
    swept: list[object] = []
    monkeypatch.setattr(Mirror, "_sweep", lambda *what: swept.append(what))
    next_one = type(kept)(directory)  # type: ignore[call-arg]
    next_one.bring_to(live_release(site))
    assert not swept
    after(site)
    next_one.bring_to(live_release(site))
    assert len(swept) == 1
    next_one.close()


def test_sweeping_takes_a_small_part_of_the_time_however_much_is_withdrawn(
    site: Path, directory: Path, kept: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(1000))
    monkeypatch.setattr(mirror, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    before(site)
    kept.bring_to(live_release(site))
    after(site)
    kept.bring_to(live_release(site))
    assert any(trace in held(directory) for trace in TRACES), "the last one took a second, so this one has to wait"
    for _ in range(mirror.SWEEP_PAUSES):
        kept.bring_to(live_release(site))
    assert [trace for trace in TRACES if trace in held(directory)] == []


@KINDS
def test_files_of_another_version_are_thrown_away_and_those_of_others_are_not(make: Make, directory: Path) -> None:
    made = make(directory)
    made.close()
    (own,) = (file for file in directory.iterdir() if file.suffix == ".sqlite3")
    name, _, _ = own.name.partition("-")
    foreign = [directory / f"{name}-1.sqlite3", directory / f"{name}-1.sqlite3-wal", directory / "others-1.sqlite3"]
    for file in foreign:
        file.write_bytes(b"")
    make(directory).close()
    assert [file.exists() for file in (own, *foreign)] == [True, False, False, True]
