"""The Django app of the search service."""

from django.apps import AppConfig


class SearchServiceConfig(AppConfig):
    """Registers the system checks."""

    name = "search.service"
    label = "search_service"

    def ready(self) -> None:
        """Bind the checks."""
        from search.service import checks

        checks.register()
