"""What the search service hands over: counts of what readers look for."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cms.api.services import SearchServiceView
from cms.searching.counts import add

# The service keeps counts for a week while it cannot reach us; its clock may be ahead of ours.
OLDEST, NEWEST = timedelta(days=14), timedelta(days=1)
MOST_AT_ONCE = 1_000_000


class QueryCountSerializer(serializers.Serializer[dict[str, Any]]):
    """How often one query was asked."""

    words = serializers.CharField(max_length=200)
    searches = serializers.IntegerField(min_value=0, max_value=MOST_AT_ONCE)
    without_result = serializers.IntegerField(min_value=0, max_value=MOST_AT_ONCE)


class ClickCountSerializer(serializers.Serializer[dict[str, Any]]):
    """How often the result at a position was opened; 0 is the card of a document's number."""

    position = serializers.IntegerField(min_value=0, max_value=100)
    clicks = serializers.IntegerField(min_value=0, max_value=MOST_AT_ONCE)


class DayCountSerializer(serializers.Serializer[dict[str, Any]]):
    """What was counted on one day since the batch before; `queries` names those asked often enough only."""

    day = serializers.DateField()
    searches = serializers.IntegerField(min_value=0, max_value=MOST_AT_ONCE)
    without_result = serializers.IntegerField(min_value=0, max_value=MOST_AT_ONCE)
    queries = QueryCountSerializer(many=True, max_length=1000)
    clicks = ClickCountSerializer(many=True, max_length=200)

    def validate_day(self, day: date) -> date:
        today = timezone.localdate()
        if not today - OLDEST <= day <= today + NEWEST:
            raise serializers.ValidationError("counts are taken of the last two weeks")
        return day


class SearchCountsSerializer(serializers.Serializer[dict[str, Any]]):
    """A batch of counts; the same `id` is added once, however often it comes."""

    id = serializers.UUIDField()
    days = DayCountSerializer(many=True, max_length=14)


class SearchCountsView(SearchServiceView):
    """Adds counts of searches. `added` is false for a batch that was there before."""

    @extend_schema(
        request=SearchCountsSerializer,
        responses=inline_serializer("SearchCountsTaken", {"added": serializers.BooleanField()}),
    )
    def post(self, request: Request) -> Response:
        serializer = SearchCountsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({"added": add(serializer.validated_data["id"], serializer.validated_data["days"])})
