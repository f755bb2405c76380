"""Where the alerts of a search are asked for, and whether this installation sends any."""

from urllib.parse import urlencode

from django.conf import settings

from contract.addresses import SEARCH_PATH
from search.request import SearchRequest

ALERTS_PATH = f"{SEARCH_PATH}theo-doi/"


def are_offered() -> bool:
    """What is new is computed inside Elasticsearch, and the CMS mails it."""
    return bool(settings.CMS_URL and settings.ELASTICSEARCH_URL)


def parameters_of(asked: SearchRequest) -> dict[str, str]:
    """What makes the search: its words and filters, not the page or the order."""
    values = {"q": asked.query, **asked.selected}
    return {name: value for name, value in values.items() if value}


def alert_address(asked: SearchRequest) -> str | None:
    """The page where a reader asks to be told what is new for this search; None where that is not possible."""
    parameters = parameters_of(asked)
    return f"{ALERTS_PATH}?{urlencode(parameters)}" if parameters and are_offered() else None
