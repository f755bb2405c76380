"""Each service has a token of its own, which opens what that service needs and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLResolver, get_resolver

pytestmark = pytest.mark.django_db

# Addresses below /api/v1/ by whom they are for, each with the method it takes.
PUBLISHER = [
    ("get", "changes/"),
    ("get", "preview/"),
    ("get", f"files/{'0' * 64}/"),
    ("post", "publisher-state/"),
]
SEARCH_SERVICE = [
    ("post", "search-counts/"),
    ("post", "alerts/"),
    ("post", "alerts/confirmations/"),
    ("post", "alerts/cancellations/"),
]
CONTENT = ["documents", "news", "guidance", "units"]


def status(method: str, path: str, authorization: str) -> int:
    client = Client(headers={"Authorization": authorization.encode().decode("latin-1")})
    body: dict[str, Any] = {"data": {}, "content_type": "application/json"} if method == "post" else {}
    return getattr(client, method)(f"/api/v1/{path}", **body).status_code


@pytest.mark.parametrize(
    ("setting", "other", "addresses"),
    [("FEED_TOKEN", "SEARCH_TOKEN", PUBLISHER), ("SEARCH_TOKEN", "FEED_TOKEN", SEARCH_SERVICE)],
)
def test_an_address_opens_to_its_own_token_and_to_the_other_one_not(
    setting: str, other: str, addresses: list[tuple[str, str]]
) -> None:
    for address in addresses:
        assert status(*address, f"Bearer {getattr(settings, setting)}") != 403, address
        assert status(*address, f"Bearer {getattr(settings, other)}") == 403, address


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", "Bearer " + "é" * 5])
def test_without_a_right_token_the_addresses_of_the_services_answer_403(authorization: str) -> None:
    for address in PUBLISHER + SEARCH_SERVICE:
        assert status(*address, authorization) == 403, address


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer "])
def test_a_token_that_is_not_set_opens_nothing(authorization: str, settings: Any) -> None:
    settings.FEED_TOKEN = settings.SEARCH_TOKEN = ""
    for address in PUBLISHER + SEARCH_SERVICE:
        assert status(*address, authorization) == 403, address


def test_no_address_of_the_api_is_missing_here() -> None:
    guarded = {path.replace("0" * 64, "<sha256:sha256>") for _, path in PUBLISHER + SEARCH_SERVICE}
    opened = {"schema/"} | {f"{name}/{detail}" for name in CONTENT for detail in ("", "<uuid:uuid>/")}
    assert set(routes(get_resolver("cms.api.urls"))) == guarded | opened


def routes(resolver: URLResolver) -> Iterator[str]:
    for each in resolver.url_patterns:
        yield from routes(each) if isinstance(each, URLResolver) else (str(each.pattern),)
