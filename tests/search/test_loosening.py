"""When nothing was found, what can be left out."""

from collections.abc import Iterator

import pytest

from search.fallback import FallbackEngine
from search.lexicon import Lexicon
from search.loosening import MOST, MOST_TRIED, loosenings
from search.releases import Release
from search.request import FACETS, SearchRequest, read_request


@pytest.fixture
def lexicon(demo_release: Release) -> Iterator[Lexicon]:
    made = Lexicon()
    made.bring_to(demo_release)
    yield made
    made.close()


def offered(
    lexicon: Lexicon, engine: FallbackEngine, release: Release, **parameters: str
) -> list[tuple[str, str, int, str]]:
    """What is left out, the label, the number of results, and the query that remains."""
    request = read_request(parameters)
    assert engine.answer(request, release).total == 0
    found = loosenings(request, lambda wanted: engine.answer(wanted, release).total, lexicon, now=lambda: 0.0)
    return [(way.left_out.value, way.label, way.total, way.request.query) for way in found]


def test_a_filter_that_hides_everything_is_named(
    lexicon: Lexicon, demo_fallback: FallbackEngine, demo_release: Release
) -> None:
    found = offered(lexicon, demo_fallback, demo_release, q="cây chè", year="1999")
    assert found[0] == ("filter", "Không lọc theo năm", 1, "cây chè")


def test_of_two_filters_the_one_in_the_way_is_named_and_both(
    lexicon: Lexicon, demo_fallback: FallbackEngine, demo_release: Release
) -> None:
    found = offered(lexicon, demo_fallback, demo_release, q="cây chè", year="1999", type="nghi-quyet")
    assert [way[:3] for way in found[:2]] == [
        ("filter", "Không lọc theo năm", 1),
        ("filters", "Bỏ tất cả bộ lọc", 1),
    ]


def test_words_that_stand_nowhere_are_left_out_together(
    lexicon: Lexicon, demo_fallback: FallbackEngine, demo_release: Release
) -> None:
    found = offered(lexicon, demo_fallback, demo_release, q="zzyzx chè")
    assert found == [("words", "Bỏ “zzyzx”", 2, "chè")]


def test_quotes_and_exclusions_can_go(lexicon: Lexicon, demo_fallback: FallbackEngine, demo_release: Release) -> None:
    assert offered(lexicon, demo_fallback, demo_release, q='"chè cây"')[0][0::3] == ("quotes", "chè cây")
    assert offered(lexicon, demo_fallback, demo_release, q="cây chè -triển")[0][0::3] == ("exclusions", "cây chè")


def test_a_search_in_provisions_is_widened_to_documents(lexicon: Lexicon) -> None:
    request = read_request({"q": "chè", "scope": "provisions"})
    (way,) = loosenings(request, lambda wanted: 3, lexicon)
    assert (way.label, way.total, way.to_json()["path"]) == (
        "Tìm trong toàn bộ văn bản và tin tức",
        3,
        "/tim-kiem/?q=ch%C3%A8",
    )


def test_the_engine_is_asked_a_few_times_and_not_for_long(lexicon: Lexicon) -> None:
    asked: list[SearchRequest] = []

    def nothing(request: SearchRequest) -> int:
        asked.append(request)
        return 0

    values = {name: "2020" if name in ("year", "level") else "x" for name in FACETS}
    request = read_request({"q": "chi bộ bàn việc mua bàn ghế", **values})
    assert loosenings(request, nothing, lexicon, now=lambda: 0.0) == ()
    assert 0 < len(asked) <= MOST_TRIED
    asked.clear()
    clock = iter([0.0, 0.0, 9.0, 9.0])
    assert loosenings(request, nothing, lexicon, now=lambda: next(clock)) == ()
    assert len(asked) == 1


def test_few_ways_are_shown(lexicon: Lexicon) -> None:
    request = read_request({"q": "chi bộ bàn việc", "year": "2020", "type": "a", "issuer": "b", "topic": "c"})
    found = loosenings(request, lambda wanted: 1, lexicon)
    assert len(found) == MOST


@pytest.mark.parametrize("query", ["", "-", '"', '""', "- -", "OR", "| |", '-"a" -b', "***", "a" * 400, '"' * 100])
def test_any_query_is_safe(query: str, lexicon: Lexicon, demo_fallback: FallbackEngine, demo_release: Release) -> None:
    request = read_request({"q": query})
    found = loosenings(request, lambda wanted: demo_fallback.answer(wanted, demo_release).total, lexicon)
    assert all(way.request.query.strip() and way.label for way in found)


@pytest.mark.parametrize("name", FACETS)
def test_every_filter_has_a_name_in_vietnamese(name: str, lexicon: Lexicon) -> None:
    request = read_request({"q": "chè", name: "2020" if name == "year" else "1"})
    way = loosenings(request, lambda wanted: 1, lexicon)[0]
    assert way.label.startswith("Không lọc theo ")
    assert not way.label.endswith((name, "unit", "type"))
