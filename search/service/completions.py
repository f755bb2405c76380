"""``GET /api/search/completions/?q=``: what a query that is being typed may become. Nothing of it is kept."""

from http import HTTPStatus

from rest_framework.request import Request
from rest_framework.response import Response

from search.completing import complete
from search.service.runtime import runtime
from search.service.throttling import CompletionsThrottle
from search.service.views import RETRY_SECONDS, SEARCH_CACHE, SearchApi
from search.texts import _


class CompletionsApi(SearchApi):
    """Answers while a reader types; refuses as the search does."""

    throttle_classes = (CompletionsThrottle,)

    def get(self, request: Request) -> Response:
        """The completions of ``q``; no text makes it fail."""
        held = runtime()
        release = held.live.get()
        if release is None:
            detail = _("Nothing has been published here yet.")
            return Response({"detail": detail}, HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": RETRY_SECONDS})
        found = complete(request.query_params.get("q", ""), held.lexicon, release, release.vocabulary.queries)
        body = {"completions": [completion.to_json() for completion in found]}
        return Response(body, headers={"Cache-Control": SEARCH_CACHE})
