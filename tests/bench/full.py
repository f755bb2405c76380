"""Full builds at each size: from the feed into an empty directory, and again over a full replica, every page anew.

The second is what a new theme costs. It is brought about by another tagline, which stands on every page, so that every
page is rendered, compressed and written again, and nothing is found already there.
"""

from tests.bench import sites
from tests.bench.corpus import Corpus
from tests.bench.tables import Table

COLUMNS = ("build", "items", "pages", "wall s", "CPU s", "ms/page", "main MB", "tree MB")


def run(sizes: list[int]) -> None:
    """Measure each size once."""
    table = Table("full", "Full builds (the command, from start to end; all cores)", COLUMNS)
    for size in sizes:
        corpus = Corpus(size)
        corpus.written()
        add(table, "from the feed, empty directory", corpus, tagline=sites.TAGLINE, empty=True)
        add(table, "everything anew, replica full", corpus, tagline="Bản in thứ hai", empty=False)
        # Back to the usual one, for the parts that go on with this site.
        sites.build(corpus, empty=False)


def add(table: Table, what: str, corpus: Corpus, *, tagline: str, empty: bool) -> float:
    """Build and show what it took; wall seconds."""
    usage = sites.build(corpus, empty=empty, tagline=tagline)
    pages = sites.manifest(corpus).pages
    each = 1000 * usage.wall / pages
    table.add(what, corpus.size, pages, usage.wall, usage.cpu, each, round(usage.main), round(usage.tree))
    return usage.wall
