"""The figures of ``make bench``: what publishing costs, at the sizes the design plans for."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where corpora, sites and figures lie; `make clean` forgets them.
VAR = ROOT / "var" / "bench"
