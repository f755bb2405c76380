"""Asking for alerts, confirming and ending them.

Whoever asks gets no hint whether the address is known: the same is answered, and mails are sent later by the worker
(`cms.alerts.mailing`). Confirming and ending twice is the same as once.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cms.alerts.models import Alert, Subscriber, search_key
from cms.alerts.tokens import CONFIRMATION_LASTS, BadTokenError, read_cancellation, read_confirmation

# Confirmed and waiting ones together; what is asked for beyond is dropped without a word.
MOST_ALERTS = 10
# At most one mail that asks for confirmation goes to an address in this time, whoever asks for it.
BETWEEN_CONFIRMATIONS = timedelta(days=1)


@transaction.atomic
def ask(address: str, parameters: dict[str, str]) -> None:
    """Note the wish for an alert; nothing comes of it before the owner of `address` confirms."""
    now, key = timezone.now(), search_key(parameters)
    subscriber, _ = Subscriber.objects.get_or_create(address=address.lower())
    # Taking the row first: two requests at once must not both find room for one more.
    Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    if subscriber.alerts.filter(key=key).update(asked_at=now) or subscriber.alerts.count() >= MOST_ALERTS:
        return
    times = {"created_at": now, "asked_at": now, "since": now}
    Alert.objects.create(subscriber=subscriber, parameters=parameters, key=key, **times)


@transaction.atomic
def confirm(token: str) -> list[Alert]:
    """The alerts that hold from now on. Raises `BadTokenError`, also when they were ended meanwhile."""
    owner, asked_until = read_confirmation(token)
    alerts = Alert.objects.select_for_update().filter(subscriber=owner, created_at__lte=asked_until)
    alerts.filter(confirmed_at=None).update(confirmed_at=timezone.now())
    confirmed = list(alerts.order_by("created_at"))
    if not confirmed:
        raise BadTokenError
    return confirmed


def cancel(token: str) -> None:
    """End one alert or all of a subscriber: the rows are deleted. Raises `BadTokenError`."""
    ends_all, identity = read_cancellation(token)
    (Alert.objects.filter(subscriber=identity) if ends_all else Alert.objects.filter(pk=identity)).delete()


def forget(now: datetime) -> None:
    """Delete alerts nobody confirmed in time, and addresses without alerts.

    An address is kept for a day after its last mail: forgotten sooner, it could be mailed again at once.
    """
    Alert.objects.filter(confirmed_at=None, asked_at__lt=now - BETWEEN_CONFIRMATIONS - CONFIRMATION_LASTS).delete()
    silent = Subscriber.objects.filter(alerts=None)
    silent.filter(confirmation_sent_at=None).delete()
    silent.filter(confirmation_sent_at__lt=now - BETWEEN_CONFIRMATIONS).delete()
