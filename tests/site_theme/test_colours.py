"""The colours of the stylesheet keep the contrast of WCAG 2.2 AAA (1.4.6) in light and dark."""

import re

import pytest

from site_theme.stylesheet import STYLESHEET

CSS = STYLESHEET.read_text(encoding="utf-8")

TEXT_PAIRS = [
    *((text, paper) for text in ("ink", "soft", "link", "seen") for paper in ("paper", "sheet", "note")),
    *(("on-" + name, name) for name in ("band", "mark", "note", "good", "wait", "warn", "over")),
    ("gold", "band"),
]
CONTROL_PAIRS = [("edge", "paper"), ("edge", "sheet"), ("focus", "paper"), ("focus", "sheet"), ("star", "band")]


def variables(scheme: str) -> dict[str, str]:
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{([^}]*)\}", CSS)[:2]
    )
    return light if scheme == "light" else {**light, **dark}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "paper"), TEXT_PAIRS)
def test_text_stands_out_seven_to_one(scheme: str, text: str, paper: str) -> None:
    colours = variables(scheme)
    assert contrast(colours[text], colours[paper]) >= 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("control", "paper"), CONTROL_PAIRS)
def test_borders_of_controls_and_the_focus_stand_out_three_to_one(scheme: str, control: str, paper: str) -> None:
    colours = variables(scheme)
    assert contrast(colours[control], colours[paper]) >= 3


def test_body_text_stands_out_ten_to_one() -> None:
    assert all(contrast(variables(s)["ink"], variables(s)["paper"]) >= 10 for s in ("light", "dark"))


def test_the_measure_of_contrast_is_that_of_wcag() -> None:
    assert round(contrast("#fff", "#000"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54
