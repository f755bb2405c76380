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
    time[0] = 1.0
    recent.get("another", Counting())
    assert list(recent._kept) == ["another"]


def test_who_asks_what_is_being_answered_waits_for_that_answer() -> None:
    gate = threading.Event()
    answer = Counting(gate)
    time = [0.0]
    recent = RecentAnswers(seconds=0.25, now=lambda: time[0])
    with ThreadPoolExecutor(5) as readers:
        first = readers.submit(recent.get, "a", answer)
        assert answer.begun.wait(10)
        time[0] = 5.0
        others = [readers.submit(recent.get, "a", answer) for _ in range(4)]
        gate.set()
        assert {reader.result(10).total for reader in (first, *others)} <= {1, 2}
    assert answer.made <= 2


def test_an_error_reaches_who_asked_and_is_not_kept_for_the_next_moment() -> None:
    time = [0.0]
    recent = RecentAnswers(seconds=0.25, now=lambda: time[0])

    def broken() -> Answer:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        recent.get("a", broken)
    time[0] = 0.3
    assert recent.get("a", Counting()).total == 1
