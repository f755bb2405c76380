"""Writes the rows of a release's items into two indexes and takes them out; no refusal goes unnoticed."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from contract.release import Record
from contract.vocabulary import Audience
from search.indexes import DOCUMENTS, PROVISIONS
from search.releases import BrokenReleaseError, Release
from search.rows import Row, document_row, provision_rows

log = logging.getLogger(__name__)

PARTS = (DOCUMENTS, PROVISIONS)

# One pass over this many items: bounds the memory of a bulk request and the length of an id list.
BATCH = 200
BULK_BYTES = 8 * 1024 * 1024
CONFLICT = 409
# The server is busy, starting, or without the index: the row is not to blame, and waiting helps.
FOR_NOW = frozenset({404, 429, 502, 503, 504})

Thing = TypeVar("Thing")


class IndexAheadError(RuntimeError):
    """The index holds newer rows than the release has (someone rolled back): only a rebuild puts them right."""


class RefusedForNowError(RuntimeError):
    """Elasticsearch could not do part of what it was asked, and no row is to blame: to be tried again."""


@dataclass
class Report:
    """What an indexing run did. `failed` counts rows Elasticsearch refused and records that could not be read."""

    release: str
    rebuilt: bool = False
    upserted: int = 0
    removed: int = 0
    provisions: int = 0
    failed: int = 0


@dataclass
class Written:
    """What of one item went into the indexes: the hash of its record, and how many rows; none when it is restricted."""

    record: str
    documents: int = 0
    provisions: int = 0
    set_aside: bool = False


@dataclass(frozen=True)
class RowWriter:
    """Writes to `targets`, the index or alias of each part. Elasticsearch's errors pass through to the caller.

    With `aliases` every target has to be an alias: after a wipe the server then refuses rows rather than make an index
    by guessing at its fields.
    """

    client: Elasticsearch
    targets: Mapping[str, str]
    aliases: bool = False

    def write(self, release: Release, items: Iterable[UUID], report: Report) -> dict[UUID, Written]:
        """Write the rows of `items`; one that became restricted is taken out.

        Raises `IndexAheadError` and `RefusedForNowError`.
        """
        written: dict[UUID, Written] = {}
        restricted: list[str] = []

        def actions() -> Iterator[dict[str, Any]]:
            for item in items:
                outcome = written[item] = Written(release.items[item].record)
                record = readable_record(release, item)
                if record is None:
                    report.failed += 1
                    outcome.set_aside = True
                elif record.snapshot.audience is not Audience.PUBLIC:
                    restricted.append(str(item))
                else:
                    rows = {row["anchor"]: row for row in provision_rows(record, outcome.record)}
                    outcome.documents, outcome.provisions = 1, len(rows)
                    yield from self._actions(record, outcome.record, rows)

        for key in self._bulk(actions(), release, report):
            self._count_out(written, key)
        if restricted:
            self.remove(restricted)
        report.upserted += sum(outcome.documents for outcome in written.values())
        return written

    def remove(self, items: list[str]) -> None:
        """Take out every row of `items`. Raises `RefusedForNowError`."""
        self._delete_where({"terms": {"id": items}}, *self.targets.values())

    def remove_old_provisions(self, written: Mapping[UUID, Written]) -> None:
        """Take out the rows of provisions that the new form of their document no longer has.

        Raises `RefusedForNowError`.
        """
        items = {str(item): outcome.record for item, outcome in written.items() if outcome.documents}
        if items:
            of_items, of_records = {"terms": {"id": list(items)}}, {"terms": {"record": list(items.values())}}
            query = {"bool": {"filter": [of_items], "must_not": [of_records]}}
            self.client.indices.refresh(index=list(self.targets.values()))
            self._delete_where(query, self.targets[PROVISIONS])

    def _actions(self, record: Record, record_hash: str, rows: Mapping[str, Row]) -> Iterator[dict[str, Any]]:
        item = str(record.id)
        yield _action(self.targets[DOCUMENTS], item, record.seq, document_row(record, record_hash))
        for anchor, row in rows.items():
            yield _action(self.targets[PROVISIONS], f"{item}#{anchor}", record.seq, row)

    def _bulk(self, actions: Iterable[dict[str, Any]], release: Release, report: Report) -> list[str]:
        """Send `actions`; returns the keys of rows that were refused for what they are, counted and logged."""
        conflicts, refused = 0, []
        outcomes = streaming_bulk(
            self.client,
            actions,
            max_chunk_bytes=BULK_BYTES,
            raise_on_error=False,
            max_retries=4,
            initial_backoff=0.2,
            max_backoff=5,
            retry_on_status=(429, 503),
            require_alias=self.aliases,
        )
        for done, outcome in outcomes:
            result = next(iter(outcome.values()))
            if done:
                report.provisions += "#" in result["_id"]
            elif result.get("status") == CONFLICT:
                conflicts += 1
            elif result.get("status") in FOR_NOW:
                raise RefusedForNowError(f"row {result['_id']} was refused: {result.get('error')}")
            else:
                report.failed += 1
                refused.append(result["_id"])
                log.error("row %s was refused: %s", result["_id"], result.get("error"))
        if conflicts:
            raise IndexAheadError(f"{conflicts} rows of the index are newer than release {release.name}")
        return refused

    @staticmethod
    def _count_out(written: dict[UUID, Written], key: str) -> None:
        item, is_provision, _ = key.partition("#")
        outcome = written[UUID(item)]
        outcome.set_aside = True
        if is_provision:
            outcome.provisions -= 1
        else:
            outcome.documents = 0

    def _delete_where(self, query: dict[str, Any], *indexes: str) -> None:
        done = self.client.delete_by_query(index=list(indexes), query=query, conflicts="proceed", refresh=True)
        if done["failures"] or done["timed_out"]:
            raise RefusedForNowError(f"not everything could be taken out: {done['failures'] or 'time ran out'}")


def batches(things: Iterable[Thing], size: int = BATCH) -> Iterator[list[Thing]]:
    """`things` in lists of at most `size`."""
    batch: list[Thing] = []
    for thing in things:
        batch.append(thing)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def readable_record(release: Release, item: UUID) -> Record | None:
    """The record, or None: one broken item does not stop the others.

    Raises `BrokenReleaseError` when the whole release was cleaned away while we read it; the next one is waiting.
    """
    try:
        return release.record(item)
    except BrokenReleaseError as error:
        if not release.directory.exists():
            raise
        log.error("record %s is set aside: %s", item, error)
        return None


def _action(index: str, key: str, seq: int, row: Row) -> dict[str, Any]:
    """The ledger's seq is the version, so that a slow follower never overwrites what a quicker one wrote."""
    return {"_index": index, "_id": key, "version": seq, "version_type": "external_gte", "_source": row}
