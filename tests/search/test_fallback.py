"""The embedded engine keeps step with the releases by itself, and ranks by what the other one ranks by."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contract.release import Record
from search import fallback, mirror
from search.engines import CircuitBreaker
from search.fallback import FallbackEngine
from search.fallback_queries import least_of
from search.planning import MINIMUM_SHOULD_MATCH
from search.request import read_request
from tests.search.conftest import live_release
from tests.search.factories import document, item, write_release

Ask = Callable[..., list[str]]


@pytest.fixture
def asking(site: Path) -> Iterator[Callable[[list[Record]], Ask]]:
    """Fills an engine; what it then is asked answers with the names of what is found."""
    engine = FallbackEngine()

    def fill(records: list[Record]) -> Ask:
        write_release(site, records)
        release = live_release(site)
        engine.bring_to(release)

        def ask(query: str, **more: str) -> list[str]:
            results = engine.answer(read_request({"q": query, **more}), release).results
            return [result.url.rstrip("/").rpartition("/")[2] for result in results]

        return ask

    yield fill
    engine.close()


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


def test_readers_do_not_wait_while_a_release_is_taken_in(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "FIRST_WAIT", 60.0)
    engine, begun, go_on = FallbackEngine(), threading.Event(), threading.Event()
    write_release(site, [item("mot", "Tin về lúa", seq=1)])
    assert total(engine, site, "lúa") == 1
    put_in = engine.put_in

    def slowly(*records: Any) -> None:
        begun.set()
        assert go_on.wait(60)
        put_in(*records)

    monkeypatch.setattr(engine, "put_in", slowly)
    write_release(site, [item("mot", "Tin về lúa", seq=1), item("hai", "Tin về lúa nếp", seq=2)])
    writer = threading.Thread(target=engine.bring_to, args=(live_release(site),))
    writer.start()
    assert begun.wait(10)
    with ThreadPoolExecutor(1) as readers:
        assert readers.submit(total, engine, site, "lúa").result(20) == 1
    go_on.set()
    writer.join()
    assert total(engine, site, "lúa") == 2
    engine.close()


def test_a_reader_who_still_holds_an_older_release_does_not_turn_the_file_back(site: Path) -> None:
    engine = FallbackEngine()
    write_release(site, [item("mot", "Tin về lúa", seq=1), item("hai", "Tin về lúa nếp", seq=2)])
    older = live_release(site)
    write_release(site, [item("hai", "Tin về lúa nếp", seq=2)], seq=3)
    newer = live_release(site)
    engine.bring_to(newer)
    assert engine.answer(read_request({"q": "lúa"}), older).total == 1
    assert engine.is_in_step_with(newer)
    # The keeper does, when an operator went back.
    engine.bring_to(older)
    assert engine.answer(read_request({"q": "lúa"}), older).total == 2
    engine.close()


def test_a_reader_takes_in_a_few_items_and_leaves_many_to_the_keeper(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "MOST_AT_ONCE", 2)
    engine = FallbackEngine()
    write_release(site, [item("mot", "Tin về lúa", seq=1)])
    assert total(engine, site, "lúa") == 1
    write_release(site, [item(f"tin-{n}", "Tin về lúa", seq=n) for n in range(2, 9)])
    assert total(engine, site, "lúa") == 0
    engine.bring_to(live_release(site))
    assert total(engine, site, "lúa") == 7
    engine.close()


def test_after_an_item_that_nobody_foresaw_the_file_can_be_read_and_written(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FallbackEngine()
    write_release(site, [item("mot", "Tin về lúa", seq=1)])

    def broken(*records: Any) -> None:
        engine.connection().execute("DELETE FROM item")
        raise ValueError("no such item was foreseen")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "put_in", broken)
        with pytest.raises(ValueError, match="foreseen"):
            engine.bring_to(live_release(site))
    assert total(engine, site, "lúa") == 1
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


WEDDINGS = [
    item("cuoi-hoi", "Tin về cưới hỏi", body="Việc cưới tiết kiệm."),
    item("cuoi-nam", "Tin về cuối năm", body="Họp cuối năm.", attachment_text="Kế hoạch tháng chạp"),
    document("nep-song", "Nếp sống văn minh trong việc cưới", "87/2025/QĐ-UBND", document_type="quyet-dinh"),
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tin -cưới", ["cuoi-nam"]),
        ("tin -cuối", ["cuoi-hoi"]),
        ("tin -cuoi", []),
        ('tin -"cưới tiết kiệm"', ["cuoi-nam"]),
        ("tin -“tháng chạp”", ["cuoi-hoi"]),
        ("87/2025/QĐ-UBND -cưới", []),
        ("-cưới", ["cuoi-nam"]),
    ],
)
def test_what_is_left_out_with_diacritics_is_left_out_only_as_it_was_typed(
    asking: Callable[[list[Record]], Ask], query: str, found: list[str]
) -> None:
    assert asking(WEDDINGS)(query) == found


@pytest.mark.parametrize(
    ("words", "least"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (9, 5), (10, 2), (12, 3), (40, 10)]
)
def test_of_a_long_question_so_many_words_have_to_be_there_as_elasticsearch_wants(words: int, least: int) -> None:
    assert least_of(MINIMUM_SHOULD_MATCH, words) == least


def test_a_question_of_which_nothing_holds_every_word_finds_what_holds_enough(
    asking: Callable[[list[Record]], Ask],
) -> None:
    ask = asking([item("ba", "Kết nạp đảng"), item("hai", "Kết nạp"), item("khac", "Trồng cây chè")])
    assert ask("kết nạp đảng viên mới") == ["ba"]
    assert ask("kết nạp đoàn viên mới") == []
    assert set(ask("kết nạp OR trồng chè")) == {"ba", "hai", "khac"}
    assert ask('đồi trồng chè "trồng cây"') == ["khac"]
    assert ask('đồi trồng cây "trồng chè"') == []
    assert ask("kết nạp đảng viên mới -kết") == []


def test_where_something_holds_every_word_nothing_else_is_shown(asking: Callable[[list[Record]], Ask]) -> None:
    ask = asking([item("tat-ca", "Kết nạp đảng viên mới"), item("ba", "Kết nạp đảng")])
    assert ask("kết nạp đảng viên mới") == ["tat-ca"]


def test_a_document_named_by_its_title_beside_a_clause_comes_first(asking: Callable[[list[Record]], Ask]) -> None:
    title = "Quy chế làm việc của Ủy ban kiểm tra"
    ask = asking(
        [
            document("quy-che", title, "5-QC/TU", issued_on=date(2020, 1, 1), body="Gồm hai chương."),
            item("tin", "Điều 5 là điều được hỏi nhiều", body="Điều 5 quy chế làm việc của ủy ban kiểm tra. " * 5),
            document("khac", "Quy chế làm việc của Văn phòng", "6-QC/TU", body="Điều 5 của quy chế."),
        ]
    )
    assert ask("điều 5 quy chế làm việc của ủy ban kiểm tra")[0] == "quy-che"
    assert ask("quy chế làm việc của ủy ban kiểm tra điều 5")[0] == "quy-che"
    assert ask("điều 5 quy chế")[0] != "tin", "two words name a document whose title holds both"
    assert ask("điều 5 quy chế kiểm tra chuyên đề đất đai")[0] == "tin", "half a title is none"


def test_words_side_by_side_and_in_a_name_say_more_than_words_far_apart(asking: Callable[[list[Record]], Ask]) -> None:
    others = [item(f"khac-{n}", f"Chuyện khác {n}", body="Việc này việc kia.") for n in range(20)]
    ask = asking(
        [
            item("xa", "Tin một", body="Chi tiêu trong năm. " + "Việc này việc kia. " * 20 + "Cán bộ xã."),
            item("gan", "Tin hai", body="Việc này việc kia. " * 20 + "Đại hội chi bộ. " * 4),
            item("ten", "Đại hội chi bộ", body="Việc này việc kia. " * 20),
            *others,
        ]
    )
    assert ask("chi bộ") == ["ten", "gan", "xa"]


def test_each_facet_counts_under_the_filters_but_its_own(site: Path) -> None:
    def dated(name: str, kind: str, year: int) -> Record:
        return document(name, "Về đất", "1-NQ/TU", document_type=kind, issued_on=date(year, 1, 1))

    write_release(
        site, [dated("mot", "nghi-quyet", 2024), dated("hai", "nghi-quyet", 2025), dated("ba", "chi-thi", 2025)]
    )
    engine = FallbackEngine()
    answer = engine.answer(read_request({"q": "đất", "type": "nghi-quyet", "year": "2025"}), live_release(site))
    counts = {name: {value.value: value.count for value in values} for name, values in answer.facets.items()}
    assert answer.total == len(answer.results) == 1
    assert engine.count(read_request({"q": "đất", "year": "2025"}), live_release(site)) == 2
    assert counts == {"type": {"nghi-quyet": 1, "chi-thi": 1}, "year": {"2025": 1, "2024": 1}}
    engine.close()


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
