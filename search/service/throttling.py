"""Limits how often one connection may search. The count lives in memory for a minute and is never written down."""

from rest_framework.throttling import SimpleRateThrottle


class SearchThrottle(SimpleRateThrottle):
    """One budget for the API and the page together."""

    scope = "search"

    def get_cache_key(self, request: object, view: object) -> str:
        """By the address of the reader."""
        return str(self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)})


class CompletionsThrottle(SearchThrottle):
    """A budget of its own: typing one query asks a dozen times, and must not use up the searches of a commune."""

    scope = "completions"
