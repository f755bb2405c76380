"""The log can be read by machines, forged by nobody, and tells nothing of what an item says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = """
import logging, threading
from publisher import logs
from publisher.errors import BuildError
from tests.publisher.outcomes import Step, approved, aside
logs.set_up({log_format!r})
log = logging.getLogger("publisher.engine")
"""


def written(code: str, log_format: str = "json") -> list[str]:
    """The lines a process of its own writes: setting up a log changes the whole process."""
    done = subprocess.run(
        [sys.executable, "-c", START.format(log_format=log_format) + code],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_step_is_one_json_object_with_its_figures() -> None:
    (line,) = written("logs.Teller().stepped(Step(approved_at=approved(5.0, 0.8)))")
    entry = json.loads(line)
    assert (entry["level"], entry["message"], entry["logger"]) == ("info", "release is live", "publisher.logs")
    assert entry["time"].endswith("+00:00")
    assert {key: entry[key] for key in ("release", "seq", "items", "pages_written", "seconds", "delay", "full")} == {
        "release": "r1", "seq": 7, "items": 5, "pages_written": 12, "seconds": 0.2, "delay": 0.8, "full": False,
    }  # fmt: skip


def test_people_get_a_line_to_read() -> None:
    (line,) = written("logs.Teller().stepped(Step(approved_at=approved(0.8)))", "text")
    assert "INFO release is live release=r1 seq=7" in line
    assert "delay=0.8" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_why_an_item_was_set_aside_is_not_logged_because_it_may_quote_the_item(log_format: str) -> None:
    lines = written("logs.Teller().stepped(Step(set_aside=[aside(4, 'some-id', 'Tiêu đề bí mật')]))", log_format)
    assert len(lines) == 2
    assert "some-id" in lines[1]
    assert "path" in lines[1]
    assert "bí mật" not in "".join(lines)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nothing_in_a_message_or_a_field_passes_for_a_line_of_its_own(log_format: str) -> None:
    code = r"""
forged = "x\n2026-11-22 08:00:00 ERROR forged\r\u2028\u0085\x1b[31m\u202e"
log.warning("%s", forged, extra={"item": forged})
"""
    (line,) = written(code, log_format)
    assert not set(line) & set("\r\u2028\u0085\x1b\u202e")
    assert "forged" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_fields_that_are_not_known_are_left_out(log_format: str) -> None:
    (line,) = written("log.info('read', extra={'title': 'bí mật', 'seq': 4})", log_format)
    assert "bí mật" not in line
    assert "4" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("where", ["{}()", "threading.Thread(target={}).start()"])
def test_what_nobody_caught_is_one_line_that_tells_where_and_not_what_was_read(where: str, log_format: str) -> None:
    code = f"def explode(): raise ValueError('not valid: bí mật')\n{where.format('explode')}"
    (line,) = written(code, log_format)
    assert "ValueError" in line
    assert "explode" in line
    assert "bí mật" not in line
    if log_format == "json":
        assert json.loads(line)["level"] == "critical"


def test_an_error_of_our_own_says_why() -> None:
    code = """
try:
    raise BuildError("the theme has no template news.html")
except BuildError:
    log.exception("the step failed")
"""
    (line,) = written(code)
    assert json.loads(line)["reason"] == "the theme has no template news.html"


def test_lines_of_other_libraries_come_in_the_same_form_and_only_from_warnings_on() -> None:
    code = """
import warnings
logging.getLogger("httpx").info("GET")
warnings.warn("old")
logging.getLogger("x").error("e")
"""
    assert [json.loads(line)["logger"] for line in written(code)] == ["py.warnings", "x"]
