"""Keeps two deliveries to one place apart: a lock on this machine, and between machines a lease object in the store.

The lease is taken and renewed by conditional writes and stays in the store; one that says ``done`` is free at once.
Ages are measured by the store's clock, so no machine's clock matters.
"""

import fcntl
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from publisher.errors import LockedError
from publisher.object_store import ChangedMeanwhileError, DeliveryError, ObjectStore

KEY = ".delivery/lease.json"
# Seconds without a sign of life after which another machine takes over, and between two signs. Four renewals may fail.
PATIENCE = 60.0
RENEWAL = 15.0


class Note(BaseModel):
    """What the lease object says: which delivery it belongs to, and whether that one came to its end."""

    model_config = ConfigDict(frozen=True)

    token: str
    release: str
    done: bool = False


class Lease:
    """The right to write, while it is renewed. `before` is what the last holder left, None the first time."""

    def __init__(self, store: ObjectStore, note: Note, etag: str | None, before: Note | None) -> None:
        self._store = store
        self._note = note
        self._etag = etag
        self.before = before
        self._lost: DeliveryError | None = None
        self._renewed = time.monotonic()
        self._writing = threading.Lock()
        self._write()

    @property
    def token(self) -> str:
        """Names this delivery; what it leaves in the store carries it."""
        return self._note.token

    def check(self) -> None:
        """Raise `DeliveryError` unless nobody else can have taken over: ask before every write."""
        if self._lost is not None:
            raise self._lost
        if time.monotonic() - self._renewed > PATIENCE:
            raise DeliveryError("the lease could not be renewed in time; deliver again")

    def renew(self) -> None:
        """Give a sign of life. Raises `DeliveryError`."""
        self.check()
        self._write()

    def finish(self) -> None:
        """Say that the delivery came to its end."""
        # Kept, so that a sign of life on its way does not take it back.
        self._note = self._note.model_copy(update={"done": True})
        self._write()

    def keep_renewing(self, stop: threading.Event) -> None:
        """Give signs of life until `stop`; one that fails is tried again at the next one's time."""
        while not stop.wait(RENEWAL):
            try:
                self.renew()
            except ChangedMeanwhileError as error:
                self._lost = error
                return
            except DeliveryError:
                continue  # `check` ends the delivery when this lasts

    def _write(self) -> None:
        with self._writing:
            data = self._note.model_dump_json().encode()
            asked = time.monotonic()
            try:
                self._etag = self._store.replace(KEY, data, self._etag)
            except ChangedMeanwhileError:
                # An answer that got lost makes boto3 ask again, and then the change is our own.
                stored = self._store.read(KEY)
                if stored is None or stored.data != data:
                    raise
                self._etag = stored.etag
            self._renewed = asked


@contextmanager
def hold(store: ObjectStore, site: Path, release: str) -> Iterator[Lease]:
    """Be the only delivery to a place. Raises `LockedError` when another one is at work.

    A delivery of this site directory that was killed is taken over at once, one of another machine after `PATIENCE`.
    """
    with _locked(_lock_file(store, site)) as file:
        own = file.read().split()
        stored = store.read(KEY)
        before = _note(stored.data) if stored else None
        if stored and before and not before.done and before.token not in own and stored.age < PATIENCE:
            raise LockedError(
                f"another machine is delivering release {before.release} to {store.address}; its last sign of life was "
                f"{stored.age:.0f} s ago. If it is gone for good, deliver again in {PATIENCE - stored.age:.0f} s"
            )
        note = Note(token=secrets.token_hex(16), release=release)
        # Both tokens: killed before the next line, the store still holds the old one.
        _remember(file, [note.token, *own[:1]])
        lease = Lease(store, note, stored.etag if stored else None, before)
        stop = threading.Event()
        renewing = threading.Thread(target=lease.keep_renewing, args=(stop,), name="lease")
        renewing.start()
        try:
            yield lease
        finally:
            stop.set()
            renewing.join()


def last_note(store: ObjectStore) -> Note | None:
    """What the last delivery left, without taking the lease."""
    stored = store.read(KEY)
    return _note(stored.data) if stored else None


def _note(data: bytes) -> Note:
    try:
        return Note.model_validate_json(data)
    except ValidationError:
        return Note(token="", release="unknown")


def _lock_file(store: ObjectStore, site: Path) -> Path:
    place = hashlib.sha256(f"{store.endpoint} {store.address}".encode()).hexdigest()
    return site / f"delivery-{place[:12]}.lock"


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(f"another process is delivering from {path.parent} to the same place") from error
        file.seek(0)
        yield file


def _remember(file: IO[str], tokens: list[str]) -> None:
    file.seek(0)
    file.truncate()
    file.write("\n".join(tokens))
    file.flush()
