"""The service token: the publisher proves itself with it, people never have it."""

import hmac
from typing import Any

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class HasServiceToken(BasePermission):
    """``Authorization: Bearer <FEED_TOKEN>``, compared in constant time."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme == "Bearer" and hmac.compare_digest(token.encode(), settings.FEED_TOKEN.encode())
