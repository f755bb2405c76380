"""Stands before the real Elasticsearch and does what servers do when they are unwell."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_SECONDS = 30.0
# Without the second one the client refuses to believe that this is Elasticsearch.
OWN_HEADERS = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}


class Fault(StrEnum):
    """What is wrong."""

    NONE = "works"
    SLOW = "slow by 30 s"
    TRICKLING = "one byte after the other"
    BUSY = "answers 429"
    ROWS_REFUSED = "takes requests and refuses every row with 429"
    CUTS = "cuts every connection"


class FaultyServer(ThreadingHTTPServer):
    """Hands requests on to `url`, unless `fault` says otherwise. What is slow goes on as soon as the fault is over."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Visitor)
        self.target = url.removeprefix("http://").rstrip("/")
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.fault = Fault.NONE
        self.over = threading.Event()
        self.met = 0

    @contextmanager
    def running(self) -> Iterator["FaultyServer"]:
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()

    @contextmanager
    def unwell(self, fault: Fault) -> Iterator[None]:
        """Have `fault` until the block ends."""
        self.met = 0
        self.over.clear()
        self.fault = fault
        try:
            yield
        finally:
            self.fault = Fault.NONE
            self.over.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who gave up does not read the answer."""


class _Visitor(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.fault
        self.server.met += fault is not Fault.NONE
        if fault is Fault.CUTS:
            self.close_connection = True
            return
        if fault is Fault.BUSY:
            self._answer(429, OWN_HEADERS, b'{"error": {"type": "circuit_breaking_exception"}}')
        elif fault is Fault.ROWS_REFUSED and self.path.partition("?")[0].endswith("/_bulk"):
            self._answer(200, OWN_HEADERS, _refused(body))
        else:
            if fault is Fault.SLOW:
                self.server.over.wait(SLOW_SECONDS)
            self._hand_on(body, trickling=fault is Fault.TRICKLING)

    def _hand_on(self, body: bytes, trickling: bool) -> None:
        connection = HTTPConnection(self.server.target)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, HTTPException):
            self.close_connection = True
            return
        finally:
            connection.close()
        dropped = ("transfer-encoding", "content-length")
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
        self._answer(answer.status, headers, data, trickling)

    def _answer(self, status: int, headers: dict[str, str], data: bytes, trickling: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        while trickling and data and not self.server.over.wait(0.1):
            self.wfile.write(data[:1])
            data = data[1:]
        self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _refused(body: bytes) -> bytes:
    """What a server answers that refuses every row of a bulk request for now."""
    actions = [json.loads(line) for line in body.splitlines()[::2]]
    error = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}
    items = [{"index": {"_id": action["index"]["_id"], "status": 429, "error": error}} for action in actions]
    return json.dumps({"took": 1, "errors": True, "items": items}).encode()
