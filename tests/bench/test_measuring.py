"""The instruments: what they say of a command, of percentiles, and of a page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import sites, tables
from tests.bench.load import SECOND, is_whole
from tests.bench.memory import descendants, measured
from tests.bench.tables import Table, percentile

HUNDRED_MEGABYTES = "b = bytearray(100_000_000); import time; time.sleep(0.7)"


def test_the_memory_of_a_child_counts_for_the_tree_and_not_for_the_command(tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HUNDRED_MEGABYTES!r}])"
    usage = measured([sys.executable, "-c", code], os.environ, tmp_path / "log")
    assert usage.main < 60
    assert 100 < usage.tree < 160
    assert usage.wall > 0.7


def test_a_command_that_fails_is_not_a_measurement(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        measured([sys.executable, "-c", "raise SystemExit('no such thing')"], os.environ, tmp_path / "log")


def test_processes_below_a_process_are_found() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in descendants(os.getpid())


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (50, 95)] == [2.0, 4.0]


def test_rows_are_kept_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "VAR", tmp_path)
    Table("some", "Some figures", ("what", "items", "s")).add("x", 1000, 0.5)
    assert json.loads((tmp_path / "some.json").read_text())["rows"] == [{"what": "x", "items": 1000, "s": 0.5}]


@pytest.mark.parametrize(
    ("page", "whole"),
    [
        (f"<p>{sites.TAGLINE}</p><p>{sites.TAGLINE}</p></html>\n", True),
        (f"<p>{SECOND}</p><p>{SECOND}</p></html>\n", True),
        (f"<p>{SECOND}</p><p>{sites.TAGLINE}</p></html>\n", False),
        (f"<p>{SECOND}</p><p>", False),
    ],
)
def test_a_page_of_two_releases_or_a_part_of_one_is_noticed(page: str, whole: bool) -> None:
    assert is_whole(page) is whole
