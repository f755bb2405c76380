"""Asks the search service what is new for saved searches. It is told searches and times, never whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
from django.conf import settings
from pydantic import BaseModel, ValidationError

from cms.alerts.models import Alert

NEWS_PATH = "/api/search/new/"
TIMEOUT = 30.0  # seconds; up to 100 searches are answered at once


class NewsError(Exception):
    """The search service cannot say now what is new; asking again later helps."""


class NewItem(BaseModel):
    """An item that was published since. `url` is a path of the reading site."""

    url: str
    title: str
    number: str | None
    type_name: str | None
    issued_on: str | None


class Found(BaseModel):
    """The new items of the alert `id`; `total` may be more than are named."""

    id: UUID
    total: int
    items: list[NewItem]


class _Answer(BaseModel):
    until: datetime | None
    answers: list[Found]


@dataclass(frozen=True)
class News:
    """What is new for each alert, published up to `until` (None: nothing is published at all)."""

    until: datetime | None
    found: dict[UUID, Found]


def ask_for_news(alerts: Sequence[Alert]) -> News:
    """What is new for each of `alerts` (100 at most). Raises `NewsError`."""
    searches = [
        {"id": str(alert.uuid), "since": alert.since.isoformat(), "parameters": alert.parameters} for alert in alerts
    ]
    try:
        response = httpx.post(
            settings.SEARCH_URL + NEWS_PATH,
            json={"searches": searches},
            headers={"Authorization": f"Bearer {settings.SEARCH_TOKEN}"},
            timeout=TIMEOUT,
            trust_env=False,
        )
        answer = _Answer.model_validate_json(response.raise_for_status().content)
    except httpx.HTTPStatusError as error:
        raise NewsError(f"the search service answers {error.response.status_code}") from error
    except (httpx.HTTPError, ValidationError) as error:
        raise NewsError(f"the search service does not answer: {type(error).__name__}") from error
    return News(answer.until, {found.id: found for found in answer.answers})
