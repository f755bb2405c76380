"""Shows a monitoring system how publishing goes: metrics for Prometheus and an address that says whether it is well.

`/healthz` answers 200 while the loop makes progress. Otherwise it answers 503 and `status` tells whom to wake:
`feed_unreachable` (look at the CMS; the publisher waits for it), `failing` (look at the publisher; `failure.kind` says
where) or `stalled` (its loop hangs: restart it). The reading site goes on in all three.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    make_wsgi_app,
)

from contract.models import utc_text
from publisher.errors import SettingsError
from publisher.watching import FEED_KINDS, Failure, FailureKind, StepOutcome, delays

# Seconds without a sign of the loop. A poll of a slow feed takes 90 s with its attempts, waiting for a lock 30 s.
STALLED_AFTER = 180.0
# Seconds before these count as a failure: the CMS is restarted, another publisher ends its step.
GRACE = {FailureKind.FEED: 60.0, FailureKind.LOCKED: 60.0}

# Seconds. The promise is a second or two; beyond a minute only the order of magnitude matters.
_DELAYS = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800, 7200)
_STEPS = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 15, 60, 300, 1200)


class Metrics:
    """The figures, in a registry of their own. Names and units follow Prometheus' conventions."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.delay = Histogram(
            "publisher_approval_to_live_seconds",
            "From the approval of a change (withdrawals too) to the moment readers see it.",
            buckets=_DELAYS,
            registry=registry,
        )
        self.step = Histogram(
            "publisher_step_seconds",
            "Time one step took; full: all pages were considered.",
            ["kind"],
            buckets=_STEPS,
            registry=registry,
        )
        self.waiting = Gauge("publisher_changes_waiting", "Head of the feed minus position.", registry=registry)
        self.position = Gauge("publisher_position", "Position in the ledger.", registry=registry)
        self.written = Counter("publisher_pages_written", "Pages rendered anew.", registry=registry)
        self.removed = Counter("publisher_pages_removed", "Pages taken off the site.", registry=registry)
        self.items = Gauge("publisher_items", "Items by what became of them.", ["state"], registry=registry)
        self.failures = Counter("publisher_failed_steps", "Rounds that failed.", ["kind"], registry=registry)
        self.feed_up = Gauge("publisher_feed_up", "1 when the feed could be read the last time.", registry=registry)
        self.last_poll = Gauge(
            "publisher_last_poll_timestamp_seconds", "When the feed was last read.", registry=registry
        )
        self.last_step = Gauge(
            "publisher_last_success_timestamp_seconds", "When the last step succeeded.", registry=registry
        )
        self.release = Info("publisher_release", "The release readers see.", registry=registry)
        # A series that appears with its first event would hide that event from `increase()`.
        for kind in FailureKind:
            self.failures.labels(kind)
        for kind_of_step in ("full", "incremental"):
            self.step.labels(kind_of_step)


