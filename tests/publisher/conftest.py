"""What every test of the publisher starts from."""

from pathlib import Path

import pytest

from tests.publisher.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty ledger and site."""
    return Workshop(tmp_path)
