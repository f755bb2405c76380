"""``manage.py load_demo``: the imaginary province, its boards and about 60 items, through the real workflow."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from cms.editorial.setup import set_up_site
from cms.importing.demo.boards import DEMO_PASSWORD, load_boards
from cms.importing.demo.reading import load_demo
from cms.importing.demo.writing import write_items, write_terms


class Command(BaseCommand):
    help = "Load the demo content through the real workflow. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--boards-only", action="store_true", help="units and people, no items")

    def handle(self, *args: Any, **options: Any) -> None:
        demo = load_demo()
        set_up_site(settings.WAGTAIL_SITE_NAME)
        boards = load_boards(demo)
        added = 0
        if not options["boards_only"]:
            with tqdm(total=len(demo.items), unit=" item", disable=None, file=self.stderr) as bar:
                for page in write_items(demo, boards):
                    added += page is not None
                    bar.update()
            added += write_terms(demo, boards) is not None
        users = ", ".join(
            get_user_model().objects.filter(memberships__isnull=False).distinct().values_list("username", flat=True)
        )
        self.stdout.write(f"{len(demo.units)} units, {added} items added. Log-ins: {users}; password {DEMO_PASSWORD}")
