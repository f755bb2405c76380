"""``manage.py run_schedule``: publishes and expires what is due and reads new files, until it is stopped."""

import logging
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from pydantic import ValidationError

from cms.ledger.recording import ContentChangedError, publish_texts, withdraw_leftovers

logger = logging.getLogger(__name__)

# Seconds for reading new files between two looks at what is due.
READING = 20.0


class Command(BaseCommand):
    help = "Publish approved items whose time has come and take expired ones off the site, again and again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=30.0, help="seconds between two looks (30)")
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            close_old_connections()
            self._look()
            if options["once"]:
                return
            time.sleep(options["interval"])

    @staticmethod
    def _look() -> None:
        try:
            call_command("publish_scheduled")
        except (ContentChangedError, ValidationError) as error:
            # Wagtail has taken the item off its list, so the next look goes on with the others.
            logger.error("an item whose time had come was not published: %s", error)
        if left := withdraw_leftovers():
            logger.warning("%d items were withdrawn that an interrupted process had left on the site", left)
        try:
            publish_texts(READING)
        except (ContentChangedError, ValidationError) as error:
            logger.error("the text of a file was not published: %s", error)
