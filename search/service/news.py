"""``POST /api/search/new/``: what is new for saved searches, for the CMS that mails it. With their token only."""

import hmac
import logging
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from elasticsearch import ApiError, TransportError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from search.answering import IncompleteAnswerError
from search.novelties import NotInStepError, SavedSearch, whats_new
from search.request import FACETS, read_request
from search.service.runtime import runtime

log = logging.getLogger(__name__)

MOST_SEARCHES = 100
RETRY_SECONDS = "60"


class IsTheCms(BasePermission):
    """``Authorization: Bearer <SEARCH_TOKEN>``, compared in constant time; nobody where no token is set."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the CMS asks."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        expected = settings.SEARCH_TOKEN
        return bool(expected) and scheme == "Bearer" and hmac.compare_digest(token.encode(), expected.encode())


class News(APIView):
    """Answers ``{"searches": [{"id", "since", "parameters": {"q", …}}]}`` with ``{"until", "answers": […]}``.

    `until` is the `since` of the next time. 400 for what is not such a question, 503 while there is no full answer.
    """

    permission_classes = (IsTheCms,)
    parser_classes = (JSONParser,)

    def post(self, request: Request) -> Response:
        """The new items of each search."""
        searches = _read(request.data)
        if searches is None:
            return _answer({"detail": "This is not a list of saved searches."}, HTTPStatus.BAD_REQUEST)
        held = runtime()
        release, engine = held.live.get(), held.engines.elasticsearch
        if release is None or engine is None:
            return _answer({"detail": "There is no release, or no Elasticsearch."}, HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            until, answers = whats_new(engine, release, searches)
        except (NotInStepError, IncompleteAnswerError, ApiError, TransportError) as error:
            log.warning("what is new cannot be said now: %s", type(error).__name__)
            return _answer({"detail": "Not now, try again."}, HTTPStatus.SERVICE_UNAVAILABLE)
        body = {"until": until.isoformat() if until else None, "answers": [answer.to_json() for answer in answers]}
        return _answer(body, HTTPStatus.OK)


def _read(data: Any) -> list[SavedSearch] | None:
    asked = data.get("searches") if isinstance(data, Mapping) else None
    if not isinstance(asked, list) or len(asked) > MOST_SEARCHES:
        return None
    try:
        return [_saved(entry) for entry in asked]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _saved(entry: Mapping[str, Any]) -> SavedSearch:
    """Raises `KeyError`, `TypeError`, `ValueError` or `AttributeError` for what is none."""
    since = datetime.fromisoformat(entry["since"])
    if since.tzinfo is None:
        raise ValueError("a time without its zone")
    parameters = {name: str(value) for name, value in entry["parameters"].items() if name in ("q", *FACETS)}
    return SavedSearch(str(UUID(entry["id"])), read_request(parameters), since)


def _answer(body: dict[str, Any], status: HTTPStatus) -> Response:
    headers = {"Cache-Control": "no-store"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_SECONDS
    return Response(body, status, headers=headers)
