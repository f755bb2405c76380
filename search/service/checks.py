"""System checks: a wrong setting is named at start, with its remedy."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.checks import register as register_check

from search.releases import current_name

# As the CMS demands it.
SHORTEST_TOKEN = 32


def register() -> None:
    """Bind every check of this module."""
    register_check(check_site)
    register_check(check_elasticsearch)
    register_check(check_cms)


def check_site(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The service answers for a site's releases, so it must know where they are."""
    if settings.SITE_DIR is None:
        return [
            Error(
                "SITE_DIR is not set: the search service does not know which site it answers for.",
                hint="Set SITE_DIR to the directory given to the publisher as --site.",
                id="search.E001",
            )
        ]
    if current_name(settings.SITE_DIR) is None:
        return [
            Warning(
                f"{settings.SITE_DIR} has no release yet: every page answers 503 until there is one.",
                hint="Run: python -m publisher build --feed FEED --site SITE_DIR",
                id="search.W001",
            )
        ]
    return []


def check_elasticsearch(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An address that is none would look like a server that is down."""
    url = settings.ELASTICSEARCH_URL
    if not url or _is_address(url):
        return []
    return [
        Error(
            "ELASTICSEARCH_URL is not the address of a server.",
            hint="Write it like http://127.0.0.1:9200, or leave it empty for the embedded fallback.",
            id="search.E002",
        )
    ]


def check_cms(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The CMS takes nothing from a service that does not know the token, and every reader would be turned away."""
    if not settings.CMS_URL:
        return []
    found: list[CheckMessage] = []
    if not _is_address(settings.CMS_URL):
        found.append(
            Error(
                "CMS_URL is not the address of the CMS.",
                hint="Write it like http://127.0.0.1:8001, or leave it empty: no counts of searches, no alerts.",
                id="search.E003",
            )
        )
    if len(settings.SEARCH_TOKEN) < SHORTEST_TOKEN:
        found.append(
            Error(
                f"SEARCH_TOKEN is not set or shorter than {SHORTEST_TOKEN} characters.",
                hint="Set SEARCH_TOKEN to the same value as the CMS, or leave CMS_URL empty.",
                id="search.E004",
            )
        )
    return found


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
