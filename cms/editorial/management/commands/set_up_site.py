"""``manage.py set_up_site``: home page, default site and workflow of a new database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cms.editorial.setup import set_up_site


class Command(BaseCommand):
    help = "Make the home page, the default site and the approval workflow. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        home = set_up_site(settings.WAGTAIL_SITE_NAME)
        self.stdout.write(f"The site “{home.title}” is set up.")
