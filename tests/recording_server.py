"""Stands in for a server of ours that takes JSON by `POST`: for the CMS, or for the search service."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """A request: where to, with which token, what, and the status it is answered with."""

    path: str
    authorization: str | None
    body: bytes
    status: int

    @property
    def content(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class RecordingServer(ThreadingHTTPServer):
    """Keeps what it receives; answers with `status` and `content` after `delay` seconds, or hangs up while `mute`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self.status = int(HTTPStatus.OK)
        self.content = b""
        self.delay = 0.0
        self.mute = False

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def taken(self) -> list[Any]:
        """What was sent to it and not refused."""
        return [request.content for request in self.received if request.status == HTTPStatus.OK]

    def answer(self, request: Received) -> bytes:
        """The body of the answer."""
        return self.content

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve on a thread until the block ends."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: RecordingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Received(self.path, self.headers.get("Authorization"), body, self.server.status)
        self.server.received.append(request)
        time.sleep(self.server.delay)
        if self.server.mute:
            self.close_connection = True
            return
        content = self.server.answer(request)
        self.send_response(request.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
