"""The publisher's own copy of what is live: an SQLite file, changed in one transaction a batch.

The transaction stays open while the release is built and is committed after the switch, so replica and live site do not
drift apart: a publisher that is killed before that starts again from the position of the release readers see.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self
from uuid import UUID

from contract.canonical import canonical_json
from contract.models import Change, Snapshot
from contract.vocabulary import Audience
from publisher.errors import PublisherError

VERSION = 1
_SCHEMA = """
CREATE TABLE item (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, snapshot BLOB NOT NULL
) WITHOUT ROWID;
-- The newest change of every item ever seen, so that an older one never overwrites it.
CREATE TABLE newest (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE gone (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE set_aside (
    seq INTEGER, id TEXT, stage TEXT NOT NULL, reason TEXT NOT NULL, change TEXT, UNIQUE (seq, id, reason)
);
CREATE TABLE state (position INTEGER NOT NULL);
INSERT INTO state VALUES (0);
"""


class Stage(StrEnum):
    """Where an item was set aside, which decides when it is tried again."""

    LINE = "line"  # never: a corrected line comes with a new seq
    PATH = "path"  # with every batch: the other item may have gone
    FILES = "files"  # after a pause: the server may be back
    RENDER = "render"  # at the next start: the theme may have been mended


class State(StrEnum):
    """What became of an item's newest change."""

    LIVE = "live"
    HIDDEN = "hidden"  # for members only: nothing of it is kept here
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Item:
    """A live item: its snapshot (sanitised) and the canonical JSON of it."""

    id: UUID
    seq: int
    sha256: str
    snapshot: Snapshot
    raw: bytes

    @classmethod
    def of(cls, change: Change, snapshot: Snapshot) -> Self:
        """The item a publish change makes live. `snapshot` is the change's own one after entry checks."""
        return cls(change.id, change.seq, change.sha256 or "", snapshot, canonical_json(snapshot.to_json()))


@dataclass(frozen=True)
class SetAside:
    """A change that is not live, and why. `seq` and `id` are missing when the line could not be read so far."""

    seq: int | None
    id: str | None
    stage: Stage
    reason: str
    change: Change | None = None


class Replica:
    """Live items, withdrawn addresses, changes set aside and the position in the ledger."""

    def __init__(self, path: Path) -> None:
        """Open the replica at `path`, making it when it is not there. Raises `PublisherError` for a file of another
        version of the publisher."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA secure_delete = ON")  # what is withdrawn does not linger in free pages
        self._parsed: dict[str, Item] = {}
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            raise PublisherError(f"{path} has version {version}, not {VERSION}: remove it, the feed fills it again")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what happens inside is kept only when the block ends without an exception."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def restart(self) -> None:
        """Inside a transaction: forget what it did so far, to do it differently."""
        self._db.execute("ROLLBACK")
        self._db.execute("BEGIN IMMEDIATE")

    @property
    def position(self) -> int:
        """The highest seq that was read."""
        return int(self._db.execute("SELECT position FROM state").fetchone()[0])

    def advance(self, seq: int) -> None:
        """Move the position forward to `seq`, never back."""
        self._db.execute("UPDATE state SET position = max(position, ?)", (seq,))

    def items(self) -> list[Item]:
        """Every live item, in the order of the ids."""
        parsed: dict[str, Item] = {}
        for id_, seq in self._db.execute("SELECT id, seq FROM item ORDER BY id").fetchall():
            known = self._parsed.get(id_)
            parsed[id_] = known if known is not None and known.seq == seq else self._load(id_)
        self._parsed = parsed
        return list(parsed.values())

    def gone_paths(self) -> frozenset[str]:
        """Addresses that answer 410."""
        return frozenset(row[0] for row in self._db.execute("SELECT path FROM gone"))

    def ids(self, state: State) -> frozenset[UUID]:
        """Items whose newest change left them in `state`."""
        rows = self._db.execute("SELECT id FROM newest WHERE state = ?", (state.value,))
        return frozenset(UUID(row[0]) for row in rows)

    def set_aside(self) -> list[SetAside]:
        """Changes that are not live, in seq order, unreadable lines first."""
        rows = self._db.execute(
            "SELECT seq, id, stage, reason, change FROM set_aside ORDER BY coalesce(seq, 0), reason"
        ).fetchall()
        return [
            SetAside(seq, id_, Stage(stage), reason, Change.model_validate_json(change) if change else None)
            for seq, id_, stage, reason, change in rows
        ]

    def put_aside(self, entry: SetAside) -> None:
        """Remember a change that is not used, in place of what was remembered of it before."""
        self._db.execute("DELETE FROM set_aside WHERE seq = ? AND id = ?", (entry.seq, entry.id))
        self._db.execute(
            "DELETE FROM set_aside WHERE seq IS NULL AND ? IS NULL AND reason = ?", (entry.seq, entry.reason)
        )
        change = json.dumps(entry.change.to_json(), ensure_ascii=False) if entry.change else None
        self._db.execute(
            "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?)",
            (entry.seq, entry.id, entry.stage.value, entry.reason, change),
        )

    def forget_render_notes(self) -> None:
        """Drop the notes about live items left out of the last release; the next build finds out anew."""
        self._db.execute("DELETE FROM set_aside WHERE stage = ? AND change IS NULL", (Stage.RENDER.value,))

    def is_newer(self, change: Change) -> bool:
        """Whether `change` comes after every change of its item that was applied."""
        row = self._db.execute("SELECT seq FROM newest WHERE id = ?", (str(change.id),)).fetchone()
        return row is None or change.seq > row[0]

    def owner_of(self, path: str) -> UUID | None:
        """The live item at `path`."""
        row = self._db.execute("SELECT id FROM item WHERE path = ?", (path,)).fetchone()
        return UUID(row[0]) if row else None

    def publish(self, item: Item) -> None:
        """Make `item` live in place of its older version; an address it leaves is gone."""
        if item.snapshot.audience is not Audience.PUBLIC:
            raise ValueError("only public items may become live")
        path = item.snapshot.path
        self._leave_address(item.id, path)
        self._db.execute("DELETE FROM gone WHERE path = ?", (path,))
        self._db.execute(
            "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?)", (str(item.id), item.seq, path, item.sha256, item.raw)
        )
        self._settle(item.id, item.seq, State.LIVE)

    def remove(self, change: Change, state: State) -> None:
        """Take an item off the site because it was withdrawn or is for members only from now on.

        Its address answers 410 if it was live here, or, for a withdrawal, if the change tells the address: a member's
        item that was never public leaves no trace.
        """
        self._leave_address(change.id, None)
        if state is State.WITHDRAWN and change.path and self.owner_of(change.path) is None and self._was_public(change):
            self._db.execute("INSERT OR IGNORE INTO gone VALUES (?)", (change.path,))
        self._db.execute("DELETE FROM item WHERE id = ?", (str(change.id),))
        self._settle(change.id, change.seq, state)

    def _was_public(self, change: Change) -> bool:
        row = self._db.execute("SELECT state FROM newest WHERE id = ?", (str(change.id),)).fetchone()
        return row is None or row[0] != State.HIDDEN

    def _leave_address(self, id_: UUID, path: str | None) -> None:
        row = self._db.execute("SELECT path FROM item WHERE id = ?", (str(id_),)).fetchone()
        if row and row[0] != path:
            self._db.execute("INSERT OR IGNORE INTO gone VALUES (?)", row)

    def _settle(self, id_: UUID, seq: int, state: State) -> None:
        self._db.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", (str(id_), seq, state.value))
        self._db.execute("DELETE FROM set_aside WHERE id = ? AND seq <= ?", (str(id_), seq))

    def _load(self, id_: str) -> Item:
        seq, sha256, raw = self._db.execute("SELECT seq, sha256, snapshot FROM item WHERE id = ?", (id_,)).fetchone()
        return Item(UUID(id_), seq, sha256, Snapshot.model_validate_json(raw), raw)
