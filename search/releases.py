"""Reads the releases of a site: which one is current, what is live in it, and its records."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from contract.release import (
    CHANGES,
    CURRENT,
    MANIFEST,
    RELEASES,
    SITE_FACTS,
    ManifestItem,
    Record,
    ReleaseChanges,
    SiteFacts,
    record_path,
)

_ITEMS = TypeAdapter(dict[UUID, ManifestItem])


class BrokenReleaseError(RuntimeError):
    """A release, or a file of one, that is not what the contract says. The message names the file."""


@dataclass(frozen=True)
class Release:
    """One release on disk. `seq` is the position of the ledger it was made from."""

    directory: Path
    name: str
    seq: int
    items: dict[UUID, ManifestItem]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Item id to record hash, both as text: the form the index stores."""
        return {str(item): entry.record for item, entry in self.items.items()}

    def holds(self, item: str, record: str) -> bool:
        """Whether exactly this form of the item is live in this release."""
        return self.hashes.get(item) == record

    def record(self, item: UUID) -> Record:
        """The record of a live item. Raises `BrokenReleaseError` when it is not the one the manifest names."""
        file = self.directory / record_path(item)
        try:
            content = file.read_bytes()
            if hashlib.sha256(content).hexdigest() != self.items[item].record:
                raise BrokenReleaseError(f"{file} is not the record the manifest names")
            return Record.model_validate_json(content)
        except (OSError, ValidationError) as error:
            raise BrokenReleaseError(f"{file}: {error}") from error

    def changes(self) -> ReleaseChanges | None:
        """What changed since the release before; None when the release does not say."""
        try:
            return ReleaseChanges.model_validate_json((self.directory / CHANGES).read_bytes())
        except (OSError, ValidationError):
            return None

    def site_facts(self) -> SiteFacts:
        """Name, motto and menu of the site. Raises `BrokenReleaseError`."""
        file = self.directory / SITE_FACTS
        try:
            return SiteFacts.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise BrokenReleaseError(f"{file}: {error}") from error


def current_name(site: Path) -> str | None:
    """Name of the release `SITE/current` points to, at the cost of one readlink; None before the first release."""
    try:
        return Path(os.readlink(site / CURRENT)).name
    except OSError:
        return None


def read_release(site: Path, name: str) -> Release:
    """The release called `name`. Raises `BrokenReleaseError` when it has no readable manifest."""
    directory = site / RELEASES / name
    file = directory / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
        # The list of pages is the larger half of a manifest and nothing here needs it.
        return Release(directory, name, int(manifest["seq"]), _ITEMS.validate_python(manifest["items"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenReleaseError(f"{file}: {error}") from error


def current_release(site: Path) -> Release | None:
    """The release readers see now; None before the first one. Raises `BrokenReleaseError`."""
    name = current_name(site)
    return read_release(site, name) if name else None
