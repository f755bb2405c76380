"""From request and understanding to a plan: named clauses with their weights, held as data and compared in a diff."""

from dataclasses import dataclass
from enum import StrEnum

from search.request import Scope, SearchRequest, Sort
from search.understanding import PartialNumber, Understanding, understand


class Clause(StrEnum):
    """What a clause asks of a row."""

    NUMBER = "number"
    CITATION = "citation"
    PARTIAL_NUMBER = "partial_number"
    WORDS = "words"
    ACCENTED_WORDS = "accented_words"
    PHRASE = "phrase"


# A document called by its number comes first whatever its text scores: BM25 sums stay below 200 for 400 characters.
# The whole number outweighs a part of one, and the clause that was asked for outweighs its neighbours.
NUMBER_BOOST = 1000.0
CITATION_BOOST = 3000.0
PARTIAL_NUMBER_BOOST = 400.0
UNTYPED_NUMBER_BOOST = 200.0

# Measured (DESIGN section 5): unigrams and bigrams summed, heading 0.3, title of the document 0.4.
FIELD_WEIGHTS: dict[Scope, dict[str, float]] = {
    Scope.DOCUMENTS: {"text": 1.0, "heading": 0.3, "title": 1.0, "attachments": 0.3},
    Scope.PROVISIONS: {"text": 1.0, "heading": 0.3, "title": 0.4},
}
# Enough to put the right "bàn" before "bán", too little to lose a row whose author left the marks out.
ACCENTED_WEIGHTS: dict[str, float] = {"text": 0.3, "title": 0.3}

# How many of the words a row must hold. Two words are one Vietnamese word, so both count; a question of ten and more
# words is full of words no law uses.
MINIMUM_SHOULD_MATCH = "2<-1 4<-2 9<40%"


@dataclass(frozen=True)
class Plan:
    """What to ask the index, independent of its query language.

    `words` rank and must be there in part (`MINIMUM_SHOULD_MATCH`), `phrases` must be there whole. A row that answers
    by its number needs no words.
    """

    scope: Scope
    sort: Sort
    offset: int
    words: str
    clauses: tuple[Clause, ...]
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    number_keys: tuple[str, ...] = ()
    partial_number: PartialNumber | None = None
    citation: str | None = None
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def matches_all(self) -> bool:
        """Whether only filters were given: everything they leave, newest first."""
        return not self.clauses


def plan(request: SearchRequest, understanding: Understanding | None = None) -> Plan:
    """The plan for a request."""
    meant = understanding or understand(request.query)
    wanted = {
        Clause.NUMBER: bool(meant.number_keys),
        Clause.CITATION: bool(meant.citation) and (bool(meant.number_keys) or meant.partial_number is not None),
        Clause.PARTIAL_NUMBER: meant.partial_number is not None,
        Clause.WORDS: bool(meant.text),
        Clause.ACCENTED_WORDS: bool(meant.text) and meant.accented,
        Clause.PHRASE: bool(meant.phrases),
    }
    clauses = tuple(clause for clause, is_wanted in wanted.items() if is_wanted)
    return Plan(
        scope=request.scope,
        sort=request.sort if clauses or request.sort is not Sort.RELEVANCE else Sort.NEWEST,
        offset=request.offset,
        words=meant.text,
        clauses=clauses,
        phrases=meant.phrases,
        excluded=meant.excluded,
        number_keys=meant.number_keys,
        partial_number=meant.partial_number,
        citation=meant.citation,
        filters=request.filters,
    )
