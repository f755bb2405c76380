"""The embedded engine keeps step with the releases by itself."""

from pathlib import Path

import pytest

from search.engines import CircuitBreaker
from search.fallback import FallbackEngine
from search.request import read_request
from tests.search.conftest import live_release
from tests.search.factories import item, write_release


def total(engine: FallbackEngine, site: Path, query: str) -> int:
    return engine.answer(read_request({"q": query}), live_release(site)).total


def test_a_new_release_is_searched_at_once(site: Path) -> None:
    engine = FallbackEngine()
    write_release(site, [item("mot", "Tin về lúa", seq=1)])
    assert total(engine, site, "lúa") == 1
    write_release(site, [item("mot", "Tin về ngô", seq=2), item("hai", "Tin về khoai", seq=3)])
    assert (total(engine, site, "lúa"), total(engine, site, "ngô"), total(engine, site, "khoai")) == (0, 1, 1)
    engine.close()


def test_while_it_is_being_brought_in_step_nothing_withdrawn_is_shown(site: Path) -> None:
    engine = FallbackEngine()
    write_release(site, [item("mot", "Tin về lúa", seq=1), item("hai", "Tin về lúa nếp", seq=2)])
    assert total(engine, site, "lúa") == 2
    write_release(site, [item("hai", "Tin về lúa nếp", seq=2)], seq=3)
    engine._writing.acquire()
    assert total(engine, site, "lúa") == 1
    engine._writing.release()
    engine.close()


def test_a_kept_file_is_used_again_and_a_ruined_one_is_built_anew(site: Path, tmp_path: Path) -> None:
    write_release(site, [item("mot", "Tin về lúa", seq=1)])
    directory = tmp_path / "cache"
    engine = FallbackEngine(directory)
    assert total(engine, site, "lúa") == 1
    engine.close()
    again = FallbackEngine(directory)
    assert total(again, site, "lúa") == 1
    again.close()
    for file in directory.iterdir():
        file.write_bytes(b"not a database" * 1000)
    ruined = FallbackEngine(directory)
    assert total(ruined, site, "lúa") == 1
    ruined.close()


@pytest.mark.parametrize(("seconds", "may"), [(1, False), (6, True)])
def test_after_a_failure_one_caller_may_try_again_once_some_time_has_passed(seconds: float, may: bool) -> None:
    clock = [0.0]
    breaker = CircuitBreaker(open_seconds=5, now=lambda: clock[0])
    breaker.failed()
    clock[0] += seconds
    assert breaker.may_try() is may
    assert breaker.may_try() is False
    breaker.succeeded()
    assert breaker.may_try()


def test_one_late_answer_keeps_nobody_from_asking_and_three_in_a_row_do() -> None:
    breaker = CircuitBreaker()
    breaker.failed(late=True)
    breaker.failed(late=True)
    breaker.succeeded()
    breaker.failed(late=True)
    breaker.failed(late=True)
    assert breaker.may_try()
    breaker.failed(late=True)
    assert not breaker.may_try()
