"""Who is to be mailed about what. Addresses are here and nowhere else: not in the index, a log or the admin."""

import hashlib
import json
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _


class Subscriber(models.Model):
    """An address that alerts were asked for, by its owner or by somebody else: only `Alert.confirmed_at` tells."""

    uuid = models.UUIDField(primary_key=True, default=uuid4)
    address = models.CharField(max_length=254, unique=True)
    confirmation_sent_at = models.DateTimeField(null=True, blank=True)
    told_on = models.DateField(null=True, blank=True, help_text="the last day a digest was made for")

    def __str__(self) -> str:
        return str(self.uuid)


class Alert(models.Model):
    """A saved search of one subscriber. Nothing is sent about it before its owner has confirmed."""

    uuid = models.UUIDField(primary_key=True, default=uuid4)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="alerts")
    parameters = models.JSONField()
    key = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(help_text="when it was asked for last; who lost the mail asks again")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField(help_text="everything published up to here was told")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "key"], name="one_alert_a_search")]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def words(self) -> str:
        """The search in words."""
        query = self.parameters.get("q")
        said = f"“{query}”" if query else _("everything new")
        return _("%(search)s (with filters)") % {"search": said} if len(self.parameters) > bool(query) else said

    @property
    def address_of_search(self) -> str:
        """Where a reader makes the same search."""
        return f"{settings.SITE_URL}/tim-kiem/?{urlencode({**self.parameters, 'sort': 'newest'})}"


def search_key(parameters: dict[str, str]) -> str:
    """The same for the same search."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
