"""``/tim-kiem/atom/?q=…``: any search as an Atom feed, newest first, for whoever wants to be told of what is new."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.feedgenerator import Atom1Feed
from rest_framework.request import Request

from contract.addresses import SEARCH_PATH
from search.answers import Result
from search.request import SearchRequest, Sort, read_request
from search.service.runtime import runtime
from search.service.views import SEARCH_CACHE, SearchPage, nothing_here
from search.texts import _

ATOM = "application/atom+xml; charset=utf-8"
FEED_PATH = f"{SEARCH_PATH}atom/"


class SearchFeed(SearchPage):
    """The newest results; refuses as the search page does."""

    def get(self, request: Request) -> HttpResponse:
        """The feed of the search that the query parameters describe."""
        held = runtime()
        release = held.live.get()
        if release is None:
            return nothing_here()
        asked = read_request({**request.query_params.dict(), "sort": Sort.NEWEST.value, "page": "1", "after": ""})
        answer = held.engines.answer(asked, release)
        site = release.site_facts
        feed = Atom1Feed(
            title=f"{_('Search')}: {asked.query} – {site.name}" if asked.query else site.name,
            link=site.base_url + asked.address(1),
            feed_url=site.base_url + feed_address(asked),
            description="",
            language="vi",
        )
        for result in answer.results:
            feed.add_item(**_entry(result, site.base_url))
        return HttpResponse(feed.writeString("utf-8"), content_type=ATOM, headers={"Cache-Control": SEARCH_CACHE})


def feed_address(request: SearchRequest) -> str:
    """Where the feed of a search is."""
    return FEED_PATH + request.address(1).removeprefix(SEARCH_PATH)


def _entry(result: Result, base_url: str) -> dict[str, Any]:
    heading = " ".join(filter(None, (result.type_name, result.number)))
    return {
        "title": f"{heading}: {result.title}" if heading else result.title,
        "link": base_url + result.url,
        "unique_id": f"urn:uuid:{result.id}",
        "updateddate": datetime.fromisoformat(result.published_at),
        "pubdate": datetime.fromisoformat(result.published_at),
        "description": " … ".join(passage.html.striptags() for passage in result.passages) or result.title,
    }
