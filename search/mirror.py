"""Keeps one SQLite file in step with the releases: what became live is put in, what is live no more is taken out."""

import logging
import sqlite3
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

from contract.release import Record
from contract.vocabulary import Audience
from search.releases import BrokenReleaseError, Release

log = logging.getLogger(__name__)

# Items that are written in one transaction.
BATCH = 2000


class Mirror(ABC):
    """The public items of a release in a SQLite file of one's own making. Threads read side by side, one writes.

    `directory` holds the file over restarts; without one it is a temporary file. `name` names file and version: a file
    of another version is not used. `tables` is SQL that makes what is not there.
    """

    def __init__(self, directory: Path | None, name: str, tables: str) -> None:
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="search-")
        home = directory or Path(self._temporary.name if self._temporary else "")
        home.mkdir(parents=True, exist_ok=True)
        self._file = home / f"{name}.sqlite3"
        self._writing = threading.Lock()
        self._connections = threading.local()
        self._synced: Release | None = None
        try:
            self.connection().executescript(tables)
        except sqlite3.DatabaseError as error:
            log.warning("%s is unreadable and will be built anew: %s", self._file, error)
            self._connections = threading.local()
            for part in home.glob(f"{self._file.name}*"):
                part.unlink()
            self.connection().executescript(tables)

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

    def bring_to(self, release: Release) -> None:
        """Make the file hold what `release` holds; after the first time it costs what changed since the last one.

        A release that is cleaned away meanwhile, and an error of the file, leave it out of step until the next call.
        """
        with self._writing:
            if self.is_in_step_with(release) or not release.directory.exists():
                return
            connection = self.connection()
            try:
                outdated, missing = self._difference(connection, release)
                # Until all is done nobody knows what the file holds: after a failure everything is compared.
                self._synced = None
                self.take_out(connection, outdated)
                connection.commit()
                for start in range(0, len(missing), BATCH):
                    self.put_in(connection, _public_records(release, missing[start : start + BATCH]))
                    connection.commit()
                if release.directory.exists():
                    self._synced = release
            except sqlite3.Error as error:
                connection.rollback()
                log.error("release %s is not in %s yet: %s", release.name, self._file.name, error)

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._connections, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, timeout=10)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._connections.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection and drop a temporary file."""
        self.connection().close()
        self._connections = threading.local()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _difference(self, connection: sqlite3.Connection, release: Release) -> tuple[list[str], list[UUID]]:
        """Ids to take out and items to read."""
        if self._synced is not None:
            outdated = [item for item, _ in self._synced.rows_not_in(release)]
            return outdated, [UUID(item) for item, _ in release.rows_not_in(self._synced)]
        held = self.records_held(connection)
        outdated = [item for item, record in held.items() if not release.holds(item, record)]
        return outdated, [item for item, entry in release.items.items() if held.get(str(item)) != entry.record]


def _public_records(release: Release, items: Sequence[UUID]) -> Iterator[tuple[Record, str]]:
    for item in items:
        try:
            record = release.record(item)
        except BrokenReleaseError:
            log.exception("record %s was set aside", item)
            continue
        if record.snapshot.audience is Audience.PUBLIC:
            yield record, release.items[item].record
