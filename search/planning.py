"""From request and understanding to a plan: named clauses with their weights, held as data and compared in a diff."""

from dataclasses import dataclass
from enum import StrEnum

from contract.slugs import slugify
from search.cursors import Cursor
from search.request import Scope, SearchRequest, Sort
from search.understanding import NO_VOCABULARY, NamedNumber, PartialNumber, understand
from search.vocabulary import Vocabulary


class Clause(StrEnum):
    """What a clause asks of a row."""

    NUMBER = "number"
    NAME = "name"
    CITATION = "citation"
    PARTIAL_NUMBER = "partial_number"
    WORDS = "words"
    ACCENTED_WORDS = "accented_words"
    PHRASE = "phrase"
    SIMILAR = "similar"


# A document called by its number comes first whatever its text scores: BM25 sums stay below 200 for 400 characters.
# The clause that was asked for outweighs its neighbours and parts of numbers, the whole number outweighs a clause of a
# document whose number only begins alike (3,000 for the article, 4,500 for the clause in it).
NUMBER_BOOST = 10_000.0
CITATION_BOOST = 3000.0
PARTIAL_NUMBER_BOOST = 400.0
UNTYPED_NUMBER_BOOST = 200.0

# All words of a row in one field: what a row must hold and by what candidates are found. Measured on two judged sets
# (docs/search.md): single syllables and pairs of them count the same.
CANDIDATE_FIELD = "all"
# What counts besides among the candidates: words of a heading or title say more than words of the text.
FIELD_WEIGHTS: dict[Scope, dict[str, float]] = {
    Scope.DOCUMENTS: {"title": 1.0, "heading": 0.3},
    Scope.PROVISIONS: {"title": 1.0, "heading": 0.3},
}
# Enough to put the right "bàn" before "bán", too little to lose a row whose author left the marks out.
ACCENTED_WEIGHTS: dict[str, float] = {"text": 0.1, "title": 0.1}
# A text that was copied stands somewhere word for word: more than its words can score in another order.
QUOTATION_BOOST = 100.0
# Words between which others may stand in a copied text: a footnote mark, a word left out.
QUOTATION_SLOP = 3
# A word or two that name a topic: what is filed under it comes a little forward.
TOPIC_BOOST = 5.0
TOPIC_WORDS = 6

# How many of the words a row must hold. Two words are one Vietnamese word, so both count; a question of ten and more
# words is full of words no law uses, and one of five and more has some ("thế nào", "bao nhiêu").
MINIMUM_SHOULD_MATCH = "2<-1 4<60% 9<25%"
# "điều 5 luật đất đai": who names a document by its title names it nearly whole, or means something else.
CITED_TITLE_MATCH = "3<80%"


@dataclass(frozen=True)
class Plan:
    """What to ask the index, independent of its query language.

    One of `wordings` must be there in part (`MINIMUM_SHOULD_MATCH`), `phrases` must be there whole. A row that answers
    by its number needs no words. `words` are all of them, for marking. `similar_to` is an item to find others like.
    `citation` is a provision of the document that is named, by its number or by `cited_title`.
    """

    scope: Scope
    sort: Sort
    offset: int
    words: str
    clauses: tuple[Clause, ...]
    wordings: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    names: tuple[NamedNumber, ...] = ()
    whole_number: str | None = None
    quotation: str | None = None
    topic: str | None = None
    similar_to: str | None = None
    number_keys: tuple[str, ...] = ()
    partial_number: PartialNumber | None = None
    citation: str | None = None
    cited_title: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    after: Cursor | None = None

    @property
    def matches_all(self) -> bool:
        """Whether only filters were given: everything they leave, newest first."""
        return not self.clauses


def plan(request: SearchRequest, vocabulary: Vocabulary = NO_VOCABULARY) -> Plan:
    """The plan for a request."""
    meant = understand(request.query, vocabulary)
    names_number = meant.whole_number is not None or meant.partial_number is not None
    topic = slugify(meant.text) if 0 < len(meant.text.split()) <= TOPIC_WORDS else None
    wanted = {
        Clause.NUMBER: bool(meant.number_keys),
        Clause.NAME: bool(meant.names),
        Clause.CITATION: bool(meant.citation and meant.cited),
        Clause.PARTIAL_NUMBER: meant.partial_number is not None,
        Clause.WORDS: bool(meant.text),
        Clause.ACCENTED_WORDS: bool(meant.text) and meant.accented,
        Clause.PHRASE: bool(meant.phrases),
        Clause.SIMILAR: request.like is not None,
    }
    clauses = tuple(clause for clause, is_wanted in wanted.items() if is_wanted)
    return Plan(
        scope=Scope.DOCUMENTS if request.like else request.scope,
        sort=request.sort if clauses or request.sort is not Sort.RELEVANCE else Sort.NEWEST,
        offset=request.offset,
        words=" ".join(dict.fromkeys((meant.text, *meant.wordings))),
        clauses=clauses,
        wordings=meant.wordings,
        phrases=meant.phrases,
        excluded=meant.excluded,
        names=meant.names,
        whole_number=meant.whole_number,
        quotation=meant.quotation,
        topic=topic or None,
        similar_to=request.like,
        number_keys=meant.number_keys,
        partial_number=meant.partial_number,
        citation=meant.citation,
        cited_title="" if names_number else meant.cited,
        filters=request.filters,
        after=request.after,
    )
