"""``make bench``: measures what publishing and searching cost. ``PARTS="full hugo" SIZES="1000"`` chooses some."""

import argparse
import os
import sys
from collections.abc import Callable

from tests.bench import approval, cluster, comparison, full, histories, incremental, load, rebuilds, rollback, searching
from tests.bench.tables import say

# What each part measures, and at which sizes when none are asked for.
PARTS: dict[str, tuple[Callable[[list[int]], None], list[int]]] = {
    "full": (full.run, [1_000, 10_000]),
    "hugo": (comparison.run, [10_000]),
    "incremental": (incremental.run, [1_000, 10_000]),
    "rollback": (rollback.run, [10_000]),
    "load": (load.run, [10_000]),
    "histories": (histories.run, [0]),
    "approval": (approval.run_on_postgresql, [10_000]),
    "approval-sqlite": (approval.run_on_sqlite, [10_000]),
    "search": (searching.run, [10_000]),
    "rebuild": (rebuilds.run, [10_000]),
    "cluster": (cluster.run, [1_000]),
}


def main() -> int:
    """Run the parts asked for, in order; 0 when all of them could be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=(os.environ.get("PARTS") or " ".join(PARTS)).split()
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[int(n) for n in os.environ.get("SIZES", "").split()])
    options = parser.parse_args()
    average = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    say(f"{os.cpu_count()} cores; load before the start {average}. Other work on the machine shows in every wall time.")
    for part in options.parts:
        measure, usual = PARTS[part]
        measure(options.sizes or usual)
    return 0


if __name__ == "__main__":
    sys.exit(main())
