"""Many random histories: a site that followed every change equals one built at once, byte for byte."""

import os
import sys
import time

from tests.bench import VAR, sites
from tests.bench.memory import measured
from tests.bench.tables import Table, say

HISTORIES = 500
TEST = "tests/publisher/test_histories.py"


def run(sizes: list[int]) -> None:
    """Run the test of the publisher with many more examples; sizes play no part."""
    del sizes
    table = Table(
        "histories", f"{HISTORIES} random histories, incremental against whole", ("histories", "number", "wall s")
    )
    say("(no progress to show: about half a second a history)")
    count = os.environ.get("HISTORIES", str(HISTORIES))
    command = [sys.executable, "-m", "pytest", TEST, "--ds=cms.settings.test", "--timeout=0", "-q"]
    started = time.perf_counter()
    measured(command, sites.environment() | {"HISTORIES": count}, VAR / "log" / "histories.log")
    table.add("all equal", int(count), time.perf_counter() - started)
