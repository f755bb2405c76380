"""What the search service passes on from readers: wishes for alerts, confirmations and cancellations."""

from typing import Any

from django.core.validators import validate_email
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cms.alerts.subscriptions import ask, cancel, confirm
from cms.alerts.tokens import LONGEST, BadTokenError
from cms.api.services import SearchServiceView

FILTERS = ("type", "status", "issuer", "level", "unit", "year", "topic")


class ParametersSerializer(serializers.Serializer[dict[str, Any]]):
    """The parameters of a search: words, filters, or both."""

    q = serializers.CharField(max_length=400, required=False)

    def get_fields(self) -> dict[str, Any]:
        filters = {name: serializers.CharField(max_length=300, required=False) for name in FILTERS}
        return {**super().get_fields(), **filters}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("a search needs words or a filter")
        return {name: " ".join(value.split()) for name, value in attrs.items()}


class AlertSerializer(serializers.Serializer[dict[str, Any]]):
    """The wish for an alert."""

    address = serializers.CharField(max_length=254)
    parameters = ParametersSerializer()

    def validate_address(self, address: str) -> str:
        # Quoted and non-ASCII addresses are valid and hardly ever real; what may stand in quotes is not for a header.
        if not address.isascii() or not address.isprintable() or '"' in address:
            raise serializers.ValidationError("not an address")
        validate_email(address)
        return address


class TokenSerializer(serializers.Serializer[dict[str, Any]]):
    """The signed text of a link in a mail."""

    token = serializers.CharField(max_length=LONGEST)


class AlertsView(SearchServiceView):
    """Takes a wish; the answer is the same whether the address is known or not."""

    @extend_schema(request=AlertSerializer, responses={202: OpenApiResponse(description="Noted; a mail asks.")})
    def post(self, request: Request) -> Response:
        serializer = AlertSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        ask(serializer.validated_data["address"], serializer.validated_data["parameters"])
        return Response(status=status.HTTP_202_ACCEPTED)


class AlertConfirmationView(SearchServiceView):
    """Confirms what one mail asked about and names the searches; 404 for a token that is false, too old or used up."""

    @extend_schema(
        request=TokenSerializer,
        responses=inline_serializer(
            "AlertConfirmed", {"searches": serializers.ListField(child=serializers.CharField())}
        ),
    )
    def post(self, request: Request) -> Response:
        try:
            alerts = confirm(_token(request))
        except BadTokenError as error:
            raise Http404 from error
        return Response({"searches": [alert.words for alert in alerts]})


class AlertCancellationView(SearchServiceView):
    """Ends alerts, also when they ended before; 404 for a false token."""

    @extend_schema(request=TokenSerializer, responses={204: OpenApiResponse(description="Ended.")})
    def post(self, request: Request) -> Response:
        try:
            cancel(_token(request))
        except BadTokenError as error:
            raise Http404 from error
        return Response(status=status.HTTP_204_NO_CONTENT)


def _token(request: Request) -> str:
    serializer = TokenSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return str(serializer.validated_data["token"])
