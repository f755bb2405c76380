"""What readers look for and which results they open, as counts by day. Nothing here tells who asked.

No address, session, cookie or time of day is kept, and nothing is written to a disk. Counts wait in memory until the
CMS has taken them (`search.handing_over`). A query leaves this process with its words only once it was asked
`NAMED_FROM` times on one day: a rare query may name a person. Until then it is part of the day's sum and nothing else.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from search.answers import Answer
from search.request import MAX_PAGES, PAGE_SIZE, SearchRequest, Sort

# How often a query is asked on one day before its words are told.
NAMED_FROM = 3
# Longer ones are pasted passages: hardly ever the same twice, and likelier to hold what is nobody's business.
LONGEST_NAMED = 100
# Never told, however often asked: e-mail addresses, and runs of digits as long as a telephone or identity number has.
# Numbers of documents are shorter.
_PRIVATE = re.compile(r"@|\d(?:[ .]?\d){8}")
# Distinct queries remembered a day, some 5 MB at most.
MOST_QUERIES = 20_000
# What is handed over at once; more waits for the next time.
MOST_IN_A_BATCH = 1000
# Days kept while the CMS cannot be reached.
DAYS_KEPT = 7
LAST_POSITION = MAX_PAGES * PAGE_SIZE

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")


def today() -> date:
    """The day in Viet Nam."""
    return datetime.now(_HERE).date()


@dataclass
class _Query:
    """How often it was asked this day, and how much of that is not handed over yet."""

    asked: int = 0
    searches: int = 0
    without_result: int = 0


@dataclass
class _Day:
    searches: int = 0
    without_result: int = 0
    clicks: Counter[int] = field(default_factory=Counter)
    queries: dict[str, _Query] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Counts on their way to the CMS. `id` stays the same over all tries, so that the CMS adds them once only."""

    id: UUID
    days: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As ``POST /api/v1/search-counts/`` takes it."""
        return {"id": str(self.id), "days": list(self.days)}


class SearchCounts:
    """The counts of this process. Safe to share between threads.

    `batch` moves what was counted into a batch that stays the same until `settle` is told that it is done with. A count
    is therefore in exactly one batch, and a try that failed halfway is repeated as it was.
    """

    def __init__(self, wanted: bool = True, day: Callable[[], date] = today) -> None:
        """Without `wanted` nothing is counted: nobody would ever take it."""
        self._wanted = wanted
        self._today = day
        self._lock = threading.Lock()
        self._days: dict[date, _Day] = {}
        self._batch: Batch | None = None

    def searched(self, request: SearchRequest, answer: Answer) -> None:
        """A reader was answered. Turning a page, sorting and narrowing are the same search and do not count again."""
        if not self._wanted or not request.query or request.filters:
            return
        if request.page != 1 or request.sort is not Sort.RELEVANCE:
            return
        missed = not answer.total and not answer.numbered
        with self._lock:
            day = self._day()
            day.searches += 1
            day.without_result += missed
            query = _remembered(day.queries, request.query.casefold())
            if query is not None:
                query.asked += 1
                query.searches += 1
                query.without_result += missed

    def clicked(self, position: int) -> None:
        """A reader opened the result at `position` (1 to `LAST_POSITION`; 0 is the card of a document's number)."""
        if self._wanted:
            with self._lock:
                self._day().clicks[position] += 1

    def batch(self) -> Batch | None:
        """What the CMS is to be told next; None when there is nothing."""
        with self._lock:
            if self._batch is None:
                self._batch = self._take()
            return self._batch

    def settle(self, batch: Batch) -> None:
        """The CMS has it, or will never take it."""
        with self._lock:
            if self._batch is not None and self._batch.id == batch.id:
                self._batch = None

    def _day(self) -> _Day:
        day = self._today()
        if day not in self._days:
            self._days[day] = _Day()
            for old in [other for other in self._days if other <= day - timedelta(days=DAYS_KEPT)]:
                del self._days[old]
        return self._days[day]

    def _take(self) -> Batch | None:
        room, days = MOST_IN_A_BATCH, []
        for date_, day in list(self._days.items()):
            taken = _taken(date_, day, room)
            room -= len(taken["queries"])
            if any(taken[name] for name in ("searches", "clicks", "queries")):
                days.append(taken)
            # A day that is over and told holds nothing but words that were not asked often enough.
            if date_ != self._today() and not any(_tellable(query) for query in day.queries.values()):
                del self._days[date_]
        return Batch(uuid4(), tuple(days)) if days else None


def _remembered(queries: dict[str, _Query], words: str) -> _Query | None:
    """The entry of `words`; None for what is never told, and when there are too many even without the rarest."""
    if len(words) > LONGEST_NAMED or _PRIVATE.search(words):
        return None
    if words not in queries:
        if len(queries) >= MOST_QUERIES:
            for rare in [other for other, query in queries.items() if query.asked == 1]:
                del queries[rare]
        if len(queries) >= MOST_QUERIES:
            return None
        queries[words] = _Query()
    return queries[words]


def _tellable(query: _Query) -> bool:
    return query.asked >= NAMED_FROM and query.searches > 0


def _taken(date_: date, day: _Day, room: int) -> dict[str, Any]:
    """What was counted since the last time, taken out of `day`; words of at most `room` queries."""
    told = [(words, query) for words, query in day.queries.items() if _tellable(query)][:room]
    taken = {
        "day": date_.isoformat(),
        "searches": day.searches,
        "without_result": day.without_result,
        "clicks": [{"position": position, "clicks": clicks} for position, clicks in sorted(day.clicks.items())],
        "queries": [
            {"words": words, "searches": query.searches, "without_result": query.without_result}
            for words, query in told
        ],
    }
    day.searches = day.without_result = 0
    day.clicks.clear()
    for _, query in told:
        query.searches = query.without_result = 0
    return taken
