"""``POST /api/search/clicks/?position=N``: a browser says that a result was opened.

Links of results carry it as their `ping`, which browsers send beside the click: no script, no cookie, and a browser
that sends none loses nothing. Only the position is counted; the headers that name the two pages are not looked at.
"""

from http import HTTPStatus

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from search.counting import LAST_POSITION
from search.service.origins import comes_from_elsewhere
from search.service.runtime import runtime
from search.service.throttling import SearchThrottle


class ClickThrottle(SearchThrottle):
    """As many clicks as searches, with a budget of their own."""

    def get_cache_key(self, request: object, view: object) -> str:
        """By the address of the reader."""
        return f"click-{super().get_cache_key(request, view)}"


class Clicks(APIView):
    """Counts one click."""

    throttle_classes = (ClickThrottle,)

    def post(self, request: Request) -> Response:
        """204 when it was counted, 400 without a position there is, 403 when another site's page sends it."""
        if comes_from_elsewhere(request):
            return _answer(HTTPStatus.FORBIDDEN)
        position = request.query_params.get("position", "")
        if not (position.isascii() and position.isdecimal() and len(position) <= 3 and int(position) <= LAST_POSITION):
            return _answer(HTTPStatus.BAD_REQUEST)
        runtime().counts.clicked(int(position))
        return _answer(HTTPStatus.NO_CONTENT)


def _answer(status: HTTPStatus) -> Response:
    return Response(status=status, headers={"Cache-Control": "no-store"})
