"""Dates, numbers and sizes as Vietnamese readers write them."""

from datetime import UTC, date, datetime

import pytest

from site_theme import formats


def test_a_moment_is_dated_by_the_calendar_of_viet_nam() -> None:
    late = datetime(2025, 12, 31, 17, 5, tzinfo=UTC)
    assert formats.date_text(late) == "01/01/2026"
    assert formats.datetime_text(late) == "00:05, 01/01/2026"
    assert formats.machine_date(late) == "2026-01-01T00:05:00+07:00"


def test_a_calendar_date_stays_what_it_is() -> None:
    assert formats.date_text(date(2025, 8, 2)) == "02/08/2025"
    assert formats.machine_date(date(2025, 8, 2)) == "2025-08-02"


def test_iso_texts_are_understood() -> None:
    assert formats.date_text("2017-10-25") == "25/10/2017"
    assert formats.datetime_text("2026-11-22T08:00:00Z") == "15:00, 22/11/2026"


@pytest.mark.parametrize("wrong", [datetime(2026, 1, 1), "22/11/2026"])  # noqa: DTZ001 - a naive value is the case
def test_a_time_without_a_zone_or_a_text_that_is_no_date_is_refused(wrong: datetime | str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        formats.date_text(wrong)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (32638, "32.638"), (2_300_000, "2.300.000"), (1.3, "1,3")]
)
def test_numbers_have_dots_for_thousands_and_a_comma_for_decimals(number: float, text: str) -> None:
    assert formats.number_text(number) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 byte"),
        (999, "999 byte"),
        (1000, "1 kB"),
        (340_200, "340 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_204_000, "1,2 MB"),
        (999_940_000, "999,9 MB"),
        (999_950_000, "1 GB"),
        (1_250_000_000, "1,2 GB"),
    ],
)
def test_sizes_are_rounded_to_what_a_reader_needs(size: int, text: str) -> None:
    assert formats.filesize_text(size) == text


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("application/pdf", "PDF"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word"),
        ("image/webp", "WEBP"),
        ("application/x-7z-compressed", "7Z-COMPRESSED"),
    ],
)
def test_media_types_have_short_names(media_type: str, text: str) -> None:
    assert formats.filetype_text(media_type) == text


def test_a_day_is_marked_up_for_machines_too() -> None:
    assert formats.day_element("2025-08-22") == '<time datetime="2025-08-22">22/08/2025</time>'
