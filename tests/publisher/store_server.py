"""A real S3 server (moto, in a process of its own) behind a proxy that counts requests and can make trouble."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

from tools.ports import free_port

BUCKET = "trang-doc"
_REFUSAL = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>The store refuses.</Message></Error>"
_STATUS = {"SlowDown": 503, "AccessDenied": 403}


@dataclass
class StoreServer:
    """The store as deliveries reach it (`endpoint`), and what a test may do to it. A request is ``PUT key``."""

    endpoint: str
    client: Any
    requests: list[str] = field(default_factory=list)
    refusals: int = 0  # so many requests are refused
    refusal: str = "SlowDown"
    hold_after: int | None = None  # the store falls silent when so many writes of objects went through,
    hold_at: tuple[str, int] | None = None  # or at this request, the second time it comes for (…, 2)
    holding: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def writes(self) -> list[str]:
        """Keys of the site's objects that were put, in order of arrival."""
        return [r.removeprefix("PUT ") for r in self.requests if r.startswith("PUT ") and ".delivery/" not in r]

    def deletions(self) -> list[str]:
        return [r.removeprefix("DELETE ") for r in self.requests if r.startswith("DELETE ")]

    def listings(self) -> int:
        return self.requests.count("LIST")

    def is_to_hold(self, command: str) -> bool:
        if self.hold_at is not None:
            request, times = self.hold_at
            return self.requests.count(request) >= times
        done = len(self.writes()) + len(self.deletions())
        return self.hold_after is not None and command in ("PUT", "DELETE") and done > self.hold_after

    def forget(self) -> None:
        """Start counting anew, without trouble."""
        self.requests.clear()
        self.refusals = 0
        self.hold_after = self.hold_at = None
        self.holding.clear()

    def held(self, *, all_: bool = False) -> set[str]:
        found = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET).search("Contents[].Key")
        return {key for key in found if key and (all_ or ".delivery/" not in key)}

    def get(self, key: str) -> dict[str, Any]:
        answer = dict(self.client.get_object(Bucket=BUCKET, Key=key))
        return answer | {"Body": answer["Body"].read()}

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)


@contextmanager
def store_process() -> Iterator[str]:
    """moto's server on a free port of 127.0.0.1."""
    port = free_port()
    arguments = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def serving(store: str) -> Iterator[StoreServer]:
    """An empty bucket in the store at `store`, reached through a proxy."""
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{store}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    _forget_everything(store)
    client.create_bucket(Bucket=BUCKET)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    proxy.daemon_threads = True
    proxy.block_on_close = False
    running = StoreServer(f"http://127.0.0.1:{proxy.server_port}", client)
    proxy.store, proxy.running = store, running  # type: ignore[attr-defined]
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield running
    finally:
        running.released.set()
        proxy.shutdown()
        proxy.server_close()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        running: StoreServer = self.server.running  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.path.partition("?")[0].removeprefix(f"/{BUCKET}").lstrip("/")
        running.requests.append(f"{self.command} {key}" if key else "LIST")
        if running.refusals > 0:
            running.refusals -= 1
            refusal = _REFUSAL.format(code=running.refusal).encode()
            self._answer(_STATUS[running.refusal], [("Content-Type", "application/xml")], refusal)
            return
        if running.is_to_hold(self.command):
            running.holding.set()
            running.released.wait()
            self.close_connection = True
            return
        connection = http.client.HTTPConnection(self.server.store)  # type: ignore[attr-defined]
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        data = answer.read()
        self._answer(answer.status, answer.getheaders(), data)
        connection.close()

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _pass_on  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Not into the output of the tests."""


def _forget_everything(store: str) -> None:
    connection = http.client.HTTPConnection(store)
    connection.request("POST", "/moto-api/reset")
    assert connection.getresponse().status == 200
    connection.close()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the S3 server ended"
        assert time.monotonic() < deadline, "the S3 server does not answer"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
