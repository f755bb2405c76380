"""Views: the search as JSON and as a page, health, and the release itself."""

from functools import cache
from http import HTTPStatus

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import http_date
from django.views.decorators.http import require_safe
from jinja2 import Environment
from markupsafe import escape
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contract.addresses import FILES_PATH
from search.releases import Release
from search.request import read_request
from search.service.headers import CONTENT_SECURITY_POLICY
from search.service.page_context import search_context
from search.service.readers import answer_reader
from search.service.released_files import ReleasedFile, ReleaseFiles, entity_tag
from search.service.runtime import runtime
from search.service.throttling import SearchThrottle
from search.texts import _
from site_theme.environment import environment
from site_theme.scripts import search_page_policy

HTML = "text/html; charset=utf-8"
# Short, because a withdrawn item must leave within seconds; long enough to take a rush on one query.
SEARCH_CACHE = "public, max-age=5"
# Always asked again, so that a withdrawal shows at once; the answer is mostly 304.
PAGE_CACHE = "no-cache"
# The name of a file contains the hash of its bytes.
FILE_CACHE = "public, max-age=31536000, immutable"
# Seconds after which to ask again while there is no release that can be read.
RETRY_SECONDS = "30"


class SearchApi(APIView):
    """``GET /api/search/``."""

    throttle_classes = (SearchThrottle,)

    def get(self, request: Request) -> Response:
        """Answer a search; query parameters never make it fail."""
        release = runtime().live.get()
        if release is None:
            detail = _why_there_is_nothing()
            return Response({"detail": detail}, HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": RETRY_SECONDS})
        answer = answer_reader(read_request(request.query_params), release)
        return Response(answer.to_json(), headers={"Cache-Control": SEARCH_CACHE})

    def handle_exception(self, exc: Exception) -> Response:
        """Throttled and refused requests, in Vietnamese."""
        response = super().handle_exception(exc)
        response.data = {"detail": _refusal(exc)}
        return response


class SearchPage(APIView):
    """``/tim-kiem/``: the same search, rendered with the theme of the site."""

    throttle_classes = (SearchThrottle,)

    def get(self, request: Request) -> HttpResponse:
        """The form, and below it the answer when something was asked."""
        release = runtime().live.get()
        if release is None:
            return nothing_here()
        asked = read_request(request.query_params)
        answer = None if asked.is_empty else answer_reader(asked, release)
        html = _theme().get_template("search.html").render(search_context(release, asked, answer))
        headers = {"Cache-Control": SEARCH_CACHE, "Content-Security-Policy": search_page_policy()}
        return HttpResponse(html, content_type=HTML, headers=headers)

    def handle_exception(self, exc: Exception) -> HttpResponse:
        """Throttled and refused requests, as a page."""
        refused = super().handle_exception(exc)
        response = _plain(_refusal(exc), refused.status_code)
        for name in ("Retry-After", "Allow"):
            if name in refused.headers:
                response.headers[name] = refused.headers[name]
        return response


def health(request: HttpRequest) -> JsonResponse:
    """Whether the service can answer, and from which release."""
    release = runtime().live.get()
    status = HTTPStatus.OK if release else HTTPStatus.SERVICE_UNAVAILABLE
    body = {"status": "ok" if release else "no release", "release": release.name if release else None}
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})


@require_safe
def released_page(request: HttpRequest, path: str) -> HttpResponse:
    """A page of the release as it was written, in the best encoding the reader takes."""
    release = runtime().live.get()
    if release is None:
        return nothing_here()
    files, address = _files(release), f"/{path}"
    found = files.page(address, request.headers.get("Accept-Encoding", ""))
    if found is not None:
        return _conditional(request, found)
    if files.lacks_slash(address):
        return HttpResponsePermanentRedirect(f"{request.path}/")
    if files.is_gone(address):
        return _error_page(request, files, HTTPStatus.GONE, _("This content has been taken down."))
    return _error_page(request, files, HTTPStatus.NOT_FOUND, _("This page does not exist."))


@require_safe
def released_file(request: HttpRequest, name: str) -> HttpResponse | FileResponse:
    """An attachment or picture. Only what cannot hold script is shown by the browser; the rest is saved."""
    release = runtime().live.get()
    found = _files(release).file(name) if release else None
    if found is None:
        return released_page(request, f"{FILES_PATH.lstrip('/')}{name}")
    state = found.path.stat()
    tag = f'"{state.st_size:x}-{name.rpartition("/")[2].encode().hex()[-32:]}"'
    response = get_conditional_response(request, etag=tag)
    if response is None:
        response = FileResponse(found.path.open("rb"), content_type=found.media_type, as_attachment=not found.inline)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = FILE_CACHE
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django itself did not find."""
    return _plain(_("This page does not exist."), HTTPStatus.NOT_FOUND)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A request Django refused to read."""
    return _plain(_("This address does not take such a request."), HTTPStatus.BAD_REQUEST)


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect of ours, told without details."""
    return _plain(_("Something went wrong on our side. Please try again in a minute."), 500)


def _files(release: Release) -> ReleaseFiles:
    return ReleaseFiles(settings.SITE_DIR, release.directory)


def _conditional(request: HttpRequest, found: ReleasedFile) -> HttpResponse:
    content = found.read()
    tag, changed = entity_tag(content, found.encoding), int(found.path.stat().st_mtime)
    response = get_conditional_response(request, etag=tag, last_modified=changed)
    if response is None:
        response = HttpResponse(content, content_type=found.media_type)
        if found.encoding:
            response.headers["Content-Encoding"] = found.encoding
    response.headers["ETag"] = tag
    response.headers["Last-Modified"] = http_date(changed)
    response.headers["Cache-Control"] = PAGE_CACHE
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _error_page(request: HttpRequest, files: ReleaseFiles, status: int, text: str) -> HttpResponse:
    """The release's own page for `status`, or a plain one where it has none."""
    found = files.notice(int(status), request.headers.get("Accept-Encoding", ""))
    if found is None:
        return _plain(text, status)
    headers = {"Cache-Control": PAGE_CACHE, "Vary": "Accept-Encoding"}
    if found.encoding:
        headers["Content-Encoding"] = found.encoding
    return HttpResponse(found.read(), content_type=HTML, status=status, headers=headers)


def nothing_here() -> HttpResponse:
    """Where there is no release that can be read."""
    response = _plain(_why_there_is_nothing(), HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def _why_there_is_nothing() -> str:
    if runtime().live.waits_for_another():
        return _("The site is being brought to a new version. Please try again in a few minutes.")
    return _("Nothing has been published here yet.")


def _plain(text: str, status: int) -> HttpResponse:
    """A page that needs no release and no theme."""
    html = (
        '<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(text)}</title><p>{escape(text)}</p></html>"
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HttpResponse(html, content_type=HTML, status=int(status), headers=headers)


def _refusal(error: Exception) -> str:
    if isinstance(error, APIException) and error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return _("Too many searches came from your connection. Please wait a minute and try again.")
    return _("This address does not take such a request.")


@cache
def _theme() -> Environment:
    return environment()