class Monitor:
    """A watcher that keeps metrics and health, and serves them. Safe to ask from any thread.

    `stalled_after` is in seconds; `clock` tells seconds that never go back.
    """

    def __init__(self, stalled_after: float = STALLED_AFTER, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = Metrics()
        self._stalled_after = stalled_after
        self._clock = clock
        self._lock = threading.Lock()
        self._sign = clock()
        self._head: int | None = None
        self._position: int | None = None
        self._release: str | None = None
        self._last_poll: datetime | None = None
        self._last_step: datetime | None = None
        self._failure: Failure | None = None
        self._failing_from = 0.0
        self._server: _Server | None = None

    def polled(self, head: int | None, position: int) -> None:
        """The feed was read."""
        with self._lock:
            self._sign = self._clock()
            self._last_poll = datetime.now(UTC)
            self._head, self._position = head, position
            if self._failure is not None and self._failure.kind in FEED_KINDS:
                self._failure = None
        self._metrics.feed_up.set(1)
        self._metrics.last_poll.set_to_current_time()
        self._show_position()

    def working(self) -> None:
        """A long step goes on."""
        self._sign = self._clock()

    def stepped(self, outcome: StepOutcome | None) -> None:
        """A round came through."""
        with self._lock:
            self._sign = self._clock()
            self._failure = None
            if outcome is None:
                return
            self._release, self._position = outcome.release, outcome.seq
            self._last_step = datetime.now(UTC)
        self._show_position()
        self._show(outcome)

    def failed(self, error: BaseException) -> None:
        """A round failed."""
        with self._lock:
            self._sign = self._clock()
            failure = Failure.of(error, self._failure)
            if self._failure is None or self._failure.kind is not failure.kind:
                self._failing_from = self._sign
            self._failure = failure
        self._metrics.failures.labels(failure.kind).inc()
        if failure.kind in FEED_KINDS:
            self._metrics.feed_up.set(0)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether publishing is well, and the answer of `/healthz`."""
        with self._lock:
            quiet = self._clock() - self._sign
            status = self._status(quiet)
            answer: dict[str, Any] = {
                "status": status,
                "release": self._release,
                "seq": self._position,
                "waiting": self._waiting(),
                "last_poll": utc_text(self._last_poll) if self._last_poll else None,
                "last_step": utc_text(self._last_step) if self._last_step else None,
                "seconds_since_last_sign": round(quiet, 1),
                "failure": None,
            }
            if (failure := self._failure) is not None:
                answer["failure"] = {
                    "kind": failure.kind.value,
                    "message": failure.message,
                    "since": utc_text(failure.since),
                }
        return status == "ok", answer

    def serve(self, host: str, port: int) -> int:
        """Answer `/metrics` and `/healthz` on daemon threads; return the port (0: any free one).

        Raises `SettingsError` when it cannot be listened there.
        """
        try:
            server = _Server((host, port), _Handler)
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port} ({error.strerror or error}): set MONITOR_HOST and MONITOR_PORT to an "
                "address of this machine and a free port, or MONITOR_PORT=0 to do without"
            ) from error
        server.set_app(self._application())
        threading.Thread(target=server.serve_forever, name="monitor", daemon=True).start()
        self._server = server
        return int(server.server_port)

    def close(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _status(self, quiet: float) -> str:
        # A hung loop may have failed before; that it hangs is what matters.
        if quiet > self._stalled_after:
            return "stalled"
        failure = self._failure
        if failure is None or self._clock() - self._failing_from < GRACE.get(failure.kind, 0.0):
            return "ok"
        return "feed_unreachable" if failure.kind is FailureKind.FEED else "failing"

    def _waiting(self) -> int:
        return max(0, (self._head or 0) - (self._position or 0))

    def _show_position(self) -> None:
        self._metrics.waiting.set(self._waiting())
        self._metrics.position.set(self._position or 0)

    def _show(self, outcome: StepOutcome) -> None:
        metrics = self._metrics
        metrics.step.labels("full" if outcome.full else "incremental").observe(outcome.seconds)
        for seconds in delays(outcome):
            metrics.delay.observe(seconds)
        metrics.written.inc(outcome.pages_written)
        metrics.removed.inc(outcome.pages_removed)
        for state, number in (
            ("live", outcome.items),
            ("hidden", outcome.hidden),
            ("withdrawn", outcome.withdrawn),
            ("set_aside", len(outcome.set_aside)),
        ):
            metrics.items.labels(state).set(number)
        metrics.last_step.set_to_current_time()
        metrics.release.info({"release": outcome.release or ""})

    def _application(self) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        metrics = make_wsgi_app(self._metrics.registry)

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path = environ.get("PATH_INFO")
            if path == "/metrics":
                answer: Iterable[bytes] = metrics(environ, start_response)
                return answer
            if path != "/healthz":
                return _json("404 Not Found", {"status": "only /metrics and /healthz are here"}, start_response)
            well, health = self.health()
            return _json("200 OK" if well else "503 Service Unavailable", health, start_response)

        return application


def _json(status: str, answer: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    body = json.dumps(answer, ensure_ascii=False).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]


class _Server(ThreadingMixIn, WSGIServer):
    """One thread a request, so that a client that sends nothing keeps nobody else waiting."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 5  # seconds

    def log_message(self, *_: Any) -> None:
        """Quiet: a monitor asks every few seconds."""
