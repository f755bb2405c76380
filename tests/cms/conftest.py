"""Fixtures of the CMS tests."""

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def service() -> Client:
    """A client that carries the token of publisher and preview."""
    return Client(headers={"Authorization": f"Bearer {settings.FEED_TOKEN}"})


@pytest.fixture
def search_service() -> Client:
    """A client that carries the token of the search service."""
    return Client(headers={"Authorization": f"Bearer {settings.SEARCH_TOKEN}"})
