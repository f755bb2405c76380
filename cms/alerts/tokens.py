"""The signed texts in the links of mails. Whoever holds one may do one thing, and learns no address from it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer, TimestampSigner

from cms.alerts.models import Alert, Subscriber

CONFIRMATION_LASTS = timedelta(days=3)
LONGEST = 300


class BadTokenError(ValueError):
    """Not one of ours, or too old."""


def confirmation_token(subscriber: Subscriber) -> str:
    """Confirms the alerts that were asked for until the mail was sent, and none that is asked for later."""
    # A plus sign, as in +00:00, reaches the site as a space.
    sent_at = subscriber.confirmation_sent_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return _confirming().sign(f"{subscriber.uuid}/{sent_at}")


def read_confirmation(token: str) -> tuple[UUID, datetime]:
    """Whose alerts, and until when they were asked for. Raises `BadTokenError`."""
    try:
        subscriber, _, sent_at = _confirming().unsign(_short(token), max_age=CONFIRMATION_LASTS).partition("/")
        return UUID(subscriber), datetime.fromisoformat(sent_at)
    except (BadSignature, ValueError) as error:
        raise BadTokenError from error


def cancellation_token(of: Alert | Subscriber) -> str:
    """Ends one alert or all of a subscriber. Lasts for good: mails are kept."""
    return _cancelling().sign(f"{'one' if isinstance(of, Alert) else 'all'}/{of.uuid}")


def read_cancellation(token: str) -> tuple[bool, UUID]:
    """Whether it ends all alerts of a subscriber, and which subscriber or alert. Raises `BadTokenError`."""
    try:
        scope, _, identity = _cancelling().unsign(_short(token)).partition("/")
        return scope == "all", UUID(identity)
    except (BadSignature, ValueError) as error:
        raise BadTokenError from error


def _short(token: str) -> str:
    if len(token) > LONGEST:
        raise BadTokenError
    return token


def _confirming() -> TimestampSigner:
    return TimestampSigner(salt="cms.alerts.confirmation")


def _cancelling() -> Signer:
    return Signer(salt="cms.alerts.cancellation")
