"""Read-only API of what is published: documents, news, guidance, units. Made from snapshots and from nothing else."""

import json
from typing import Any, ClassVar

import django_filters
import django_filters.rest_framework
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views.decorators.http import condition
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from cms.ledger.models import LedgerPosition, PublishedItem
from contract.models import Snapshot
from contract.numbers import number_key
from contract.vocabulary import Audience, Kind


def _ledger_etag(request: Request, *args: Any, **kwargs: Any) -> str:
    """Content changes only when the ledger does, so its position is the version of every answer."""
    position = LedgerPosition.objects.first()
    return f'"{position.last_seq if position else 0}"'


class ItemSerializer(serializers.ModelSerializer[PublishedItem]):
    """An item in a list: what its snapshot says of itself, without the texts."""

    id = serializers.UUIDField(source="uuid")
    summary = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    topics = serializers.SerializerMethodField()
    published_at = serializers.SerializerMethodField()
    updated_at = serializers.SerializerMethodField()

    class Meta:
        model = PublishedItem
        fields: ClassVar[list[str]] = [
            "id", "kind", "path", "title", "summary", "unit", "topics", "published_at", "updated_at",
        ]  # fmt: skip

    def to_representation(self, instance: PublishedItem) -> dict[str, Any]:
        self._snapshot = json.loads(instance.snapshot.data)
        return super().to_representation(instance)

    def get_summary(self, item: PublishedItem) -> str:
        return self._snapshot["summary"]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_unit(self, item: PublishedItem) -> dict[str, Any]:
        return self._snapshot["unit"]

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_topics(self, item: PublishedItem) -> list[dict[str, Any]]:
        return self._snapshot["topics"]

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_published_at(self, item: PublishedItem) -> str:
        return self._snapshot["published_at"]

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_updated_at(self, item: PublishedItem) -> str:
        return self._snapshot["updated_at"]


class DocumentSerializer(ItemSerializer):
    """A document in a list, with the head of the document."""

    document = serializers.SerializerMethodField()

    class Meta(ItemSerializer.Meta):
        fields = [*ItemSerializer.Meta.fields, "document"]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_document(self, item: PublishedItem) -> dict[str, Any] | None:
        return self._snapshot.get("document")


class SnapshotSerializer(serializers.Serializer[PublishedItem]):
    """The whole snapshot, as it was approved (see `contract/snapshot.schema.json`)."""

    def to_representation(self, instance: PublishedItem) -> dict[str, Any]:
        snapshot = json.loads(instance.snapshot.data)
        for attachment in snapshot["attachments"]:
            attachment.pop("url")  # the publisher's address; readers get files from the site
        for rendition in snapshot.get("image", {}).get("renditions", []):
            rendition.pop("url")
        return snapshot


class ItemFilter(django_filters.FilterSet):
    """Filters every list has."""

    unit = django_filters.UUIDFilter(field_name="unit_uuid", label="id of the unit")
    q = django_filters.CharFilter(
        method="number_or_title", label="a document number in any spelling, or words of the title"
    )

    class Meta:
        model = PublishedItem
        fields: ClassVar[list[str]] = ["unit", "q"]

    def number_or_title(self, items: QuerySet[PublishedItem], name: str, value: str) -> QuerySet[PublishedItem]:
        key = number_key(value[:200])
        numbered = items.filter(number_key=key) if key else items.none()
        return numbered if numbered.exists() else items.filter(title__icontains=value[:200])


class DocumentFilter(ItemFilter):
    """Filters of documents."""

    type = django_filters.CharFilter(field_name="document_type", label="document type, for example nghi-quyet")
    number = django_filters.CharFilter(method="by_number", label="a document number in any spelling")
    issuer = django_filters.CharFilter(field_name="issuer")
    issued_after = django_filters.DateFilter(field_name="issued_on", lookup_expr="gte")
    issued_before = django_filters.DateFilter(field_name="issued_on", lookup_expr="lte")

    class Meta(ItemFilter.Meta):
        fields = [*ItemFilter.Meta.fields, "type", "number", "issuer", "issued_after", "issued_before"]

    def by_number(self, items: QuerySet[PublishedItem], name: str, value: str) -> QuerySet[PublishedItem]:
        return items.filter(number_key=number_key(value[:200]))


class ItemCursor(CursorPagination):
    """Pages that neither skip nor repeat when items come in meanwhile."""

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = ("-published_at", "uuid")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, TypeError) as error:  # a position that was typed, not one we gave out
            raise NotFound(self.invalid_cursor_message) from error


class ItemViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Live public items of one kind."""

    kind: Kind
    pagination_class = ItemCursor
    filter_backends = [django_filters.rest_framework.DjangoFilterBackend, OrderingFilter]
    filterset_class = ItemFilter
    ordering_fields = ["published_at", "title"]
    throttle_scope = "content"
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    queryset = PublishedItem.objects.none()

    def get_queryset(self) -> QuerySet[PublishedItem]:
        return PublishedItem.objects.filter(
            kind=self.kind, audience=Audience.PUBLIC, snapshot__isnull=False
        ).select_related("snapshot")

    def get_serializer_class(self) -> type[serializers.BaseSerializer[PublishedItem]]:
        return SnapshotSerializer if self.action == "retrieve" else self.serializer_class

    @extend_schema(responses=Snapshot)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The whole item, as it was approved; files are named without the address the publisher has them from."""
        return super().retrieve(request, *args, **kwargs)

    @method_decorator(condition(etag_func=_ledger_etag))
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code in (200, 304):
            patch_cache_control(response, public=True, max_age=5)
        else:  # a refusal is for the one who asked, not for everybody behind the same cache
            patch_cache_control(response, no_store=True)
        return response


class DocumentViewSet(ItemViewSet):
    """Official documents, filtered by type, number, issuer, date, unit."""

    kind = Kind.DOCUMENT
    serializer_class = DocumentSerializer
    filterset_class = DocumentFilter
    ordering_fields = ["published_at", "issued_on", "number", "title"]


class NewsViewSet(ItemViewSet):
    """News."""

    kind = Kind.NEWS
    serializer_class = ItemSerializer


class GuidanceViewSet(ItemViewSet):
    """Professional guidance."""

    kind = Kind.GUIDANCE
    serializer_class = DocumentSerializer


class UnitViewSet(ItemViewSet):
    """Units that have a page of their own."""

    kind = Kind.UNIT
    serializer_class = ItemSerializer
