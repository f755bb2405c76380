"""``make relevance``: how well the search ranks, on a real server, as a table and in ``var/bench/relevance.json``.

``PARTS="judged golden"`` chooses. ``--renew-baseline`` keeps the figures of the golden set as those that tests hold.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contract.folding import fold
from search.request import Scope
from tests.relevance.collections import CORPUS, demo_items, real_documents, vocabulary
from tests.relevance.golden import losses, measure_golden, read_baseline, read_needs, write_baseline
from tests.relevance.judged import SHARED, judged_sets
from tests.relevance.lookups import (
    Outcome,
    clause_lookups,
    measure_clauses,
    measure_numbers,
    measure_titles,
    number_lookups,
    title_lookups,
)
from tests.relevance.measures import measure_judged, searched
from tools.elasticsearch_server import DEFAULT_PORT, start

REPORT = Path(__file__).resolve().parents[2] / "var" / "bench" / "relevance.json"
CLAUSE_LOOKUPS = 400
ATTACKS = 2_000
MISSES_SHOWN = 10

Report = dict[str, Any]


def main() -> int:
    """Measure the parts asked for; 1 when a figure of the golden set fell below the baseline."""
    parser = argparse.ArgumentParser(prog="python -m tests.relevance", description=__doc__)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=(os.environ.get("PARTS") or " ".join(PARTS)).split()
    )
    parser.add_argument("--renew-baseline", action="store_true", help="keep the golden set's figures as the baseline")
    options = parser.parse_args()
    url = os.environ.get("ELASTICSEARCH_URL") or start(DEFAULT_PORT)
    report: Report = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
    for part in options.parts:
        report[part] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "figures": PARTS[part](url)}
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if "golden" not in options.parts:
        return 0
    scores = report["golden"]["figures"]
    if options.renew_baseline:
        write_baseline(scores)
        return 0
    fallen = losses(scores, read_baseline())
    for name, (before, now) in fallen.items():
        _say(f"fell: {name} {before:.3f} → {now:.3f}")
    return 1 if fallen else 0


def judged(url: str) -> Report:
    """The judged sets, provisions, with diacritics and without."""
    if not SHARED.exists():
        _say("judged: ../shared/relevance is not here")
        return {}
    _say(f"\n{'judged sets, provisions':<40}{'MRR@10':>9}{'nDCG@10':>9}{'R@10':>9}")
    report: Report = {}
    for questions in judged_sets():
        with searched(url, questions.records) as index:
            for typed, change in (("with diacritics", str), ("without", fold)):
                found = measure_judged(index, questions, change)
                name = f"{questions.name}, {typed}"
                _say(f"{name:<40}{found.mrr:>9.3f}{found.ndcg:>9.3f}{found.recall:>9.3f}")
                report[name] = {"MRR@10": found.mrr, "nDCG@10": found.ndcg, "R@10": found.recall}
    return report


def golden(url: str) -> Report:
    """Our own needs, by intent, variant and level."""
    _say(f"\n{'golden set':<64}{'MRR@10':>9}")
    scores = {}
    for name, read in (("demo", demo_items), ("documents", real_documents)):
        if name == "demo" or CORPUS.exists():
            records = list(read())
            with searched(url, records, vocabulary()) as index:
                scores |= measure_golden(index, read_needs(name, records))
    for name, score in scores.items():
        _say(f"{name:<64}{score:>9.3f}")
    return scores


def lookups(url: str) -> Report:
    """Numbers, clauses and titles of the real documents, with what was not found."""
    if not CORPUS.exists():
        _say("lookups: ../shared/corpus is not here")
        return {}
    _say(f"\n{'lookups in the real documents':<40}{'right':>9}{'asked':>9}{'share':>9}")
    records = list(real_documents())
    with searched(url, records) as index:
        outcomes = [*measure_numbers(index, number_lookups(records)).values()]
        clauses, titles = clause_lookups(records, CLAUSE_LOOKUPS), title_lookups(records)
        outcomes += [measure_clauses(index, clauses, scope) for scope in Scope]
        outcomes += [measure_titles(index, titles, follow) for follow in (False, True)]
    for outcome in outcomes:
        _say_outcome(outcome)
    return {outcome.name: {"right": outcome.right, "asked": outcome.asked} for outcome in outcomes}


def hostile(url: str) -> Report:
    """Hostile queries through the service, over the demo content and, where they are, the real documents."""
    from tests.relevance.service import attack_service  # Django is set up there

    records = list(real_documents() if CORPUS.exists() else demo_items())
    with searched(url, records, vocabulary()) as index:
        report = attack_service(url, index, ATTACKS)
    _say(f"\n{'hostile queries':<40}" + "".join(f"{name:>16}" for name in report))
    _say(f"{'':<40}" + "".join(f"{value!s:>16}" for value in report.values()))
    return report


PARTS: dict[str, Callable[[str], Report]] = {
    "judged": judged,
    "golden": golden,
    "lookups": lookups,
    "hostile": hostile,
}


def _say_outcome(outcome: Outcome) -> None:
    _say(f"{outcome.name:<40}{outcome.right:>9}{outcome.asked:>9}{outcome.share:>9.3f}")
    for query in outcome.missed[:MISSES_SHOWN]:
        _say(f"    not found: {query}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
