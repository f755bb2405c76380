"""What a reader gets for a search: the answer, another spelling of the query, ways out of an empty one. Counted."""

from dataclasses import replace

from search.answers import Answer
from search.loosening import loosenings
from search.releases import Release
from search.request import SearchRequest
from search.service.runtime import runtime
from search.suggesting import suggestion


def answer_reader(request: SearchRequest, release: Release) -> Answer:
    """The answer to `request` for readers of `release`."""
    held = runtime()
    answer = held.recent.get((release.name, request), lambda: _answer(request, release))
    held.counts.searched(request, answer)
    return answer


def _answer(request: SearchRequest, release: Release) -> Answer:
    held = runtime()

    def count(other: SearchRequest) -> int:
        return held.engines.count(other, release)

    answer = held.engines.answer(request, release)
    if request.like is not None or not request.query:
        return answer
    offered = suggestion(request, answer, count, held.lexicon, release)
    ways = () if answer.total else loosenings(request, count, held.lexicon)
    return replace(answer, suggestion=offered, loosenings=tuple(way.to_json() for way in ways))
