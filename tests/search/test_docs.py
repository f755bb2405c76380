"""docs/search.md says what there is: settings, commands, parameters."""

import re
from pathlib import Path

import pytest

from search.__main__ import _parser
from search.request import FACETS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


def settings_read() -> set[str]:
    sources = [ROOT / "search" / "service" / name for name in ("settings.py", "serving.py")]
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    return set(re.findall(r'(?:environ\.get|_path)\(\s*"([A-Z_]+)"', text))


def test_settings_are_found_in_the_sources() -> None:
    assert {"SITE_DIR", "ELASTICSEARCH_URL", "PORT"} <= settings_read()


@pytest.mark.parametrize("name", sorted(settings_read()))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("command", ["follow", "rebuild", "check", "serve"])
def test_every_command_is_there_and_documented(command: str) -> None:
    assert f"python -m search {command}" in PAGE
    assert command in _parser().format_help()


@pytest.mark.parametrize("parameter", ["q", "page", "scope", "sort", *FACETS])
def test_every_parameter_is_documented(parameter: str) -> None:
    assert f"`{parameter}`" in PAGE
