"""How dates, numbers and file sizes are written for Vietnamese readers."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from markupsafe import Markup

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

_FILE_TYPES = {
    "application/pdf": "PDF",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/zip": "ZIP",
    "text/plain": "TXT",
    "audio/mpeg": "MP3",
    "video/mp4": "MP4",
}


def date_text(value: date | datetime | str) -> str:
    """``22/08/2025``: a calendar date as it is, a moment as the day it was in Viet Nam, an ISO 8601 text likewise.

    Raises `ValueError` for a naive datetime, whose day nobody knows, and for a text that is no date.
    """
    day = _parsed(value)
    return f"{_local(day) if isinstance(day, datetime) else day:%d/%m/%Y}"


def datetime_text(value: datetime | str) -> str:
    """``07:05, 22/08/2025`` in Viet Nam. Raises `ValueError` for a value without time or zone."""
    moment = _parsed(value)
    if not isinstance(moment, datetime):
        raise ValueError(f"{value} has no time of day")
    return f"{_local(moment):%H:%M, %d/%m/%Y}"


def machine_date(value: date | datetime | str) -> str:
    """ISO 8601 for `<time datetime>` and feeds: ``2025-08-22`` or ``2025-08-22T07:05:00+07:00``."""
    moment = _parsed(value)
    return _local(moment).isoformat(timespec="seconds") if isinstance(moment, datetime) else moment.isoformat()


def day_element(value: date | datetime | str) -> Markup:
    """A day as readers and machines read it: ``<time datetime="2025-08-22">22/08/2025</time>``."""
    # Both forms of a date are digits and punctuation.
    return Markup(f'<time datetime="{machine_date(value)}">{date_text(value)}</time>')  # noqa: S704


def number_text(value: int | float) -> str:
    """``32.638``; decimals, at most three, after a comma."""
    return str(format_decimal(value, locale="vi"))


def filesize_text(size: int) -> str:
    """A size in bytes as people read it, in decimal units: ``340 kB``, ``1,2 MB``."""
    if size < 1000:
        return f"{size} byte"
    if size < 999_500:
        return f"{round(size / 1000)} kB"
    if size < 999_950_000:
        return f"{number_text(round(size / 1_000_000, 1))} MB"
    return f"{number_text(round(size / 1_000_000_000, 1))} GB"


def filetype_text(media_type: str) -> str:
    """The short name of a media type: ``PDF``, ``Word``; for an unknown one its subtype in capitals."""
    return _FILE_TYPES.get(media_type) or media_type.partition("/")[2].rpartition(".")[2].removeprefix("x-").upper()


def _parsed(value: date | datetime | str) -> date | datetime:
    if not isinstance(value, str):
        return value
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)


def _local(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value.astimezone(ZONE)
