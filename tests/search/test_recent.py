"""Answers of the last moment are given again, and only those."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from search.answers import Answer, Engine
from search.recent import RecentAnswers


class Counting:
    """Makes answers and counts them; waits for `gate` while it makes one."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.made = 0
        self.begun = threading.Event()
        self._gate = gate

    def __call__(self) -> Answer:
        self.made += 1
        self.begun.set()
        if self._gate is not None:
            assert self._gate.wait(10)
        return Answer(Engine.ELASTICSEARCH, page=1, total=self.made)


def test_the_same_question_is_answered_once_in_a_moment_and_anew_after_it() -> None:
    time, answer = [0.0], Counting()
    recent = RecentAnswers(seconds=0.25, now=lambda: time[0])
    assert [recent.get("a", answer).total, recent.get("a", answer).total, recent.get("b", answer).total] == [1, 1, 2]
    time[0] = 0.25
    assert recent.get("a", answer).total == 3


def test_nothing_is_kept_longer_than_that() -> None:
    time = [0.0]
    recent = RecentAnswers(seconds=0.25, now=lambda: time[0])
    for number in range(100):
        recent.get(f"what somebody looks for {number}", Counting())
    recent.forget()
    assert len(recent._kept) == 100
    time[0] = 0.25
    recent.forget()
    assert not recent._kept


def test_who_asks_what_is_being_answered_waits_for_that_answer() -> None:
    gate = threading.Event()
    time, answer = [0.0], Counting(gate)
    recent = RecentAnswers(seconds=0.25, now=lambda: time[0])
    with ThreadPoolExecutor(2) as readers:
        first = readers.submit(recent.get, "a", answer)
        assert answer.begun.wait(10)
        time[0] = 5.0
        second = readers.submit(recent.get, "a", lambda: Answer(Engine.FALLBACK, page=1))
        # It waits as long as the first is not answered; an answer of its own would be there at once.
        with pytest.raises(TimeoutError):
            second.result(0.2)
        gate.set()
        assert second.result(10) is first.result(10)
    assert answer.made == 1


def test_an_error_reaches_who_waits_and_nobody_after_that() -> None:
    recent = RecentAnswers(seconds=3600)

    def broken() -> Answer:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        recent.get("a", broken)
    assert recent.get("a", Counting()).total == 1
