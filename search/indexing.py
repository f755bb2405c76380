"""Brings the indexes to the state of a release: by its list of changes, by comparison, or anew behind an alias swap."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import scan, streaming_bulk

from contract.release import Record
from contract.vocabulary import Audience
from search.indexes import DOCUMENTS, PROVISIONS, IndexNames, definition_key, index_definition, made_at
from search.releases import BrokenReleaseError, Release, another_release
from search.rows import Row, document_row, provision_rows

log = logging.getLogger(__name__)

PARTS = (DOCUMENTS, PROVISIONS)

# One pass over this many items: bounds the memory of a bulk request and the length of an id list.
BATCH = 200
BULK_BYTES = 8 * 1024 * 1024
CONFLICT = 409
LONGEST_REBUILD = timedelta(hours=1)

Item = TypeVar("Item")


class IndexAheadError(RuntimeError):
    """The index holds newer rows than the release has (someone rolled back): only a rebuild puts them right."""


@dataclass
class Report:
    """What an indexing run did. `failed` counts rows Elasticsearch refused and records that could not be read."""

    release: str
    rebuilt: bool = False
    upserted: int = 0
    removed: int = 0
    provisions: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Drift:
    """How the index differs from a release: ids to write and ids to take out."""

    upserted: tuple[UUID, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.upserted or self.removed)


@dataclass
class ReleaseIndexer:
    """Writes releases into the indexes of one prefix. Elasticsearch's errors pass through to the caller."""

    client: Elasticsearch
    names: IndexNames

    def indexed_release(self) -> str | None:
        """Name of the release last brought in whole; None when there is no index, or one of another definition."""
        meta = self._meta()
        return meta.get("release") if meta is not None else None

    def bring_to(self, release: Release) -> Report:
        """Make the indexes hold exactly what `release` holds, by the cheapest way that is right."""
        meta = self._meta()
        if meta is None or release.seq < int(meta.get("seq", 0)):
            return self.rebuild(release)
        try:
            return self._apply(release, self._changes_since(release, meta.get("release")) or self.drift(release))
        except IndexAheadError as error:
            log.warning("%s; rebuilding", error)
            return self.rebuild(release)

    def rebuild(self, release: Release) -> Report:
        """Fill new indexes and put the aliases on them in one call; the old ones go afterwards."""
        report = Report(release.name, rebuilt=True)
        fresh = {part: self.names.fresh(part) for part in PARTS}
        try:
            for part, name in fresh.items():
                index_definition(part, name).create(using=self.client)
            for batch in _batches(release.items, BATCH):
                self._write(release, batch, fresh, report)
            self._finish(fresh, release)
            self._swap(fresh)
        except BaseException:
            self.client.indices.delete(index=list(fresh.values()), ignore_unavailable=True)
            raise
        return report

    def drift(self, release: Release) -> Drift:
        """Compare ids and record hashes of the index with the release; records of restricted items do not count."""
        indexed = self._indexed_hashes(DOCUMENTS)
        # A provision row of another record than its document's is left from a run that was cut off.
        mixed = {item for item, record in self._indexed_pairs(PROVISIONS) if indexed.get(item) != record}
        expected = release.hashes
        wrong = {item for item, record in expected.items() if indexed.get(item) != record or item in mixed}
        upserted = sorted(UUID(item) for item in wrong if item in indexed or _is_public(release, UUID(item)))
        removed = sorted((indexed.keys() | mixed) - expected.keys())
        return Drift(tuple(upserted), tuple(removed))

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
        targets = {part: self.names.alias(part) for part in PARTS}
        # What was withdrawn goes first: a long list of new items must not keep it searchable.
        for gone in _batches(drift.removed, BATCH):
            self._remove(gone, targets)
            report.removed += len(gone)
        for batch in _batches(drift.upserted, BATCH):
            written = self._write(release, batch, targets, report)
            self.client.indices.refresh(index=list(targets.values()))
            self._remove_old_provisions(written, targets)
        self._finish(targets, release)
        return report

    def _write(
        self, release: Release, items: Iterable[UUID], targets: dict[str, str], report: Report
    ) -> dict[str, str]:
        """Write the rows of `items`; returns the record hash of each item that is in the index now."""
        written: dict[str, str] = {}
        restricted: list[str] = []

        def actions() -> Iterator[dict[str, Any]]:
            for item in items:
                record = _readable(release, item, report)
                if record is None:
                    continue
                if record.snapshot.audience is not Audience.PUBLIC:
                    restricted.append(str(item))
                    continue
                written[str(item)] = release.items[item].record
                yield from _actions(record, release.items[item].record, targets)

        conflicts = self._bulk(actions(), report)
        if restricted:
            self._remove(restricted, targets)
        if conflicts:
            raise IndexAheadError(f"{conflicts} rows of the index are newer than release {release.name}")
        report.upserted += len(written)
        return written

    def _bulk(self, actions: Iterable[dict[str, Any]], report: Report) -> int:
        """Send `actions`; rows that are refused are counted and logged, conflicts are returned."""
        conflicts = 0
        outcomes = streaming_bulk(
            self.client,
            actions,
            max_chunk_bytes=BULK_BYTES,
            raise_on_error=False,
            max_retries=4,
            initial_backoff=0.2,
            max_backoff=5,
            retry_on_status=(429, 503),
        )
        for done, outcome in outcomes:
            result = next(iter(outcome.values()))
            if done:
                report.provisions += "#" in result["_id"]
            elif result.get("status") == CONFLICT:
                conflicts += 1
            else:
                report.failed += 1
                log.error("row %s was refused: %s", result.get("_id"), result.get("error"))
        return conflicts

    def _remove(self, items: list[str], targets: dict[str, str]) -> None:
        self._delete_where({"terms": {"id": items}}, targets.values())

    def _remove_old_provisions(self, written: dict[str, str], targets: dict[str, str]) -> None:
        """Take out the rows of provisions that the new form of their document no longer has."""
        if written:
            query = {
                "bool": {
                    "filter": [{"terms": {"id": list(written)}}],
                    "must_not": [{"terms": {"record": list(written.values())}}],
                }
            }
            self._delete_where(query, [targets[PROVISIONS]])

    def _delete_where(self, query: dict[str, Any], indexes: Iterable[str]) -> None:
        self.client.delete_by_query(index=list(indexes), query=query, conflicts="proceed", refresh=True)

    def _finish(self, targets: dict[str, str], release: Release) -> None:
        """Make everything written visible, then note which release the index holds now."""
        self.client.indices.refresh(index=list(targets.values()))
        meta = {"release": release.name, "seq": release.seq, "definition": definition_key()}
        self.client.indices.put_mapping(index=targets[DOCUMENTS], meta=meta)

    def _swap(self, fresh: dict[str, str]) -> None:
        old = self._behind_aliases()
        actions: list[dict[str, Any]] = [{"remove_index": {"index": name}} for name in old]
        actions += [{"add": {"index": name, "alias": self.names.alias(part)}} for part, name in fresh.items()]
        self.client.indices.update_aliases(actions=actions)
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Delete what a rebuild that was killed left behind; a young one may still be at work."""
        for part in PARTS:
            found = self.client.indices.get_alias(index=f"{self.names.alias(part)}-*").body
            for name, index in found.items():
                made = made_at(name)
                if not index["aliases"] and made is not None and datetime.now(UTC) - made > LONGEST_REBUILD:
                    self.client.indices.delete(index=name, ignore_unavailable=True)

    def _behind_aliases(self) -> list[str]:
        try:
            return sorted(self.client.indices.get_alias(name=[self.names.alias(part) for part in PARTS]).body)
        except NotFoundError:
            return []

    def _meta(self) -> dict[str, Any] | None:
        """What the index says of itself; None when an index is missing or was made by another version of this code."""
        try:
            self.client.indices.get_mapping(index=self.names.provisions)
            mappings = self.client.indices.get_mapping(index=self.names.documents).body
        except NotFoundError:
            return None
        meta = dict(next(iter(mappings.values()))["mappings"].get("_meta", {}))
        return meta if meta.get("definition") == definition_key() else None

    def _indexed_hashes(self, part: str) -> dict[str, str]:
        return dict(self._indexed_pairs(part))

    def _indexed_pairs(self, part: str) -> Iterator[tuple[str, str]]:
        for hit in scan(self.client, index=self.names.alias(part), query={"_source": ["id", "record"]}, size=2000):
            yield hit["_source"]["id"], hit["_source"]["record"]


def _actions(record: Record, record_hash: str, targets: dict[str, str]) -> Iterator[dict[str, Any]]:
    item = str(record.id)
    yield _action(targets[DOCUMENTS], item, record.seq, document_row(record, record_hash))
    for row in provision_rows(record, record_hash):
        yield _action(targets[PROVISIONS], f"{item}#{row['anchor']}", record.seq, row)


def _action(index: str, key: str, seq: int, row: Row) -> dict[str, Any]:
    """The ledger's seq is the version, so that a slow follower never overwrites what a quicker one wrote."""
    return {"_index": index, "_id": key, "version": seq, "version_type": "external_gte", "_source": row}


def _readable(release: Release, item: UUID, report: Report) -> Record | None:
    """The record, or None and a counted failure: one broken item does not stop the others."""
    try:
        return release.record(item)
    except BrokenReleaseError:
        if not release.directory.exists():
            # The whole release was cleaned away while we read it; the next one is waiting.
            raise
        log.exception("record %s was set aside", item)
        report.failed += 1
        return None


def _is_public(release: Release, item: UUID) -> bool:
    """A record nobody can read counts as public: it is missed in the index, not kept out of it."""
    try:
        return release.record(item).snapshot.audience is Audience.PUBLIC
    except BrokenReleaseError:
        return True


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
