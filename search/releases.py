"""Reads the releases of a site: which one is current, what is live in it, and its records."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from contract.release import (
    CHANGES,
    CURRENT,
    MANIFEST,
    RECORDS,
    RELEASES,
    SITE_FACTS,
    VOCABULARY,
    Manifest,
    Record,
    ReleaseChanges,
    ReleaseVocabulary,
    SiteFacts,
    record_path,
)
from search.record_tree import RecordTree
from search.vocabulary import Vocabulary


class BrokenReleaseError(RuntimeError):
    """A release, or a file of one, that is not what the contract says. The message names the file."""


class OtherLayoutError(BrokenReleaseError):
    """A release of another version of the contract. Only waiting for the next one helps: the publisher makes one as
    soon as it is of this version too."""


# The layout this program reads.
LAYOUT: int = Manifest.model_fields["schema_"].default


@dataclass(frozen=True)
class Release:
    """One release on disk. `seq` is the position of the ledger it was made from."""

    directory: Path
    name: str
    seq: int
    items: RecordTree

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Item id to record hash of everything live, both as text. Costs what is live: for comparing with an index."""
        return {str(item): entry.record for item, entry in self.items.items()}

    def holds(self, item: str, record: str) -> bool:
        """Whether exactly this form of the item is live in this release."""
        return self.items.record_hash(item) == record

    def rows_not_in(self, other: "Release") -> Iterator[tuple[str, str]]:
        """Id and record hash of what is live here and not, in the same form, in `other`. Costs what differs."""
        return self.items.rows_not_in(other.items)

    def record(self, item: UUID) -> Record:
        """The record of a live item. Raises `BrokenReleaseError` when it is not the one the release names."""
        file = self.directory / record_path(item)
        try:
            content = file.read_bytes()
            if hashlib.sha256(content).hexdigest() != self.items[item].record:
                raise BrokenReleaseError(f"{file} is not the record the release names")
            return Record.model_validate_json(content)
        except (OSError, ValidationError) as error:
            raise BrokenReleaseError(f"{file}: {error}") from error

    def changes(self) -> ReleaseChanges | None:
        """What changed since the release before; None when the release does not say."""
        try:
            return ReleaseChanges.model_validate_json((self.directory / CHANGES).read_bytes())
        except (OSError, ValidationError):
            return None

    @cached_property
    def site_facts(self) -> SiteFacts:
        """Name, motto and menu of the site. Raises `BrokenReleaseError`."""
        file = self.directory / SITE_FACTS
        try:
            return SiteFacts.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise BrokenReleaseError(f"{file}: {error}") from error

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the boards taught the search box. Raises `BrokenReleaseError`."""
        file = self.directory / VOCABULARY
        try:
            return _vocabulary(file.read_bytes())
        except FileNotFoundError:
            return Vocabulary.of(())
        except (OSError, ValidationError) as error:
            raise BrokenReleaseError(f"{file}: {error}") from error


@lru_cache(maxsize=1)
def _vocabulary(data: bytes) -> Vocabulary:
    """Nearly every release has that of the one before, and five hundred terms take 25 ms to make ready."""
    return Vocabulary.of(ReleaseVocabulary.model_validate_json(data).terms)


def current_name(site: Path) -> str | None:
    """Name of the release `SITE/current` points to, at the cost of one readlink; None before the first release."""
    try:
        return Path(os.readlink(site / CURRENT)).name
    except OSError:
        return None


def read_release(site: Path, name: str, known: Release | None = None) -> Release:
    """The release called `name`. What it shares with `known`, an earlier one of the same site, is not read again.

    Raises `BrokenReleaseError` when it is not whole: no manifest, or fewer items than it promises, as when it is
    being removed while we read; `OtherLayoutError` for one that another version of the publisher made.
    """
    directory = site / RELEASES / name
    try:
        manifest = _manifest(directory)
        items = RecordTree.read(directory / RECORDS, known.items if known else None)
    except (OSError, ValueError) as error:
        raise BrokenReleaseError(f"{directory}: {error}") from error
    if len(items) != manifest.items:
        raise BrokenReleaseError(f"{directory} holds {len(items)} items where its manifest counts {manifest.items}")
    return Release(directory, name, manifest.seq, items)


def _manifest(directory: Path) -> Manifest:
    data = (directory / MANIFEST).read_bytes()
    try:
        return Manifest.model_validate_json(data)
    except ValidationError:
        layout = read.get("schema") if isinstance(read := json.loads(data), dict) else None
        if isinstance(layout, int) and layout != LAYOUT:
            raise OtherLayoutError(f"{directory} is of layout {layout}, this program reads {LAYOUT}") from None
        raise


def another_release(release: Release, name: str) -> Release | None:
    """The kept release called `name` of the same site, to compare `release` with; None when it is there no more."""
    if name == release.name:
        return release
    try:
        return read_release(release.directory.parent.parent, name, known=release)
    except BrokenReleaseError:
        return None


def current_release(site: Path) -> Release | None:
    """The release readers see now; None before the first one. Raises `BrokenReleaseError`."""
    name = current_name(site)
    return read_release(site, name) if name else None
