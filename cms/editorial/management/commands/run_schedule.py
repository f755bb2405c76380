"""``manage.py run_schedule``: publishes and expires what is due, every half minute, until it is stopped."""

import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections


class Command(BaseCommand):
    help = "Publish approved items whose time has come and take expired ones off the site, again and again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=30.0, help="seconds between two looks (30)")
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            close_old_connections()
            call_command("publish_scheduled")
            if options["once"]:
                return
            time.sleep(options["interval"])
