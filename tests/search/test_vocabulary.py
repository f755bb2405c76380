"""What the boards taught the search box: found however it is typed, and never in words that only look alike."""

import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.canonical import canonical_json
from contract.models import Term
from contract.normalising import normalise_line
from contract.release import VOCABULARY, ReleaseVocabulary
from contract.vocabulary import TermKind
from search.live import LiveRelease
from search.releases import BrokenReleaseError, read_release
from search.vocabulary import NamedDocument, Vocabulary
from tests.search.factories import write_release


def short(words: str, means: str) -> Term:
    return Term(kind=TermKind.ABBREVIATION, words=words, means=means)


def alias(words: str, number: str, issued_on: date | None = None) -> Term:
    return Term(kind=TermKind.ALIAS, words=words, number=number, issued_on=issued_on)


NINETEEN = alias("19 điều đảng viên không được làm", "37-QĐ/TW", date(2021, 10, 25))
FOURTH = alias("Nghị quyết Trung ương 4 khóa XII", "04-NQ/TW", date(2016, 10, 30))
TERMS = (
    short("BCH TW", "Ban Chấp hành Trung ương"),
    short("TW", "Trung ương"),
    short("TƯ", "Trung ương"),
    short("CA", "công an"),
    short("NQ", "nghị quyết"),
    short("ĐV", "đảng viên"),
    short("ĐV", "đơn vị"),
    Term(kind=TermKind.SYNONYM, words="tinh giản biên chế", means="cắt giảm biên chế"),
    NINETEEN,
    FOURTH,
    alias("Nghị quyết về đất đai", "18-NQ/TW", date(2022, 6, 16)),
    Term(kind=TermKind.QUERY, words="chuyển sinh hoạt đảng"),
)
VOCABULARY_OF_TESTS = Vocabulary.of(TERMS)


def expanded(typed: str) -> dict[str, tuple[str, ...]]:
    query = normalise_line(typed)
    return {query[e.start : e.end]: e.alternatives for e in VOCABULARY_OF_TESTS.expand(query)}


def named(typed: str) -> dict[str, str]:
    query = normalise_line(typed)
    return {query[found.start : found.end]: found.number for found in VOCABULARY_OF_TESTS.aliases(query)}


@pytest.mark.parametrize("typed", ["BCH TW", "bch tw", "BCH-TW", "Bch  Tw", "BCH.TW"])
def test_an_abbreviation_is_written_out_however_it_is_typed(typed: str) -> None:
    assert list(expanded(f"nhiệm vụ của {typed} là gì").values()) == [("Ban Chấp hành Trung ương",)]


def test_the_longest_words_win_and_the_rest_is_still_looked_at() -> None:
    assert expanded("nq bch tw của tw") == {
        "nq": ("nghị quyết",),
        "bch tw": ("Ban Chấp hành Trung ương",),
        "tw": ("Trung ương",),
    }


def test_an_abbreviation_of_two_meanings_gives_both() -> None:
    assert expanded("hồ sơ đv") == {"đv": ("đảng viên", "đơn vị")}
    assert expanded("ho so dv") == {"dv": ("đảng viên", "đơn vị")}


@pytest.mark.parametrize("typed", ["kết quả TƯ họp", "TƯ", "ban TƯ", "CA xã"])
def test_an_abbreviation_that_reads_as_a_word_is_one_in_capitals(typed: str) -> None:
    assert expanded(typed)


@pytest.mark.parametrize(
    "typed", ["tự phê bình", "tu phe binh", "tư tưởng Hồ Chí Minh", "TƯ TƯỞNG HỒ CHÍ MINH", "ca trực", "TỪ ngày", "tư"]
)
def test_words_that_look_like_an_abbreviation_stay_what_they_are(typed: str) -> None:
    assert expanded(typed) == {}


def test_a_synonym_holds_both_ways_and_an_abbreviation_does_not() -> None:
    assert expanded("kế hoạch tinh gian bien che") == {"tinh gian bien che": ("cắt giảm biên chế",)}
    assert expanded("cắt giảm biên chế năm 2026") == {"cắt giảm biên chế": ("tinh giản biên chế",)}
    assert expanded("kết nạp đảng viên") == {}


def test_diacritics_that_were_typed_count() -> None:
    assert expanded("tính giản biên chế") == {}


@pytest.mark.parametrize(
    "typed",
    [
        "19 điều đảng viên không được làm",
        "19 dieu dang vien khong duoc lam",
        "19 điều ĐV không được làm",
        "19 dieu dv khong duoc lam",
        "XIX điều đảng viên không được làm",
        "19 Điều Đảng viên KHÔNG ĐƯỢC làm",
        "19 điê\u0300u đa\u0309ng viên không được làm",
    ],
)
def test_a_document_is_found_by_what_people_call_it(typed: str) -> None:
    assert list(named(f"khoản 2 {typed} có gì mới").items()) == [(normalise_line(typed), "37-QĐ/TW")]


