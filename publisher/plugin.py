"""The Pelican plugin: Pelican, over zero files, lends its templates and its writer to the pages of the plan.

Three habits of Pelican are turned off here. Its templates get the whole settings and context; ours get the data of
`pages.Contents` and nothing else. Its readers (Markdown lets <script> through) are all disabled. And it logs a broken
plugin and goes on; `Engine` checks that generator and writer were really made.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pelican
from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError
from pelican import signals
from pelican.generators import Generator
from pelican.log import console
from pelican.settings import read_settings
from pelican.writers import Writer

from publisher import disk
from publisher.compression import compressed_copies, is_compressed
from publisher.errors import BuildError
from publisher.settings import Settings
from site_theme.environment import THEME, jinja_settings

_ENGINE = "PUBLISHER_ENGINE"
# Every extension Pelican would read on its own.
_READERS = ("rst", "md", "markdown", "mkd", "mdown", "htm", "html")
_PAGE_TYPES = ("ARTICLE", "PAGE", "DRAFT", "DRAFT_PAGE", "CATEGORY", "TAG", "AUTHOR")
_INDEX_TYPES = ("ARCHIVES", "CATEGORIES", "TAGS", "AUTHORS")


class ReleaseWriter(Writer):
    """Writes finished pages, each with its compressed copies beside it."""

    def write_page(self, path: Path, data: bytes) -> None:
        """Write one page into a directory that is there."""
        disk.write(path, data)
        if is_compressed(path.name):
            for suffix, copy in compressed_copies(data).items():
                disk.write(path.with_name(path.name + suffix), copy)


class ReleaseGenerator(Generator):
    """Renders pages with the theme. It stays, with its compiled templates, as long as the process."""

    def generate_context(self) -> None:
        """Nothing: there is no shared context."""

    def generate_output(self, writer: ReleaseWriter) -> None:
        """Take up work: from now on pages can be rendered and written.

        All templates are read now: a theme installed while a long build runs must not give pages of two themes.
        """
        for path in sorted((THEME / "templates").glob("*.html")):
            self.env.get_template(path.name)
        engine: Engine = self.settings[_ENGINE]
        engine.take_up(self, writer)

    def render(self, template: str, data: dict[str, Any]) -> str:
        """One page as HTML. Raises `BuildError` for a template that is missing or does not compile."""
        try:
            return str(self.env.get_template(template).render(data))
        except (TemplateSyntaxError, TemplateNotFound) as error:
            raise BuildError(f"the template {template} is broken: {error}") from error


class Engine:
    """Pelican, set up once and kept: its generator renders, its writer writes."""

    def __init__(self, settings: Settings) -> None:
        """Set Pelican up. Raises `BuildError`."""
        self._generator: ReleaseGenerator | None = None
        self._writer: ReleaseWriter | None = None
        console.quiet = True  # it would print "Processed 0 articles"
        with tempfile.TemporaryDirectory(prefix="publisher-") as empty:
            engine = pelican.Pelican(self._settings(settings, empty))
            if __name__ not in engine.settings["PLUGINS"]:
                raise BuildError("Pelican could not register the publisher's plugin; its log says why")
            try:
                engine.run()
            except TemplateError as error:
                raise BuildError(f"a template of the theme is broken: {error}") from error
        if self._generator is None or self._writer is None:
            raise BuildError("Pelican ended without taking up work")

    def take_up(self, generator: ReleaseGenerator, writer: ReleaseWriter) -> None:
        """Called by the generator when Pelican runs it."""
        self._generator, self._writer = generator, writer

    @property
    def generator(self) -> ReleaseGenerator:
        """What renders."""
        if self._generator is None:
            raise BuildError("Pelican has no generator")
        return self._generator

    @property
    def writer(self) -> ReleaseWriter:
        """What writes."""
        if self._writer is None:
            raise BuildError("Pelican has no writer")
        return self._writer

    def _settings(self, settings: Settings, empty: str) -> dict[str, Any]:
        theme = jinja_settings()
        # A theme that changes under a running process would give pages of two themes: it counts from the next start.
        theme["JINJA_ENVIRONMENT"] = theme["JINJA_ENVIRONMENT"] | {"auto_reload": False}
        if not theme["JINJA_ENVIRONMENT"].get("autoescape"):
            raise BuildError("the theme's environment does not escape: titles would be read as HTML")
        override: dict[str, Any] = {
            "PATH": empty,
            "OUTPUT_PATH": f"{empty}/output",
            "THEME": str(THEME),
            "PLUGINS": ["publisher.plugin"],
            "READERS": dict.fromkeys(_READERS),
            "SITENAME": settings.site_name,
            "SITEURL": settings.site_url,
            "TIMEZONE": "Asia/Ho_Chi_Minh",
            "DEFAULT_LANG": "vi",
            "LOCALE": ["C.UTF-8", "C"],
            "TYPOGRIFY": False,
            "CACHE_CONTENT": False,
            "LOAD_CONTENT_CACHE": False,
            "DIRECT_TEMPLATES": [],
            "PAGINATED_TEMPLATES": {},
            "ARTICLE_PATHS": [],
            "PAGE_PATHS": [],
            "STATIC_PATHS": [],
            "THEME_STATIC_PATHS": [],
            "TEMPLATE_PAGES": {},
            "FEED_ALL_ATOM": None,
            "CATEGORY_FEED_ATOM": None,
            "AUTHOR_FEED_ATOM": None,
            "AUTHOR_FEED_RSS": None,
            "TRANSLATION_FEED_ATOM": None,
            **{f"{name}_SAVE_AS": "" for name in (*_PAGE_TYPES, *_INDEX_TYPES)},
            **theme,
            _ENGINE: self,
        }
        return dict(read_settings(override=override))


@cache
def engine_for(settings: Settings) -> Engine:
    """The one engine of this process for these settings."""
    return Engine(settings)


def _generators(_: pelican.Pelican) -> type[Generator]:
    return ReleaseGenerator


def _writer(_: pelican.Pelican) -> type[Writer]:
    return ReleaseWriter


def register() -> None:
    """Pelican's entry to a plugin. Connecting twice is connecting once."""
    signals.get_generators.connect(_generators)
    signals.get_writer.connect(_writer)
