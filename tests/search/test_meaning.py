"""What a query means beyond its words: other names, alternatives, quotations, missing numbers."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from contract.models import Term
from contract.release import CURRENT, VOCABULARY, RelatedItem, ReleaseVocabulary
from contract.vocabulary import Status, TermKind
from search.answering import ElasticsearchEngine
from search.answers import Answer
from search.connections import connect_for_readers
from search.cursors import read_cursor
from search.fallback import FallbackEngine
from search.indexes import IndexNames
from search.indexing import ReleaseIndexer
from search.releases import Release
from search.request import read_request
from tests.search.conftest import READER_SECONDS, live_release
from tests.search.factories import document, identity, item, write_release
from tests.search.samples import demo_records

pytestmark = pytest.mark.elasticsearch

QUOTED = "Nguồn nước đầu nguồn phải được giữ sạch cho bản làng phía dưới và cho cả mai sau"
TERMS = (
    Term(kind=TermKind.ABBREVIATION, words="UBKT", means="Ủy ban Kiểm tra"),
    Term(kind=TermKind.SYNONYM, words="nước sạch", means="nước sinh hoạt"),
    Term(kind=TermKind.ALIAS, words="Nghị quyết về đất đai", number="18-NQ/TW", issued_on=date(2022, 6, 16)),
    Term(kind=TermKind.ALIAS, words="19 điều đảng viên không được làm", number="37-QĐ/TW"),
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    site = tmp_path_factory.mktemp("meaning")
    old = document("quy-che-cu", "Quy chế làm việc", "07-QC/TU", status=Status.REPLACED)
    by = RelatedItem(
        verb="replaced_by",
        label="Được thay thế bởi",
        number="09-QC/TU",
        title="Quy chế mới",
        path="/van-ban/quy-che-moi/",
    )
    write_release(
        site,
        [
            *demo_records(),
            old.model_copy(update={"incoming": (by,)}),
            item("nuoc-a", "Giữ nguồn nước", body=QUOTED, seq=20),
            item(
                "nuoc-b", "Nguồn nước, bản làng, mai sau và phía dưới", body=" ".join(reversed(QUOTED.split())), seq=21
            ),
            item("kiem-tra", "Họp ngành", body="Ủy ban Kiểm tra họp phiên đầu năm.", seq=22),
            item("ca-phe", "Trồng cà phê", body="Cây cà phê chè trên đất đồi.", seq=23),
            item("sinh-hoat", "Đường ống", body="Dẫn nước sinh hoạt về bản.", seq=24),
            item("so-lieu", "Báo cáo quý", attachment_text="Trang đầu.\fBiểu thống kê nương rẫy theo thôn.", seq=25),
        ],
    )
    vocabulary = ReleaseVocabulary.of(TERMS).model_dump(mode="json", by_alias=True)
    (site / CURRENT / VOCABULARY).write_text(json.dumps(vocabulary), encoding="utf-8")
    return live_release(site)


@pytest.fixture(scope="module")
def engine(elasticsearch: Elasticsearch, elasticsearch_url: str, release: Release) -> Iterator[ElasticsearchEngine]:
    names = IndexNames(f"test-{uuid4().hex[:12]}")
    ReleaseIndexer(elasticsearch, names).rebuild(release)
    yield ElasticsearchEngine(connect_for_readers(elasticsearch_url, READER_SECONDS), names, READER_SECONDS)
    for name in elasticsearch.indices.get(index=f"{names.prefix}-*").body:
        elasticsearch.indices.delete(index=name)


@pytest.fixture(scope="module")
def fallback(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FallbackEngine]:
    engine = FallbackEngine(tmp_path_factory.mktemp("fallback"))
    engine.bring_to(release)
    yield engine
    engine.close()


def ask(engine: ElasticsearchEngine | FallbackEngine, release: Release, query: str, **parameters: str) -> Answer:
    return engine.answer(read_request({"q": query, **parameters}), release)


def names(answer: Answer) -> list[str]:
    return [result.url.rstrip("/").rpartition("/")[2] for result in answer.results]


def test_an_abbreviation_finds_what_is_written_out(
    engine: ElasticsearchEngine, fallback: FallbackEngine, release: Release
) -> None:
    answer = ask(engine, release, "UBKT họp")
    assert names(answer)[0] == "kiem-tra"
    assert answer.reworded == ("Ủy ban Kiểm tra họp",)
    assert names(ask(fallback, release, "UBKT họp"))[0] == "kiem-tra"


@pytest.mark.parametrize("typed", ["nước sạch", "nuoc sach"])
def test_a_synonym_is_as_good_as_the_word(engine: ElasticsearchEngine, release: Release, typed: str) -> None:
    assert "sinh-hoat" in names(ask(engine, release, typed))


def test_another_name_leads_to_the_one_document_of_a_shared_number(
    engine: ElasticsearchEngine, fallback: FallbackEngine, release: Release
) -> None:
    for either in (engine, fallback):
        answer = ask(either, release, "nghị quyết về đất đai")
        assert [match.issued_on for match in answer.numbered] == ["2022-06-16"]
        assert names(answer)[0] == "nghi-quyet-18-2022"


def test_a_number_is_not_said_otherwise(engine: ElasticsearchEngine, release: Release) -> None:
    assert ask(engine, release, "số 12-HD/UBKT").reworded == ()
    assert ask(engine, release, "số 12-HD/UBKT của UBKT").reworded == ("số 12-HD/UBKT của Ủy ban Kiểm tra",)


def test_or_asks_for_one_of_several_words(
    engine: ElasticsearchEngine, fallback: FallbackEngine, release: Release
) -> None:
    for either in (engine, fallback):
        for typed in ("cà phê OR nước sinh hoạt", '"cà phê" OR "nước sinh hoạt"', "cà phê HOẶC nước sinh hoạt"):
            assert {"ca-phe", "sinh-hoat"} <= set(names(ask(either, release, typed)))
        assert "ca-phe" not in names(ask(either, release, "cà phê OR nước sinh hoạt -đồi"))
        assert names(ask(either, release, '"cà phê OR nước sinh hoạt"')) == []


def test_a_text_that_was_copied_is_found_word_for_word(engine: ElasticsearchEngine, release: Release) -> None:
    assert names(ask(engine, release, QUOTED))[0] == "nuoc-a"
    assert names(ask(engine, release, QUOTED.replace(" phải được", " được")))[0] == "nuoc-a"


def test_a_number_nobody_has_is_said_to_be_missing_with_the_nearest(
    engine: ElasticsearchEngine, release: Release
) -> None:
    missing = ask(engine, release, "18-NQ/TU").missing_number
    assert missing is not None
    assert missing.number == "18-NQ/TU"
    assert {near.number for near in missing.nearest} == {"18-NQ/TW"}
    assert ask(engine, release, "18-NQ/TW").missing_number is None
    assert ask(engine, release, "24/7 trong ngày").missing_number is None


def test_the_number_behind_another_name_is_said_to_be_missing_too(
    engine: ElasticsearchEngine, fallback: FallbackEngine, release: Release
) -> None:
    for either in (engine, fallback):
        missing = ask(either, release, "19 dieu dang vien khong duoc lam").missing_number
        assert missing is not None
        assert missing.number == "37-QĐ/TW"


def test_of_a_clause_that_does_not_exist_the_article_is_shown(engine: ElasticsearchEngine, release: Release) -> None:
    passages = ask(engine, release, "khoản 9 điều 1 quyết định 37/2020/QĐ-UBND").results[0].passages
    assert passages[0].label == "Điều 1"
    passages = ask(engine, release, "điểm a khoản 2 điều 5 quyết định 37/2020/QĐ-UBND").results[0].passages
    assert passages[0].label == "Điều 5, khoản 2, điểm a"


def test_a_hit_says_what_replaces_it(engine: ElasticsearchEngine, fallback: FallbackEngine, release: Release) -> None:
    for either in (engine, fallback):
        result = ask(either, release, "07-QC/TU").results[0].to_json()
        assert result["superseded_by"] == [
            {"label": "Được thay thế bởi", "number": "09-QC/TU", "title": "Quy chế mới", "url": "/van-ban/quy-che-moi/"}
        ]


def test_the_page_of_an_attachment_is_led_to(engine: ElasticsearchEngine, release: Release) -> None:
    passage = ask(engine, release, "thống kê nương rẫy").results[0].passages[0]
    assert passage.label == "phu-luc.pdf, trang 2"
    assert passage.url.startswith("/tep/")
    assert passage.url.endswith("/phu-luc.pdf#page=2")


def test_similar_content_is_other_content(engine: ElasticsearchEngine, release: Release) -> None:
    found = names(ask(engine, release, "", like=str(identity("nuoc-a"))))
    assert "nuoc-b" in found
    assert "nuoc-a" not in found


def test_a_list_by_date_goes_on_behind_its_cursor(engine: ElasticsearchEngine, release: Release) -> None:
    seen: list[str] = []
    after = ""
    while True:
        answer = ask(engine, release, "", sort="newest", after=after, level="1")
        seen += [result.id for result in answer.results]
        if answer.next is None:
            break
        after = answer.next
    assert len(seen) == len(set(seen)) == answer.total > 10


@pytest.mark.parametrize("text", ["", "x", "W10", "bnVsbA", "é", "W251bGwsMSwieCJd", "a" * 999])
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert read_cursor(text) is None


def test_facets_count_levels_and_topics_by_name(engine: ElasticsearchEngine, release: Release) -> None:
    facets = ask(engine, release, "sổ tay").facets
    assert [(value.value, value.label) for value in facets["topic"]] == [("to-chuc", "Tổ chức")]
    assert facets["level"][0].label == "Cấp tỉnh"
    assert facets["unit"][0].label == "Tỉnh ủy Thái Nguyên"


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "nguồn nước"},
        {"q": "điều 4", "scope": "provisions"},
        {"q": "18-NQ/TW"},
        {"q": '"cà phê" -chè'},
        {"q": "nước", "type": "nghi-quyet", "year": "2022"},
        {"q": "không có ở đâu cả zzyzx"},
    ],
)
def test_what_is_counted_is_what_an_answer_tells(
    engine: ElasticsearchEngine, release: Release, parameters: dict[str, str]
) -> None:
    request = read_request(parameters)
    assert engine.count(request, release) == engine.answer(request, release).total


def test_a_release_without_a_vocabulary_has_none(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "releases").mkdir(parents=True)
    write_release(site, demo_records())
    assert live_release(site).vocabulary.queries == ()
