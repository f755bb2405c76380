"""What is live in a release, read from the directories it shares with others: only what changed is read again.

``records/`` is a link to a directory of links (the first two digits of an id), each leading to a directory of links
(the third digit), each leading to one that holds the records and their list (`contract.release.ShardItems`). All three
are named by their content, so an equal link needs no second look.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import UUID

from contract.release import SHARD_ITEMS, ManifestItem, ShardItems
from contract.shards import record_shard


@dataclass(frozen=True)
class RecordShard:
    """The live items of one directory; `link` leads to it."""

    link: str
    items: dict[UUID, ManifestItem]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Item id to record hash, both as text: the form the index stores."""
        return {str(item): entry.record for item, entry in self.items.items()}


@dataclass(frozen=True)
class RecordGroup:
    """The directories below one link of the root, by their names in it."""

    link: str
    shards: dict[str, RecordShard]

    @cached_property
    def size(self) -> int:
        """How many items are live in here."""
        return sum(len(shard.items) for shard in self.shards.values())


_NO_GROUP = RecordGroup("", {})
_NO_SHARD = RecordShard("", {})


class RecordTree(Mapping[UUID, ManifestItem]):
    """Every live item of a release. Never changes, and shares what it can with the tree it was read after."""

    def __init__(self, link: str, groups: dict[str, RecordGroup]) -> None:
        self._link = link
        self._groups = groups
        self._size = sum(group.size for group in groups.values())

    @classmethod
    def read(cls, root: Path, known: "RecordTree | None" = None) -> "RecordTree":
        """The tree below `root`, taking over from `known` what has not changed.

        Raises `OSError` and `ValueError`. Of a tree that is being removed less may be read than it held: compare the
        number of items with the manifest.
        """
        link = os.readlink(root)
        if known is not None and known._link == link:
            return known
        before = known._groups if known is not None else {}
        return cls(link, {name: _group(root / name, to, before.get(name, _NO_GROUP)) for name, to in _links(root)})

    def __getitem__(self, item: UUID) -> ManifestItem:
        return self._shard(record_shard(item)).items[item]

    def __iter__(self) -> Iterator[UUID]:
        for group in self._groups.values():
            for shard in group.shards.values():
                yield from shard.items

    def __len__(self) -> int:
        return self._size

    def record_hash(self, item: str) -> str | None:
        """The hash of a live item's record by the text of its id, at the cost of three look-ups."""
        return self._shard(f"{item[:2]}/{item[2:3]}").hashes.get(item)

    def rows_not_in(self, other: "RecordTree") -> Iterator[tuple[str, str]]:
        """Id and record hash of what is live here and not, in the same form, in `other`. Costs what differs."""
        for name, group in self._groups.items():
            theirs = other._groups.get(name, _NO_GROUP)
            if theirs.link == group.link:
                continue
            for digit, shard in group.shards.items():
                if (counterpart := theirs.shards.get(digit, _NO_SHARD)).link != shard.link:
                    yield from shard.hashes.items() - counterpart.hashes.items()

    def _shard(self, directory: str) -> RecordShard:
        group, _, digit = directory.partition("/")
        return self._groups.get(group, _NO_GROUP).shards.get(digit, _NO_SHARD)


def _group(directory: Path, link: str, known: RecordGroup) -> RecordGroup:
    if known.link == link:
        return known
    shards = {name: _shard(directory / name, to, known.shards.get(name, _NO_SHARD)) for name, to in _links(directory)}
    return RecordGroup(link, shards)


def _shard(directory: Path, link: str, known: RecordShard) -> RecordShard:
    if known.link == link:
        return known
    return RecordShard(link, ShardItems.model_validate_json((directory / SHARD_ITEMS).read_bytes()).items)


def _links(directory: Path) -> Iterator[tuple[str, str]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            yield entry.name, os.readlink(entry.path)
