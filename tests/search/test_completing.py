"""While a reader types: titles, numbers and approved queries."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.completing import MOST, complete
from search.lexicon import Lexicon
from search.releases import Release
from tests.search.conftest import live_release
from tests.search.factories import item, write_release

CHE, HAI_BAN = "Phát triển cây chè đến năm 2030", "Chi bộ xóm Đồng Rằm bàn việc mua bàn ghế"


@pytest.fixture
def lexicon(demo_release: Release) -> Iterator[Lexicon]:
    made = Lexicon()
    made.bring_to(demo_release)
    yield made
    made.close()


def texts(typed: str, lexicon: Lexicon, release: Release, *queries: str) -> list[str]:
    return [completion.text for completion in complete(typed, lexicon, release, queries)]


@pytest.mark.parametrize(
    "typed", ["phat trien cay", "Phát triển câ", "PHÁT TRIỂN", "cây chè đ", "cay che", "che phat trien"]
)
def test_a_title_is_offered_from_any_of_its_words_with_or_without_marks(
    typed: str, lexicon: Lexicon, demo_release: Release
) -> None:
    assert CHE in texts(typed, lexicon, demo_release)


def test_the_last_word_may_be_half_typed_unless_a_space_follows(lexicon: Lexicon, demo_release: Release) -> None:
    assert CHE in texts("phat tri", lexicon, demo_release)
    assert CHE not in texts("phat tri ", lexicon, demo_release)


def test_the_title_with_the_marks_that_were_typed_comes_first(lexicon: Lexicon, demo_release: Release) -> None:
    assert texts("chi bộ xóm đồng rằm bàn", lexicon, demo_release)[0] == HAI_BAN
    assert texts("chi bộ xóm đồng rằm bán", lexicon, demo_release)[0] != HAI_BAN


@pytest.mark.parametrize("typed", ["18", "18-n", "18 nq tw", "nghị quyết 18", "nghi quyet 18", "số 18"])
def test_a_number_is_offered_once_however_it_is_typed(typed: str, lexicon: Lexicon, demo_release: Release) -> None:
    assert texts(typed, lexicon, demo_release).count("18-NQ/TW") == 1


def test_a_number_tells_what_it_is_the_number_of(lexicon: Lexicon, demo_release: Release) -> None:
    (found,) = (c for c in complete("05-nq", lexicon, demo_release) if c.text == "05-NQ/TU")
    assert found.to_json() == {"text": "05-NQ/TU", "kind": "number", "hint": CHE}


def test_approved_queries_come_first_and_are_few(lexicon: Lexicon, demo_release: Release) -> None:
    queries = [f"phát triển đảng viên {n}" for n in range(9)]
    found = texts("phat tr", lexicon, demo_release, *queries)
    assert found[:4] == [*queries[:3], CHE]


@pytest.mark.parametrize(
    "typed", ["", " ", "p", "*", '"', "' OR 1", "NEAR(", "a" * 5000, "\x00\ud800", "- -", "title:", "^", "x AND"]
)
def test_any_text_is_safe(typed: str, lexicon: Lexicon, demo_release: Release) -> None:
    assert len(texts(typed, lexicon, demo_release)) <= MOST


def test_there_are_eight_at_most(site: Path) -> None:
    write_release(site, [item(f"tin-{n}", f"Tin số {n}") for n in range(30)])
    lexicon = Lexicon()
    lexicon.bring_to(live_release(site))
    assert len(texts("tin so", lexicon, live_release(site))) == MOST
    lexicon.close()


def test_what_is_withdrawn_is_not_offered_even_before_the_lexicon_knows(site: Path) -> None:
    write_release(site, [item("mot", "Tin đã rút"), item("hai", "Tin còn đó")])
    lexicon = Lexicon()
    lexicon.bring_to(live_release(site))
    write_release(site, [item("hai", "Tin còn đó")], seq=2)
    assert texts("tin", lexicon, live_release(site)) == ["Tin còn đó"]
    lexicon.close()


def test_each_of_the_real_documents_is_completed_from_half_its_title(corpus_release: Release) -> None:
    lexicon = Lexicon()
    lexicon.bring_to(corpus_release)
    missed = []
    seconds = []
    for named in lexicon._items("1"):
        words = named.title.split()
        typed = " ".join(words[: max(len(words) // 2, 3)])
        started = time.perf_counter()
        found = texts(typed, lexicon, corpus_release)
        seconds.append(time.perf_counter() - started)
        if named.title[:400] not in found:
            missed.append(named.title)
    assert len(missed) <= len(seconds) * 0.02, missed
    assert sorted(seconds)[int(len(seconds) * 0.95)] < 0.03
    lexicon.close()
