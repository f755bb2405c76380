"""Turns a plan into Elasticsearch's query language. Only fixed query types: nothing a reader types is parsed there."""

from collections.abc import Callable, Sequence
from typing import Any

from elasticsearch.dsl import A, Q, Search
from elasticsearch.dsl.query import Query

from search.planning import (
    ACCENTED_WEIGHTS,
    CITATION_BOOST,
    FIELD_WEIGHTS,
    MINIMUM_SHOULD_MATCH,
    NUMBER_BOOST,
    PARTIAL_NUMBER_BOOST,
    UNTYPED_NUMBER_BOOST,
    Clause,
    Plan,
)
from search.request import PAGE_SIZE, Scope, Sort
from search.rows import issuer_key

FACET_SIZE = 30
# The facet "unit" counts an item for its own unit; narrowing to a unit takes in everything below it.
FILTER_FIELDS = {
    "type": "type",
    "status": "status",
    "issuer": "issuer_key",
    "year": "year",
    "unit": "units",
    "topic": "topics",
}
COUNTED = {"type": "type", "status": "status", "issuer": "issuer", "year": "year", "unit": "unit"}

PASSAGES = 3
# Rows looked at to choose passages from: an article and several of its clauses may all be good.
PASSAGE_CANDIDATES = 8
FRAGMENT_CHARACTERS = 220
# Marks of the highlighter: noncharacters, which no text holds. Control characters will not do, because Elasticsearch
# trims them off the ends of a fragment.
MARK_OPEN, MARK_CLOSE = "\ufdd0", "\ufdd1"
# A book pasted into an attachment must not make a highlight slow.
HIGHLIGHTED_CHARACTERS = 200_000

_SHOWN = [
    "id", "record", "kind", "url", "title", "number", "type", "type_name", "issuer", "issued_on", "status",
    "status_label",
]  # fmt: skip
_SHOWN_OF_PROVISION = [*_SHOWN, "anchor", "article", "ancestors", "label"]

_ORDERS: dict[Sort, list[Any]] = {
    # The id makes the order the same on every page and every run.
    Sort.RELEVANCE: ["_score", {"day": "desc"}, "id"],
    Sort.NEWEST: [{"day": "desc"}, {"published_at": "desc"}, "id"],
    Sort.OLDEST: [{"day": "asc"}, {"published_at": "asc"}, "id"],
}


def compile_search(plan: Plan, stale: Sequence[str]) -> Search:
    """The search for one page of results with its facets. `stale` are record hashes that must not be found."""
    search = Search().query(compile_query(plan, stale)).sort(*_ORDERS[plan.sort])
    search = search.extra(from_=plan.offset, size=PAGE_SIZE, track_total_hits=True, track_scores=True)
    filters = {name: _filter(name, value) for name, value in plan.filters}
    if filters:
        search = search.post_filter(Q("bool", filter=list(filters.values())))
    for name, field in COUNTED.items():
        others = [query for other, query in filters.items() if other != name]
        terms = A("terms", field=field, size=FACET_SIZE, order={"_key" if name == "year" else "_count": "desc"})
        if plan.scope is Scope.PROVISIONS:
            terms.bucket("articles", "cardinality", field="article")
        if name == "unit":
            terms.bucket("name", "top_hits", size=1, _source=["unit_name"])
        search.aggs.bucket(name, "filter", bool={"filter": [query.to_dict() for query in others]}).bucket(
            "values", terms
        )
    if plan.scope is Scope.DOCUMENTS:
        return search.extra(_source=_SHOWN)
    return _one_result_an_article(plan, search.extra(_source=_SHOWN_OF_PROVISION), list(filters.values()))


def compile_query(plan: Plan, stale: Sequence[str]) -> Query:
    """The query proper: what must be there, what adds to the score, what must not be there."""
    should = [_CLAUSES[clause](plan) for clause in plan.clauses if clause in _CLAUSES]
    if plan.words:
        should.append(_words(plan))
    forbidden = [_phrase(plan.scope, phrase) for phrase in plan.excluded]
    if stale:
        forbidden.append(Q("terms", record=list(stale)))
    if not should:
        return Q("bool", must=[Q("match_all")], must_not=forbidden)
    return Q("bool", should=should, minimum_should_match=1, must_not=forbidden)


def compile_passages(plan: Plan, items: Sequence[str], records: Sequence[str]) -> Search:
    """For each of `items` the provisions that answer best, in one request.

    The title of the document counts for none of them: it would make every provision a passage.
    """
    wanted = [_scored_words(plan, {"text": 1.0, "heading": 0.3})]
    if plan.citation:
        wanted.append(_cites(plan.citation))
    ours = [Q("terms", id=list(items)), Q("terms", record=list(records))]
    inner = {
        "name": "rows",
        "size": PASSAGE_CANDIDATES,
        "_source": ["record", "anchor", "ancestors", "label", "url"],
        "highlight": _highlight(plan, fragments=1),
    }
    search = Search().query(Q("bool", filter=ours, should=wanted, minimum_should_match=1))
    return search.extra(collapse={"field": "id", "inner_hits": inner}, size=len(items)).source(["id"])


