"""Reads settings from the environment. A missing or malformed one is remembered and reported by the system checks."""

import os
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
    return value or f"missing-{name.lower()}"


def items(name: str, default: str = "") -> list[str]:
    """A comma-separated variable as a list without empty entries."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def number(name: str, default: int) -> int:
    """A whole number; a value that is none is noted as a problem and `default` used."""
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        problems.append((name, f"is {value!r}, not a whole number", f"write it like {name}={default}"))
        return default


def directory(name: str, default: Path) -> Path:
    """A directory path; relative ones count from the top of the project."""
    value = text(name)
    return (ROOT / value) if value else default
