"""The Pelican plugin: Pelican renders ready snapshots over zero files, with data declared page by page.

Three habits of Pelican are turned off here. Its templates get the whole settings and context; ours get the data of
`pages.Page` and nothing else. Its readers (Markdown lets <script> through) are all disabled. And it logs a broken
plugin and goes on; `render` checks that the pages were really made.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pelican
from jinja2 import BytecodeCache, TemplateNotFound, TemplateSyntaxError
from jinja2.bccache import Bucket
from pelican import signals
from pelican.generators import Generator
from pelican.log import console
from pelican.settings import read_settings
from pelican.writers import Writer

from publisher.errors import BuildError, ItemsFailedError
from publisher.pages import Page, TemplatePage
from publisher.settings import Settings
from publisher.staging import Staging
from site_theme.environment import THEME, jinja_settings

_JOB = "PUBLISHER_JOB"
# Every extension Pelican would read on its own.
_READERS = ("rst", "md", "markdown", "mkd", "mdown", "htm", "html")


@dataclass
class Job:
    """What Pelican is to make, and what came of it."""

    pages: tuple[Page, ...]
    staging: Staging
    # Wraps the pages for a progress bar.
    watch: Callable[[tuple[Page, ...]], Iterator[Page]]
    html: dict[str, bytes] = field(default_factory=dict)
    done: bool = False


class _MemoryBytecodeCache(BytecodeCache):
    """Compiled templates, kept as long as the process: Pelican makes four environments for every build."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._compiled.get(bucket.key + bucket.checksum)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


_BYTECODE = _MemoryBytecodeCache()


class ReleaseWriter(Writer):
    """Hands finished pages to the release in the making, which checks paths, shares unchanged files and compresses."""

    def write_page(self, job: Job, file: str, text: str) -> None:
        """Write one page. Raises `BuildError` if the page was written before."""
        job.staging.write_page(file, text.encode())


class ReleaseGenerator(Generator):
    """Renders the pages of the plan. A page whose item is at fault is reported after all; any other fault ends it."""

    def generate_context(self) -> None:
        """Nothing: there is no shared context."""

    def generate_output(self, writer: ReleaseWriter) -> None:
        """Render and write every page. Raises `ItemsFailedError` after trying all, `BuildError` for a broken theme."""
        job: Job = self.settings[_JOB]
        failed: dict[UUID, str] = {}
        tried: dict[str, list[bool]] = {}
        for page in job.watch(job.pages):
            if not isinstance(page, TemplatePage):
                writer.write_page(job, page.file, page.text())
                continue
            html = self._rendered(page, failed)
            tried.setdefault(page.template, []).append(html is not None)
            if html is not None:
                writer.write_page(job, page.file, html)
                job.html[page.file] = html.encode()
        _raise_failures(failed, tried)
        job.done = True

    def _rendered(self, page: TemplatePage, failed: dict[UUID, str]) -> str | None:
        try:
            template = self.env.get_template(page.template)
            return str(template.render(page.data()))
        except (TemplateSyntaxError, TemplateNotFound) as error:
            raise BuildError(f"the template {page.template} is broken: {error}") from error
        except Exception as error:
            # Whatever the data of one item provokes must not stop the others.
            reason = f"{type(error).__name__}: {error}"
            if page.item is None:
                raise BuildError(f"the page {page.file} cannot be rendered: {reason}") from error
            failed[page.item] = reason
            return None


def _raise_failures(failed: dict[UUID, str], tried: dict[str, list[bool]]) -> None:
    """One template that fails for all of several items is at fault itself, and no reason to empty the site."""
    for template, results in tried.items():
        if len(results) > 1 and not any(results):
            raise BuildError(f"the template {template} fails for every item: {next(iter(failed.values()))}")
    if failed:
        raise ItemsFailedError(failed)


def _generators(_: pelican.Pelican) -> type[Generator]:
    return ReleaseGenerator


def _writer(_: pelican.Pelican) -> type[Writer]:
    return ReleaseWriter


def register() -> None:
    """Pelican's entry to a plugin. Connecting twice is connecting once."""
    signals.get_generators.connect(_generators)
    signals.get_writer.connect(_writer)


def render(job: Job, settings: Settings) -> None:
    """Let Pelican make the pages of `job`. Raises `ItemsFailedError` or `BuildError`."""
    console.quiet = True  # it would print "Processed 0 articles"
    with tempfile.TemporaryDirectory(prefix="publisher-") as empty:
        engine = pelican.Pelican(_pelican_settings(job, settings, empty))
        if __name__ not in engine.settings["PLUGINS"]:
            raise BuildError("Pelican could not register the publisher's plugin; its log says why")
        engine.run()
    if not job.done:
        raise BuildError("Pelican ended without making the pages")


def _pelican_settings(job: Job, settings: Settings, empty: str) -> dict[str, Any]:
    theme = jinja_settings()
    theme["JINJA_ENVIRONMENT"] = theme["JINJA_ENVIRONMENT"] | {"bytecode_cache": _BYTECODE}
    if not theme["JINJA_ENVIRONMENT"].get("autoescape"):
        raise BuildError("the theme's environment does not escape: titles would be read as HTML")
    nothing = dict.fromkeys(
        (
            "ARTICLE",
            "PAGE",
            "DRAFT",
            "DRAFT_PAGE",
            "CATEGORY",
            "TAG",
            "AUTHOR",
            "ARCHIVES",
            "CATEGORIES",
            "TAGS",
            "AUTHORS",
        )
    )
    override: dict[str, Any] = {
        "PATH": empty,
        "OUTPUT_PATH": str(job.staging.directory / "pages"),
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
        **{f"{name}_SAVE_AS": "" for name in nothing},
        **theme,
        _JOB: job,
    }
    return dict(read_settings(override=override))
