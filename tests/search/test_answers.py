"""What readers find, asked of both engines where both promise it."""

import pytest

from contract.folding import fold
from search.answering import ElasticsearchEngine
from search.answers import Answer, Result
from search.engines import Engines
from search.fallback import FallbackEngine
from search.releases import Release
from search.request import read_request
from tests.search.factories import PROVINCE, WARD, identity

pytestmark = pytest.mark.elasticsearch

Engine = ElasticsearchEngine | FallbackEngine


@pytest.fixture(params=["elasticsearch", "fallback"])
def either(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return request.getfixturevalue({"elasticsearch": "demo_engine", "fallback": "demo_fallback"}[request.param])


def ask(engine: Engine, release: Release, query: str, **parameters: str) -> Answer:
    return engine.answer(read_request({"q": query, **parameters}), release)


def names(answer: Answer) -> list[str]:
    return [result.url.rstrip("/").rpartition("/")[2] for result in answer.results]


def passages(result: Result) -> str:
    return " ".join(str(passage.html) for passage in result.passages)


@pytest.mark.parametrize("typed", ["37/2020/QĐ-UBND", "37 2020 qd ubnd", "số 37/2020/qđ-ubnd", "quyết định 37/2020"])
def test_a_number_in_any_spelling_finds_its_document_first(either: Engine, demo_release: Release, typed: str) -> None:
    assert names(ask(either, demo_release, typed))[0] == "quyet-dinh-37"


def test_documents_that_share_a_number_are_all_named(either: Engine, demo_release: Release) -> None:
    answer = ask(either, demo_release, "18-NQ/TW")
    assert set(names(answer)[:2]) == {"nghi-quyet-18-2017", "nghi-quyet-18-2022"}
    assert [match["issued_on"] for match in answer.to_json()["number_match"]] == ["2022-06-16", "2017-10-25"]
    # The document that only mentions the number comes after those that have it.
    assert "nghi-dinh-30" in names(answer)[2:]


def test_a_named_year_chooses_between_documents_of_one_number(either: Engine, demo_release: Release) -> None:
    assert names(ask(either, demo_release, "nghị quyết 18 năm 2017"))[0] == "nghi-quyet-18-2017"


def test_one_document_with_the_number_is_one_object(either: Engine, demo_release: Release) -> None:
    match = ask(either, demo_release, "05-NQ/TU").to_json()["number_match"]
    assert match["number"] == "05-NQ/TU"


@pytest.mark.parametrize("typed", ["phát triển cây chè", "phat trien cay che", "PHÁT TRIỂN CÂY CHÈ"])
def test_words_are_found_with_and_without_diacritics(either: Engine, demo_release: Release, typed: str) -> None:
    assert names(ask(either, demo_release, typed))[0] == "nghi-quyet-che"


def test_the_words_are_marked_as_they_stand_in_the_text(either: Engine, demo_release: Release) -> None:
    first = ask(either, demo_release, "nang suat lao dong").results[0]
    assert "<mark>Năng suất lao động</mark>" in passages(first)


def test_a_word_of_an_attachment_finds_its_item(either: Engine, demo_release: Release) -> None:
    assert names(ask(either, demo_release, "bảng mã lỗi khuôn mặt"))[0] == "huong-dan-so-tay"


def test_a_phrase_in_quotes_must_be_there(either: Engine, demo_release: Release) -> None:
    assert set(names(ask(either, demo_release, '"bàn việc mua"'))) == {"ban-ban-ghe", "ban-hang"}
    assert names(ask(either, demo_release, '"việc mua bàn chi bộ"')) == []


def test_an_excluded_word_is_not_there(either: Engine, demo_release: Release) -> None:
    assert "nghi-dinh-30" not in names(ask(either, demo_release, "quản lý -văn"))
    assert "nghi-quyet-18-2022" in names(ask(either, demo_release, "quản lý -văn"))


def test_filters_narrow_and_their_own_facet_keeps_the_others(either: Engine, demo_release: Release) -> None:
    answer = ask(either, demo_release, "", type="nghi-quyet")
    assert set(names(answer)) == {"nghi-quyet-18-2017", "nghi-quyet-18-2022", "nghi-quyet-che"}
    counts = {value.value: (value.label, value.count) for value in answer.facets["type"]}
    assert counts["nghi-quyet"] == ("Nghị quyết", 3)
    assert counts["nghi-dinh"] == ("Nghị định", 1)
    assert {value.value for value in answer.facets["year"]} == {"2017", "2022", "2025"}


def test_a_unit_takes_in_the_units_below_it(either: Engine, demo_release: Release) -> None:
    assert ask(either, demo_release, "", unit=str(PROVINCE.id)).total == 9
    assert set(names(ask(either, demo_release, "", unit=str(WARD.id)))) == {"nghi-quyet-che", "ban-ban-ghe"}


def test_an_issuer_is_chosen_in_any_spelling(either: Engine, demo_release: Release) -> None:
    assert names(ask(either, demo_release, "", issuer="CHÍNH PHỦ")) == ["nghi-dinh-30"]


def test_newest_and_oldest_order_by_the_day_of_issue(either: Engine, demo_release: Release) -> None:
    newest = names(ask(either, demo_release, "", type="nghi-quyet", sort="newest"))
    assert newest == ["nghi-quyet-che", "nghi-quyet-18-2022", "nghi-quyet-18-2017"]
    assert names(ask(either, demo_release, "", type="nghi-quyet", sort="oldest")) == newest[::-1]


def test_hostile_text_of_a_document_comes_out_as_text(either: Engine, demo_release: Release) -> None:
    result = ask(either, demo_release, "xâm nhập").results[0]
    html = passages(result)
    assert "&lt;img" in html
    assert "<img" not in html
    assert "<mark>xâm nhập</mark>" in html


HOSTILE = [
    "<script>alert(1)</script>",
    '" OR 1=1 --',
    "*",
    "?",
    "a*",
    "~",
    "^",
    "\\",
    "(",
    ")",
    "[a TO b]",
    "AND OR NOT",
    "NEAR(a b)",
    "{}",
    "%00",
    "''",
    '""',
    "-",
    "--",
    "- -",
    '-"',
    "“",
    "\u202e",
    "điều " * 80,
    "1" * 400,
    "/" * 400,
    "{{7*7}}",
    "title:*",
    "body MATCH 'x'",
    "\ud800",
    "🎉",
    "ً",
    "a\u0300" * 100,
]


@pytest.mark.parametrize("query", HOSTILE)
@pytest.mark.parametrize("scope", ["documents", "provisions"])
def test_hostile_queries_are_answered(either: Engine, demo_release: Release, query: str, scope: str) -> None:
    assert ask(either, demo_release, query, scope=scope).page == 1


def test_diacritics_are_preferred_when_they_are_typed(demo_engine: ElasticsearchEngine, demo_release: Release) -> None:
    assert names(ask(demo_engine, demo_release, "bàn việc mua bàn ghế"))[0] == "ban-ban-ghe"
    assert names(ask(demo_engine, demo_release, "bán việc mua bán ghế"))[0] == "ban-hang"


def test_a_passage_leads_to_the_smallest_provision_that_answers(
    demo_engine: ElasticsearchEngine, demo_release: Release
) -> None:
    best = ask(demo_engine, demo_release, "đảng viên vắng mặt phải báo cáo").results[0].passages[0]
    assert best.label == "Điều 5, khoản 2"
    assert best.url == "/van-ban/quyet-dinh-37/#chuong-i-dieu-5-khoan-khoan-2"


def test_the_provision_that_was_asked_for_is_the_first_passage(
    demo_engine: ElasticsearchEngine, demo_release: Release
) -> None:
    result = ask(demo_engine, demo_release, "khoản 1 điều 5 quyết định 37/2020/QĐ-UBND").results[0]
    assert result.number == "37/2020/QĐ-UBND"
    assert result.passages[0].label == "Điều 5, khoản 1"


def test_provisions_are_searched_on_their_own_one_result_an_article(
    demo_engine: ElasticsearchEngine, demo_release: Release
) -> None:
    answer = ask(demo_engine, demo_release, "chi bộ họp thường kỳ", scope="provisions")
    assert answer.results[0].passages[0].label == "Điều 5, khoản 1"
    assert len([r for r in answer.results if r.passages[0].label.startswith("Điều 5")]) == 1
    assert answer.total == len(answer.results)


def test_the_provision_of_a_named_document_comes_first(demo_engine: ElasticsearchEngine, demo_release: Release) -> None:
    answer = ask(demo_engine, demo_release, "điều 1 quyết định 37/2020/QĐ-UBND", scope="provisions")
    assert answer.results[0].passages[0].label == "Điều 1"


def test_without_a_server_the_fallback_answers_and_says_so(
    demo_fallback: FallbackEngine, demo_release: Release
) -> None:
    answer = Engines(demo_fallback).answer(read_request({"q": "cây chè"}), demo_release)
    assert answer.to_json()["engine"] == "fallback"
    assert answer.results[0].id == str(identity("nghi-quyet-che"))


@pytest.fixture(params=["elasticsearch", "fallback"])
def either_corpus(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, over the real documents."""
    return request.getfixturevalue({"elasticsearch": "corpus_engine", "fallback": "corpus_fallback"}[request.param])


def test_real_numbers_find_their_document_first(either_corpus: Engine, corpus_release: Release) -> None:
    numbers = [number for item in list(corpus_release.items)[::3] if (number := _number(corpus_release, item))]
    loose = [fold(number).replace("-", " ").replace("/", " ") for number in numbers]
    first = 0
    for typed, number in zip([*numbers, *loose], [*numbers, *numbers], strict=True):
        results = ask(either_corpus, corpus_release, typed).results
        first += bool(results) and fold(results[0].number or "") == fold(number)
    assert first / (2 * len(numbers)) >= 0.99


def test_real_titles_without_diacritics_are_among_the_first_three(
    either_corpus: Engine, corpus_release: Release
) -> None:
    titles = [corpus_release.record(item).snapshot.title for item in list(corpus_release.items)[::3]]
    found = sum(
        title in [result.title for result in ask(either_corpus, corpus_release, fold(title)).results[:3]]
        for title in titles
    )
    assert found / len(titles) >= 0.95


def _number(release: Release, item: object) -> str | None:
    facts = release.record(item).snapshot.document  # type: ignore[arg-type]
    return facts.number if facts else None
