"""The Jinja environment of the theme, the same for Pelican, preview and search service."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from site_theme import formats
from site_theme.prose import prose
from site_theme.provisions import cited, heading, marker
from site_theme.scripts import completion_script, completion_style
from site_theme.stylesheet import inline_stylesheet
from site_theme.texts import VietnameseTexts

THEME = Path(__file__).parent
"""The theme's directory as Pelican's `THEME` wants it: holds ``templates/`` and ``static/``."""


def jinja_settings() -> dict[str, Any]:
    """Pelican settings that make its Jinja environment equal to `environment()`.

    Pelican passes `JINJA_ENVIRONMENT` to `jinja2.Environment` as keyword arguments and switches neither autoescape nor
    strictness on by itself. The translations come with the extension, so they need no call after construction.
    """
    return {
        "JINJA_FILTERS": {
            "date": formats.date_text,
            "datetime": formats.datetime_text,
            "number": formats.number_text,
            "filesize": formats.filesize_text,
            "filetype": formats.filetype_text,
            "day": formats.day_element,
            "xmldate": formats.machine_date,
            "prose": prose,
            "marker": marker,
            "cited": cited,
            "heading": heading,
        },
        "JINJA_GLOBALS": {
            "stylesheet": inline_stylesheet,
            "completion_script": completion_script,
            "completion_style": completion_style,
        },
        "JINJA_ENVIRONMENT": {
            "autoescape": True,
            "undefined": StrictUndefined,
            "extensions": [VietnameseTexts],
            "trim_blocks": True,
            "lstrip_blocks": True,
            # The theme's templates are few: a plain dictionary, not one that keeps account of what was used last.
            "cache_size": -1,
        },
    }


def environment() -> Environment:
    """A Jinja environment over the theme's templates, for rendering outside Pelican."""
    settings = jinja_settings()
    # Autoescape is one of the settings; the linter does not see through the mapping.
    env = Environment(loader=FileSystemLoader(THEME / "templates"), **settings["JINJA_ENVIRONMENT"])  # noqa: S701
    env.filters.update(settings["JINJA_FILTERS"])
    env.globals.update(settings["JINJA_GLOBALS"])
    return env
