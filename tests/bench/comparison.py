"""The publisher and Hugo one after the other, on the same content and the same pages, in the same run."""

import statistics

from tests.bench import sites
from tests.bench.corpus import Corpus
from tests.bench.hugo import HUGO, Source, html_of
from tests.bench.memory import Usage
from tests.bench.tables import Table, say

COLUMNS = ("build", "items", "html pages", "html MB", "wall s", "CPU s", "main MB", "tree MB", "x Hugo")
ROUNDS = 3
TAGLINES = ("Bản in thứ hai", "Bản in thứ ba", "Bản in thứ tư")


def run(sizes: list[int]) -> None:
    """Alternate at each size; the row of each is the run with the median wall time."""
    if HUGO is None:
        say("\nHugo is not on the PATH (Debian: apt-get install hugo); nothing to compare with.")
        return
    table = Table("hugo", f"The same site by Hugo, median of {ROUNDS} runs in turn", COLUMNS)
    for size in sizes:
        compare(table, Corpus(size))


def compare(table: Table, corpus: Corpus) -> None:
    """Build the same site with both, in turn."""
    sites.build(corpus, empty=True)
    source = Source(corpus)
    say(f"(writing Hugo's content for {corpus.size:,} items …)")
    source.write()
    hugo, fed, anew, copies = [], [], [], []
    for tagline in TAGLINES[:ROUNDS]:
        hugo.append(source.build())
        copies.append(source.compress())
        fed.append(sites.build(corpus, empty=True))
        anew.append(sites.build(corpus, empty=False, tagline=tagline))
    base = _median(hugo)
    ours = html_of(sites.directory(corpus) / "current" / "pages")
    for what, usages, (pages, size) in (
        ("Hugo, pages only", hugo, html_of(source.output)),
        ("compressed copies of Hugo's pages", copies, html_of(source.output)),
        ("from the feed, empty directory", fed, ours),
        ("everything anew, replica full", anew, ours),
    ):
        usage = _median(usages)
        table.add(
            what, corpus.size, pages, size / 1e6, usage.wall, usage.cpu, round(usage.main), round(usage.tree),
            usage.wall / base.wall,
        )  # fmt: skip
    sites.build(corpus, empty=False)


def _median(usages: list[Usage]) -> Usage:
    wall = statistics.median_low(usage.wall for usage in usages)
    return next(usage for usage in usages if usage.wall == wall)
