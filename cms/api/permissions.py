"""The tokens of the services: publisher and search service prove themselves with one each, people never have them."""

import hmac
from typing import Any

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class HasToken(BasePermission):
    """``Authorization: Bearer <token>``, compared in constant time; nobody where the token is not set."""

    setting: str

    def has_permission(self, request: Request, view: Any) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        expected: str = getattr(settings, self.setting)
        return bool(expected) and scheme == "Bearer" and hmac.compare_digest(token.encode(), expected.encode())


class HasFeedToken(HasToken):
    """Opens what is approved with its files, and drafts for preview: for the publisher, which no reader reaches."""

    setting = "FEED_TOKEN"


class HasSearchToken(HasToken):
    """Hands in what readers wish, and reads nothing but the searches that a mail's link confirms.

    For the search service, which every reader reaches.
    """

    setting = "SEARCH_TOKEN"
