"""Hands the counts of searches to the CMS every minute, with the service token. Never in the way of a reader."""

import logging
import threading
from http import HTTPStatus

import httpx

from search.counting import SearchCounts

log = logging.getLogger(__name__)

COUNTS_PATH = "/api/v1/search-counts/"
# All in seconds.
INTERVAL = 60.0
TIMEOUT = 5.0
FLUSH = 3.0
# The CMS understood and will not take it, today or tomorrow.
_NEVER = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


class HandOver:
    """A thread that gives the counts to the CMS at `origin`; what it does not take waits in `counts`, within bounds."""

    def __init__(self, counts: SearchCounts, origin: str, token: str) -> None:
        self._counts = counts
        self._client = httpx.Client(
            base_url=origin, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT, trust_env=False
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)
        self._taken = True

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Give what was counted last `FLUSH` seconds to arrive, then end."""
        self._stop.set()
        self._thread.join(FLUSH)

    def hand_over(self) -> bool:
        """Give everything there is; False when the CMS did not take it and it waits for another try."""
        while (batch := self._counts.batch()) is not None:
            try:
                answer = self._client.post(COUNTS_PATH, json=batch.to_json())
            except httpx.HTTPError as error:
                return self._refused(type(error).__name__)
            if answer.status_code in _NEVER:
                log.error("the CMS does not understand the counts of searches (%s); dropped", answer.status_code)
            elif not answer.is_success:
                return self._refused(f"it answers {answer.status_code}")
            elif not self._taken:
                log.info("the CMS takes the counts of searches again")
                self._taken = True
            self._counts.settle(batch)
        return True

    def _refused(self, reason: str) -> bool:
        if self._taken:
            log.warning("the CMS does not take the counts of searches (%s); trying again", reason)
        self._taken = False
        return False

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self.hand_over()
        self.hand_over()
        self._client.close()
