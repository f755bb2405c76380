"""The publisher's own copy of what is live: an SQLite file with every item and the indexes lists and relations need.

It may run ahead of the release readers see. What changed since that release is remembered (`pending`, `touched`) in the
same transaction as the change, until a release holds it: a publisher that is killed in between goes on from there.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files as package_files
from pathlib import Path
from typing import Self
from urllib.parse import quote
from uuid import UUID

from contract.canonical import canonical_json
from contract.models import Change, Snapshot
from contract.numbers import number_key
from contract.release import Manifest
from contract.vocabulary import Audience, Kind
from publisher import disk
from publisher.errors import LockedError, OtherVersionError
from publisher.indexes import NEWEST_MEMBERS, Indexes
from publisher.outline import Outline

# Seconds to wait for another process (a preview, `status`) that reads or writes the file.
PATIENCE = 10.0


def _version() -> int:
    """A number that is another one as soon as the tables, what their rows hold, or the releases they speak of look
    otherwise, so that nobody has to remember to raise it."""
    digest = hashlib.blake2b(digest_size=4)
    for file in ("schema.sql", "outline.py"):
        digest.update(package_files("publisher").joinpath(file).read_bytes())
    digest.update(str(Manifest.model_fields["schema_"].default).encode())
    # SQLite keeps 32 bits with a sign; a new file has 0.
    return int.from_bytes(digest.digest()) >> 1 | 1


VERSION = _version()


# Rows of `gone` speak as long as neither the item is live again nor another one stands at its address.
_GONE = """SELECT path FROM gone WHERE path IS NOT NULL
           AND id NOT IN (SELECT id FROM item) AND path NOT IN (SELECT path FROM item)"""


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
    LEFT_OUT = "left out"  # was live, but its page can no longer be rendered


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

    @classmethod
    def read(cls, id_: str, seq: int, sha256: str, raw: bytes) -> Self:
        """The item of a row."""
        return cls(UUID(id_), seq, sha256, Snapshot.model_validate_json(raw), raw)


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

    def __init__(self, path: Path | None, site_url: str, *, writable: bool = True) -> None:
        """Open the replica at `path`, making it when it is not there; None is one in memory.

        `site_url` tells which links in bodies lead to this site. Raises `OtherVersionError` for a file of another
        version of the publisher, and for one that cannot be written and has nothing in it yet.
        """
        self.path = path
        self._site_url = site_url
        name = f"file:{quote(str(path))}?mode={'rwc' if writable else 'ro'}" if path else "file::memory:"
        self.db = sqlite3.connect(name, uri=True, isolation_level=None, timeout=PATIENCE)
        version = _version_of(self.db)
        if version != VERSION and (version or not writable):
            self.db.close()
            raise OtherVersionError(
                f"{path} is not of this version of the publisher; python -m publisher build or run fills it anew"
            )
        self._indexes = Indexes(self.db, site_url)
        if writable:
            self._set_up(version)

    def _set_up(self, version: int) -> None:
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA secure_delete = ON")  # what is withdrawn does not linger in free pages
        if version == 0:
            schema = package_files("publisher").joinpath("schema.sql").read_text(encoding="utf-8")
            self.db.executescript(f"BEGIN; {schema} PRAGMA user_version = {VERSION}; COMMIT;")
        if self.value("site_url") != self._site_url:
            self._find_links_again()

    def _find_links_again(self) -> None:
        with self.transaction():
            self.db.execute("DELETE FROM link")
            for id_ in self.ids():
                if item := self.item(id_):
                    self._indexes.enter_links(item.snapshot)
            self.keep("site_url", self._site_url)

    def empty_log(self) -> None:
        """Bring the write-ahead log into the file and cut it: until then it holds what was withdrawn."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what happens inside is kept only when the block ends without an exception."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        finally:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What happens inside is undone at the end, whatever comes."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")

    # What is there

    @property
    def position(self) -> int:
        """The highest seq that was read."""
        return int(self.value("position") or 0)

    def advance(self, seq: int) -> None:
        """Move the position forward to `seq`, never back."""
        if seq > self.position:
            self.keep("position", str(seq))

    def value(self, name: str) -> str | None:
        """A single remembered value."""
        row = self.db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def keep(self, name: str, value: str | None) -> None:
        """Remember a single value."""
        self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def item(self, id_: str) -> Item | None:
        """A live item."""
        row = self.db.execute("SELECT id, seq, sha256, snapshot FROM item WHERE id = ?", (id_,)).fetchone()
        return Item.read(*row) if row else None

    def outline(self, id_: str) -> Outline | None:
        """A live item without its texts."""
        row = self.db.execute("SELECT outline FROM item WHERE id = ?", (id_,)).fetchone()
        return Outline.from_text(row[0]) if row else None

    def ids(self) -> Iterator[str]:
        """The ids of all live items, in order."""
        return (row[0] for row in self.db.execute("SELECT id FROM item ORDER BY id"))

    def count(self, state: State) -> int:
        """How many items their newest change left in `state`."""
        return int(self.db.execute("SELECT count(*) FROM newest WHERE state = ?", (state.value,)).fetchone()[0])

    def live_count(self) -> int:
        """How many items are live."""
        return sum(self.tally(f"kind:{kind.value}") for kind in Kind)

    def tally(self, name: str) -> int:
        """How many items a list has."""
        row = self.db.execute("SELECT count FROM tally WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def title(self, name: str) -> str | None:
        """What a list is called, for lists that its items name."""
        row = self.db.execute("SELECT title FROM tally WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def tallies(self, prefix: str) -> list[tuple[str, int, str | None]]:
        """Name without the prefix, count and title of every list whose name begins with `prefix`, in order."""
        rows = self.db.execute(
            "SELECT name, count, title FROM tally WHERE name >= ? AND name < ? ORDER BY name", _range(prefix)
        )
        return [(name.removeprefix(prefix), count, title) for name, count, title in rows]

    def position_in(self, listing: str, key: str, id_: str) -> int:
        """How many items of a list come before this place, counted from the nearer end."""
        near = 2000
        after = self.db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM membership WHERE listing = ? AND (key, id) >= (?, ?) LIMIT ?)",
            (listing, key, id_, near),
        ).fetchone()[0]
        if after < near:
            return self.tally(listing) - int(after)
        row = self.db.execute(
            "SELECT count(*) FROM membership WHERE listing = ? AND (key, id) < (?, ?)", (listing, key, id_)
        ).fetchone()
        return int(row[0])

    def members(self, listing: str, start: str, count: int) -> list[Outline]:
        """`count` items of a list from the place `start` on (see `place_of`), oldest first."""
        key, _, id_ = start.partition(" ")
        rows = self.db.execute(
            """SELECT outline FROM membership JOIN item USING (id)
               WHERE listing = ? AND (membership.key, membership.id) >= (?, ?)
               ORDER BY membership.key, membership.id LIMIT ?""",
            (listing, key, id_, count),
        )
        return [Outline.from_text(row[0]) for row in rows]

    def newest_members(self, listing: str, count: int) -> list[Outline]:
        """The newest items of a list, newest first."""
        rows = self.db.execute(NEWEST_MEMBERS, (listing, count))
        return [Outline.from_text(row[0]) for row in rows]

    def all_members(self, listing: str) -> list[Outline]:
        """Every item of a list, oldest first."""
        return self.members(listing, "", -1)

    def place_of(self, listing: str, number: int) -> str:
        """The place of the item with `number` others before it."""
        from_end = self.tally(listing) - 1 - number
        backwards = from_end < number
        order = "key DESC, id DESC" if backwards else "key, id"
        row = self.db.execute(
            f"SELECT key, id FROM membership WHERE listing = ? ORDER BY {order} LIMIT 1 OFFSET ?",  # noqa: S608
            (listing, from_end if backwards else number),
        ).fetchone()
        return f"{row[0]} {row[1]}" if row else ""

    def places(self, listing: str, every: int) -> Iterator[str]:
        """The places of the first item and of every `every`th after it."""
        return (f"{key} {id_}" for number, (key, id_) in enumerate(self.all_places(listing)) if number % every == 0)

    def all_places(self, listing: str) -> Iterator[tuple[str, str]]:
        """Key and id of every item of a list, oldest first."""
        return self.db.execute("SELECT key, id FROM membership WHERE listing = ? ORDER BY key, id", (listing,))

    def owner_of(self, path: str) -> UUID | None:
        """The live item at `path`."""
        row = self.db.execute("SELECT id FROM item WHERE path = ?", (path,)).fetchone()
        return UUID(row[0]) if row else None

    def is_page(self, address: str) -> bool:
        """Whether something answers at an address in the newest release, be it that it was withdrawn."""
        return self.db.execute("SELECT 1 FROM page WHERE address = ?", (address,)).fetchone() is not None

    def is_gone(self, path: str) -> bool:
        """Whether `path` answers 410."""
        return self.db.execute(f"SELECT 1 FROM ({_GONE}) WHERE path = ?", (path,)).fetchone() is not None  # noqa: S608

    def gone_paths(self) -> Iterator[str]:
        """Every address that answers 410."""
        rows = self.db.execute(f"SELECT DISTINCT path FROM ({_GONE}) ORDER BY path").fetchall()  # noqa: S608
        return (row[0] for row in rows)

    def revoked(self) -> list[tuple[str, str | None]]:
        """Id and address of everything withdrawn or hidden, the newest first."""
        sql = """SELECT gone.id, CASE WHEN item.path IS NULL THEN gone.path END FROM gone
                 LEFT JOIN item ON item.path = gone.path
                 WHERE gone.id NOT IN (SELECT id FROM item) ORDER BY gone.seq DESC, gone.id"""
        return self.db.execute(sql).fetchall()

    # Set aside

    def set_aside(self) -> list[SetAside]:
        """Changes that are not live, in seq order, unreadable lines first."""
        rows = self.db.execute(
            "SELECT seq, id, stage, reason, change FROM set_aside ORDER BY coalesce(seq, 0), reason"
        ).fetchall()
        return [
            SetAside(seq, id_, Stage(stage), reason, Change.model_validate_json(change) if change else None)
            for seq, id_, stage, reason, change in rows
        ]

    def put_aside(self, entry: SetAside) -> None:
        """Remember a change that is not used, in place of what was remembered of it before."""
        self.db.execute("DELETE FROM set_aside WHERE seq = ? AND id = ?", (entry.seq, entry.id))
        self.db.execute(
            "DELETE FROM set_aside WHERE seq IS NULL AND ? IS NULL AND reason = ?", (entry.seq, entry.reason)
        )
        change = json.dumps(entry.change.to_json(), ensure_ascii=False) if entry.change else None
        self.db.execute(
            "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?)",
            (entry.seq, entry.id, entry.stage.value, entry.reason, change),
        )

    # Changes

    def is_newer(self, change: Change) -> bool:
        """Whether `change` comes after every change of its item that was applied."""
        row = self.db.execute("SELECT seq FROM newest WHERE id = ?", (str(change.id),)).fetchone()
        return row is None or change.seq > row[0]

    def publish(self, item: Item, approved_at: str | None = None) -> None:
        """Make `item` live in place of its older version. `approved_at` is when the CMS says it was approved."""
        if item.snapshot.audience is not Audience.PUBLIC:
            raise ValueError("only public items may become live")
        self.put(item, approved_at)
        self._settle(item.id, item.seq, State.LIVE)

    def remove(self, change: Change, state: State) -> None:
        """Take an item off the site because it was withdrawn or is for members only from now on.

        A withdrawn one's address answers 410. One for members only leaves no address behind, neither now nor when it is
        withdrawn later; in both cases offline copies are told the id.
        """
        id_ = str(change.id)
        path = None
        if state is State.WITHDRAWN and self._state_of(id_) is not State.HIDDEN:
            row = self.db.execute("SELECT path FROM item WHERE id = ?", (id_,)).fetchone()
            path = change.path or (row[0] if row else None)
        self.take_out(id_, change.at.isoformat())
        self.db.execute("INSERT OR REPLACE INTO gone VALUES (?, ?, ?)", (id_, change.seq, path))
        # Nothing of it is left to go back to, not even when it is approved anew before the next release.
        self.db.execute("DELETE FROM undo WHERE id = ?", (id_,))
        self.db.execute(
            "INSERT INTO undo SELECT place, ?, NULL, NULL, NULL FROM kept WHERE name = ?", (id_, self.value("head"))
        )
        self.db.execute("UPDATE kept SET unclean = 1")
        self._settle(change.id, change.seq, state)

    def leave_out(self, item: Item) -> None:
        """Take a live item off the site until its page can be rendered again, as `put_aside` remembers."""
        self.take_out(str(item.id), None)
        self.db.execute(
            "INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", (str(item.id), item.seq - 1, State.LEFT_OUT.value)
        )

    def put(self, item: Item, approved_at: str | None = None) -> None:
        """Write a live item and everything that is found by it, and remember what that touches."""
        snapshot, id_ = item.snapshot, str(item.id)
        before, outline = self.outline(id_), Outline.of(snapshot)
        self._remember(id_, approved_at)
        if before is not None:
            self._indexes.clear(before)
        key = number_key(outline.number) if outline.number else None
        self.db.execute(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(id_, item.seq, snapshot.path, item.sha256, snapshot.kind.value, key),
                *(_text(outline.effective_from), _text(outline.effective_to), outline.to_text(), item.raw),
            ),
        )
        self._indexes.enter(outline, snapshot)
        self._indexes.touch_what_shows_it(before, outline)

    def take_out(self, id_: str, approved_at: str | None = None) -> None:
        """Delete a live item and everything that is found by it, and remember what that touches."""
        before = self.outline(id_)
        self._remember(id_, approved_at)
        if before is not None:
            self._indexes.clear(before)
            self._indexes.touch_what_shows_it(before, None)

    def restore(self, item: Item) -> bool:
        """Put an item back to what the newest release holds, as if this version had not come; False if it is that
        version which the release holds."""
        id_ = str(item.id)
        row = self.db.execute("SELECT seq, sha256, snapshot FROM pending WHERE id = ?", (id_,)).fetchone()
        if row is None or row[0] == item.seq:
            return False
        if row[2] is None:
            self.take_out(id_)
        else:
            self.put(Item.read(id_, *row))
        state = State.LEFT_OUT if row[2] is None else State.LIVE
        self.db.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", (id_, item.seq - 1, state.value))
        return True

    def as_it_was(self, rows: Iterable[tuple[str, int | None, str | None, bytes | None]]) -> None:
        """Bring items to an older state, for a trial: rows of id, seq, sha256 and snapshot (None: it was not there)."""
        rows = list(rows)
        for id_, *_ in rows:
            self.take_out(id_)
        for id_, seq, sha256, raw in rows:
            if raw is not None:
                self.put(Item.read(id_, seq or 0, sha256 or "", raw))

    def touch(self, ids: Iterable[str]) -> None:
        """Remember items whose page may look different."""
        self._indexes.touch(ids)

    def touch_sources_of(self, path: str) -> None:
        """Remember the items whose bodies link to `path`, where there is something from now on, or no longer."""
        self._indexes.touch_sources_of(path)

    def touch_by_day(self, before: date, after: date) -> None:
        """Remember the documents whose validity may be another on the second day than on the first."""
        self._indexes.touch_by_day(before, after)

    def _state_of(self, id_: str) -> State | None:
        row = self.db.execute("SELECT state FROM newest WHERE id = ?", (id_,)).fetchone()
        return State(row[0]) if row else None

    def _remember(self, id_: str, approved_at: str | None) -> None:
        self.db.execute(
            """INSERT OR IGNORE INTO pending (id, seq, sha256, snapshot)
               SELECT wanted.id, item.seq, item.sha256, item.snapshot
               FROM (SELECT ? AS id) AS wanted LEFT JOIN item USING (id)""",
            (id_,),
        )
        if approved_at is not None:
            self.db.execute("UPDATE pending SET approved_at = ? WHERE id = ?", (approved_at, id_))

    def _settle(self, id_: UUID, seq: int, state: State) -> None:
        self.db.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", (str(id_), seq, state.value))
        self.db.execute("DELETE FROM set_aside WHERE id = ? AND seq <= ?", (str(id_), seq))


def throw_away(path: Path) -> bool:
    """Delete a replica of another version of the publisher; whether it was one. Needs the lock of the site.

    Raises `LockedError` while another process has it open: a publisher of that version would go on from the deleted
    file, and bring its layout back to readers.
    """
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as db:
        if _version_of(db) in (0, VERSION):
            return False
        try:
            # Only the last one to have the file open can end its write-ahead log.
            db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LockedError(f"another process has {path} open, which is of another version: end it") from error
    # The file last: killed in between, it is found and deleted by the next one.
    for suffix in ("-wal", "-shm", "-journal", ""):
        disk.unlink(path.with_name(path.name + suffix))
    return True


def _version_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _range(prefix: str) -> tuple[str, str]:
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
