"""Reads settings from the environment. A missing or malformed one is remembered and reported by the system checks."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# (setting, what is wrong, what to do); `cms.checks` turns these into system checks, so that a start fails with all of
# them at once instead of with the first traceback.
problems: list[tuple[str, str, str]] = []


def text(name: str, default: str = "") -> str:
    """The variable `name`, trimmed, or `default`."""
    return os.environ.get(name, default).strip()


def required(name: str, remedy: str, minimum: int = 1) -> str:
    """The variable `name`; missing or shorter than `minimum` characters, it is noted as a problem with `remedy`."""
    value = text(name)
    if len(value) < minimum:
        state = "is not set" if not value else f"is shorter than {minimum} characters"
        problems.append((name, state, remedy))
    return value


def different(name: str, other: str) -> None:
    """Note it as a problem when the variables `name` and `other` are set to the same value."""
    if text(name) and text(name) == text(other):
        problems.append((name, f"is the same as {other}", f"give {name} a value of its own"))


def items(name: str, default: str = "") -> list[str]:
    """A comma-separated variable as a list without empty entries."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the `allowed` words; another one is noted as a problem and `default` used."""
    value = text(name) or default
    if value in allowed:
        return value
    problems.append((name, f"is {value!r}", f"use one of {', '.join(allowed)}"))
    return default


def rate(name: str, default: str) -> str:
    """A throttle rate such as 240/min; anything else is noted as a problem and `default` used."""
    value = text(name) or default
    if re.fullmatch(r"[1-9][0-9]*/(s|sec|second|m|min|minute|h|hour|d|day)", value):
        return value
    problems.append((name, f"is {value!r}", f"write it like {default}"))
    return default


def address(name: str, default: str) -> str:
    """An http or https address; anything else is noted as a problem and `default` used."""
    value = text(name) or default
    if re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        return value
    problems.append((name, f"is {value!r}, not an address", f"write it like {default}"))
    return default


def directory(name: str, default: Path) -> Path:
    """A directory path; relative ones count from the top of the project."""
    value = text(name)
    return (ROOT / value) if value else default
