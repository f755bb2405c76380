"""``/tim-kiem/theo-doi/``: pages where readers ask for alerts, confirm them and end them. They work without JavaScript.

The service keeps no address: the CMS does. A link in a mail only shows a button, because programs that look at mails
follow links; the one-click cancellation of RFC 8058 is the same POST.
"""

import logging
from abc import ABC, abstractmethod
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from jinja2 import Template
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from contract.addresses import SEARCH_PATH
from search.releases import Release
from search.request import SearchRequest, read_request
from search.service.alert_addresses import ALERTS_PATH, are_offered, parameters_of
from search.service.origins import comes_from_elsewhere
from search.service.runtime import runtime
from search.service.throttling import SearchThrottle
from search.service.views import HTML, nothing_here
from search.subscribing import NotAcceptedError, Subscriptions, UnreachableError
from search.texts import _
from site_theme.environment import environment
from site_theme.stylesheet import content_security_policy

log = logging.getLogger(__name__)

TOKEN = "ma"  # noqa: S105 - the name of a parameter
LONGEST_ADDRESS = 254
LONGEST_TOKEN = 300
RETRY_SECONDS = "300"


class AlertsThrottle(SearchThrottle):
    """How many mails one connection may have sent."""

    scope = "alerts"


class AlertPage(APIView):
    """What the three pages share. Only those who send a form are counted by `AlertsThrottle`."""

    # Mail programs send the one-click cancellation as either.
    parser_classes = (FormParser, MultiPartParser)
    throttle_classes = (SearchThrottle,)

    def handle_exception(self, exc: Exception) -> HttpResponse:
        """Too many or unreadable requests, as a page."""
        refused = super().handle_exception(exc)
        if refused.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            text = _("Too many requests came from your connection. Please try again in an hour.")
        else:
            text = _("This address does not take such a request.")
        response = _page(refused.status_code, problem=text)
        for name in ("Retry-After", "Allow"):
            if name in refused.headers:
                response.headers[name] = refused.headers[name]
        return response


class AskPage(AlertPage):
    """The form for one search, and what happens next."""

    def get_throttles(self) -> list[BaseThrottle]:
        """Looking at the form costs nothing."""
        return [AlertsThrottle()] if self.request.method == "POST" else super().get_throttles()

    def get(self, request: Request) -> HttpResponse:
        """The form."""
        return self._form(read_request(request.query_params), HTTPStatus.OK)

    def post(self, request: Request) -> HttpResponse:
        """Pass the wish on. The answer says nothing of whether the address is known."""
        if comes_from_elsewhere(request):
            return _page(HTTPStatus.FORBIDDEN, problem=_("This address does not take such a request."))
        asked, address = read_request(request.data), request.data.get("address", "").strip()
        parameters = parameters_of(asked)
        if not are_offered() or not parameters or not 3 <= len(address) <= LONGEST_ADDRESS:
            return self._form(asked, HTTPStatus.BAD_REQUEST, address)
        try:
            _subscriptions().ask(address, parameters)
        except NotAcceptedError:
            return self._form(asked, HTTPStatus.BAD_REQUEST, address)
        except UnreachableError as error:
            return _unavailable(error)
        return _page(HTTPStatus.OK, state="sent", query=asked.query)

    @staticmethod
    def _form(asked: SearchRequest, status: HTTPStatus, address: str = "") -> HttpResponse:
        parameters = parameters_of(asked)
        if not are_offered():
            return _page(HTTPStatus.NOT_FOUND, problem=_("This site does not send alerts."))
        if not parameters:
            return _page(HTTPStatus.BAD_REQUEST, problem=_("Search for something first; then you can follow it."))
        error = _("This is not an e-mail address. Write it like ten@example.vn.") if status >= 400 else None
        return _page(
            status,
            state="ask",
            query=asked.query,
            parameters=parameters,
            address=address[:LONGEST_ADDRESS],
            error=error,
        )


class TokenPage(AlertPage, ABC):
    """A page that a mail links to: a button first, and what it did."""

    state = ""

    def get(self, request: Request) -> HttpResponse:
        """The button. Whether the token is good is told when it is pressed."""
        token = request.query_params.get(TOKEN, "")[:LONGEST_TOKEN]
        return _page(HTTPStatus.OK, state=self.state, token=token)

    def post(self, request: Request) -> HttpResponse:
        """Do it; doing it twice is the same as once."""
        # The one-click cancellation has the token in its address and a body of its own.
        token = request.query_params.get(TOKEN) or request.data.get(TOKEN, "")
        try:
            if not token or len(token) > LONGEST_TOKEN:
                raise NotAcceptedError
            return self.done(token)
        except NotAcceptedError:
            text = _("This link does not hold any more. Ask for the alert again if you want it.")
            return _page(HTTPStatus.NOT_FOUND, problem=text)
        except UnreachableError as error:
            return _unavailable(error)

    @abstractmethod
    def done(self, token: str) -> HttpResponse:
        """The page after the deed. Raises `NotAcceptedError` and `UnreachableError`."""


class ConfirmPage(TokenPage):
    """Confirms what was asked for."""

    state = "confirm"

    def done(self, token: str) -> HttpResponse:
        """Names the searches that are followed from now on."""
        return _page(HTTPStatus.OK, state="confirmed", searches=_subscriptions().confirm(token))


class CancelPage(TokenPage):
    """Ends one alert or all of them."""

    state = "cancel"

    def done(self, token: str) -> HttpResponse:
        """The same for an alert that ended long ago."""
        _subscriptions().cancel(token)
        return _page(HTTPStatus.OK, state="cancelled")


def _unavailable(error: UnreachableError) -> HttpResponse:
    log.warning("a wish for an alert could not be passed on: %s", error)
    text = _("Alerts cannot be changed right now. Nothing was changed; please try again in a few minutes.")
    response = _page(HTTPStatus.SERVICE_UNAVAILABLE, problem=text)
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def _page(status: int, **values: Any) -> HttpResponse:
    """The page of the theme, which needs a release to take the site's name from."""
    release = runtime().live.get()
    if release is None:
        return nothing_here()
    html = _template().render(_context(release, values))
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": content_security_policy()}
    return HttpResponse(html, content_type=HTML, status=int(status), headers=headers)


def _context(release: Release, values: dict[str, Any]) -> dict[str, Any]:
    page = {
        "kind": "alert",
        "path": ALERTS_PATH,
        "title": _("Alerts by e-mail"),
        "description": "",
        "breadcrumbs": [{"title": _("Home"), "path": "/"}, {"title": _("Search"), "path": SEARCH_PATH}],
    }
    nothing: dict[str, Any] = {
        "state": "",
        "query": "",
        "parameters": {},
        "address": "",
        "error": None,
        "token": "",
        "searches": [],
    }
    return {"site": release.site_facts, "page": page, "problem": None, **nothing, **values}


@cache
def _template() -> Template:
    return environment().get_template("alert.html")


@cache
def _connected(origin: str, token: str) -> Subscriptions:
    return Subscriptions(origin, token)


def _subscriptions() -> Subscriptions:
    if not settings.CMS_URL:
        raise UnreachableError("CMS_URL is not set")
    return _connected(settings.CMS_URL, settings.SEARCH_TOKEN)
