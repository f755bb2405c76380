"""The publisher's log: for people, or one JSON object a line for machines (`LOG_FORMAT=json`).

A line never holds titles or text of items: fields are those of `FIELDS` and no others, and of an exception that is not
our own only its type and where it came from, because its message may quote what it could not read. What would end a
line or reorder it is written out, so that nothing in a message can pass for a line of its own.
"""

import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from publisher.errors import PublisherError
from publisher.settings import LogFormat
from publisher.watching import StepOutcome, delays, plain

# What may stand beside a message: counts, times and names of our own making.
FIELDS = (
    "release",
    "seq",
    "head",
    "waiting",
    "item",
    "stage",
    "kind",
    "items",
    "hidden",
    "withdrawn",
    "set_aside",
    "pages_written",
    "pages_removed",
    "files",
    "seconds",
    "delay",
    "full",
)
# Control characters, the line and paragraph separators, and the marks that turn the direction of writing.
_FORGING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

logger = logging.getLogger(__name__)


def set_up(log_format: LogFormat) -> None:
    """Write the log to standard error in `log_format`, also what nobody catches."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines())
    # A line a request would be written for every poll.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("publisher").setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda arguments: _uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


class Teller:
    """A watcher that writes what every step came to."""

    def polled(self, head: int | None, position: int) -> None:
        """Nothing to write."""

    def working(self) -> None:
        """Nothing to write."""

    def stepped(self, outcome: StepOutcome | None) -> None:
        """Why an item was set aside may quote its text: `publisher status` tells that."""
        if outcome is None:
            return
        fields = {
            "release": outcome.release,
            "seq": outcome.seq,
            "items": outcome.items,
            "hidden": outcome.hidden,
            "withdrawn": outcome.withdrawn,
            "set_aside": len(outcome.set_aside),
            "pages_written": outcome.pages_written,
            "pages_removed": outcome.pages_removed,
            "seconds": round(outcome.seconds, 3),
            "full": outcome.full,
        }
        if waited := delays(outcome):
            fields["delay"] = round(waited[-1], 3)
        logger.info("release is live" if outcome.changed else "nothing changed", extra=fields)
        for entry in outcome.set_aside:
            logger.warning("set aside", extra={"seq": entry.seq, "item": entry.id, "stage": str(entry.stage)})

    def failed(self, error: BaseException) -> None:
        """The loop writes it, with when it tries again."""


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), trace)
    else:
        logger.critical("uncaught", exc_info=(kind, error or kind(), trace))


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        values = [f"{name}={_one_line(str(value))}" for name, value in _fields(record).items()]
        return " ".join([time, record.levelname, _message(record), *values])


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry = {"time": time, "level": record.levelname.lower(), "logger": record.name, "message": _message(record)}
        return json.dumps(entry | _fields(record), ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    return _one_line(record.getMessage())


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found = {name: value for name in FIELDS if (value := record.__dict__.get(name)) is not None}
    fields = {name: _one_line(value) if isinstance(value, str) else value for name, value in found.items()}
    if record.exc_info and record.exc_info[1] is not None:
        fields |= _exception(record.exc_info[1])
    return fields


def _exception(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    fields: dict[str, Any] = {
        "exception": type(error).__name__,
        "where": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, PublisherError):
        fields["reason"] = _one_line(plain(str(error)))
    return fields


def _one_line(text: str) -> str:
    return _FORGING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
