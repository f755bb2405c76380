"""Answers from Elasticsearch. Every hit is checked against the release readers see: a stale row is never shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.dsl import Search
from markupsafe import Markup

from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, STATUS_LABELS, Status
from search.answers import Answer, Engine, FacetValue, Passage, Result
from search.compiling import (
    COUNTED,
    MARK_CLOSE,
    MARK_OPEN,
    PASSAGES,
    compile_excerpts,
    compile_number_match,
    compile_passages,
    compile_search,
)
from search.indexes import IndexNames
from search.marking import escape_marked
from search.planning import Plan, plan
from search.releases import Release
from search.request import Scope, SearchRequest
from search.staleness import StaleRecords

# How often a page is asked for again when it held stale rows; each time the rows found are left out.
MOST_TRIES = 4
# A clause is shown instead of the article around it when it answers nearly as well: the link is then the smaller one.
CLAUSE_INSTEAD_OF_ARTICLE = 0.75

Hit = dict[str, Any]


class IncompleteAnswerError(RuntimeError):
    """Elasticsearch answered in part only (a shard failed or time ran out)."""


@dataclass
class ElasticsearchEngine:
    """Searches the indexes of one prefix. `seconds` is the longest a query may take on the server.

    Raises the client's errors and `IncompleteAnswerError`; the caller has a fallback.
    """

    client: Elasticsearch
    names: IndexNames
    seconds: float
    stale: StaleRecords = field(init=False)

    def __post_init__(self) -> None:
        self.stale = StaleRecords(self._indexed_release)

    def answer(self, request: SearchRequest, release: Release) -> Answer:
        """One page of results for readers of `release`."""
        planned = plan(request)
        for _ in range(MOST_TRIES):
            found, numbered = self._ask(planned, self.stale.against(release))
            rows = ((row["id"], row["record"]) for row in _rows((found, numbered)))
            old = [(item, record) for item, record in rows if not release.holds(item, record)]
            if not old:
                break
            self.stale.learn(old)
        results = tuple(self._results(planned, found, release))
        shown = {result.id: result for result in results} if planned.scope is Scope.DOCUMENTS else {}
        by_number = (_result(hit) for hit in numbered["hits"]["hits"] if _is_live(hit, release))
        dropped = len(found["hits"]["hits"]) - len(results)
        return Answer(
            engine=Engine.ELASTICSEARCH,
            page=request.page,
            total=max(_total(planned, found) - dropped, 0),
            results=results,
            facets=dict(_facets(found["aggregations"])),
            numbered=tuple(shown.get(result.id, result) for result in by_number),
        )

    def _ask(self, planned: Plan, stale: frozenset[str]) -> tuple[Hit, Hit]:
        index = self.names.documents if planned.scope is Scope.DOCUMENTS else self.names.provisions
        hashes = sorted(stale)
        number = compile_number_match(planned.number_keys, hashes)
        found, numbered = self._search((index, compile_search(planned, hashes)), (self.names.documents, number))
        return found, numbered

    def _results(self, planned: Plan, found: Hit, release: Release) -> Iterator[Result]:
        hits = [hit for hit in found["hits"]["hits"] if _is_live(hit, release)]
        if planned.scope is Scope.PROVISIONS:
            for hit in hits:
                rows = [row for row in hit["inner_hits"]["rows"]["hits"]["hits"] if _is_live(row, release)]
                yield _result(hit).with_passages(_passages(rows, most=1))
            return
        passages = self._passages(planned, hits) if planned.words and hits else {}
        for hit in hits:
            yield _result(hit).with_passages(passages.get(hit["_source"]["id"], ()))

    def _passages(self, planned: Plan, hits: Sequence[Hit]) -> dict[str, tuple[Passage, ...]]:
        """The best provisions of each document on the page; an excerpt where none answers."""
        records = {hit["_source"]["id"]: hit["_source"]["record"] for hit in hits}
        (found,) = self._search(
            (self.names.provisions, compile_passages(planned, list(records), list(records.values())))
        )
        passages = {
            hit["_source"]["id"]: _passages(hit["inner_hits"]["rows"]["hits"]["hits"]) for hit in found["hits"]["hits"]
        }
        others = [item for item in records if item not in passages]
        if others:
            wanted = compile_excerpts(planned, others, [records[item] for item in others])
            (found,) = self._search((self.names.documents, wanted))
            passages |= {hit["_source"]["id"]: tuple(_excerpts(hit)) for hit in found["hits"]["hits"]}
        return passages

    def _search(self, *searches: tuple[str, Search]) -> list[Hit]:
        """Run several searches in one request. Raises `IncompleteAnswerError` and the client's errors."""
        lines: list[Hit] = []
        for index, search in searches:
            lines += [{"index": index}, {**search.to_dict(), "timeout": f"{int(self.seconds * 1000)}ms"}]
        responses: list[Hit] = self.client.msearch(searches=lines).body["responses"]
        for response in responses:
            if "error" in response or response["timed_out"] or response["_shards"]["failed"]:
                raise IncompleteAnswerError(str(response.get("error", "the query took too long")))
        return responses

    def _indexed_release(self) -> str | None:
        try:
            mappings = self.client.indices.get_mapping(index=self.names.documents).body
        except NotFoundError:
            return None
        name = next(iter(mappings.values()))["mappings"].get("_meta", {}).get("release")
        return str(name) if name else None


