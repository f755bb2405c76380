"""What readers look for, as the search service counted it: sums by day, no person, address or session."""

from django.db import models


class SearchDay(models.Model):
    """All searches of one day in Viet Nam, also those whose words nobody was told."""

    day = models.DateField(primary_key=True)
    searches = models.PositiveIntegerField(default=0)
    without_result = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.day)


class DailyQuery(models.Model):
    """How often one query was asked on one day, and how often nothing was found."""

    day = models.DateField()
    words = models.CharField(max_length=200)
    searches = models.PositiveIntegerField(default=0)
    without_result = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "words"], name="one_row_a_query_and_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.words}"


class DailyClicks(models.Model):
    """How often the result at one position of the list was opened; 0 is the card of a document's number."""

    day = models.DateField()
    position = models.PositiveSmallIntegerField()
    clicks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "position"], name="one_row_a_position_and_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.position}"


class ReceivedBatch(models.Model):
    """A batch that was added. The service repeats one whose answer it did not get; it must not count twice."""

    id = models.UUIDField(primary_key=True)
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return str(self.id)
