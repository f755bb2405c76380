"""``manage.py send_alerts``: mails confirmations at once and the digests once a day, until it is stopped."""

import logging
import time
from datetime import datetime
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils import timezone, translation

from cms.alerts.mailing import send_confirmations, send_digests
from cms.alerts.news import NewsError
from cms.alerts.subscriptions import forget

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Mail those who asked for alerts: confirmations at once, digests once a day, again and again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=30.0, help="seconds between two looks (30)")
        parser.add_argument("--once", action="store_true", help="look once and end")
        parser.add_argument(
            "--at-once", action="store_true", help="digests at every look instead of once a day; for demonstrations"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        failing = False
        while True:
            failing = self._look(timezone.now(), failing, daily=not options["at_once"])
            if options["once"]:
                return
            time.sleep(options["interval"])
            close_old_connections()

    @staticmethod
    def _look(now: datetime, was_failing: bool, daily: bool) -> bool:
        """Whether something failed; what fails all the time is logged once."""
        forget(now)
        try:
            with translation.override("vi"):
                send_confirmations(now)
                if not daily or timezone.localtime(now).hour >= settings.ALERTS_HOUR:
                    send_digests(now, daily)
        except (NewsError, SMTPException, OSError) as error:
            if not was_failing:
                # Without the message: that of a mail server may hold an address.
                reason = error if isinstance(error, NewsError) else type(error).__name__
                logger.warning("alerts are not sent now, trying again: %s", reason)
            return True
        return False
