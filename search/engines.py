"""Chooses who answers: Elasticsearch while it is well, else the fallback; no reader waits for a dead server."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from elasticsearch import ApiError, ConnectionTimeout, TransportError

from search.answering import ElasticsearchEngine, IncompleteAnswerError
from search.answers import Answer
from search.fallback import FallbackEngine
from search.releases import Release
from search.request import SearchRequest

log = logging.getLogger(__name__)

Asked = TypeVar("Asked")

# After a failure nobody asks for this long: at one second a try, a dead server costs one reader in twenty-five at 5/s.
OPEN_SECONDS = 5.0
# One late answer is a hard question or a short rush; so many in a row are a server that hangs.
LATE_IN_A_ROW = 3
# The answer of the fallback is to be there a second after the question.
SECONDS = 0.7
# Answers of Elasticsearch that are waited for at the same time; not fewer than the service has threads.
ASKING = 8


@dataclass
class CircuitBreaker:
    """Remembers that a server failed, or was late several times in a row. While open nobody tries; then one caller at a
    time does."""

    open_seconds: float = OPEN_SECONDS
    now: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _closed_again: float = field(default=0.0, init=False)
    _failing: bool = field(default=False, init=False)
    _late: int = field(default=0, init=False)

    def may_try(self) -> bool:
        """Whether to ask the server; claims the one try that is allowed after a failure."""
        with self._lock:
            if not self._failing:
                return True
            if self.now() < self._closed_again:
                return False
            self._closed_again = self.now() + self.open_seconds
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._lock:
            self._failing = False
            self._late = 0

    def failed(self, late: bool = False) -> None:
        """The server did not answer, or badly; or only `late`."""
        with self._lock:
            self._late += 1
            if late and not self._failing and self._late < LATE_IN_A_ROW:
                return
            self._failing = True
            self._closed_again = self.now() + self.open_seconds


@dataclass
class Engines:
    """The engines of a service. `elasticsearch` is None where no server is configured, and has so many `seconds` for
    an answer."""

    fallback: FallbackEngine
    elasticsearch: ElasticsearchEngine | None = None
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    seconds: float = SECONDS
    # When all of them hang, the next readers wait no longer than for a slow server.
    _asking: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(ASKING, "elasticsearch"), init=False, repr=False
    )

    def answer(self, request: SearchRequest, release: Release) -> Answer:
        """One page of results, with the time it took in milliseconds."""
        started = time.perf_counter()
        answer = self._from_elasticsearch(lambda engine: engine.answer(request, release))
        if answer is None:
            answer = self.fallback.answer(request, release)
        return replace(answer, took_ms=round((time.perf_counter() - started) * 1000))

    def count(self, request: SearchRequest, release: Release) -> int:
        """How many results `answer` would tell of."""
        total = self._from_elasticsearch(lambda engine: engine.count(request, release))
        return self.fallback.count(request, release) if total is None else total

    def _from_elasticsearch(self, ask: Callable[[ElasticsearchEngine], Asked]) -> Asked | None:
        """What it says in time; None where there is none that does."""
        if self.elasticsearch is None or not self.breaker.may_try():
            return None
        try:
            answer = self._in_time(ask, self.elasticsearch)
        except (ApiError, TransportError, IncompleteAnswerError, TimeoutError) as error:
            self.breaker.failed(late=isinstance(error, (TimeoutError, ConnectionTimeout)))
            # The query is the reader's business: only the kind of the error is logged.
            log.warning("Elasticsearch did not answer, the fallback does: %s", type(error).__name__)
            return None
        self.breaker.succeeded()
        return answer

    def _in_time(self, ask: Callable[[ElasticsearchEngine], Asked], engine: ElasticsearchEngine) -> Asked:
        """An answer takes several requests, and each may trickle in for longer than its time-out says, so somebody
        else waits for it. Raises `TimeoutError`."""
        asked = self._asking.submit(ask, engine)
        try:
            return asked.result(self.seconds)
        finally:
            asked.cancel()