@pytest.mark.parametrize(
    "typed",
    [
        "nghị quyết trung ương 4 khoá XII",
        "NQ TW 4 khoá XII",
        "nq tw4 khoa 12",
        "NQTƯ 4 khóa XII nghị quyết TƯ 4 khóa xii",
        "nghi quyet trung uong 4 khoa 12",
    ],
)
def test_a_name_is_the_same_with_abbreviations_and_with_either_kind_of_numerals(typed: str) -> None:
    assert set(named(typed).values()) == {"04-NQ/TW"}


@pytest.mark.parametrize("typed", ["nghị quyết trung ương 5 khóa XII", "nghị quyết trung ương 4 khóa XI", "9 điều", ""])
def test_another_document_is_not_taken_for_one_of_a_like_name(typed: str) -> None:
    assert named(typed) == {}


def test_a_shared_name_tells_all_who_have_it() -> None:
    vocabulary = Vocabulary.of([alias("nghị quyết đất đai", "18-NQ/TW"), alias("Nghị quyết đất đai", "19-NQ/TW")])
    assert {found.number for found in vocabulary.aliases("nghi quyet dat dai")} == {"18-NQ/TW", "19-NQ/TW"}


def test_the_date_travels_with_a_number_that_several_share() -> None:
    assert VOCABULARY_OF_TESTS.aliases("nghị quyết về đất đai") == (
        NamedDocument(0, 21, "18-NQ/TW", date(2022, 6, 16)),
    )


def test_queries_to_offer_are_told_and_change_nothing_in_a_query() -> None:
    assert VOCABULARY_OF_TESTS.queries == ("chuyển sinh hoạt đảng",)
    assert expanded("chuyển sinh hoạt đảng") == named("chuyển sinh hoạt đảng") == {}


def test_terms_without_a_word_find_nothing() -> None:
    vocabulary = Vocabulary.of([short("…", "ba chấm"), alias("-", "18-NQ/TW")])
    assert vocabulary.expand("…") == vocabulary.aliases("-") == vocabulary.expand("") == ()


@given(st.text(max_size=400))
def test_any_query_is_answered_with_places_inside_it(typed: str) -> None:
    query = normalise_line(typed)
    for found in (*VOCABULARY_OF_TESTS.expand(query), *VOCABULARY_OF_TESTS.aliases(query)):
        assert 0 <= found.start < found.end <= len(query)


def test_a_long_query_costs_little_with_a_large_vocabulary() -> None:
    many = [short(f"VT{number}", f"nghĩa số {number}") for number in range(3000)]
    vocabulary = Vocabulary.of([*many, *TERMS])
    query = normalise_line("nq bch tw " * 40)
    started = time.process_time()
    vocabulary.expand(query)
    vocabulary.aliases(query)
    assert time.process_time() - started < 0.05


# In a release ---------------------------------------------------------------------------------------------------------


def test_a_release_brings_its_vocabulary_and_one_without_the_file_has_none(site: Path) -> None:
    write_release(site, [])
    live = LiveRelease(site)
    before = live.get()
    name = write_release(site, [], switch=False)
    put_terms(site, name, TERMS)
    (site / "current").unlink()
    (site / "current").symlink_to(f"releases/{name}")
    after = live.get()
    assert before is not None
    assert after is not None
    assert before.vocabulary.queries == ()
    assert after.vocabulary.queries == ("chuyển sinh hoạt đảng",)
    assert after.vocabulary.aliases("19 dieu dang vien khong duoc lam")[0].number == "37-QĐ/TW"


def test_a_broken_vocabulary_leaves_the_release_before_in_place(site: Path) -> None:
    whole = write_release(site, [])
    live = LiveRelease(site)
    live.get()
    broken = write_release(site, [])
    (site / "releases" / broken / VOCABULARY).write_bytes(b'{"schema": 1, "terms": [{"kind": "alias"}]}')
    held = live.get()
    assert held is not None
    assert held.name == whole
    with pytest.raises(BrokenReleaseError, match=VOCABULARY):
        _ = read_release(site, broken).vocabulary


def put_terms(site: Path, release: str, terms: tuple[Term, ...]) -> None:
    data = ReleaseVocabulary.of(terms).model_dump(mode="json", by_alias=True)
    (site / "releases" / release / VOCABULARY).write_bytes(canonical_json(data))
