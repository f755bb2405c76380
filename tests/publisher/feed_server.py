"""The changes feed over HTTP, as the CMS serves it, on a thread: pages, token, and faults to order."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.publisher.factories import Ledger

TOKEN = "service-token-of-the-tests"


class FeedServer(ThreadingHTTPServer):
    """Serves a ledger below ``/api/v1/changes/``, files below ``/api/v1/files/``, drafts below ``/api/v1/preview/``."""

    daemon_threads = True

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ledger = ledger
        self.page_size = 1000
        self.files: dict[str, bytes] = {}
        self.drafts: dict[str, dict[str, Any]] = {}
        self.fault: str | None = None
        self.head: int | None = None
        self.states: list[dict[str, Any]] = []
        self.tokens_seen: list[str | None] = []

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def feed(self) -> str:
        """The address of the feed."""
        return f"{self.origin}/api/v1/changes/"


@contextmanager
def serving(ledger: Ledger) -> Iterator[FeedServer]:
    """A running server."""
    server = FeedServer(ledger)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FeedServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.tokens_seen.append(self.headers.get("Authorization"))
        parts = urlsplit(self.path)
        if parts.path.startswith("/api/v1/files/"):
            data = self.server.files.get(parts.path)
            return self._answer(200 if data is not None else 404, data or b"", "application/octet-stream")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._answer(401, b"{}", "application/json")
        query = parse_qs(parts.query)
        if parts.path == "/api/v1/preview/":
            draft = self.server.drafts.get(query.get("token", [""])[0])
            body = json.dumps({"snapshot": draft}).encode()
            return self._answer(200 if draft else 404, body if draft else b"{}", "application/json")
        return self._changes(int(query["after"][0]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.states.append(json.loads(body))
        self._answer(204, b"", "application/json")

    def _changes(self, after: int) -> None:
        fault = self.server.fault
        if fault == "down":
            return self._answer(503, b"", "text/plain")
        if fault == "html":
            return self._answer(200, b"<p>Log in</p>", "text/html")
        lines = self.server.ledger.lines(after)
        page, rest = lines[: self.server.page_size], lines[self.server.page_size :]
        body = b"".join(page)
        headers = {"X-Head-Seq": str(self.server.head if self.server.head is not None else self.server.ledger.seq)}
        if rest:
            last = json.loads(page[-1])["seq"]
            headers["Link"] = f'<{self.server.feed}?after={last}>; rel="next"'
        if fault == "cut":
            self._start(200, "application/x-ndjson", len(body) + 100, headers)
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return None
        if fault == "half a line":
            body = body[:-20]
        return self._answer(200, body, "application/x-ndjson", headers)

    def _answer(self, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> None:
        self._start(status, media_type, len(body), headers or {})
        self.wfile.write(body)

    def _start(self, status: int, media_type: str, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""
