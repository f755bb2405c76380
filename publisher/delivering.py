"""Delivers a release to an S3-compatible store: only what changed, in an order that readers can live with, resumable.

What the store holds is remembered in the store itself (`State`), so that any machine can go on. It is believed only
when the delivery that wrote it was the last one and came to its end; otherwise the bucket is listed and compared.
``docs/delivery.md`` says what readers see meanwhile.
"""

import gzip
import itertools
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from tqdm import tqdm

from publisher.lease import Lease, Note, hold, last_note
from publisher.object_store import THREADS, DeliveryError, Listed, ObjectStore
from publisher.plain_release import FILES_PREFIX, PlainRelease, Stage, WebObject

# Raise it when keys or headers of objects are made by other rules: everything is then sent again.
RULES = 1
STATE_KEY = ".delivery/state.json.gz"
_OWN_PREFIX = ".delivery/"
# Objects handed to the threads at a time; a future for each of 100,000 would be some 100 MB.
_BATCH = 1000
# Objects. Deliveries of more than these take long enough to wonder about.
_PROGRESS_ABOVE = 200

T = TypeVar("T")


class Contents(BaseModel):
    """What was delivered of one shared directory: its name under ``objects/`` and each key with its fingerprint."""

    model_config = ConfigDict(frozen=True)

    tree: str
    objects: dict[str, str]


class State(BaseModel):
    """What a store holds after a delivery. `token` names the delivery, `notice` is the fingerprint of the page at
    withdrawn addresses, `parts` are named as `Part.name`."""

    model_config = ConfigDict(frozen=True)

    rules: int
    release: str
    token: str
    notice: str
    parts: dict[str, Contents]


@dataclass(frozen=True)
class Before:
    """What is in the store now: fingerprints by key, and the state they come from if there is one to believe."""

    held: dict[str, str]
    state: State | None


@dataclass(frozen=True)
class Plan:
    """What makes the store hold a release. `vanished` are keys to delete; `notice` and `parts` go into the state."""

    sent: tuple[WebObject, ...]
    vanished: tuple[str, ...]
    notice: str
    parts: dict[str, Contents]

    def of(self, stage: Stage) -> list[WebObject]:
        """What is sent in one stage."""
        return [wanted for wanted in self.sent if wanted.stage is stage]


@dataclass(frozen=True)
class Delivery:
    """How a delivery went, or would go. `compared`: the bucket had to be listed. `bytes` were sent."""

    release: str
    sent: int
    bytes: int
    withdrawn: int
    deleted: int
    objects: int
    compared: bool
    seconds: float

    def __str__(self) -> str:
        how = "compared with a listing, " if self.compared else ""
        return (
            f"{self.release}: {how}{self.sent} of {self.objects} objects sent ({self.bytes:,} bytes), "
            f"{self.withdrawn} of them notices of withdrawal, {self.deleted} deleted, {self.seconds:.2f} s"
        )


def deliver(
    site: Path,
    store: ObjectStore,
    *,
    release: str | None = None,
    dry_run: bool = False,
    take_over: bool = False,
    resident: bool = False,
) -> Delivery:
    """Make the store hold one release, the current one unless `release` names another, and nothing else.

    `dry_run` writes nothing. `take_over` lets the first delivery delete objects it finds below the prefix. `resident`:
    nobody watches, so no progress is drawn. Raises `DeliveryError`, `LockedError` or `NoSuchReleaseError`; what was
    sent stays sent, and the next delivery goes on from there.
    """
    started = time.monotonic()
    try:
        plain = PlainRelease(site, release)
        if release is not None:
            _refuse_what_is_withdrawn_now(plain, PlainRelease(site))
        note = last_note(store)
        if note is None and not take_over:
            _refuse_what_others_put(plain, store)
        if dry_run:
            before = _before(store, note)
            plan = _plan(plain, before)
        else:
            with hold(store, site, plain.name) as lease:
                before = _before(store, lease.before)
                plan = _plan(plain, before)
                _carry_out(plan, store, lease, resident)
                _remember(plain, plan, store, lease)
        return _told(plain, plan, before, time.monotonic() - started)
    except OSError as error:
        # Also when the release is pruned under our feet, which a long first delivery may meet.
        raise DeliveryError(f"the release cannot be read to its end ({error}); deliver again") from error


def _refuse_what_is_withdrawn_now(plain: PlainRelease, current: PlainRelease) -> None:
    """A kept release may still hold what was withdrawn or hidden since, until `rollback` or a quiet moment has cleaned
    it."""
    if plain.name == current.name:
        return
    withdrawn = {wanted.key for wanted in _objects(current) if wanted.stage is Stage.WITHDRAWN}
    shown = [o.key for o in _objects(plain) if o.stage is not Stage.WITHDRAWN and o.key in withdrawn]
    # What is for members only by now left no address behind.
    shown += [str(item) for item in current.revoked() if plain.holds(item)]
    if shown:
        raise DeliveryError(
            f"release {plain.name} still shows what was withdrawn since, {shown[0]} for one: "
            f"go back to it with `rollback`, which cleans it, and deliver what is current then"
        )


