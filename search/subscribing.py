"""Passes what readers wish for (alerts, confirmations, cancellations) on to the CMS, which alone keeps addresses."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx

ALERTS_PATH = "/api/v1/alerts/"
CONFIRMATIONS_PATH = "/api/v1/alerts/confirmations/"
CANCELLATIONS_PATH = "/api/v1/alerts/cancellations/"
# Seconds a reader waits.
TIMEOUT = 4.0
# A CMS that hangs holds this many threads of the service and no more: searching goes on.
MOST_AT_ONCE = 2
_ROOM = threading.BoundedSemaphore(MOST_AT_ONCE)


class UnreachableError(RuntimeError):
    """The CMS does not answer, or not in time; trying again later helps."""


class NotAcceptedError(ValueError):
    """The CMS does not take it: no address, or no token of ours."""


class Subscriptions:
    """The alerts of the CMS at `origin`. Every method raises `UnreachableError` and `NotAcceptedError`."""

    def __init__(self, origin: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=origin, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT, trust_env=False
        )

    def ask(self, address: str, parameters: Mapping[str, str]) -> None:
        """Have `address` asked whether it wants to be told what is new for a search."""
        self._post(ALERTS_PATH, {"address": address, "parameters": dict(parameters)})

    def confirm(self, token: str) -> list[str]:
        """Confirm what a mail asked; returns the searches in words."""
        answer = self._post(CONFIRMATIONS_PATH, {"token": token})
        try:
            return [str(words) for words in answer.json()["searches"]]
        except (ValueError, KeyError, TypeError) as error:
            raise UnreachableError("the CMS answers something else") from error

    def cancel(self, token: str) -> None:
        """End what a mail offers to end."""
        self._post(CANCELLATIONS_PATH, {"token": token})

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        with _a_place():
            try:
                answer = self._client.post(path, json=body)
            except httpx.HTTPError as error:
                raise UnreachableError(type(error).__name__) from error
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
            raise NotAcceptedError
        if not answer.is_success:
            raise UnreachableError(f"the CMS answers {answer.status_code}")
        return answer


@contextmanager
def _a_place() -> Iterator[None]:
    if not _ROOM.acquire(blocking=False):
        raise UnreachableError("others are waiting for the CMS")
    try:
        yield
    finally:
        _ROOM.release()
