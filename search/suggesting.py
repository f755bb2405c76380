"""“Ý bạn là…”: whether to offer another spelling of a query, and which. Never one that finds nothing."""

from collections.abc import Callable
from dataclasses import replace

from contract.folding import fold
from search.answers import Answer
from search.lexicon import Lexicon
from search.releases import Release
from search.request import SearchRequest
from search.spelling import suggest

Count = Callable[[SearchRequest], int]


def suggestion(request: SearchRequest, answer: Answer, count: Count, lexicon: Lexicon, release: Release) -> str | None:
    """The query to offer beside `answer`; None when the reader's own is good enough.

    `count` counts what readers of `release` find; it is called once at most, under the filters the reader chose. A
    query without diacritics finds what it means as it stands, so only wrong letters in it are worth a word. While the
    lexicon is not in step with the release, nothing is offered: it may know a word of something withdrawn.
    """
    if request.page > 1 or answer.numbered or not lexicon.is_in_step_with(release):
        return None
    meant = suggest(request.query, lexicon)
    if meant is None or not (meant.mends_letters or fold(request.query) != request.query.lower()):
        return None
    return meant.query if count(replace(request, query=meant.query)) else None
