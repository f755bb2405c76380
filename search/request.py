"""What a reader asked for, as a frozen value. Reading the query parameters never fails: bad ones mean the default."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from contract.addresses import SEARCH_PATH
from contract.normalising import normalise_line
from search.cursors import Cursor, read_cursor

PAGE_SIZE = 10
# Nobody reads past the tenth page; deep pages cost the server much and serve only those who copy the index.
MAX_PAGES = 10
# Longer than any real question; what comes after is cut, not refused.
MAX_QUERY_LENGTH = 400
MAX_VALUE_LENGTH = 300
MAX_ID_LENGTH = 50

Choice = TypeVar("Choice", bound=StrEnum)

FACETS = ("type", "status", "issuer", "level", "unit", "year", "topic")


class Scope(StrEnum):
    """What a result is."""

    DOCUMENTS = "documents"
    PROVISIONS = "provisions"


class Sort(StrEnum):
    """The order of the results."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True)
class SearchRequest:
    """One search.

    `filters` holds a value for each facet that is narrowed, in the order of `FACETS`; `like` is the id of an item to
    find others like; `after` is the place where the results before ended (see `search.cursors`).
    """

    query: str = ""
    page: int = 1
    scope: Scope = Scope.DOCUMENTS
    sort: Sort = Sort.RELEVANCE
    filters: tuple[tuple[str, str], ...] = ()
    like: str | None = None
    after: Cursor | None = None
    was_cut: bool = False

    @property
    def offset(self) -> int:
        """How many results come before this page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def selected(self) -> dict[str, str]:
        """The filters by facet."""
        return dict(self.filters)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to search for."""
        return not self.query and not self.filters and self.like is None

    def address(self, page: int) -> str:
        """The HTML address of another page of the same search."""
        values = {"q": self.query, **self.selected}
        if self.scope is not Scope.DOCUMENTS:
            values["scope"] = self.scope.value
        if self.sort is not Sort.RELEVANCE:
            values["sort"] = self.sort.value
        if self.like:
            values["like"] = self.like
        if page > 1:
            values["page"] = str(page)
        return f"{SEARCH_PATH}?{urlencode(values)}"

    def on_page(self, page: int) -> "SearchRequest":
        """The same search, another page."""
        return replace(self, page=page)


def read_request(parameters: Mapping[str, str]) -> SearchRequest:
    """A request from query parameters, whatever they hold."""
    query = normalise_line(parameters.get("q", ""))
    sort = _choice(Sort, parameters.get("sort", ""), Sort.RELEVANCE)
    after = read_cursor(parameters.get("after", ""))
    filters = ((name, _filter_value(name, parameters.get(name, ""))) for name in FACETS)
    return SearchRequest(
        query=query[:MAX_QUERY_LENGTH].strip(),
        page=_page(parameters.get("page", "")),
        scope=_choice(Scope, parameters.get("scope", ""), Scope.DOCUMENTS),
        # Only a list by date has places that stay what they are.
        sort=Sort.NEWEST if after and sort is Sort.RELEVANCE else sort,
        filters=tuple((name, value) for name, value in filters if value),
        like=_item(parameters.get("like", "")),
        after=after,
        was_cut=len(query) > MAX_QUERY_LENGTH,
    )


def _page(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        return 1
    return min(max(int(text), 1), MAX_PAGES)


def _item(text: str) -> str | None:
    try:
        return str(UUID(text.strip())) if len(text) <= MAX_ID_LENGTH else None
    except ValueError:
        return None


def _filter_value(name: str, text: str) -> str:
    value = normalise_line(text[: MAX_VALUE_LENGTH * 2])[:MAX_VALUE_LENGTH]
    if name == "year" and not (value.isascii() and value.isdigit() and len(value) == 4):
        return ""
    if name == "level" and not (value.isascii() and value.isdigit() and len(value) <= 2):
        return ""
    return value


def _choice(kind: type[Choice], text: str, default: Choice) -> Choice:
    return next((choice for choice in kind if choice.value == text), default)
