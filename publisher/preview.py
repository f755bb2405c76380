"""Shows an editor a draft as the reading site would show it: same context builder, same templates, kept nowhere.

A plain WSGI application. Whatever is wrong (no token, a bad one, a CMS that is down, an invalid draft) gets the same
answer, so that nobody learns anything from it.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from gunicorn.app.base import BaseApplication
from jinja2 import Environment, TemplateError
from pydantic import ValidationError

from contract.models import Snapshot
from publisher import wording
from publisher.context import notice_data
from publisher.derive import Facts
from publisher.engine import REPLICA, today
from publisher.entry import clean
from publisher.errors import PublisherError
from publisher.pages import NOT_FOUND, Pages, is_dynamic, preview_contents
from publisher.replica import Replica
from publisher.settings import Settings
from site_theme.environment import environment
from site_theme.stylesheet import content_security_policy

logger = logging.getLogger(__name__)

PATH = "/preview/"
CMS_PATH = "/api/v1/preview/"
TIMEOUT = 10.0  # seconds
MAX_TOKEN = 2000

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class NoPreviewError(Exception):
    """There is nothing to show. The reason is for the log and never holds the token."""


class PreviewApplication:
    """Answers ``GET /preview/?token=…``."""

    def __init__(self, cms: str, site: Path | None, settings: Settings) -> None:
        self._cms = cms.rstrip("/")
        self._database = site / REPLICA if site is not None else None
        self._settings = settings
        self._environment: Environment = environment()

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
                raise NoPreviewError("not the address of the preview")
            body = self._page(_token(environ))
            status = "200 OK"
        except NoPreviewError as error:
            logger.info("no preview: %s", error)
            body = self._not_found()
            status = "404 Not Found"
        data = body.encode()
        start_response(status, [*self._headers(), ("Content-Length", str(len(data)))])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [data]

    def _page(self, token: str) -> str:
        snapshot = self._draft(token)
        try:
            with closing(self._replica()) as replica:
                template, data = self._contents(replica, snapshot)
        except (sqlite3.Error, PublisherError) as error:
            raise NoPreviewError(f"the replica cannot be read: {error}") from error
        try:
            return str(self._environment.get_template(template).render(data))
        except TemplateError as error:
            raise NoPreviewError(f"the page cannot be rendered: {error}") from error

    def _contents(self, replica: Replica, snapshot: Snapshot) -> tuple[str, dict[str, Any]]:
        """The page of the site as it would be with the draft in place of its live version."""
        pages = Pages(Facts(replica, today(), snapshot), self._settings)

        def exists(path: str) -> bool:
            return path == snapshot.path or is_dynamic(path) or replica.is_page(path)

        return preview_contents(pages, snapshot, exists)

    def _replica(self) -> Replica:
        """What is live; empty while nothing was published."""
        if self._database is None or not self._database.exists():
            return Replica(None, self._settings.site_url)
        return Replica(self._database, self._settings.site_url, writable=False)

    def _draft(self, token: str) -> Snapshot:
        headers = {"Authorization": f"Bearer {self._settings.feed_token}"}
        try:
            response = httpx.get(self._cms + CMS_PATH, params={"token": token}, headers=headers, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            raise NoPreviewError(f"the CMS cannot be reached ({type(error).__name__})") from None
        if response.status_code != 200:
            raise NoPreviewError(f"the CMS answers {response.status_code}")
        try:
            return clean(Snapshot.model_validate(response.json()["snapshot"]))
        except ValidationError as error:
            raise NoPreviewError(f"the draft breaks the schema in {error.error_count()} places") from None
        except (ValueError, KeyError, TypeError):
            raise NoPreviewError("the CMS does not answer with a draft") from None

    def _not_found(self) -> str:
        with closing(Replica(None, self._settings.site_url)) as nothing:
            site = Pages(Facts(nothing, today()), self._settings).site
        data = notice_data(site, NOT_FOUND, "not_found", wording.NOT_FOUND_TITLE)
        return str(self._environment.get_template("not_found.html").render(data))

    def _headers(self) -> list[tuple[str, str]]:
        # The frame stands in the editor's browser, which knows the CMS by its public name.
        editor = self._settings.cms_url or self._cms
        policy = content_security_policy().replace("frame-ancestors 'none'", f"frame-ancestors {editor}")
        return [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex, nofollow"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", policy),
        ]


def _token(environ: Mapping[str, Any]) -> str:
    tokens = parse_qs(str(environ.get("QUERY_STRING", ""))).get("token", [])
    if len(tokens) != 1 or len(tokens[0]) > MAX_TOKEN:
        raise NoPreviewError("no token")
    return tokens[0]


class _Server(BaseApplication):
    def __init__(self, application: PreviewApplication, port: int) -> None:
        self._application = application
        self._port = port
        super().__init__()

    def load_config(self) -> None:
        # No access log: the address of a preview holds its token.
        for name, value in {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 1,
            "threads": 4,
            "accesslog": None,
            "control_socket_disable": True,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> PreviewApplication:
        return self._application


def serve(cms: str, site: Path | None, port: int, settings: Settings) -> None:
    """Serve previews on 127.0.0.1 until told to end."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, which hold the token
    _Server(PreviewApplication(cms, site, settings), port).run()