def _refuse_what_others_put(plain: PlainRelease, store: ObjectStore) -> None:
    """Nothing is deleted that no delivery put there, unless the operator says so."""
    found = {key for key, _ in store.list() if not key.startswith(_OWN_PREFIX)}
    foreign = sorted(found - {wanted.key for wanted in _objects(plain)}) if found else []
    if foreign:
        raise DeliveryError(
            f"{store.address} was never delivered to and holds {len(foreign)} other objects, {foreign[0]} for one. "
            "Choose an empty bucket or another --prefix, or let them be deleted with --take-over"
        )


def _objects(plain: PlainRelease) -> Iterator[WebObject]:
    return itertools.chain.from_iterable(plain.objects(part) for part in plain.parts())


def _before(store: ObjectStore, note: Note | None) -> Before:
    state = _state(store)
    # It is the last thing a delivery writes: with the token of the last lease, everything before it arrived.
    if state and note and state.token == note.token and state.rules == RULES:
        return Before({key: it for part in state.parts.values() for key, it in part.objects.items()}, state)
    # By other rules the same bytes had other headers: whatever is there is sent again.
    outdated = state is not None and state.rules != RULES
    listed = {key: "" if outdated else _fingerprint(key, found) for key, found in store.list()}
    return Before({key: it for key, it in listed.items() if not key.startswith(_OWN_PREFIX)}, None)


def _state(store: ObjectStore) -> State | None:
    stored = store.read(STATE_KEY)
    try:
        return State.model_validate_json(gzip.decompress(stored.data)) if stored else None
    except (OSError, EOFError, zlib.error, ValidationError):
        return None


def _fingerprint(key: str, found: Listed) -> str:
    """`WebObject.fingerprint` of what a listing tells."""
    return str(found.size) if key.startswith(FILES_PREFIX) else found.etag


def _plan(plain: PlainRelease, before: Before) -> Plan:
    notice = plain.notice()
    known = before.state.parts if before.state and before.state.notice == notice else {}
    sent: list[WebObject] = []
    parts: dict[str, Contents] = {}
    for part in plain.parts():
        if part.name in known and known[part.name].tree == part.tree:
            parts[part.name] = known[part.name]
            continue
        objects = {wanted.key: wanted for wanted in plain.objects(part)}
        prints = {key: wanted.fingerprint() for key, wanted in objects.items()}
        parts[part.name] = Contents(tree=part.tree, objects=prints)
        sent += [wanted for key, wanted in objects.items() if before.held.get(key) != prints[key]]
    kept = {key for part in parts.values() for key in part.objects}
    vanished = tuple(sorted(before.held.keys() - kept))
    return Plan(tuple(sent), vanished, notice, parts)


def _carry_out(plan: Plan, store: ObjectStore, lease: Lease, resident: bool) -> None:
    def send(wanted: WebObject) -> None:
        lease.check()
        store.send(wanted)

    def delete(key: str) -> None:
        lease.check()
        store.delete(key)

    shown = sys.stderr.isatty() or (len(plan.sent) > _PROGRESS_ABOVE and not resident)
    pause = 0.1 if sys.stderr.isatty() else 1.0  # in a log file a line a second is enough
    total = len(plan.sent) + len(plan.vanished)
    bar: tqdm[Any]
    with tqdm(total=total, desc="objects", unit="object", disable=not shown, leave=False, mininterval=pause) as bar:
        withdrawn = plan.of(Stage.WITHDRAWN)
        files = [key for key in plan.vanished if key.startswith(FILES_PREFIX)]
        _each(send, withdrawn, bar)
        if withdrawn:
            # Perhaps attachments of what was withdrawn: they do not wait for the end of a long delivery.
            _each(delete, files, bar)
        for stage in (Stage.ASSETS, Stage.ITEMS, Stage.LISTS):
            _each(send, plan.of(stage), bar)
        _each(delete, [key for key in plan.vanished if not (withdrawn and key.startswith(FILES_PREFIX))], bar)


def _each(act: Callable[[T], None], things: Iterable[T], bar: "tqdm[Any]") -> None:
    """Do something to each thing, some at a time; the first error ends it."""
    remaining = iter(things)
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := list(itertools.islice(remaining, _BATCH)):
            for _ in pool.map(act, batch):
                bar.update()


def _remember(plain: PlainRelease, plan: Plan, store: ObjectStore, lease: Lease) -> None:
    """Write the state, then say that it can be believed."""
    state = State(rules=RULES, release=plain.name, token=lease.token, notice=plan.notice, parts=plan.parts)
    lease.renew()
    store.write(STATE_KEY, gzip.compress(state.model_dump_json().encode(), 6, mtime=0))
    lease.finish()


def _told(plain: PlainRelease, plan: Plan, before: Before, seconds: float) -> Delivery:
    return Delivery(
        release=plain.name,
        sent=len(plan.sent),
        bytes=sum(wanted.source.stat().st_size for wanted in plan.sent),
        withdrawn=len(plan.of(Stage.WITHDRAWN)),
        deleted=len(plan.vanished),
        objects=sum(len(part.objects) for part in plan.parts.values()),
        compared=before.state is None,
        seconds=seconds,
    )
