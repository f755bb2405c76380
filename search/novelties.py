"""What is new for saved searches: one request for many of them, computed inside Elasticsearch.

Nothing is known here of who saved a search; the CMS asks (``POST /api/search/new/``) and mails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch.dsl import A, Q, Search

from search.answering import ElasticsearchEngine, IncompleteAnswerError
from search.compiling import compile_filter, compile_query
from search.planning import plan
from search.releases import Release
from search.request import SearchRequest

# Items named in a digest; of more it tells how many there are.
SHOWN = 10
# Nobody waits at a screen for a digest.
SECONDS = 20.0

_FIELDS = ["id", "record", "url", "title", "number", "type_name", "issued_on"]


class NotInStepError(RuntimeError):
    """The index does not hold the current release yet: an item could be missed that is published already."""


@dataclass(frozen=True)
class SavedSearch:
    """A search that is asked again and again; `since` is when it was answered last."""

    id: str
    request: SearchRequest
    since: datetime


@dataclass(frozen=True)
class NewItem:
    """An item that was published since."""

    url: str
    title: str
    number: str | None
    type_name: str | None
    issued_on: str | None

    def to_json(self) -> dict[str, Any]:
        """As the API says it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Novelties:
    """The new items of one saved search, newest first; `total` may be more than are named."""

    id: str
    total: int
    items: tuple[NewItem, ...]

    def to_json(self) -> dict[str, Any]:
        """As the API says it."""
        return {"id": self.id, "total": self.total, "items": [item.to_json() for item in self.items]}


def whats_new(
    engine: ElasticsearchEngine, release: Release, searches: Sequence[SavedSearch]
) -> tuple[datetime | None, list[Novelties]]:
    """What was published since each search was answered last, and until when this answer holds.

    That is when the last item of the release was published, not now: what is approved already and not published yet
    then comes the next time. None for an empty index. Raises `NotInStepError`, `IncompleteAnswerError` and the errors
    of Elasticsearch's client.
    """
    if engine.stale.indexed_release() != release.name:
        raise NotInStepError(f"the index does not hold release {release.name} yet")
    stale, now = sorted(engine.stale.against(release)), datetime.now(UTC)
    bodies = [compile_latest(now), *(compile_novelties(saved, release, stale, now) for saved in searches)]
    latest, *answers = _ask(engine, bodies)
    newest = latest["aggregations"]["latest"]["value"]
    until = None if newest is None else datetime.fromtimestamp(newest / 1000, UTC)
    return until, [_novelties(saved, found, release) for saved, found in zip(searches, answers, strict=True)]


def compile_novelties(saved: SavedSearch, release: Release, stale: Sequence[str], now: datetime) -> Search:
    """The search for what is new: all that the search finds and its filters leave, published later than `since`.

    An item may show a date of its own. One in the future is new on that day, and not every day until then.
    """
    planned = plan(saved.request, release.vocabulary)
    period = {"gt": saved.since.isoformat(), "lte": now.isoformat()}
    conditions = [compile_query(planned, stale), Q("range", published_at=period)]
    filters = [compile_filter(name, value) for name, value in planned.filters]
    search = Search().query(Q("bool", filter=[*conditions, *filters]))
    search = search.sort("-published_at", "id").source(list(_FIELDS))
    return search.extra(size=SHOWN, track_total_hits=True)


def compile_latest(now: datetime) -> Search:
    """When the last item was published, as far as that is not later than `now`."""
    search = Search().query(Q("range", published_at={"lte": now.isoformat()})).extra(size=0)
    search.aggs.bucket("latest", A("max", field="published_at"))
    return search


def _ask(engine: ElasticsearchEngine, searches: Sequence[Search]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for search in searches:
        lines += [{"index": engine.names.documents}, {**search.to_dict(), "timeout": f"{int(SECONDS * 1000)}ms"}]
    client = engine.client.options(request_timeout=SECONDS)
    responses: list[dict[str, Any]] = client.msearch(searches=lines).body["responses"]
    for response in responses:
        if "error" in response or response["timed_out"] or response["_shards"]["failed"]:
            raise IncompleteAnswerError(str(response.get("error", "the query took too long")))
    return responses


def _novelties(saved: SavedSearch, found: dict[str, Any], release: Release) -> Novelties:
    rows = [hit["_source"] for hit in found["hits"]["hits"]]
    live = [row for row in rows if release.holds(row["id"], row["record"])]
    items = [NewItem(*(row[name] for name in _FIELDS[2:])) for row in live]
    return Novelties(saved.id, found["hits"]["total"]["value"] - (len(rows) - len(live)), tuple(items))
