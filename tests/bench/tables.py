"""How figures are shown and kept: tables that grow line by line while the measuring goes on, and JSON files."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime

from publisher.outline import ZONE
from tests.bench import VAR

Cell = str | int | float | bool | None
WIDTH = 12


class Table:
    """A table on the screen, and its rows in ``var/bench/NAME.json``, written anew after every row."""

    def __init__(self, name: str, title: str, columns: Sequence[str]) -> None:
        self._path = VAR / f"{name}.json"
        self._columns = columns
        self.rows: list[dict[str, Cell]] = []
        say(f"\n{title}\n" + "".join(_cell(column, place) for place, column in enumerate(columns)))

    def add(self, *cells: Cell) -> None:
        """Show and keep one row."""
        self.rows.append(dict(zip(self._columns, cells, strict=True)))
        say("".join(_cell(cell, place) for place, cell in enumerate(cells)))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = {"at": datetime.now(ZONE).isoformat(timespec="seconds"), "cores": os.cpu_count(), "rows": self.rows}
        self._path.write_text(json.dumps(text, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def percentile(values: Sequence[float], per_cent: int) -> float:
    """The smallest value that at least so many per cent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * per_cent // 100) - 1)]


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _cell(value: Cell, place: int) -> str:
    if place == 0:
        return f"{value!s:<34}"
    if isinstance(value, float):
        return f"{value:>{WIDTH},.3f}" if value < 10 else f"{value:>{WIDTH},.1f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:>{WIDTH},}"
    return f"{'–' if value is None else value!s:>{WIDTH}}"
