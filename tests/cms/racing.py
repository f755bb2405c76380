"""What tests of races share: threads released together, and a real PostgreSQL.

SQLite has one writer at a time and cannot show races. Unless the tests run on PostgreSQL already (DATABASE_URL), the
first test of a file starts one of its own and runs the file again on it, which is where the others run.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from tests.postgres import PostgresMissingError, postgres

_ON_POSTGRESQL = connection.vendor == "postgresql"
racing_test = pytest.mark.skipif(not _ON_POSTGRESQL, reason="runs in the PostgreSQL the first test starts")
first_test = pytest.mark.skipif(_ON_POSTGRESQL, reason="the races below run here directly")


def assert_races_end_well(file: str) -> None:
    """Run the tests of `file` on a PostgreSQL that is started for them; skip where none is installed."""
    try:
        with postgres() as url:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", file, "--ds=cms.settings.test", "-q", "-p", "no:cacheprovider"],
                cwd=settings.ROOT,
                env={**os.environ, "DATABASE_URL": url},
                capture_output=True,
                text=True,
                check=False,
            )
    except PostgresMissingError as error:
        pytest.skip(str(error))
    assert done.returncode == 0, done.stdout[-8000:]
    assert "passed" in done.stdout


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions in threads of their own, released together; return their results, raise their errors."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(120) for future in [pool.submit(run, action) for action in actions]]
