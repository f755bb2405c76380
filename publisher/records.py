"""The record of each live item, as the search reads it: the snapshot and the facts derived from the others."""

from contract.canonical import canonical_json
from contract.release import Record
from publisher.derive import Facts
from publisher.outline import Outline
from publisher.replica import Item


def record_bytes(facts: Facts, item: Item, outline: Outline) -> bytes:
    """The canonical JSON of the item's `contract.release.Record`.

    The snapshot is by far its largest part and kept as canonical JSON already, so it is put in as it is: between the
    keys that come before "snapshot" in the sorted order and those after it.
    """
    snapshot = item.snapshot
    record = Record(
        id=item.id,
        seq=item.seq,
        sha256=item.sha256,
        path=snapshot.path,
        snapshot=snapshot,
        unit_path=facts.unit_path(outline),
        status=facts.status(outline),
        outgoing=facts.outgoing(snapshot),
        incoming=facts.incoming(outline),
    )
    data = record.model_dump(mode="json", by_alias=True, exclude={"snapshot"})
    before = canonical_json({key: value for key, value in data.items() if key < "snapshot"})
    after = canonical_json({key: value for key, value in data.items() if key > "snapshot"})
    return before[:-1] + b',"snapshot":' + item.raw + b"," + after[1:]
