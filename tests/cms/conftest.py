"""Fixtures of the CMS tests."""

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def service() -> Client:
    """A client that carries the service token."""
    return Client(headers={"Authorization": f"Bearer {settings.FEED_TOKEN}"})
