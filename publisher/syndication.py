"""Atom feeds of summaries, the sitemap and robots.txt. Reproducible: every date comes from the items."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any
from xml.sax.saxutils import escape

from feedgenerator import Atom1Feed

from contract.addresses import SEARCH_PATH
from contract.release import SiteFacts
from publisher.outline import Outline

FEED_ITEMS = 30
_SITEMAP_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class _DatedAtomFeed(Atom1Feed):
    """An Atom feed that never looks at the clock: without items it is as old as time."""

    def latest_post_date(self) -> datetime:
        dates = [item["updateddate"] for item in self.items]
        return max(dates, default=datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class SitemapEntry:
    """An address in the sitemap and the day it last changed, where that is known."""

    path: str
    changed: date | None = None


def atom(site: SiteFacts, title: str, path: str, feed_path: str, items: Sequence[Outline]) -> str:
    """The Atom feed of the newest items; `items` newest first, `path` is the page the feed belongs to."""
    feed: Any = _DatedAtomFeed(
        title=title,
        link=site.base_url + path,
        description=site.tagline,
        subtitle=site.tagline or None,
        language="vi",
        author_name=site.name,
        feed_url=site.base_url + feed_path,
    )
    for item in items:
        feed.add_item(
            title=item.title,
            link=site.base_url + item.path,
            unique_id=f"urn:uuid:{item.id}",
            # None leaves the element out; a summary is not obligatory in Atom when there is a link.
            description=item.summary or None,
            pubdate=item.published_at,
            updateddate=item.updated_at,
            categories=[name for _, name in item.topics] or None,
        )
    text = StringIO()
    feed.write(text, "utf-8")
    return text.getvalue()


def sitemap(site: SiteFacts, entries: Iterable[SitemapEntry]) -> str:
    """One chunk of the sitemap."""
    lines = [
        f"<url><loc>{escape(site.base_url + entry.path)}</loc>"
        + (f"<lastmod>{entry.changed.isoformat()}</lastmod>" if entry.changed else "")
        + "</url>"
        for entry in entries
    ]
    return f"{_XML}<urlset {_SITEMAP_NAMESPACE}>\n" + "".join(f"{line}\n" for line in lines) + "</urlset>\n"


def sitemap_index(site: SiteFacts, paths: Iterable[str]) -> str:
    """The list of the chunks."""
    lines = "".join(f"<sitemap><loc>{escape(site.base_url + path)}</loc></sitemap>\n" for path in paths)
    return f"{_XML}<sitemapindex {_SITEMAP_NAMESPACE}>\n{lines}</sitemapindex>\n"


def robots(site: SiteFacts) -> str:
    """robots.txt: everything but the search, whose pages are endless."""
    return f"User-agent: *\nDisallow: {SEARCH_PATH}\n\nSitemap: {site.base_url}/sitemap.xml\n"