def _rows(responses: Iterable[Hit]) -> Iterator[Hit]:
    for response in responses:
        for hit in response["hits"]["hits"]:
            yield hit["_source"]
            for inner in hit.get("inner_hits", {}).values():
                yield from (row["_source"] for row in inner["hits"]["hits"])


def _is_live(hit: Hit, release: Release) -> bool:
    return release.holds(hit["_source"]["id"], hit["_source"]["record"])


def _total(planned: Plan, found: Hit) -> int:
    if planned.scope is Scope.PROVISIONS:
        return int(found["aggregations"]["total"]["articles"]["value"])
    return int(found["hits"]["total"]["value"])


def _result(hit: Hit) -> Result:
    row, score = hit["_source"], hit.get("_score")
    return Result(
        id=row["id"],
        record=row["record"],
        kind=row["kind"],
        url=row["url"],
        title=row["title"],
        number=row["number"],
        type=row["type"],
        type_name=row["type_name"],
        issuer=row["issuer"],
        issued_on=row["issued_on"],
        status=row["status"],
        status_label=row["status_label"],
        score=round(score, 3) if score is not None else None,
    )


def _passages(rows: Sequence[Hit], most: int = PASSAGES) -> tuple[Passage, ...]:
    """The best `most` rows, none inside another: of an article and its clause the better one, in doubt the clause."""
    chosen: list[Hit] = []
    for row in rows:
        around = next((other for other in chosen if other["_source"]["anchor"] in row["_source"]["ancestors"]), None)
        if around is not None:
            if row["_score"] >= around["_score"] * CLAUSE_INSTEAD_OF_ARTICLE:
                chosen[chosen.index(around)] = row
        elif not any(row["_source"]["anchor"] in other["_source"]["ancestors"] for other in chosen):
            chosen.append(row)
    return tuple(_passage(row) for row in chosen[:most])


def _passage(row: Hit) -> Passage:
    source = row["_source"]
    html = next(iter(_marked(row)), Markup(""))
    return Passage(source["anchor"], source["label"], f"{source['url']}#{source['anchor']}", html)


def _excerpts(hit: Hit) -> Iterator[Passage]:
    for html in _marked(hit):
        yield Passage(None, "", hit["_source"]["url"], html)


def _marked(hit: Hit) -> Iterator[Markup]:
    for fragment in hit.get("highlight", {}).get("text", ()):
        yield escape_marked(fragment, MARK_OPEN, MARK_CLOSE)


def _facets(aggregations: Hit) -> Iterator[tuple[str, tuple[FacetValue, ...]]]:
    for name in COUNTED:
        buckets = aggregations[name]["values"]["buckets"]
        yield name, tuple(FacetValue(str(b["key"]), _facet_label(name, b), _count(b)) for b in buckets)


def _count(bucket: Hit) -> int:
    """Results, not rows: an article and its clauses are one result."""
    return int(bucket["articles"]["value"] if "articles" in bucket else bucket["doc_count"])


def _facet_label(name: str, bucket: Hit) -> str:
    key = str(bucket["key"])
    if name == "type":
        return DOCUMENT_TYPE_BY_SLUG[key].name if key in DOCUMENT_TYPE_BY_SLUG else key
    if name == "status":
        return STATUS_LABELS[Status(key)] if key in set(Status) else key
    if name == "unit":
        return str(bucket["name"]["hits"]["hits"][0]["_source"]["unit_name"])
    return key
