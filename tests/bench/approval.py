"""From the click on "Approve" to the page on the site and the answer of the search, on a CMS that is not empty.

The items that are there already came in through the CMS's models and the ledger's own recording function, each with its
revision and approval, but not through 10,000 review pages. What is measured then is: the review page over HTTP, the
feed, the publisher, the index and the search service, each a process of its own, one approval after the other.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from tqdm import tqdm

from contract.vocabulary import Kind
from tests.bench import ROOT
from tests.bench.corpus import Corpus
from tests.bench.tables import Table, percentile, say
from tests.postgres import PostgresMissingError, postgres
from tools import real_check
from tools.demo import search_server
from tools.real_check import GIVE_UP_SECONDS, Item, Visitor
from tools.stack import Ports, Stack, StackError

COLUMNS = ("approve to …", "items", "approvals", "p50 s", "p95 s", "worst s")
APPROVALS = 40
# Approved before the measuring, so that every part is warm.
WARM = 3
# Seconds for the first of them: the index has to take in everything that was there before.
INDEXING = 1200.0
# Items a transaction while the CMS is filled.
PIECE = 200
UNIT = real_check.UNIT
PAUSE = 0.02


def run_on_postgresql(sizes: list[int]) -> None:
    """Measure with a PostgreSQL of our own, where it is installed."""
    for size in sizes:
        try:
            with postgres() as url:
                measure_apart("postgresql", size, url)
        except PostgresMissingError as error:
            say(f"\n{error}; not measured.")


def run_on_sqlite(sizes: list[int]) -> None:
    """Measure with the embedded database."""
    for size in sizes:
        measure_apart("sqlite", size, "")


def measure_apart(database: str, size: int, url: str) -> None:
    """Run this module in a process of its own: Django knows one database."""
    say(f"\nApproving at {size:,} items on {database}; the CMS is filled first, which takes longest …")
    command = [sys.executable, "-m", "tests.bench.approval", database, str(size)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True)


def measure(database: str, size: int) -> None:
    """Fill the CMS, start everything, approve, and wait for each."""
    with tempfile.TemporaryDirectory(prefix="bangtin-bench-") as passing:
        url = os.environ.get("DATABASE_URL", "")
        stack = Stack(Path(passing), Ports.free(), search_server(), url, "bangtin-bench")
        with stack:
            items = fill(stack, Corpus(size))
            stack.start()
            visitor = Visitor(stack)
            visitor.log_in("pheduyet")
            for item in items[:WARM]:
                approve(stack, visitor, item, INDEXING)
            seconds = [approve(stack, visitor, item, GIVE_UP_SECONDS) for item in tqdm(items[WARM:], disable=None)]
    table = Table(f"approval-{database}", f"Approve to visible, {database}", COLUMNS)
    for what, values in zip(
        ("the page on the site", "an answer of the search"), zip(*seconds, strict=True), strict=True
    ):
        table.add(what, size, len(values), percentile(values, 50), percentile(values, 95), max(values))


def fill(stack: Stack, corpus: Corpus) -> list[Item]:
    """Bring the corpus into the CMS, all approved but the last ones, which are handed in and returned."""
    os.environ.update(stack.environment, DJANGO_SETTINGS_MODULE="cms.settings.local")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    call_command("migrate", verbosity=0)
    call_command("load_demo", boards_only=True, stdout=StringIO())
    from tests.bench.cms_pages import Newcomers

    newcomers = Newcomers(UNIT)
    waiting = WARM + APPROVALS
    first = corpus.units + 3
    for start in tqdm(range(first, corpus.size, PIECE), "filling the CMS", disable=None):
        with transaction.atomic():
            for number in range(start, min(start + PIECE, corpus.size)):
                newcomers.add_approved(corpus.item(number))
    documents = (corpus.item(corpus.size + number, Kind.DOCUMENT) for number in range(waiting))
    items = [newcomers.hand_in(newcomers.add_draft(document)) for document in documents]
    connection.close()
    return items


def approve(stack: Stack, visitor: Visitor, item: Item, patience: float) -> tuple[float, float]:
    """Approve an item; seconds until its page is on the site, and until the search finds it."""
    started = time.monotonic()
    visitor.send(f"/admin/editorial/review/{item.task_state}/", {"action": "approve", "comment": ""})
    address = real_check.site(stack) + item.path
    on_site = _wait(started, patience, item, lambda: real_check.status_of(address) == 200)
    return on_site, _wait(started, patience, item, lambda: real_check.found(stack, item))


def _wait(started: float, patience: float, item: Item, holds: Callable[[], bool]) -> float:
    while not holds():
        if time.monotonic() - started > patience:
            raise StackError(f"{item.path} was approved but is not visible")
        time.sleep(PAUSE)
    return time.monotonic() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("size", type=int)
    options = parser.parse_args()
    measure(options.database, options.size)
