"""Sends the mails: one that asks for confirmation, and the daily digest. Only the worker (``send_alerts``) does.

Nothing a stranger typed stands in a mail to somebody who has not confirmed: a form that mails its sender's words to any
address would be used for advertising.
"""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, F, Max, OuterRef, Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms.alerts.models import Alert, Subscriber
from cms.alerts.news import Found, ask_for_news
from cms.alerts.subscriptions import BETWEEN_CONFIRMATIONS
from cms.alerts.tokens import cancellation_token, confirmation_token

logger = logging.getLogger(__name__)

# Strangers with many connections and many addresses must not turn the mail server into a source of junk.
CONFIRMATIONS_AN_HOUR = 300
# With ten alerts each, as many searches as the search service answers at once.
SUBSCRIBERS_AT_ONCE = 10

CONFIRM_PATH = "/tim-kiem/theo-doi/xac-nhan/"
CANCEL_PATH = "/tim-kiem/theo-doi/thoi/"


def send_confirmations(now: datetime) -> int:
    """Mail everybody who asked since the last such mail, each address once a day at most; return how many went out.

    Raises the errors of the mail server.
    """
    lately = Subscriber.objects.filter(confirmation_sent_at__gt=now - timedelta(hours=1)).count()
    waiting = Subscriber.objects.annotate(asked=Max("alerts__asked_at", filter=Q(alerts__confirmed_at=None)))
    due = waiting.filter(
        Q(confirmation_sent_at=None, asked__isnull=False)
        | Q(confirmation_sent_at__lte=now - BETWEEN_CONFIRMATIONS, asked__gt=F("confirmation_sent_at"))
    )
    sent = 0
    for subscriber in due[: max(CONFIRMATIONS_AN_HOUR - lately, 0)]:
        before = subscriber.confirmation_sent_at
        # The link confirms what was asked for until then, hence never earlier than what the mail is about.
        subscriber.confirmation_sent_at = max(now, subscriber.asked)
        # Claimed before it is sent: two workers, or one that is killed, never mail twice.
        claim = Subscriber.objects.filter(pk=subscriber.pk, confirmation_sent_at=before)
        if not claim.update(confirmation_sent_at=subscriber.confirmation_sent_at):
            continue
        try:
            sent += _send(_confirmation(subscriber))
        except (SMTPException, OSError):
            Subscriber.objects.filter(pk=subscriber.pk).update(confirmation_sent_at=before)
            raise
    return sent


def send_digests(now: datetime, daily: bool = True) -> int:
    """Mail everybody for whom something new was published since their last digest; return how many mails went out.

    Everybody is looked at once a day, or with `daily` false every time. What was told is noted after the mail has left:
    a worker that is killed in between tells it once more the next time, and passes nothing over. Raises `NewsError` and
    errors of the mail server.
    """
    today, sent = timezone.localdate(now), 0
    for subscribers in _due(today if daily else None):
        alerts = list(Alert.objects.filter(subscriber__in=subscribers).exclude(confirmed_at=None))
        news = ask_for_news(alerts)
        for subscriber in subscribers:
            theirs = [alert for alert in alerts if alert.subscriber_id == subscriber.pk]
            before = subscriber.told_on
            if not Subscriber.objects.filter(pk=subscriber.pk, told_on=before).update(told_on=today):
                continue
            found = [(alert, news.found[alert.uuid]) for alert in theirs if alert.uuid in news.found]
            try:
                sent += _send_digest(subscriber, [(alert, new) for alert, new in found if new.total])
            except (SMTPException, OSError):
                Subscriber.objects.filter(pk=subscriber.pk).update(told_on=before)
                raise
            if news.until is not None:
                ours = [alert.pk for alert in theirs]
                Alert.objects.filter(pk__in=ours, since__lt=news.until).update(since=news.until)
    return sent


def _due(today: date | None) -> Iterator[list[Subscriber]]:
    """Those nobody looked at `today` (None: all), a few at a time."""
    confirmed = Alert.objects.filter(subscriber=OuterRef("pk")).exclude(confirmed_at=None)
    due = Subscriber.objects.filter(Exists(confirmed)).order_by("pk")
    if today is not None:
        due = due.filter(Q(told_on=None) | Q(told_on__lt=today))
    last = None
    while subscribers := list((due if last is None else due.filter(pk__gt=last))[:SUBSCRIBERS_AT_ONCE]):
        yield subscribers
        last = subscribers[-1].pk


def _send_digest(subscriber: Subscriber, found: list[tuple[Alert, Found]]) -> bool:
    return bool(found) and _send(_digest(subscriber, found))


def _send(message: EmailMessage) -> bool:
    """False when the mail server refuses this address; then the others still get theirs."""
    try:
        return bool(message.send())
    except SMTPRecipientsRefused:
        logger.warning("the mail server refuses the address of a subscriber")
        return False


def _confirmation(subscriber: Subscriber) -> EmailMessage:
    url = f"{settings.SITE_URL}{CONFIRM_PATH}?ma={confirmation_token(subscriber)}"
    body = render_to_string("alerts/confirmation.txt", {"site": settings.WAGTAIL_SITE_NAME, "url": url})
    return _message(subscriber, _("Please confirm your alert"), body)


def _digest(subscriber: Subscriber, found: list[tuple[Alert, Found]]) -> EmailMessage:
    total = sum(new.total for _, new in found)
    sections = [
        {"alert": alert, "new": new, "more": new.total - len(new.items), "cancel": _cancel_url(alert)}
        for alert, new in found
    ]
    subject = ngettext("%(n)s new item you wanted to know of", "%(n)s new items you wanted to know of", total)
    context = {
        "site": settings.WAGTAIL_SITE_NAME,
        "site_url": settings.SITE_URL,
        "sections": sections,
        "cancel_all": _cancel_url(subscriber),
    }
    return _message(subscriber, subject % {"n": total}, render_to_string("alerts/digest.txt", context))


def _cancel_url(of: Alert | Subscriber) -> str:
    return f"{settings.SITE_URL}{CANCEL_PATH}?ma={cancellation_token(of)}"


def _message(subscriber: Subscriber, subject: str, body: str) -> EmailMessage:
    headers = {
        # RFC 8058: a mail program ends the alerts with one POST to this address.
        "List-Unsubscribe": f"<{_cancel_url(subscriber)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    subject = f"[{settings.WAGTAIL_SITE_NAME}] {subject}"
    return EmailMessage(" ".join(subject.split()), body, None, [subscriber.address], headers=headers)
