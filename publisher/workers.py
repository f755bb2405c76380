"""Makes shards in as many processes as there are cores, or here when there are few."""

import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tqdm import tqdm

from publisher.derive import Facts
from publisher.errors import BuildError
from publisher.objects import Objects
from publisher.pages import Pages
from publisher.plugin import engine_for
from publisher.rendering import ShardMaker, ShardOfPages, ShardOfRecords
from publisher.replica import Replica
from publisher.settings import Settings

# Pages. A plan of fewer is made before another process has started.
ALONE_BELOW = 300
# Pages handed to a process at a time: enough to be worth the trip, few enough that all end together.
PIECE = 100
_PR_SET_PDEATHSIG = 1

PageJob = tuple[int, int]  # shard, pages in it
RecordJob = tuple[str, list[str]]  # shard, items to look at


@dataclass(frozen=True)
class Workplace:
    """What a process needs to make shards of a site."""

    root: Path
    database: Path | None
    settings: Settings
    day: date
    code: str
    whole: bool

    def maker(self, replica: Replica, objects: Objects) -> ShardMaker:
        """A maker of shards over an open replica."""
        pages = Pages(Facts(replica, self.day), self.settings)
        return ShardMaker(replica, pages, objects, engine_for(self.settings), self.code, self.whole)


Shard = ShardOfPages | ShardOfRecords


def make_shards(
    site: Workplace, replica: Replica, objects: Objects, pages: list[PageJob], records: Iterable[RecordJob], show: bool
) -> Iterator[Shard]:
    """Make the shards and yield what became of each. `show` draws a progress bar.

    What is not committed in `replica` is seen only here, so a trial must be small: `ALONE_BELOW` pages.
    """
    total = sum(count for _, count in pages)
    with tqdm(total=total, desc="pages", unit="page", disable=not show, leave=False, mininterval=_pause()) as bar:
        if total < ALONE_BELOW:
            maker = site.maker(replica, objects)
            results: Iterator[tuple[list[Shard], list[str], int]] = (
                (_made(maker, piece), [], _count(piece)) for piece in _pieces(pages, records)
            )
            yield from _watched(results, bar, objects)
        else:
            # Pelican is set up before the processes part, so that each has it at once.
            engine_for(site.settings)
            workers = os.cpu_count() or 1
            context = get_context("fork")
            try:
                with ProcessPoolExecutor(workers, context, _start, (site, os.getpid())) as pool:
                    results = _in_order(pool, _pieces(pages, records), 4 * workers)
                    yield from _watched(results, bar, objects)
            except BrokenProcessPool as error:
                raise BuildError("a process that renders pages was killed; is there enough memory?") from error


Piece = tuple[list[PageJob], list[RecordJob]]


def _watched(
    results: Iterable[tuple[list[Shard], list[str], int]], bar: "tqdm[Any]", objects: Objects
) -> Iterator[Shard]:
    for shards, names, count in results:
        objects.new.extend(names)
        bar.update(count)
        yield from shards


def _in_order(
    pool: ProcessPoolExecutor, pieces: Iterable[Piece], at_once: int
) -> Iterator[tuple[list[Shard], list[str], int]]:
    """The results in the order of the pieces. Only `at_once` are given out, so that results do not pile up here."""
    waiting: deque[Future[tuple[list[Shard], list[str], int]]] = deque()
    for piece in pieces:
        waiting.append(pool.submit(_work, piece))
        if len(waiting) >= at_once:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _pieces(pages: list[PageJob], records: Iterable[RecordJob]) -> Iterator[Piece]:
    piece: list[PageJob] = []
    for job in pages:
        piece.append(job)
        if _count((piece, [])) >= PIECE:
            yield piece, []
            piece = []
    if piece:
        yield piece, []
    some: list[RecordJob] = []
    for record in records:
        some.append(record)
        if sum(len(ids) for _, ids in some) >= PIECE:
            yield [], some
            some = []
    if some:
        yield [], some


def _count(piece: Piece) -> int:
    return sum(count for _, count in piece[0])


def _made(maker: ShardMaker, piece: Piece) -> list[Shard]:
    pages, records = piece
    return [*(maker.pages(number) for number, _ in pages), *(maker.records(name, ids) for name, ids in records)]


_maker: tuple[ShardMaker, Objects]


def _start(site: Workplace, parent: int) -> None:
    """Set a process up. It ends with its parent, so that a killed publisher leaves nobody writing."""
    global _maker
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    objects = Objects(site.root)
    replica = Replica(site.database, site.settings.site_url, writable=False)
    _maker = site.maker(replica, objects), objects


def _work(piece: Piece) -> tuple[list[Shard], list[str], int]:
    maker, objects = _maker
    objects.new.clear()
    shards = _made(maker, piece)
    return shards, list(objects.new), _count(piece)


def _pause() -> float:
    """Seconds between two pictures of the progress: in a log file one a second is enough."""
    return 0.1 if sys.stderr.isatty() else 1.0