def compile_excerpts(plan: Plan, items: Sequence[str], records: Sequence[str]) -> Search:
    """Excerpts of items without a provision that answers (news, pages): the best lines of their text."""
    ours = [Q("terms", id=list(items)), Q("terms", record=list(records))]
    search = Search().query(Q("bool", filter=ours))
    return search.extra(size=len(items), highlight=_highlight(plan, fragments=2)).source(["id", "record", "url"])


def compile_number_match(keys: Sequence[str], stale: Sequence[str]) -> Search:
    """The documents that have one of the numbers `keys`, newest first."""
    query = Q("bool", filter=[Q("terms", number_key=list(keys))], must_not=[Q("terms", record=list(stale))])
    return Search().query(query).sort(*_ORDERS[Sort.NEWEST]).extra(size=PAGE_SIZE, _source=_SHOWN)


def _words(plan: Plan) -> Query:
    """Enough of the words, all of the phrases; both for ranking and as the condition."""
    conditions = [
        Q(
            "combined_fields",
            query=plan.words,
            fields=list(FIELD_WEIGHTS[plan.scope]),
            minimum_should_match=MINIMUM_SHOULD_MATCH,
        ),
        *(_phrase(plan.scope, phrase) for phrase in plan.phrases),
    ]
    return Q("bool", filter=conditions, must=[_scored_words(plan, FIELD_WEIGHTS[plan.scope])])


def _scored_words(plan: Plan, weights: dict[str, float]) -> Query:
    fields = [f"{name}{part}^{weight:g}" for name, weight in weights.items() for part in ("", ".bigrams")]
    if Clause.ACCENTED_WORDS in plan.clauses:
        fields += [f"{name}.accented^{ACCENTED_WEIGHTS[name]:g}" for name in weights if name in ACCENTED_WEIGHTS]
    return Q("multi_match", query=plan.words, type="most_fields", fields=fields)


def _number(plan: Plan) -> Query:
    return Q("constant_score", filter=Q("terms", number_key=list(plan.number_keys)), boost=NUMBER_BOOST)


def _partial_number(plan: Plan) -> Query:
    number = plan.partial_number
    if number is None:
        return Q("match_none")
    conditions = [Q("term", number_prefixes=number.prefix)]
    if number.types:
        conditions.append(Q("terms", type=list(number.types)))
    if number.year:
        conditions.append(Q("term", year=number.year))
    boost = PARTIAL_NUMBER_BOOST if number.types or "-" in number.prefix else UNTYPED_NUMBER_BOOST
    return Q("constant_score", filter=Q("bool", filter=conditions), boost=boost)


def _citation(plan: Plan) -> Query:
    """The provision that was asked for, of the document that was asked for."""
    if plan.citation is None or plan.scope is Scope.DOCUMENTS:
        return Q("match_none")
    document = [_CLAUSES[clause](plan) for clause in (Clause.NUMBER, Clause.PARTIAL_NUMBER) if clause in plan.clauses]
    condition = Q("bool", filter=[_cites(plan.citation)], should=document, minimum_should_match=1)
    return Q("constant_score", filter=condition, boost=CITATION_BOOST)


def _cites(citation: str) -> Query:
    return Q("constant_score", filter=Q("term", citation=citation), boost=CITATION_BOOST)


def _phrase(scope: Scope, words: str) -> Query:
    return Q("multi_match", query=words, type="phrase", fields=list(FIELD_WEIGHTS[scope]))


_CLAUSES: dict[Clause, Callable[[Plan], Query]] = {
    Clause.NUMBER: _number,
    Clause.CITATION: _citation,
    Clause.PARTIAL_NUMBER: _partial_number,
}


def _filter(name: str, value: str) -> Query:
    return Q("term", **{FILTER_FIELDS[name]: issuer_key(value) if name == "issuer" else value})


def _one_result_an_article(plan: Plan, search: Search, filters: list[Query]) -> Search:
    """An article and its clauses are one result, linked at the smallest part that answers."""
    inner = {
        "name": "rows",
        "size": PASSAGE_CANDIDATES,
        "_source": _SHOWN_OF_PROVISION,
        "highlight": _highlight(plan, fragments=1),
    }
    counted = A("filter", bool={"filter": [query.to_dict() for query in filters]})
    counted.bucket("articles", "cardinality", field="article", precision_threshold=40_000)
    search.aggs.bucket("total", counted)
    return search.extra(collapse={"field": "article", "inner_hits": inner})


def _highlight(plan: Plan, fragments: int) -> dict[str, Any]:
    """The words as they stand in the text: matching is folded, what is shown is the stored text.

    Escaping is ours (`search.marking`), so that there is one place that makes HTML out of text.
    """
    marked = [Q("match", text=plan.words), *(Q("match_phrase", text=phrase) for phrase in plan.phrases)]
    return {
        "type": "unified",
        "order": "score",
        "pre_tags": [MARK_OPEN],
        "post_tags": [MARK_CLOSE],
        "max_analyzed_offset": HIGHLIGHTED_CHARACTERS,
        "fields": {
            "text": {
                "number_of_fragments": fragments,
                "fragment_size": FRAGMENT_CHARACTERS,
                "no_match_size": FRAGMENT_CHARACTERS,
                "highlight_query": Q("bool", should=marked).to_dict(),
            }
        },
    }
