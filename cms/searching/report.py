"""What the boards see of what readers search for: sums over the last days, and how they went up and down."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet, Sum

from cms.searching.models import DailyClicks, DailyQuery, SearchDay

PERIODS = (7, 30, 90, 365)
SHOWN_QUERIES = 50
# Positions of the first page of results.
SHOWN_POSITIONS = 10


@dataclass(frozen=True)
class Bar:
    """One bar of a drawing. `percent` is its length; `part_percent` that of the part of it without a result."""

    label: str
    count: int
    percent: float
    part: int = 0
    part_percent: float = 0.0


@dataclass(frozen=True)
class QueryCount:
    """One query over the whole period."""

    words: str
    searches: int
    without_result: int


@dataclass(frozen=True)
class SearchReport:
    """Everything the page shows."""

    days: int
    searches: int
    without_result: int
    clicks: int
    by_day: list[Bar]
    by_position: list[Bar]
    most_asked: list[QueryCount]
    most_missed: list[QueryCount]

    @property
    def missed_percent(self) -> float:
        """Of a hundred searches, how many found nothing."""
        return 100 * self.without_result / self.searches if self.searches else 0.0


def search_report(days: int, today: date) -> SearchReport:
    """The report over `days` days that end with `today`."""
    since = today - timedelta(days=days - 1)
    counted = {row.day: row for row in SearchDay.objects.filter(day__gte=since, day__lte=today)}
    clicks = dict(
        DailyClicks.objects.filter(day__gte=since, day__lte=today)
        .values_list("position")
        .annotate(total=Sum("clicks"))
        .order_by("position")
    )
    queries = (
        DailyQuery.objects.filter(day__gte=since, day__lte=today)
        .values("words")
        .annotate(searches=Sum("searches"), without_result=Sum("without_result"))
    )
    return SearchReport(
        days=days,
        searches=sum(row.searches for row in counted.values()),
        without_result=sum(row.without_result for row in counted.values()),
        clicks=sum(clicks.values()),
        by_day=_by_day(counted, since, days),
        by_position=_by_position(clicks),
        most_asked=_counts(queries.order_by("-searches", "words")),
        most_missed=_counts(queries.filter(without_result__gt=0).order_by("-without_result", "words")),
    )


def _by_day(counted: dict[date, SearchDay], since: date, days: int) -> list[Bar]:
    """A bar for every day, those without a search too; over a long time a bar for every week."""
    width = 7 if days > 90 else 1
    starts = [since + timedelta(days=offset) for offset in range(0, days, width)]
    sums = []
    for start in starts:
        rows = [counted[day] for offset in range(width) if (day := start + timedelta(days=offset)) in counted]
        sums.append((start, sum(row.searches for row in rows), sum(row.without_result for row in rows)))
    most = max(searches for _, searches, _ in sums) or 1
    return [
        Bar(f"{start:%d/%m/%Y}", searches, 100 * searches / most, missed, 100 * missed / most)
        for start, searches, missed in sums
    ]


def _by_position(clicks: dict[int, int]) -> list[Bar]:
    """The card of a number, the first page of results, and everything after it as one bar."""
    counts = [(str(position), clicks.get(position, 0)) for position in range(SHOWN_POSITIONS + 1)]
    counts.append((f"{SHOWN_POSITIONS + 1}+", sum(n for position, n in clicks.items() if position > SHOWN_POSITIONS)))
    total = sum(count for _, count in counts) or 1
    return [Bar(label, count, 100 * count / total) for label, count in counts]


def _counts(queries: QuerySet[DailyQuery, dict[str, object]]) -> list[QueryCount]:
    return [QueryCount(**row) for row in queries[:SHOWN_QUERIES]]
