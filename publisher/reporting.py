"""Tells the CMS how publishing goes, for the editors' dashboard. Never in the way of publishing.

A thread of its own posts the state, and only the newest one waits: a slow CMS delays neither the next step nor what
comes after. A key left out stays in the CMS as it was, so a publisher that has just started takes back nothing.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from publisher.watching import FEED_KINDS, Failure, StepOutcome, delays, plain

logger = logging.getLogger(__name__)

STATE_PATH = "/api/v1/publisher-state/"
# All in seconds.
TIMEOUT = 5.0
HEARTBEAT = 60.0  # the dashboard takes longer silence for a publisher that is down
RETRY = 10.0
FLUSH = 3.0
# The CMS shows a few; the total tells how many there are.
SET_ASIDE_SENT = 100
ID_LENGTH = 100


def cms_origin(cms_url: str | None, feed: str) -> str | None:
    """Where the CMS is: the setting, or the origin of the feed, or nowhere for a feed file."""
    if cms_url:
        return cms_url
    parts = urlsplit(feed)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else None


class Reporter:
    """A watcher that posts the publisher's state to the CMS with the service token; nothing without an origin."""

    def __init__(self, origin: str | None, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._clock = clock
        self._state: dict[str, Any] = {"failure": None}
        self._failure: Failure | None = None
        self._posted_at = clock() - HEARTBEAT
        self._outbox = _Outbox(origin, token) if origin is not None else None

    def polled(self, head: int | None, position: int) -> None:
        """The feed was read."""
        self._state |= {"seq": position, "head": head}
        if self._failure is not None and self._failure.kind in FEED_KINDS:
            self._set_failure(None)
            self._post()
        self._beat()

    def working(self) -> None:
        """A long step goes on."""
        self._beat()

    def stepped(self, outcome: StepOutcome | None) -> None:
        """A round came through."""
        recovered = self._failure is not None
        self._set_failure(None)
        if outcome is not None:
            self._state |= self._facts(outcome)
        if outcome is not None or recovered:
            self._post()
        self._beat()

    def failed(self, error: BaseException) -> None:
        """A round failed."""
        before, failure = self._failure, Failure.of(error, self._failure)
        self._set_failure(failure)
        if before is None or (before.kind, before.message) != (failure.kind, failure.message):
            self._post()
        self._beat()

    def close(self) -> None:
        """Give the newest state `FLUSH` seconds to arrive, then end."""
        if self._outbox is not None:
            self._outbox.close()

    def _facts(self, outcome: StepOutcome) -> dict[str, Any]:
        aside = [
            {
                "seq": entry.seq,
                "id": plain(entry.id or "")[:ID_LENGTH] or None,  # that of an unreadable line may be anything
                "stage": str(entry.stage),
                "reason": plain(entry.reason, self._token),
            }
            for entry in outcome.set_aside[:SET_ASIDE_SENT]
        ]
        facts: dict[str, Any] = {
            "release": outcome.release or "",
            "seq": outcome.seq,
            "items": outcome.items,
            "hidden": outcome.hidden,
            "withdrawn": outcome.withdrawn,
            "set_aside": aside,
            "set_aside_total": len(outcome.set_aside),
        }
        if outcome.changed:
            facts |= {
                "built_at": _utc(outcome.live_at),
                "pages_written": outcome.pages_written,
                "pages_removed": outcome.pages_removed,
                "seconds": round(outcome.seconds, 3),
            }
        if waited := delays(outcome):
            facts["delay"] = round(waited[-1], 3)
        return facts

    def _set_failure(self, failure: Failure | None) -> None:
        self._failure = failure
        self._state["failure"] = failure and {
            "kind": failure.kind.value,
            "message": plain(failure.message, self._token),
            "since": _utc(failure.since),
        }

    def _beat(self) -> None:
        if self._clock() - self._posted_at >= HEARTBEAT:
            self._post()

    def _post(self) -> None:
        self._posted_at = self._clock()
        if self._outbox is not None:
            self._outbox.put(dict(self._state))


class _Outbox:
    """Posts states from a thread that starts with the first of them."""

    def __init__(self, origin: str, token: str) -> None:
        self._url = origin + STATE_PATH
        self._headers = {"Authorization": f"Bearer {token}"}
        self._condition = threading.Condition()
        self._newest: dict[str, Any] | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._taken = True

    def put(self, state: dict[str, Any]) -> None:
        with self._condition:
            self._newest = state
            self._condition.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(FLUSH)

    def _run(self) -> None:
        with httpx.Client(headers=self._headers, timeout=TIMEOUT) as client:
            while (state := self._next()) is not None:
                if not self._post(client, state):
                    self._put_back(state)

    def _next(self) -> dict[str, Any] | None:
        with self._condition:
            self._condition.wait_for(lambda: self._newest is not None or self._closing)
            state, self._newest = self._newest, None
            return state

    def _put_back(self, state: dict[str, Any]) -> None:
        """Wait a little, then try the same state again unless a newer one has come."""
        with self._condition:
            if self._condition.wait_for(lambda: self._closing, RETRY):
                return
            if self._newest is None:
                self._newest = state

    def _post(self, client: httpx.Client, state: dict[str, Any]) -> bool:
        try:
            client.post(self._url, json=state).raise_for_status()
        except httpx.HTTPStatusError as error:
            reason = f"it answers {error.response.status_code}"
        except httpx.HTTPError as error:
            reason = type(error).__name__
        else:
            if not self._taken:
                logger.info("the CMS takes the publisher's state again")
            self._taken = True
            return True
        if self._taken:
            logger.warning("the CMS does not take the publisher's state (%s); trying again", reason)
        self._taken = False
        return False


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds")
