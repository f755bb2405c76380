"""Brings the indexes to the state of a release: by its list of changes, by comparison, or anew."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import scan

from contract.vocabulary import Audience
from search.indexes import DOCUMENTS, PROVISIONS, IndexNames, definition_key
from search.merging import merge
from search.rebuilding import Rebuild, Sharding, described, newest_release
from search.releases import BrokenReleaseError, Release, another_release
from search.rows import provision_rows
from search.writing import PARTS, IndexAheadError, RefusedForNowError, Report, RowWriter, batches, readable_record

log = logging.getLogger(__name__)

# In what the index says of itself while a release is written into it: who writes.
UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Drift:
    """How the index differs from a release: ids to write and ids to take out."""

    upserted: tuple[UUID, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.upserted or self.removed)


@dataclass
class ReleaseIndexer:
    """Writes releases into the indexes of one prefix. Elasticsearch's errors pass through to the caller.

    Several may be at work, a follower and a rebuild: what they write is written through the aliases, and who finds
    another one's mark at the end leaves the index to be compared whole.
    """

    client: Elasticsearch
    names: IndexNames
    sharding: Sharding = field(default_factory=Sharding)

    def indexed_release(self) -> str | None:
        """Name of the release the index holds; None when there is no index, one of another definition, or one into
        which another release was written in part."""
        meta = self._meta()
        return _held(meta) if meta is not None else None

    def bring_to(self, release: Release) -> Report:
        """Make the indexes hold exactly what `release` holds, by the cheapest way that is right.

        Raises `GateError`, `IndexAheadError` when someone else is ahead, `RefusedForNowError` and
        `BrokenReleaseError`: to be tried again, with the newest release.
        """
        meta = self._meta()
        if meta is None:
            return self.rebuild(release)
        try:
            if release.seq < int(meta.get("seq", 0)):
                raise IndexAheadError(f"the index is of seq {meta['seq']}, release {release.name} of {release.seq}")
            return self._apply(release, self._changes_since(release, _held(meta)) or self.drift(release))
        except IndexAheadError as error:
            if newest_release(release).name != release.name:
                raise
            log.warning("%s; rebuilding", error)
            return self.rebuild(release)

    def rebuild(self, release: Release) -> Report:
        """Fill new indexes and put the aliases on them in one call, then take in what came between.

        Raises as `bring_to` does; the old indexes then stay as they are.
        """
        report = Rebuild(self.client, self.names, self.sharding).run(release)
        newest = newest_release(release)
        if newest.name != report.release:
            try:
                self.bring_to(newest)
            except (BrokenReleaseError, IndexAheadError, RefusedForNowError) as error:
                # The next release was quicker, or a follower that takes this one in too.
                log.warning("what came after release %s is left to the follower: %s", report.release, error)
        return report

    def mend(self, release: Release) -> Drift:
        """Compare the whole index with `release`, write what differs, and return what that was.

        Raises as `bring_to` does.
        """
        drift = self.drift(release, provisions=True)
        if drift:
            self._apply(release, drift)
        return drift

    def merge(self) -> None:
        """Have the server make one piece of each index, in its own time."""
        merge(self.client, [self.names.alias(part) for part in PARTS], wait=False)

    def drift(self, release: Release, provisions: bool = False) -> Drift:
        """Compare ids and record hashes of the index with the release; records of restricted items do not count.

        With `provisions` also that each has its row, which takes reading every record of the release.
        """
        indexed = dict(self._indexed_pairs(DOCUMENTS))
        rows = Counter(self._indexed_pairs(PROVISIONS))
        # A provision row of another record than its document's is left from a run that was cut off.
        wrong = {item for item, record in rows if indexed.get(item) != record}
        removed = sorted((indexed.keys() | wrong) - release.hashes.keys())
        wrong |= {item for item, record in release.hashes.items() if indexed.get(item) != record}
        if provisions:
            wrong |= {
                item
                for item, record in release.hashes.items()
                if item in indexed and rows[item, record] != _provisions_of(release, UUID(item))
            }
        live = (UUID(item) for item in sorted(wrong & release.hashes.keys()))
        return Drift(tuple(item for item in live if str(item) in indexed or _is_public(release, item)), tuple(removed))

    def _changes_since(self, release: Release, since: str | None) -> Drift | None:
        """What differs from release `since`: as the release says, else by comparison while that one is kept."""
        if since is None:
            return None
        changes = release.changes()
        if changes is not None and changes.since == since:
            live = tuple(item for item in changes.upserted if item in release.items)
            gone = tuple(str(item) for item in (*changes.removed, *changes.upserted) if item not in release.items)
            return Drift(live, gone)
        earlier = another_release(release, since)
        if earlier is None:
            return None
        live = tuple(UUID(item) for item, _ in release.rows_not_in(earlier))
        gone = tuple(item for item, _ in earlier.rows_not_in(release) if UUID(item) not in release.items)
        return Drift(live, gone)

    def _apply(self, release: Release, drift: Drift) -> Report:
        report = Report(release.name)
        writer = RowWriter(self.client, {part: self.names.alias(part) for part in PARTS}, aliases=True)
        mark = self._begin()
        # What was withdrawn goes first: a long list of new items must not keep it searchable.
        for gone in batches(drift.removed):
            writer.remove(gone)
            report.removed += len(gone)
        for batch in batches(drift.upserted):
            writer.remove_old_provisions(writer.write(release, batch, report))
        self._finish(release, mark)
        return report

    def _begin(self) -> str:
        """Note that the index is between two releases: whoever finds it so compares all of it, because the next
        release need not say what this one wrote."""
        mark = uuid4().hex
        self.client.indices.put_mapping(index=self.names.documents, meta=self._meta_or_refuse() | {UNFINISHED: mark})
        return mark

    def _finish(self, release: Release, mark: str) -> None:
        """Make everything written visible, then note which release the index holds, if nobody else wrote into it."""
        self.client.indices.refresh(index=[self.names.alias(part) for part in PARTS])
        meta = self._meta_or_refuse()
        alone = meta.get(UNFINISHED) == mark
        self.client.indices.put_mapping(
            index=self.names.documents, meta=described(release) if alone else meta | {UNFINISHED: uuid4().hex}
        )
        if not alone:
            raise RefusedForNowError("someone else wrote into the index or exchanged it; it has to be compared whole")

    def _meta_or_refuse(self) -> dict[str, Any]:
        meta = self._meta()
        if meta is None:
            raise RefusedForNowError("the index went away while it was written")
        return meta

    def _meta(self) -> dict[str, Any] | None:
        """What the index says of itself; None when it has to be built: it is missing, was made by another version of
        this code, or somebody put two behind one alias."""
        try:
            provisions = self.client.indices.get_mapping(index=self.names.provisions).body
            documents = self.client.indices.get_mapping(index=self.names.documents).body
        except NotFoundError:
            return None
        if len(provisions) != 1 or len(documents) != 1:
            return None
        meta = dict(next(iter(documents.values()))["mappings"].get("_meta", {}))
        return meta if meta.get("definition") == definition_key() else None

    def _indexed_pairs(self, part: str) -> Iterator[tuple[str, str]]:
        """Item id and record hash of every row."""
        for hit in scan(self.client, index=self.names.alias(part), query={"_source": ["id", "record"]}, size=2000):
            yield hit["_source"]["id"], hit["_source"]["record"]


def _held(meta: dict[str, Any]) -> str | None:
    """The release an index holds whole."""
    return None if UNFINISHED in meta else meta.get("release")


def _is_public(release: Release, item: UUID) -> bool:
    """A record nobody can read counts as public: it is missed in the index, not kept out of it."""
    record = readable_record(release, item)
    return record is None or record.snapshot.audience is Audience.PUBLIC


def _provisions_of(release: Release, item: UUID) -> int:
    """How many rows an item has in the index of provisions; -1, which no item has, when its record cannot be read."""
    record = readable_record(release, item)
    if record is None:
        return -1
    if record.snapshot.audience is not Audience.PUBLIC:
        return 0
    return len({row["anchor"] for row in provision_rows(record, release.items[item].record)})
