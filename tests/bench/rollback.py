"""Going back to the release before, by the command, with something withdrawn since that must not come back."""

from contract.vocabulary import Kind
from publisher.releases import Site
from tests.bench import VAR, sites
from tests.bench.corpus import Corpus
from tests.bench.incremental import open_site
from tests.bench.memory import measured
from tests.bench.tables import Table

COLUMNS = ("case", "items", "wall s")


def run(sizes: list[int]) -> None:
    """Measure both cases at each size."""
    table = Table("rollback", "Rollback (the command, from start to end)", COLUMNS)
    for size in sizes:
        corpus = Corpus(size)
        sites.ready(corpus)
        for what, number in (("nothing withdrawn", None), ("one withdrawal to be cleaned", 350)):
            publish(corpus, number)
            table.add(what, size, go_back(corpus))
            with open_site(sites.directory(corpus)) as (publisher, _):
                publisher.step(sites.DAY, always=True)


def publish(corpus: Corpus, withdrawn: int | None) -> None:
    """Publish a new item, and withdraw an old one; tidy up before, and not after."""
    with open_site(sites.directory(corpus)) as (publisher, ledger):
        while publisher.tidy_up():
            pass
        ledger.publish(corpus.item(corpus.size + ledger.head, Kind.NEWS))
        publisher.step(sites.DAY)
        if withdrawn is not None:
            ledger.withdraw(corpus.snapshot(withdrawn + ledger.head % 300))
            publisher.step(sites.DAY)


def go_back(corpus: Corpus) -> float:
    """Run the command and make sure that readers see another release; seconds."""
    site = Site(sites.directory(corpus))
    before = site.current()
    command = [sites.PYTHON, "-m", "publisher", "rollback", "--site", str(site.root)]
    usage = measured(command, sites.environment(), VAR / "log" / f"rollback-{corpus.size}.log")
    if site.current() in (None, before):
        raise RuntimeError("readers still see the release that was gone back from")
    return usage.wall
