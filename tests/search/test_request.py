"""What readers type into the address never fails, and means something sensible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.request import FACETS, MAX_PAGES, MAX_QUERY_LENGTH, Scope, Sort, read_request

NAMES = ("q", "page", "scope", "sort", *FACETS)


@pytest.mark.parametrize("page", ["0", "-1", "zwei", "", "٣", "1e9", "99999999999999999999", "²"])
def test_a_page_that_is_none_is_the_first(page: str) -> None:
    assert read_request({"page": page}).page == 1


def test_nobody_pages_beyond_the_last_page_that_is_offered() -> None:
    assert read_request({"page": "500"}).page == MAX_PAGES


def test_an_unknown_order_or_scope_is_the_usual_one() -> None:
    request = read_request({"sort": "price", "scope": "users"})
    assert (request.sort, request.scope) == (Sort.RELEVANCE, Scope.DOCUMENTS)


def test_a_query_that_is_too_long_is_cut_and_says_so() -> None:
    request = read_request({"q": "đảng " * 500})
    assert len(request.query) <= MAX_QUERY_LENGTH
    assert request.was_cut


def test_a_query_is_read_in_the_spelling_texts_are_stored_in() -> None:
    decomposed = "uỷ ban"
    assert read_request({"q": f"  {decomposed} "}).query == "ủy ban"


def test_a_year_that_is_none_filters_nothing() -> None:
    assert read_request({"year": "20x5"}).filters == ()


def test_the_address_of_another_page_asks_for_the_same() -> None:
    request = read_request({"q": "chi bộ & đảng", "type": "nghi-quyet", "sort": "newest", "scope": "provisions"})
    address = request.address(3)
    assert address.startswith("/tim-kiem/?q=chi+b")
    assert "type=nghi-quyet" in address
    assert address.endswith("page=3")
    assert "&amp;" not in address
    assert "%26" in address


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=600)))
def test_any_parameters_make_a_request(parameters: dict[str, str]) -> None:
    request = read_request(parameters)
    assert 1 <= request.page <= MAX_PAGES
    assert len(request.query) <= MAX_QUERY_LENGTH
    assert read_request({"q": request.query}).query == request.query
