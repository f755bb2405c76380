"""The data of ``search.html`` as docs/theme.md declares it."""

from typing import Any
from uuid import UUID

from contract.addresses import SEARCH_PATH
from search.answers import Answer, Engine
from search.releases import Release
from search.request import MAX_PAGES, MAX_QUERY_LENGTH, PAGE_SIZE, SearchRequest, Sort
from search.service.alert_addresses import alert_address
from search.texts import _


def search_context(release: Release, request: SearchRequest, answer: Answer | None) -> dict[str, Any]:
    """Everything the template may reach for; `answer` is None before anything was asked."""
    return {
        "site": release.site_facts,
        "page": {
            "kind": "search",
            "path": SEARCH_PATH,
            "title": _("Search"),
            "description": "",
            "breadcrumbs": [{"title": _("Home"), "path": "/"}],
        },
        "query": request.query,
        "scope": request.scope.value,
        "sort": "" if request.sort is Sort.RELEVANCE else request.sort.value,
        "selected": request.selected,
        "answer": _shown(answer) if answer else None,
        "notice": notice(answer),
        "pages": page_links(request, answer.total) if answer else [],
        "hints": hints(request, answer),
        "like": _like(release, request),
        "feed": f"{SEARCH_PATH}atom/{request.address(1).removeprefix(SEARCH_PATH)}" if answer else None,
        "alert": alert_address(request),
        "offset": request.offset,
    }


def notice(answer: Answer | None) -> str | None:
    """What a reader must know about where the results come from."""
    if answer is None or answer.engine is not Engine.FALLBACK:
        return None
    return _(
        "The full search is not available right now. These results come from a simpler search: it does not look up "
        "single provisions and narrows by type and year only."
    )


def page_links(request: SearchRequest, total: int) -> list[dict[str, Any]]:
    """Links to the pages of results, at most `MAX_PAGES`."""
    count = min(-(-total // PAGE_SIZE), MAX_PAGES)
    return [
        {"number": number, "path": request.address(number), "current": number == request.page}
        for number in range(1, count + 1)
    ]


def hints(request: SearchRequest, answer: Answer | None) -> list[str]:
    """What helps to ask better, where it helps."""
    said = []
    if request.was_cut:
        said.append(
            _("The query was longer than %(length)d characters; only its beginning was searched for.")
            % {"length": MAX_QUERY_LENGTH}
        )
    if answer is not None and answer.total > MAX_PAGES * PAGE_SIZE and request.page == MAX_PAGES:
        said.append(
            _("Only the first %(pages)d pages of results are shown. Add words or narrow the results.")
            % {"pages": MAX_PAGES}
        )
    if answer is None or answer.total == 0:
        if answer is not None:
            said.append(_("Try fewer or other words."))
        said += [
            _("A document is found by its number in any spelling: 18-NQ/TW, 18 nq tw, nghị quyết 18."),
            _("Diacritics may be left out: “nghi quyet” finds “nghị quyết”."),
            _("Put words in quotes to find exactly them; put a minus sign before a word to leave it out."),
            _("Write OR between words of which one is enough: chè OR cà phê."),
        ]
    return said


def _like(release: Release, request: SearchRequest) -> dict[str, str] | None:
    """The item whose like is looked for, while it is live."""
    if request.like is None or (item := UUID(request.like)) not in release.items:
        return None
    record = release.record(item)
    return {"id": request.like, "title": record.snapshot.title, "path": record.path}


def _shown(answer: Answer) -> dict[str, Any]:
    """The answer without the results that already stand in the card of the number."""
    numbered = {result.id for result in answer.numbered}
    data = answer.to_json()
    data["results"] = [result for result in data["results"] if result["id"] not in numbered]
    return data
