"""Builds both indexes anew beside those that answer, and puts them in their place with one call.

What is published meanwhile is taken in before the call, so a rebuild may last as long as it likes; what came between
the last look and the call is taken in by whoever asked for the rebuild.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from elasticsearch import ApiError, Elasticsearch, TransportError

from search.gate import Gate
from search.indexes import DOCUMENTS, PROVISIONS, IndexNames, definition_key, index_definition, made_at
from search.merging import merge
from search.releases import BrokenReleaseError, Release, current_name, read_release
from search.writing import BATCH, PARTS, Report, RowWriter, Written, batches

log = logging.getLogger(__name__)

# After this nobody is at work on an index that has no alias.
LONGEST_REBUILD = timedelta(hours=6)
# How long copies of the new indexes may take to appear on other nodes; readers need only one.
REPLICA_SECONDS = 60


@dataclass(frozen=True)
class Sharding:
    """Into how many shards an index is cut and how many copies each has, for clusters of several nodes."""

    shards: int = 1
    replicas: int = 0


@dataclass(frozen=True)
class _NewNames(IndexNames):
    """The names of the indexes themselves, before they have the aliases."""

    targets: dict[str, str]

    @property
    def documents(self) -> str:
        return self.targets[DOCUMENTS]

    @property
    def provisions(self) -> str:
        return self.targets[PROVISIONS]


@dataclass
class Rebuild:
    """One rebuild of the indexes of a prefix. Elasticsearch's errors pass through; the old indexes then stay."""

    client: Elasticsearch
    names: IndexNames
    sharding: Sharding
    _targets: dict[str, str] = field(init=False)
    _written: dict[UUID, Written] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._targets = {part: self.names.fresh(part) for part in PARTS}

    def run(self, release: Release) -> Report:
        """Fill new indexes with `release` and what follows it, examine them, and put the aliases on them.

        The report names the release they hold. Raises `GateError`, `IndexAheadError`, `RefusedForNowError`, and
        `BrokenReleaseError` when there is no release to be read.
        """
        report = Report(release.name, rebuilt=True)
        try:
            self._create()
            held = self._fill(release, report)
            # It takes minutes for a million rows, in which more is published.
            merge(self.client, list(self._targets.values()), wait=True)
            held = self._fill(newest_release(held), report)
            report.release = held.name
            self._open(held)
            names = _NewNames(self.names.prefix, self._targets)
            Gate(self.client, names).examine(held, self._written, replaces=bool(self._behind_aliases()))
            self._swap()
        except BaseException:
            # Whatever ended it, a Ctrl-C too: nothing half filled stays, and the error goes on. Without a server the
            # new indexes cannot be deleted; a later rebuild finds them.
            with suppress(ApiError, TransportError):
                self.client.indices.delete(index=list(self._targets.values()), ignore_unavailable=True)
            raise
        with suppress(ApiError, TransportError):
            self._remove_leftovers()
        return report

    def _create(self) -> None:
        for part, name in self._targets.items():
            index = index_definition(part, name)
            # Nobody reads it yet: no copies, and nothing made visible, until it is full.
            index.settings(number_of_shards=self.sharding.shards, number_of_replicas=0, refresh_interval="-1")
            index.create(using=self.client)

    def _fill(self, release: Release, report: Report) -> Release:
        """Write until the indexes hold what readers see, or lack no more than a batch of it; returns what they hold."""
        writer = RowWriter(self.client, self._targets)
        while True:
            gone = [item for item in self._written if item not in release.items]
            new = [item for item, entry in release.items.items() if self._record_of(item) != entry.record]
            try:
                self._write(writer, release, gone, new, report)
            except BrokenReleaseError:
                newer = newest_release(release)
                if newer.name == release.name:
                    raise
                log.info("release %s was cleaned away while it was read; going on with %s", release.name, newer.name)
                release = newer
                continue
            newer = newest_release(release)
            if newer.name == release.name or len(gone) + len(new) <= BATCH:
                return release
            release = newer

    def _write(self, writer: RowWriter, release: Release, gone: list[UUID], new: list[UUID], report: Report) -> None:
        for items in batches(gone):
            self.client.indices.refresh(index=list(self._targets.values()))
            writer.remove([str(item) for item in items])
            for item in items:
                del self._written[item]
        for items in batches(new):
            known = [item for item in items if item in self._written]
            # What is cut off in the middle is written too: it has to go if its item does.
            self._written |= {item: Written("") for item in items}
            written = writer.write(release, items, report)
            writer.remove_old_provisions({item: written[item] for item in known})
            self._written |= written

    def _record_of(self, item: UUID) -> str | None:
        written = self._written.get(item)
        return written.record if written else None

    def _open(self, release: Release) -> None:
        """Make everything written visible, have it copied, and note which release it is."""
        indexes = list(self._targets.values())
        settings = {"refresh_interval": None, "number_of_replicas": self.sharding.replicas}
        self.client.indices.put_settings(index=indexes, settings={"index": settings})
        self.client.indices.refresh(index=indexes)
        self.client.indices.put_mapping(index=self._targets[DOCUMENTS], meta=described(release))
        if self.sharding.replicas:
            patient = self.client.options(request_timeout=REPLICA_SECONDS + 10)
            with suppress(ApiError):
                patient.cluster.health(index=indexes, wait_for_status="green", timeout=f"{REPLICA_SECONDS}s")

    def _swap(self) -> None:
        """One call, which fails as a whole when another rebuild has been quicker: what is to go is not there any more,
        or the alias has its one index for writing."""
        actions: list[dict[str, Any]] = [{"remove_index": {"index": name}} for name in self._behind_aliases()]
        actions += [
            {"add": {"index": name, "alias": self.names.alias(part), "is_write_index": True}}
            for part, name in self._targets.items()
        ]
        self.client.indices.update_aliases(actions=actions)

    def _behind_aliases(self) -> list[str]:
        """The indexes readers are answered from, also one that someone made under the name of an alias."""
        aliases = [self.names.alias(part) for part in PARTS]
        return sorted(self.client.indices.get(index=aliases, ignore_unavailable=True, features="aliases").body)

    def _remove_leftovers(self) -> None:
        """Delete what a rebuild that was killed left behind; a young one may still be at work."""
        for part in PARTS:
            found = self.client.indices.get_alias(index=f"{self.names.alias(part)}-*").body
            for name, index in found.items():
                made = made_at(name)
                if not index["aliases"] and made is not None and datetime.now(UTC) - made > LONGEST_REBUILD:
                    self.client.indices.delete(index=name, ignore_unavailable=True)


def described(release: Release) -> dict[str, Any]:
    """What an index that holds `release` whole says of itself."""
    return {"release": release.name, "seq": release.seq, "definition": definition_key()}


def newest_release(release: Release) -> Release:
    """The release readers see now; `release` itself when that one cannot be read."""
    site = release.directory.parent.parent
    name = current_name(site)
    if name is None or name == release.name:
        return release
    try:
        return read_release(site, name, known=release)
    except BrokenReleaseError as error:
        log.warning("the current release cannot be read: %s", error)
        return release
