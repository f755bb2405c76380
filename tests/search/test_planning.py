"""Plans and the queries made of them, without a server."""

import json

import pytest

from search.compiling import compile_search
from search.planning import NUMBER_BOOST, PARTIAL_NUMBER_BOOST, Clause, plan
from search.request import Scope, Sort, read_request


def test_words_alone_plan_words_alone() -> None:
    assert plan(read_request({"q": "hop chi bo"})).clauses == (Clause.WORDS,)


def test_typed_diacritics_add_a_clause_that_prefers_them() -> None:
    assert Clause.ACCENTED_WORDS in plan(read_request({"q": "họp chi bộ"})).clauses


def test_a_citation_counts_only_beside_a_number() -> None:
    assert Clause.CITATION not in plan(read_request({"q": "điều 5"})).clauses
    assert Clause.CITATION in plan(read_request({"q": "điều 5 nghị định 30/2020/NĐ-CP"})).clauses


def test_filters_without_words_show_everything_they_leave_newest_first() -> None:
    planned = plan(read_request({"type": "nghi-quyet"}))
    assert planned.matches_all
    assert planned.sort is Sort.NEWEST


def test_a_whole_number_outweighs_a_part_of_one_and_that_outweighs_any_text() -> None:
    assert NUMBER_BOOST > 2 * PARTIAL_NUMBER_BOOST > 200


@pytest.mark.parametrize("query", ['"} ], "script": "1', "* OR *:*", "text:/.*/", "a" * 400, "~1 ^99 (", "\\"])
@pytest.mark.parametrize("scope", list(Scope))
def test_what_a_reader_types_never_becomes_query_language(query: str, scope: Scope) -> None:
    compiled = json.dumps(compile_search(plan(read_request({"q": query, "scope": scope})), []).to_dict())
    for parsed in ("query_string", "simple_query_string", "regexp", "wildcard", "script", "prefix"):
        assert f'"{parsed}": ' not in compiled


def test_stale_records_are_left_out_of_the_query_and_so_of_every_count() -> None:
    compiled = compile_search(plan(read_request({"q": "chi bộ"})), ["ab" * 32]).to_dict()
    assert {"terms": {"record": ["ab" * 32]}} in compiled["query"]["bool"]["must_not"]


def test_a_facet_counts_under_the_other_filters_only() -> None:
    compiled = compile_search(plan(read_request({"q": "chi bộ", "type": "luat", "year": "2024"})), []).to_dict()
    assert compiled["aggs"]["type"]["filter"] == {"bool": {"filter": [{"term": {"year": "2024"}}]}}
