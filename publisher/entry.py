"""What a change passes before it may enter the replica: sanitised again, its files fetched and checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contract.addresses import is_item_path
from contract.html import sanitise
from contract.models import Change, Image, Provision, Snapshot
from contract.vocabulary import Audience
from publisher.errors import FileUnavailableError
from publisher.feed import Feed
from publisher.files import FileStore
from publisher.replica import Item, Replica, SetAside, Stage, State

# Years that have four digits in every time zone, as dates in JSON do.
_YEARS = range(1000, 9999)
# What XML, and so a feed, cannot hold. Word writes some of them for a line break.
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Pixels. The width stands in the name of the file.
_WIDEST = 100_000


@dataclass(frozen=True)
class Entry:
    """A change ready to be applied: with the item it makes live, or with the reason why it cannot."""

    change: Change
    item: Item | None = None
    failure: SetAside | None = None


def clean(snapshot: Snapshot) -> Snapshot:
    """`snapshot` with every HTML body sanitised: the feed is not trusted to have done so."""
    provisions = tuple(_clean_provision(provision) for provision in snapshot.provisions)
    return snapshot.model_copy(update={"body": sanitise(snapshot.body), "provisions": provisions})


def prepare(change: Change, feed: Feed, store: FileStore) -> Entry:
    """Check a change and fetch what it needs. Nothing is fetched or kept of an item for members only."""
    snapshot = change.snapshot
    if snapshot is None:
        # What is withdrawn goes, wherever the line says it was; but no marker is put where an item cannot stand.
        known = change.path is not None and is_item_path(change.path)
        return Entry(change if known else change.model_copy(update={"path": None}))
    if snapshot.audience is not Audience.PUBLIC:
        return Entry(change)
    if reason := next(_unpublishable(change, snapshot), None):
        return Entry(change, failure=SetAside(change.seq, str(change.id), Stage.LINE, reason))
    try:
        snapshot = _with_files(clean(snapshot), feed, store)
    except FileUnavailableError as error:
        return Entry(change, failure=_aside(change, Stage.FILES, str(error)))
    return Entry(change, Item.of(change, snapshot))


def apply(replica: Replica, entries: list[Entry]) -> None:
    """Apply `entries`, which are in seq order, inside the replica's transaction.

    An entry whose address is taken is tried once more after the others, which may have freed it.
    """
    waiting = entries
    while waiting:
        blocked = [entry for entry in waiting if not _apply_one(replica, entry)]
        if len(blocked) == len(waiting):
            break
        waiting = blocked
    for entry in waiting:
        if entry.item is not None and replica.is_newer(entry.change):
            path = entry.item.snapshot.path
            reason = f"the address {path} belongs to another live item ({replica.owner_of(path)})"
            replica.put_aside(_aside(entry.change, Stage.PATH, reason))


def _apply_one(replica: Replica, entry: Entry) -> bool:
    """False when the address is taken; everything else is settled at once."""
    change, item = entry.change, entry.item
    if not replica.is_newer(change):
        return True
    if entry.failure is not None:
        replica.put_aside(entry.failure)
    elif item is None:
        replica.remove(change, State.WITHDRAWN if change.op == "withdraw" else State.HIDDEN)
    elif replica.owner_of(item.snapshot.path) not in (None, item.id):
        return False
    else:
        replica.publish(item, change.at.isoformat())
    return True


def _unpublishable(change: Change, snapshot: Snapshot) -> Iterator[str]:
    """What the schema allows and pages, feeds or the file system do not hold."""
    for moment in (change.at, snapshot.published_at, snapshot.updated_at):
        if moment.year not in _YEARS:
            yield f"the time {moment} is not one of our era"
    for text in (snapshot.title, snapshot.summary, *(topic.name for topic in snapshot.topics)):
        if found := _NOT_IN_XML.search(text):
            yield f"the text {text[:60]!r} holds the control character {found[0]!r}"
    for rendition in snapshot.image.renditions if snapshot.image else ():
        if rendition.width > _WIDEST:
            yield f"a picture is wider than {_WIDEST} pixels"


def _clean_provision(provision: Provision) -> Provision:
    body = sanitise(provision.body) if provision.body else ""
    # A copy costs more than the look, and the CMS has sanitised nearly every body already.
    return provision if body == provision.body else provision.model_copy(update={"body": body})


def _with_files(snapshot: Snapshot, feed: Feed, store: FileStore) -> Snapshot:
    for attachment in snapshot.attachments:
        store.add(feed, attachment.url, attachment.sha256, attachment.size)
    if snapshot.image is None:
        return snapshot
    # A rendition without a hash gets the one of the bytes that came, so that from here on every file is known by it.
    renditions = tuple(
        rendition.model_copy(update={"sha256": store.add(feed, rendition.url, rendition.sha256, None)})
        for rendition in snapshot.image.renditions
    )
    return snapshot.model_copy(update={"image": Image(alt=snapshot.image.alt, renditions=renditions)})


def _aside(change: Change, stage: Stage, reason: str) -> SetAside:
    return SetAside(change.seq, str(change.id), stage, reason, change)
