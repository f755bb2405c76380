"""The demo content holds together: relations point to documents that are there, and every text can be published."""

import unicodedata
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest

from cms.content.structure import parse_structure
from cms.importing.demo import Demo, DemoItem, load_demo
from cms.importing.demo.reading import HANOI, InvalidDemoError, read_item
from contract.addresses import item_path
from contract.models import DocumentFacts
from contract.normalising import normalise
from contract.numbers import document_key, is_number, number_key
from contract.vocabulary import Audience, Kind, ProvisionKind, TermKind, Verb

LAST_DAY = datetime(2026, 11, 20, 23, 59, tzinfo=HANOI)


@pytest.fixture(scope="module")
def demo() -> Demo:
    return load_demo()


def documents(demo: Demo) -> list[DemoItem]:
    return [item for item in demo.items if item.kind is Kind.DOCUMENT]


def test_there_is_enough_of_everything_to_look_at(demo: Demo) -> None:
    counts = Counter(item.kind for item in demo.items)
    assert counts[Kind.NEWS] >= 25
    assert counts[Kind.DOCUMENT] >= 22
    assert counts[Kind.GUIDANCE] >= 10
    assert 8 <= len(demo.topics) <= 10
    assert len({item.type for item in documents(demo)}) >= 8


def test_units_form_three_levels_below_one_province(demo: Demo) -> None:
    parents = {unit.slug: unit.parent for unit in demo.units}

    def level(slug: str | None) -> int:
        return 0 if slug is None else 1 + level(parents[slug])

    assert [slug for slug, parent in parents.items() if parent is None] == ["tinh-uy-son-ha"]
    assert Counter(level(slug) for slug in parents).keys() == {1, 2, 3}
    assert len(parents) == len(demo.units)


def test_items_and_people_belong_to_units_and_topics_that_are_there(demo: Demo) -> None:
    units = {unit.slug for unit in demo.units}
    topics = {topic.slug for topic in demo.topics}
    assert {item.unit for item in demo.items} <= units
    assert {topic for item in demo.items for topic in item.topics} == topics
    assert {user.unit for user in demo.users} <= units
    roles = {(user.username, user.role) for user in demo.users}
    assert {("bientap", "editor"), ("thamdinh", "reviewer"), ("pheduyet", "approver")} <= roles


def test_every_relation_points_to_one_earlier_document(demo: Demo) -> None:
    earlier: list[DemoItem] = []
    for item in demo.items:
        for relation in item.relations:
            targets = [
                other
                for other in earlier
                if number_key(other.number or "") == number_key(relation.number)
                and relation.issued_on in (None, other.issued_on)
            ]
            assert len(targets) == 1, (item.slug, relation)
        if item.kind is Kind.DOCUMENT:
            earlier.append(item)


def test_every_verb_is_shown_and_so_is_every_kind_of_validity(demo: Demo) -> None:
    assert {relation.verb for item in demo.items for relation in item.relations} == set(Verb)
    effective = [item.effective_from for item in documents(demo) if item.effective_from]
    assert max(effective) > LAST_DAY.date()
    assert any(item.effective_to and item.effective_to < LAST_DAY.date() for item in documents(demo))


def test_one_number_stands_for_two_documents_of_different_years(demo: Demo) -> None:
    numbers = Counter(item.number for item in documents(demo))
    assert [number for number, count in numbers.items() if count == 2] == ["12-HD/BTCTU"]
    keys = [document_key(item.number, item.issuer, item.issued_on) for item in documents(demo)]
    assert len(keys) == len(set(keys))


def test_every_document_has_a_head_provisions_and_a_closing(demo: Demo) -> None:
    for item in documents(demo):
        assert item.number
        assert is_number(item.number)
        assert DocumentFacts(type=item.type or "", number=item.number).type == item.type
        assert item.issued_on
        assert item.issued_on <= item.published_at.date() <= LAST_DAY.date()
        parsed = parse_structure(item.text)
        assert len(parsed.provisions) >= 6, item.slug
        assert "<p>Nơi nhận:</p>" in parsed.closing_html, item.slug
        assert item.signer
        assert item.signer in parsed.closing_html, item.slug
        assert item.number in parsed.preamble_html, item.slug


def test_long_documents_show_articles_and_attachments(demo: Demo) -> None:
    articles = {
        item.number: sum(p.kind is ProvisionKind.ARTICLE for p in parse_structure(item.text).provisions)
        for item in documents(demo)
    }
    assert articles["48-QĐ/TU"] == 20
    assert articles["876-QĐ/TU"] == 3 + 15
    assert articles["44-QĐ/TU"] == 4


def test_news_are_short_paragraphs_and_some_name_their_source(demo: Demo) -> None:
    news = [item for item in demo.items if item.kind is Kind.NEWS]
    for item in news:
        assert 120 <= len(item.text.split()) <= 400, item.slug
        assert len(item.paragraphs) >= 4, item.slug
    assert sum(item.source_name is not None for item in news) >= 2
    assert all(item.published_at <= LAST_DAY for item in news)


def test_guidance_is_divided_and_some_is_for_members_only(demo: Demo) -> None:
    guidance = [item for item in demo.items if item.kind is Kind.GUIDANCE]
    assert all(len(parse_structure(item.text).provisions) >= 9 for item in guidance)
    assert any(item.audience is Audience.MEMBERS for item in guidance)


def test_texts_are_normalised_and_addresses_possible(demo: Demo) -> None:
    for item in demo.items:
        assert normalise(item.text) == item.text
        assert unicodedata.is_normalized("NFC", item.title + item.summary)
        item_path(item.kind, item.slug)
        assert len(item.title) <= 200
        assert 30 <= len(item.summary) <= 300, item.slug


def test_search_terms_are_of_every_kind_and_names_mean_one_document(demo: Demo) -> None:
    assert {term.kind for term in demo.terms} == set(TermKind)
    assert len(set(demo.terms)) == len(demo.terms)
    for term in (term for term in demo.terms if term.kind is TermKind.ALIAS):
        dates = [item.issued_on for item in documents(demo) if item.number == term.number]
        assert is_number(term.number or "")
        assert term.issued_on in dates or len(dates) == 1 or term.number in ("37-QĐ/TW", "04-NQ/TW"), term


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "hong.txt"
    broken.write_text("kind: news\nmau: đỏ\n\nĐoạn.", encoding="utf-8")
    with pytest.raises(InvalidDemoError, match=r"hong.txt: the line 'mau: đỏ' is not one of"):
        read_item(broken)


def test_dates_are_written_as_vietnamese_write_them(demo: Demo) -> None:
    assert next(item for item in demo.items if item.number == "21-NQ/TU").issued_on == date(2024, 2, 20)
