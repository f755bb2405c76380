"""Adds what the search service hands over, each batch once, and forgets what is old."""

from datetime import date, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone

from cms.searching.models import DailyClicks, DailyQuery, ReceivedBatch, SearchDay

# A year and the same month of the year before.
KEPT = timedelta(days=400)
# The service keeps a batch for a week while it cannot reach us.
BATCHES_KEPT = timedelta(days=30)


@transaction.atomic
def add(batch: UUID, days: list[dict[str, Any]]) -> bool:
    """Add the counts of a batch; False when they had been added before.

    The row of the batch is written in the same transaction: of two tries at the same moment one waits for the other.
    """
    _, is_new = ReceivedBatch.objects.get_or_create(pk=batch)
    if not is_new:
        return False
    # The row of a day is taken first and days in their order: services that hand over at once wait for each other.
    for counts in sorted(days, key=itemgetter("day")):
        day = counts["day"]
        _add(SearchDay, {"day": day}, searches=counts["searches"], without_result=counts["without_result"])
        for query in counts["queries"]:
            key = {"day": day, "words": query["words"]}
            _add(DailyQuery, key, searches=query["searches"], without_result=query["without_result"])
        for click in counts["clicks"]:
            _add(DailyClicks, {"day": day, "position": click["position"]}, clicks=click["clicks"])
    forget_old(timezone.localdate())
    return True


def forget_old(today: date) -> None:
    """Delete counts older than `KEPT`, and the ids of batches nobody can repeat any more."""
    for model in (SearchDay, DailyQuery, DailyClicks):
        model.objects.filter(day__lt=today - KEPT).delete()
    ReceivedBatch.objects.filter(received_at__lt=timezone.now() - BATCHES_KEPT).delete()


def _add(model: type[Model], key: dict[str, Any], **counts: int) -> None:
    """Add to a row that other services may be adding to at the same time."""
    row, _ = model._default_manager.get_or_create(**key)
    model._default_manager.filter(pk=row.pk).update(**{name: F(name) + value for name, value in counts.items()})
