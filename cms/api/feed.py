"""The changes feed for the publisher, the files it refers to, drafts for preview, and the publisher's own state."""

from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from pydantic import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cms.api.renderers import JSONLinesRenderer
from cms.api.services import PublisherView
from cms.content.published_form import published_form
from cms.editorial.previews import redeem
from cms.ledger.models import Change, LedgerPosition, PublishedFile, PublisherState
from cms.ledger.recording import build_snapshot, change_line


class ChangesView(PublisherView):
    """Changes after a position, oldest first, without those a later change of the same item supersedes."""

    renderer_classes = [JSONLinesRenderer]

    @extend_schema(
        parameters=[OpenApiParameter("after", OpenApiTypes.INT, description="The last seq already seen.")],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
        description="One change a line. Header `X-Head-Seq`: highest seq of the ledger; `Link` rel=next: more follows.",
    )
    def get(self, request: Request) -> HttpResponse:
        after = self._after(request)
        position = LedgerPosition.objects.first()
        head = position.last_seq if position else 0
        lines, last, more = self._page(after)
        headers = {"X-Head-Seq": str(head)}
        if more:
            url = request.build_absolute_uri(f"{reverse('api:changes')}?after={last}")
            headers["Link"] = f'<{url}>; rel="next"'
        # Not DRF's Response: it drops the content type of an empty answer, and "nothing new" is the usual one.
        body = b"".join(line + b"\n" for line in lines)
        return HttpResponse(body, content_type=JSONLinesRenderer.media_type, headers=headers)

    @staticmethod
    def _after(request: Request) -> int:
        value = request.query_params.get("after", "0")
        if not value.isascii() or not value.isdigit() or len(value) > 18:
            raise serializers.ValidationError({"after": f"{value!r} is not a position; give a whole number from 0"})
        return int(value)

    @staticmethod
    def _page(after: int) -> tuple[list[bytes], int, bool]:
        """Lines up to the limits of count and bytes, the last seq among them, and whether more follow."""
        changes = (
            Change.objects.filter(seq__gt=after, is_latest=True).select_related("item", "snapshot").order_by("seq")
        )
        lines: list[bytes] = []
        size, last = 0, after
        for change in changes[: settings.FEED_MAX_CHANGES + 1].iterator(chunk_size=50):
            line = change_line(change)
            if len(lines) == settings.FEED_MAX_CHANGES or (lines and size + len(line) > settings.FEED_MAX_BYTES):
                return lines, last, True
            lines.append(line)
            size += len(line) + 1
            last = change.seq
        return lines, last, False


class FileView(PublisherView):
    """The bytes of a file that is published now; those of a withdrawn item are gone for the services too."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, sha256: str) -> HttpResponseBase:
        record = PublishedFile.objects.filter(sha256=sha256, items__isnull=False).first()
        if record is None or not storages["published"].exists(record.storage_name):
            raise Http404
        return FileResponse(storages["published"].open(record.storage_name, "rb"), content_type=record.media_type)


class PreviewView(PublisherView):
    """The snapshot a draft would have, for the publisher's renderer. Whatever is wrong with the token is a 404."""

    @extend_schema(
        parameters=[OpenApiParameter("token", OpenApiTypes.STR, required=True)],
        responses=inline_serializer("Preview", {"snapshot": serializers.DictField()}),
    )
    def get(self, request: Request) -> Response:
        page = redeem(request.query_params.get("token", ""))
        if page is None:
            raise Http404
        now = timezone.now()
        try:
            form = published_form(page)
            snapshot = build_snapshot(page, form, now, now, page.latest_revision_id or 0)
        except (ValidationError, ValueError) as error:
            raise Http404 from error
        return Response({"snapshot": snapshot.to_json()})


class SetAsideSerializer(serializers.Serializer[dict[str, Any]]):
    """A change that could not go live; `stage` says at what it failed (line, path, files, render)."""

    seq = serializers.IntegerField(min_value=0, allow_null=True, default=None)
    id = serializers.CharField(max_length=200, allow_null=True, default=None)
    stage = serializers.CharField(max_length=20, default="")
    reason = serializers.CharField(max_length=2000, allow_blank=True)


class FailureSerializer(serializers.Serializer[dict[str, Any]]):
    """What keeps the publisher from publishing, and since when."""

    kind = serializers.CharField(max_length=30)
    message = serializers.CharField(max_length=2000, allow_blank=True)
    since = serializers.DateTimeField()


class PublisherStateSerializer(serializers.ModelSerializer[PublisherState]):
    set_aside = SetAsideSerializer(many=True, required=False, max_length=1000)
    failure = FailureSerializer(required=False, allow_null=True)

    class Meta:
        model = PublisherState
        fields = [
            "release",
            "seq",
            "head",
            "built_at",
            "seconds",
            "delay",
            "pages_written",
            "pages_removed",
            "items",
            "hidden",
            "withdrawn",
            "set_aside",
            "set_aside_total",
            "failure",
        ]
        extra_kwargs = {"delay": {"min_value": 0}, "seconds": {"min_value": 0}}


class PublisherStateView(PublisherView):
    """What the publisher says of itself, shown on the editors' dashboard. What it leaves out stays as it was."""

    @extend_schema(request=PublisherStateSerializer, responses=PublisherStateSerializer)
    def post(self, request: Request) -> Response:
        serializer = PublisherStateSerializer(PublisherState.objects.first() or PublisherState(pk=1), data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)
