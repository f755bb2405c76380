"""Pelican renders the theme exactly as the other programs do."""

from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from pelican.generators import Generator
from pelican.settings import read_settings

from site_theme.environment import THEME, jinja_settings
from tests.site_theme.rendering import NAMES, rendered
from tests.site_theme.samples import pages


def pelican_environment(tmp_path: Path) -> Any:
    override = {"PATH": str(tmp_path), "THEME": str(THEME), "PLUGINS": [], **jinja_settings()}
    settings = read_settings(override=override)
    return Generator({}, settings, str(tmp_path), str(THEME), str(tmp_path)).env


def test_pelican_escapes_is_strict_and_gives_the_same_bytes(tmp_path: Path) -> None:
    env = pelican_environment(tmp_path)
    assert env.autoescape is True
    assert env.undefined is StrictUndefined
    for name in NAMES:
        template, data = pages()[name]
        assert env.get_template(template).render(data) == rendered(name)
