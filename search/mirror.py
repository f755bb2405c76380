"""Keeps one SQLite file in step with the releases: what became live is put in, what is live no more is taken out.

What is taken out is overwritten, too, so that a file, its free pages and its log hold only what is approved.
"""

import logging
import sqlite3
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from contract.release import Record
from contract.vocabulary import Audience
from search.releases import BrokenReleaseError, Release

log = logging.getLogger(__name__)

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    # What is withdrawn does not linger in free pages.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)
# What the file says of itself: a process that starts need not sweep what was left clean.
UNSWEPT, SWEPT = 0, 1
# Items that somebody who has no time may take out and put in: half a second. More is left to who has.
MOST_AT_ONCE = 100
# A sweep writes the whole full-text index anew, so the next one waits for so many times what the last one took.
SWEEP_PAUSES = 50


class Mirror(ABC):
    """The public items of a release in a SQLite file of one's own making. Threads read side by side, one writes.

    `directory` holds the file over restarts; without one it is a temporary file. `name` and `version` name it: files
    of other versions are thrown away.
    """

    # SQL that makes what is not there.
    tables: ClassVar[str]
    # The FTS5 tables among them.
    full_text: ClassVar[tuple[str, ...]] = ()
    # Items that are written in one transaction.
    batch: ClassVar[int] = 2000

    def __init__(self, directory: Path | None, name: str, version: str) -> None:
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="search-")
        home = directory or Path(self._temporary.name if self._temporary else "")
        home.mkdir(parents=True, exist_ok=True)
        self._file = home / f"{name}-{version}.sqlite3"
        self._writing = threading.Lock()
        self._connections = threading.local()
        self._synced: Release | None = None
        # Whether it ever held a whole release in this process: while the next one is taken in, most of that is there.
        self.was_in_step = False
        self._next_sweep = 0.0
        for other in home.glob(f"{name}-*.sqlite3*"):
            if not other.name.startswith(self._file.name):
                other.unlink()
        try:
            self.connection().executescript(self.tables)
        except sqlite3.DatabaseError as error:
            log.warning("%s is unreadable and will be built anew: %s", self._file, error)
            self._connections = threading.local()
            for part in home.glob(f"{self._file.name}*"):
                part.unlink()
            self.connection().executescript(self.tables)
        ((left,),) = self.connection().execute("PRAGMA user_version").fetchall()
        self._is_swept = left == SWEPT

    @abstractmethod
    def records_held(self, connection: sqlite3.Connection) -> dict[str, str]:
        """Item id to record hash of everything in the file."""

    @abstractmethod
    def put_in(self, connection: sqlite3.Connection, records: Iterable[tuple[Record, str]]) -> None:
        """Write records, each with the hash of its bytes. None of them is held."""

    @abstractmethod
    def take_out(self, connection: sqlite3.Connection, items: Sequence[str]) -> None:
        """Remove items by their ids; some may not be held."""

    def is_in_step_with(self, release: Release) -> bool:
        """Whether the file holds exactly what is public in `release`."""
        return self._synced is not None and self._synced.name == release.name

    def bring_to(self, release: Release, patience: float | None = None) -> None:
        """Make the file hold what `release` holds; after the first time it costs what changed since the last one.

        A release that is cleaned away meanwhile, and an error of the file, leave it out of step until the next call.
        Who has no time gives the seconds of `patience` with another thread that is at it: he is spared the sweeping and
        whatever takes long, and does not turn the file back to the release he still holds.
        """
        if self.is_in_step_with(release) and (patience is not None or not self._is_sweep_due()):
            return
        if patience is not None and self._synced is not None and release.seq < self._synced.seq:
            return
        if not self._writing.acquire(timeout=-1 if patience is None else patience):
            return
        connection = self.connection()
        try:
            if not self.is_in_step_with(release) and release.directory.exists():
                self._take_in(connection, release, most=None if patience is None else MOST_AT_ONCE)
            if patience is None and self._is_sweep_due():
                self._sweep(connection)
        except sqlite3.Error as error:
            log.error("release %s is not in %s yet: %s", release.name, self._file.name, error)
        finally:
            # Nobody can write, nor this thread read, while an error of any kind leaves a transaction open.
            connection.rollback()
            self._writing.release()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._connections, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, timeout=10)
            for setting in _SETTINGS:
                connection.execute(setting)
            self._connections.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection and drop a temporary file."""
        self.connection().close()
        self._connections = threading.local()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _take_in(self, connection: sqlite3.Connection, release: Release, most: int | None) -> None:
        outdated, missing = self._difference(connection, release)
        if most is not None and len(outdated) + len(missing) > most:
            return
        # Until all is done nobody knows what the file holds: after a failure everything is compared.
        self._synced = None
        if outdated:
            self.take_out(connection, outdated)
            self._is_swept = False
            connection.execute(f"PRAGMA user_version = {UNSWEPT}")
            connection.commit()
        for start in range(0, len(missing), self.batch):
            self.put_in(connection, _public_records(release, missing[start : start + self.batch]))
            connection.commit()
        if release.directory.exists():
            self._synced, self.was_in_step = release, True

    def _difference(self, connection: sqlite3.Connection, release: Release) -> tuple[list[str], list[UUID]]:
        """Ids to take out and items to read."""
        if self._synced is not None:
            outdated = [item for item, _ in self._synced.rows_not_in(release)]
            return outdated, [UUID(item) for item, _ in release.rows_not_in(self._synced)]
        held = self.records_held(connection)
        outdated = [item for item, record in held.items() if not release.holds(item, record)]
        return outdated, [item for item, entry in release.items.items() if held.get(str(item)) != entry.record]

    def _is_sweep_due(self) -> bool:
        return not self._is_swept and time.monotonic() >= self._next_sweep

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Overwrite what is left of rows that were taken out.

        FTS5 only notes that a row is gone until it merges the segments that hold it (its own `secure-delete` came with
        SQLite 3.42), and the write-ahead log keeps pages as they were until it is emptied.
        """
        started = time.monotonic()
        for table in self.full_text:
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608 - our own names
        connection.commit()
        ((is_busy, *_),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if not is_busy:
            connection.execute(f"PRAGMA user_version = {SWEPT}")
            self._is_swept = True
        now = time.monotonic()
        self._next_sweep = now + SWEEP_PAUSES * (now - started)


def _public_records(release: Release, items: Sequence[UUID]) -> Iterator[tuple[Record, str]]:
    for item in items:
        try:
            record = release.record(item)
        except BrokenReleaseError:
            if not release.directory.exists():
                return
            log.exception("record %s was set aside", item)
            continue
        if record.snapshot.audience is Audience.PUBLIC:
            yield record, release.items[item].record
