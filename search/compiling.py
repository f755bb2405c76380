"""Turns a plan into Elasticsearch's query language. Only fixed query types: nothing a reader types is parsed there.

A search goes in steps, so that what is dear is done for few rows: candidates with totals and facets by one field; the
best of them weighed again by all fields; passages for what is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elasticsearch.dsl import A, Q, Search
from elasticsearch.dsl.query import Query

from contract.folding import fold
from search.planning import (
    ACCENTED_WEIGHTS,
    CANDIDATE_FIELD,
    CITATION_BOOST,
    CITED_TITLE_MATCH,
    FIELD_WEIGHTS,
    MINIMUM_SHOULD_MATCH,
    NUMBER_BOOST,
    PARTIAL_NUMBER_BOOST,
    QUOTATION_BOOST,
    QUOTATION_SLOP,
    TOPIC_BOOST,
    UNTYPED_NUMBER_BOOST,
    Clause,
    Plan,
)
from search.request import MAX_PAGES, PAGE_SIZE, Scope, Sort
from search.rows import issuer_key
from search.understanding import NamedNumber

FACET_SIZE = 30
# The facet "unit" counts an item for its own unit; narrowing to a unit takes in everything below it.
FILTER_FIELDS = {
    "type": "type",
    "status": "status",
    "issuer": "issuer_key",
    "level": "level",
    "year": "year",
    "unit": "units",
    "topic": "topics",
}
COUNTED = {
    "type": "type",
    "status": "status",
    "issuer": "issuer",
    "level": "level",
    "year": "year",
    "unit": "unit_named",
    "topic": "topics_named",
}
# Whose values are in their own order, not by how many there are.
ORDERED = {"level": "asc", "year": "desc"}

# Candidates that are weighed again: every page a reader can open of a search for documents, and of one for provisions,
# where it takes a request more, the first five.
REWEIGHED = {Scope.DOCUMENTS: MAX_PAGES * PAGE_SIZE, Scope.PROVISIONS: 50}

PASSAGES = 3
# Rows looked at to choose passages from: an article and several of its clauses may all be good.
ROWS_OF_A_PAGE = 60
ROWS_OF_CANDIDATES = 400
FRAGMENT_CHARACTERS = 220
# Marks of the highlighter: noncharacters, which no text holds. Control characters will not do, because Elasticsearch
# trims them off the ends of a fragment.
MARK_OPEN, MARK_CLOSE = "\ufdd0", "\ufdd1"
# A book pasted into an attachment must not make a highlight slow.
HIGHLIGHTED_CHARACTERS = 200_000
# Documents with nearly the number that was asked for and does not exist.
NEAREST = 3

_SHOWN = [
    "id", "record", "kind", "url", "title", "number", "type", "type_name", "issuer", "issued_on", "status",
    "status_label", "superseded_by", "published_at",
]  # fmt: skip
_SHOWN_OF_PROVISION = [*_SHOWN, "anchor", "article", "label"]
# What is read of a row to weigh it, without opening its source, besides what it was found by.
_WEIGHED = ["anchor", "ancestors"]

_ORDERS: dict[Sort, list[Any]] = {
    # The id makes the order the same on every page and every run.
    Sort.NEWEST: [{"day": "desc"}, {"published_at": "desc"}, "id"],
    Sort.OLDEST: [{"day": "asc"}, {"published_at": "asc"}, "id"],
}


def compile_search(plan: Plan, stale: Sequence[str]) -> Search:
    """The search for results, with totals and facets. `stale` are record hashes that must not be found.

    Of provisions these are whole articles (or other parts that stand alone), from the first one up to what is shown or
    weighed again; clauses are chosen by `compile_rows`.
    """
    search = _ordered(plan, Search().query(compile_query(plan, stale))).extra(track_total_hits=True)
    filters = {name: compile_filter(name, value) for name, value in plan.filters}
    if filters:
        search = search.post_filter(Q("bool", filter=list(filters.values())))
    for name, field in COUNTED.items():
        others = [query for other, query in filters.items() if other != name]
        order = {"_key": ORDERED[name]} if name in ORDERED else {"_count": "desc"}
        terms = A("terms", field=field, size=FACET_SIZE, order=order)
        if others:
            counted = A("filter", bool={"filter": [query.to_dict() for query in others]})
            counted.bucket("values", terms)
            search.aggs.bucket(name, counted)
        else:
            search.aggs.bucket(name, terms)
    return search.extra(_source=_SHOWN if plan.scope is Scope.DOCUMENTS else _SHOWN_OF_PROVISION)


def compile_count(plan: Plan, stale: Sequence[str]) -> Search:
    """The search for how many results there are, and nothing else."""
    filters = [compile_filter(name, value) for name, value in plan.filters]
    query = Q("bool", filter=[compile_query(plan, stale), *filters])
    return Search().query(query).extra(size=0, track_total_hits=True)


def compile_filter(name: str, value: str) -> Query:
    """What narrows to `value` of the facet `name`."""
    return Q("term", **{FILTER_FIELDS[name]: issuer_key(value) if name == "issuer" else value})


def compile_query(plan: Plan, stale: Sequence[str]) -> Query:
    """The query proper: what must be there, what adds to the score, what must not be there."""
    should = [_CLAUSES[clause](plan) for clause in plan.clauses if clause in _CLAUSES]
    forbidden = [_excluded(words) for words in plan.excluded]
    if stale:
        forbidden.append(Q("terms", record=list(stale)))
    articles = [Q("term", is_article=True)] if plan.scope is Scope.PROVISIONS else []
    if not should:
        return Q("bool", filter=articles or [Q("match_all")], must_not=forbidden)
    return Q("bool", filter=articles, should=should, minimum_should_match=1, must_not=forbidden)


def compile_rows(plan: Plan, field: str, records: Mapping[str, str]) -> Search:
    """The provisions whose `field` (``id`` or ``article``) is a key of `records` (their hashes), weighed by all fields,
    best first.

    Of documents, a provision has to hold words itself (the title of the document is that of all) or to be the one that
    was asked for.
    """
    conditions = [Q("terms", **{field: list(records)}), Q("terms", record=sorted(set(records.values())))]
    if field == "id":
        own = [Q("match", **{name: plan.words}) for name in ("text", "heading")]
        if plan.citation:
            own.append(Q("terms", citation=_around(plan.citation)))
        conditions.append(Q("bool", should=own, minimum_should_match=1))
    wanted = [_any([_scored(wording, Scope.PROVISIONS) for wording in plan.wordings])]
    wanted += _reweighing(plan, Scope.PROVISIONS)
    if plan.citation:
        # Where there is no such clause, the article it would be in is the answer.
        cited = _around(plan.citation)
        wanted += [
            Q("constant_score", filter=Q("term", citation=part), boost=CITATION_BOOST * depth / len(cited))
            for depth, part in enumerate(cited, start=1)
        ]
    search = Search().query(Q("bool", filter=conditions, should=wanted, minimum_should_match=1))
    size = ROWS_OF_A_PAGE if field == "id" else ROWS_OF_CANDIDATES
    return search.extra(size=size, _source=False, docvalue_fields=[field, *_WEIGHED], track_total_hits=False)


def compile_passages(plan: Plan, rows: Sequence[str]) -> Search:
    """The provisions with these row ids, with the words marked."""
    search = Search().query(Q("ids", values=list(rows)))
    search = search.extra(size=len(rows), highlight=_highlight(plan, fragments=1), track_total_hits=False)
    return search.source(["id", "record", "anchor", "label", "link"])


def compile_excerpts(plan: Plan, items: Sequence[str]) -> Search:
    """Excerpts of items without a provision that answers (news, pages): the best lines of their text."""
    search = Search().query(Q("ids", values=list(items)))
    search = search.extra(size=len(items), highlight=_highlight(plan, fragments=2), track_total_hits=False)
    return search.source(["id", "record", "url"])


def compile_number_match(keys: Sequence[str], names: Sequence[NamedNumber], stale: Sequence[str]) -> Search:
    """The documents that have one of the numbers `keys` or are meant by one of `names`, newest first."""
    query = Q("bool", filter=[_numbered(keys, names)], must_not=[Q("terms", record=list(stale))])
    return Search().query(query).sort(*_ORDERS[Sort.NEWEST]).extra(size=PAGE_SIZE, _source=_SHOWN)


def compile_nearest(key: str, stale: Sequence[str]) -> Search:
    """The documents whose number is most like the one with `key`: that begin alike, or differ in one letter."""
    tokens = key.split("-")
    begins = [
        Q("constant_score", filter=Q("term", number_prefixes="-".join(tokens[:length])), boost=length)
        for length in range(2, len(tokens) + 1)
    ]
    typo = Q("constant_score", filter=Q("fuzzy", number_key={"value": key, "fuzziness": 1}), boost=len(tokens))
    query = Q("bool", must=[Q("dis_max", queries=[typo, *begins])], must_not=[Q("terms", record=list(stale))])
    return Search().query(query).extra(size=NEAREST, _source=_SHOWN)


def _ordered(plan: Plan, search: Search) -> Search:
    if plan.sort is not Sort.RELEVANCE:
        search = search.sort(*_ORDERS[plan.sort])
        if plan.after is not None:
            return search.extra(size=PAGE_SIZE, search_after=list(plan.after))
        return search.extra(from_=plan.offset, size=PAGE_SIZE)
    if plan.scope is Scope.PROVISIONS:
        return search.extra(from_=0, size=max(plan.offset + PAGE_SIZE, REWEIGHED[plan.scope]))
    search = search.extra(from_=plan.offset, size=PAGE_SIZE)
    more = _reweighing(plan, plan.scope)
    if not more:
        return search
    again = {"rescore_query": Q("bool", should=more).to_dict(), "score_mode": "total"}
    return search.extra(rescore={"window_size": REWEIGHED[plan.scope], "query": again})


def _words(plan: Plan) -> Query:
    """Enough of the words, all of the phrases; both for ranking and as the condition."""
    words = [_scored(wording, plan.scope, MINIMUM_SHOULD_MATCH) for wording in plan.wordings]
    return Q("bool", must=[_any(words)], filter=[_phrase(phrase) for phrase in plan.phrases])


def _scored(words: str, scope: Scope, least: str = "1") -> Query:
    """`least` of the words in a row; pairs of neighbours count besides."""
    single = Q("match", **{CANDIDATE_FIELD: {"query": words, "minimum_should_match": least}})
    return Q("bool", must=[single], should=[Q("match", **{f"{CANDIDATE_FIELD}.bigrams": words})])


def _any(queries: Sequence[Query]) -> Query:
    """The best of several wordings: a row that holds two of them is no better for it."""
    return queries[0] if len(queries) == 1 else Q("dis_max", queries=list(queries))


def _reweighing(plan: Plan, scope: Scope) -> list[Query]:
    """What counts beyond the words themselves: where they stand, their diacritics, and word for word."""
    if not plan.wordings:
        return []
    fields = [f"{name}{part}^{weight:g}" for name, weight in FIELD_WEIGHTS[scope].items() for part in ("", ".bigrams")]
    more = [_any([Q("multi_match", query=wording, type="most_fields", fields=fields) for wording in plan.wordings])]
    if Clause.ACCENTED_WORDS in plan.clauses:
        accented = [f"{name}.accented^{weight:g}" for name, weight in ACCENTED_WEIGHTS.items()]
        more.append(Q("multi_match", query=plan.wordings[0], type="most_fields", fields=accented))
    if plan.topic:
        more.append(Q("constant_score", filter=Q("term", topics=plan.topic), boost=TOPIC_BOOST))
    if plan.quotation:
        phrase = {"query": plan.quotation, "slop": QUOTATION_SLOP, "boost": QUOTATION_BOOST}
        more.append(Q("match_phrase", **{CANDIDATE_FIELD: phrase}))
    return more


def _number(plan: Plan) -> Query:
    return Q("constant_score", filter=_numbered(plan.number_keys, ()), boost=NUMBER_BOOST)


def _name(plan: Plan) -> Query:
    return Q("constant_score", filter=_numbered((), plan.names), boost=NUMBER_BOOST)


def _numbered(keys: Sequence[str], names: Sequence[NamedNumber]) -> Query:
    """The documents with one of these numbers, or with one of these numbers and dates."""
    keys = [*keys, *(name.key for name in names if name.issued_on is None)]
    dated = [
        Q("bool", filter=[Q("term", number_key=name.key), Q("term", issued_on=name.issued_on.isoformat())])
        for name in names
        if name.issued_on is not None
    ]
    return Q("bool", should=[Q("terms", number_key=keys), *dated], minimum_should_match=1)


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


def _around(citation: str) -> list[str]:
    """A citation and those of the provisions around it, outermost first: dieu-5, dieu-5/khoan-2."""
    parts = citation.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _citation(plan: Plan) -> Query:
    """The article that was asked for, of the document that was asked for; for a clause, the article around it."""
    if plan.citation is None or plan.scope is Scope.DOCUMENTS:
        return Q("match_none")
    cited = Q("terms", citation=_around(plan.citation))
    document = [
        _CLAUSES[clause](plan)
        for clause in (Clause.NUMBER, Clause.NAME, Clause.PARTIAL_NUMBER)
        if clause in plan.clauses
    ]
    if plan.cited_title:
        document.append(Q("match", title={"query": plan.cited_title, "minimum_should_match": CITED_TITLE_MATCH}))
    condition = Q("bool", filter=[cited], should=document, minimum_should_match=1)
    return Q("constant_score", filter=condition, boost=CITATION_BOOST)


def _similar(plan: Plan) -> Query:
    return Q(
        "more_like_this",
        fields=[f"{CANDIDATE_FIELD}.bigrams", "title.bigrams"],
        like=[{"_id": plan.similar_to}],
        min_term_freq=1,
        min_doc_freq=2,
        max_query_terms=30,
        minimum_should_match="10%",
    )


def _phrase(words: str) -> Query:
    return Q("match_phrase", **{CANDIDATE_FIELD: words})


def _excluded(words: str) -> Query:
    """What is left out. Diacritics that were typed have to agree: who does not want "cưới" may want "cuối".

    Attachments are indexed without diacritics only.
    """
    if fold(words) == words.lower():
        return _phrase(words)
    fields = ("title.accented", "text.accented", "attachments")
    phrases = [Q("match_phrase", **{field: words}) for field in fields]
    return Q("bool", should=phrases, minimum_should_match=1)


_CLAUSES: dict[Clause, Callable[[Plan], Query]] = {
    Clause.NUMBER: _number,
    Clause.NAME: _name,
    Clause.CITATION: _citation,
    Clause.PARTIAL_NUMBER: _partial_number,
    Clause.WORDS: _words,
    Clause.SIMILAR: _similar,
}


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
