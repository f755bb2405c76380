"""A publisher that dies while it takes over the site of another version: readers keep what they saw, or have the new
site, and the next run ends where a clean build does."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.release import CURRENT
from tests.faults.test_every_step import MEMORY, Mortal
from tests.publisher.factories import document, news, unit
from tests.publisher.other_version import PAGE, WORD, age
from tests.publisher.workshop import Workshop, orphans, shown, traces

LANDMARKS = ("unlink replica", "take ", "commit ", "rename current", "rename r", "rename .removing", "remove .removing")


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Workshop(Path(name))


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    mortal = Mortal()
    yield mortal
    mortal.close()


@pytest.mark.timeout(300)
def test_a_publisher_killed_while_it_takes_over_another_version_s_site_ends_right_at_the_next_run(
    workshop: Workshop, mortal: Mortal
) -> None:
    gone = news("rut", title=WORD)
    workshop.ledger.publish(unit("tinh-uy"), document("van-ban", "9-NQ/TU"), news("mot"), gone)
    workshop.ledger.withdraw(gone)
    workshop.ledger.write(workshop.feed)
    age(workshop)
    operations = mortal.build(workshop)
    after = shown(workshop.current)
    switch = operations.index(f"rename {CURRENT}") + 1
    chosen = [n for n, operation in enumerate(operations, start=1) if operation.startswith(LANDMARKS)]
    assert {operations[n - 1] for n in chosen} >= {"unlink replica.sqlite-wal", "unlink replica.sqlite"}
    for number in sorted({*chosen, *(n + 1 for n in chosen if n < len(operations))}):
        when = f"after dying before operation {number}, {operations[number - 1]}"
        age(workshop)
        mortal.die(workshop, number)
        if number <= switch:
            assert (workshop.current / "pages/index.html").read_bytes() == PAGE, when
        else:
            assert shown(workshop.current) == after, when
        mortal.build(workshop)
        assert shown(workshop.current) == after, when
        assert len(workshop.site.names()) == 1, when
        assert orphans(workshop.site.root) == [], when
        assert traces(workshop.site.root, WORD) == [], when
