"""Answers of the last moment: when a notice goes out, many ask the same at once, and one answer serves them."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field

from search.answers import Answer

# So short that nobody notices, and that what was published a moment ago is found as soon as the index has it.
SECONDS = 0.25


@dataclass(frozen=True)
class _Kept:
    answer: Future[Answer]
    until: float

    def is_old(self, now: float) -> bool:
        """Whether it may be given to nobody any more. What is being answered is waited for, however long it takes."""
        return self.until <= now and self.answer.done()


@dataclass
class RecentAnswers:
    """Keeps each answer for `seconds`, in memory, until the next `forget`: what people look for is nobody's business.

    Whoever asks while the same is being answered waits for that answer. Safe to share between threads.
    """

    seconds: float = SECONDS
    now: Callable[[], float] = time.monotonic
    _kept: dict[Hashable, _Kept] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def get(self, question: Hashable, answer: Callable[[], Answer]) -> Answer:
        """The answer to `question`; `answer` makes it unless somebody has just asked. Its errors reach all who wait."""
        self.forget()
        mine: Future[Answer] = Future()
        with self._lock:
            kept = self._kept.setdefault(question, _Kept(mine, self.now() + self.seconds))
        if kept.answer is not mine:
            return kept.answer.result()
        try:
            mine.set_result(answer())
        except BaseException as error:
            # Who comes after it asks anew.
            with self._lock:
                del self._kept[question]
            mine.set_exception(error)
            raise
        return mine.result()

    def forget(self) -> None:
        """Drop what is old."""
        with self._lock:
            now = self.now()
            for question in [question for question, kept in self._kept.items() if kept.is_old(now)]:
                del self._kept[question]
