"""What the services call, each with a token of its own. Nothing here is ever cached on the way."""

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from cms.api.permissions import HasFeedToken, HasSearchToken


class _ServiceView(APIView):
    throttle_classes = []

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class PublisherView(_ServiceView):
    """Base of what only publisher and preview renderer may call."""

    permission_classes = [HasFeedToken]


class SearchServiceView(_ServiceView):
    """Base of what only the search service may call."""

    permission_classes = [HasSearchToken]
