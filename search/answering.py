"""Answers from Elasticsearch. Every hit is checked against the release readers see: a stale row is never shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from zlib import crc32

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.dsl import Search
from markupsafe import Markup

from contract.numbers import number_key
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, LEVEL_LABELS, STATUS_LABELS, Status
from search.answers import Answer, Engine, FacetValue, MissingNumber, Passage, Result
from search.compiling import (
    COUNTED,
    MARK_CLOSE,
    MARK_OPEN,
    PASSAGES,
    REWEIGHED,
    compile_count,
    compile_excerpts,
    compile_nearest,
    compile_number_match,
    compile_passages,
    compile_rows,
    compile_search,
)
from search.cursors import write_cursor
from search.indexes import IndexNames
from search.marking import escape_marked
from search.planning import Plan, plan
from search.releases import Release
from search.request import PAGE_SIZE, Scope, SearchRequest, Sort
from search.rows import value_and_label
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
        planned = plan(request, release.vocabulary)
        for _ in range(MOST_TRIES):
            found, numbered = self._ask(planned, self.stale.against(release))
            rows = [(hit["_source"]["id"], hit["_source"]["record"]) for hit in (*found["hits"]["hits"], *numbered)]
            old = [(item, record) for item, record in rows if not release.holds(item, record)]
            if not old:
                break
            self.stale.learn(old)
        hits = [hit for hit in found["hits"]["hits"] if _is_live(hit, release)]
        dropped = len(found["hits"]["hits"]) - len(hits)
        results = tuple(
            self._provisions(planned, hits) if planned.scope is Scope.PROVISIONS else self._items(planned, hits)
        )
        shown = {result.id: result for result in results} if planned.scope is Scope.DOCUMENTS else {}
        by_number = [_result(hit) for hit in numbered if _is_live(hit, release)]
        return Answer(
            engine=Engine.ELASTICSEARCH,
            page=request.page,
            total=max(int(found["hits"]["total"]["value"]) - dropped, 0),
            results=results,
            facets=dict(_facets(found["aggregations"])),
            numbered=tuple(shown.get(result.id, result) for result in by_number),
            missing_number=None if by_number else self._missing(planned, release),
            reworded=planned.wordings[1:],
            next=_next(planned, hits),
        )

    def count(self, request: SearchRequest, release: Release) -> int:
        """The total of an answer, for a tenth of what the answer costs."""
        planned = plan(request, release.vocabulary)
        counting = compile_count(planned, sorted(self.stale.against(release)))
        (found,) = self._search((self._index(planned), counting))
        return int(found["hits"]["total"]["value"])

    def _index(self, planned: Plan) -> str:
        return self.names.documents if planned.scope is Scope.DOCUMENTS else self.names.provisions

    def _ask(self, planned: Plan, stale: frozenset[str]) -> tuple[Hit, list[Hit]]:
        hashes = sorted(stale)
        searches = [(self._index(planned), compile_search(planned, hashes))]
        if planned.number_keys or planned.names:
            number = compile_number_match(planned.number_keys, planned.names, hashes)
            searches.append((self.names.documents, number))
        found, *numbered = self._search(*searches, preference=planned.words)
        return found, numbered[0]["hits"]["hits"] if numbered else []

    def _items(self, planned: Plan, hits: Sequence[Hit]) -> Iterator[Result]:
        """The hits as results, each with its best provisions; an excerpt where none answers."""
        records = {hit["_source"]["id"]: hit["_source"]["record"] for hit in hits}
        chosen: dict[str, list[Row]] = {}
        if planned.words and hits:
            rows = self._rows(planned, "id", records)
            chosen = {item: _best(rows.get(item, ()), PASSAGES) for item in records}
        passages = self._passages(planned, chosen)
        for hit in hits:
            yield _result(hit).with_passages(passages.get(hit["_source"]["id"], ()))

    def _provisions(self, planned: Plan, hits: Sequence[Hit]) -> Iterator[Result]:
        """The hits of this page as results, each at the part of the article that answers best.

        What the best clause scores is added to what the whole article does: of two articles that hold the words, the
        one that has them together is the better one.
        """
        candidates = {hit["_source"]["article"]: hit for hit in hits}
        if not planned.words or not hits:
            for hit in hits[planned.offset if planned.sort is Sort.RELEVANCE else 0 :][:PAGE_SIZE]:
                yield _result(hit)
            return
        records = {name: hit["_source"]["record"] for name, hit in candidates.items()}
        rows: dict[str, list[Row]] = {}
        if planned.sort is Sort.RELEVANCE:
            weighed = list(candidates)[: REWEIGHED[Scope.PROVISIONS]]
            rows = self._rows(planned, "article", {name: records[name] for name in weighed})
            worth = {
                name: candidates[name]["_score"] + max((r.score for r in rows.get(name, ())), default=0)
                for name in weighed
            }
            order = [*sorted(weighed, key=lambda name: -worth[name]), *list(candidates)[len(weighed) :]]
            order = order[planned.offset : planned.offset + PAGE_SIZE]
        else:
            order = list(candidates)
        unseen = [name for name in order if name not in rows]
        if unseen:
            rows |= self._rows(planned, "article", {name: records[name] for name in unseen})
        chosen = {name: _best(rows.get(name, ()), 1) or [Row.of(name, candidates[name])] for name in order}
        passages = self._passages(planned, chosen)
        for name in order:
            yield _result(candidates[name]).with_passages(passages.get(name, ()))

    def _rows(self, planned: Plan, field: str, records: Mapping[str, str]) -> dict[str, list["Row"]]:
        """The provisions of some documents or articles that answer, best first, by the document or article. `records`
        are the hashes of these."""
        if not planned.wordings:
            return {}
        (found,) = self._search((self.names.provisions, compile_rows(planned, field, records)))
        rows: dict[str, list[Row]] = {}
        for hit in found["hits"]["hits"]:
            name = hit["fields"][field][0]
            rows.setdefault(name, []).append(Row.read(hit, records[name]))
        return rows

    def _passages(self, planned: Plan, chosen: Mapping[str, Sequence["Row"]]) -> dict[str, tuple[Passage, ...]]:
        """The chosen rows with their words marked, by the same keys; for a document without any an excerpt."""
        if not planned.words:
            return {}
        rows = [row.key for best in chosen.values() for row in best]
        without = [item for item, best in chosen.items() if not best]
        searches = [(self.names.provisions, compile_passages(planned, rows))] if rows else []
        searches += [(self.names.documents, compile_excerpts(planned, without))] if without else []
        hits = [hit for found in self._search(*searches) for hit in found["hits"]["hits"]] if searches else []
        marked = {hit["_id"]: hit for hit in hits}
        passages = {
            name: tuple(_passage(marked[row.key]) for row in best if _is_same(marked.get(row.key), row))
            for name, best in chosen.items()
        }
        return passages | {item: tuple(_excerpts(marked[item])) for item in without if item in marked}

    def _missing(self, planned: Plan, release: Release) -> MissingNumber | None:
        """The number that was written out as one and that no document has."""
        if planned.whole_number is None:
            return None
        nearest = compile_nearest(number_key(planned.whole_number), sorted(self.stale.against(release)))
        (found,) = self._search((self.names.documents, nearest))
        live = (hit for hit in found["hits"]["hits"] if _is_live(hit, release))
        return MissingNumber(planned.whole_number, tuple(map(_result, live)))

    def _search(self, *searches: tuple[str, Search], preference: str = "") -> list[Hit]:
        """Run several searches in one request. Raises `IncompleteAnswerError` and the client's errors.

        Equal `preference` goes to the same copies of the shards, so that equal scores come in the same order on every
        page.
        """
        lines: list[Hit] = []
        for index, search in searches:
            header = {"index": index, "preference": f"q{crc32(preference.encode()):x}"}
            lines += [header, {**search.to_dict(), "timeout": f"{int(self.seconds * 1000)}ms"}]
        responses: list[Hit] = self.client.msearch(searches=lines).body["responses"]
        if any(_was_moved(response) for response in responses):
            # A rebuild has put another index behind the alias while this one was on its way to the old.
            responses = self.client.msearch(searches=lines).body["responses"]
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


@dataclass(frozen=True)
class Row:
    """A provision as far as it is needed to choose it. `key` is its id in the index."""

    key: str
    record: str
    anchor: str
    ancestors: tuple[str, ...]
    score: float

    @classmethod
    def read(cls, hit: Hit, record: str) -> Self:
        """The row of a hit of `compile_rows`, which belongs to this record."""
        fields = hit["fields"]
        return cls(hit["_id"], record, fields["anchor"][0], tuple(fields.get("ancestors", ())), hit["_score"])

    @classmethod
    def of(cls, name: str, hit: Hit) -> Self:
        """The row of a whole article called `name`, which is a hit."""
        return cls(name, hit["_source"]["record"], hit["_source"]["anchor"], (), hit["_score"] or 0.0)


def _was_moved(response: Hit) -> bool:
    """Whether a search met an index that was just being taken away."""
    if "error" in response:
        return response["status"] in (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
    return bool(response["_shards"]["failed"])


def _is_live(hit: Hit, release: Release) -> bool:
    return release.holds(hit["_source"]["id"], hit["_source"]["record"])


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
        superseded_by=tuple(row.get("superseded_by") or ()),
        published_at=row["published_at"],
        score=round(score, 3) if score is not None else None,
    )


def _best(rows: Sequence[Row], most: int) -> list[Row]:
    """The best `most` rows, none inside another: of an article and its clause the better one, in doubt the clause."""
    chosen: list[Row] = []
    for row in rows:
        around = next((other for other in chosen if other.anchor in row.ancestors), None)
        if around is not None:
            if row.score >= around.score * CLAUSE_INSTEAD_OF_ARTICLE:
                chosen[chosen.index(around)] = row
        elif not any(row.anchor in other.ancestors for other in chosen):
            chosen.append(row)
    return chosen[:most]


def _is_same(hit: Hit | None, row: Row) -> bool:
    """Whether what was read is what was chosen: it may have been written anew in between."""
    return hit is not None and hit["_source"]["record"] == row.record


def _next(planned: Plan, hits: Sequence[Hit]) -> str | None:
    if planned.sort is Sort.RELEVANCE or len(hits) < PAGE_SIZE:
        return None
    return write_cursor(hits[-1]["sort"])


def _passage(row: Hit) -> Passage:
    source = row["_source"]
    html = next(iter(_marked(row)), Markup(""))
    return Passage(source["anchor"], source["label"], source["link"], html)


def _excerpts(hit: Hit) -> Iterator[Passage]:
    for html in _marked(hit):
        yield Passage(None, "", hit["_source"]["url"], html)


def _marked(hit: Hit) -> Iterator[Markup]:
    for fragment in hit.get("highlight", {}).get("text", ()):
        yield escape_marked(fragment, MARK_OPEN, MARK_CLOSE)


def _facets(aggregations: Hit) -> Iterator[tuple[str, tuple[FacetValue, ...]]]:
    for name in COUNTED:
        counted = aggregations[name]
        buckets = counted["values"]["buckets"] if "values" in counted else counted["buckets"]
        yield name, tuple(_facet_value(name, str(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets)


def _facet_value(name: str, key: str, count: int) -> FacetValue:
    if name in ("unit", "topic"):
        value, label = value_and_label(key)
        return FacetValue(value, label, count)
    return FacetValue(key, _facet_label(name, key), count)


def _facet_label(name: str, key: str) -> str:
    if name == "type":
        return DOCUMENT_TYPE_BY_SLUG[key].name if key in DOCUMENT_TYPE_BY_SLUG else key
    if name == "status":
        return STATUS_LABELS[Status(key)] if key in set(Status) else key
    if name == "level":
        return LEVEL_LABELS.get(int(key), key)
    return key
