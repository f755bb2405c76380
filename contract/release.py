"""What a release holds beside its pages: one record for each item, a manifest, and what changed since the one before.

Layout of a site directory::

    SITE/current -> releases/NAME          switched by one rename(2)
    SITE/releases/NAME/pages/…/index.html  the reading site (document root)
    SITE/releases/NAME/files/…             attachments and pictures, served below /tep/
    SITE/releases/NAME/records/ab/ID.json  one `Record` an item; ab = the first two letters of the id
    SITE/releases/NAME/gone/…/index.html   empty marker for each withdrawn address (answers 410)
    SITE/releases/NAME/site.json           `SiteFacts`: what the search page needs to look like the rest
    SITE/releases/NAME/changes.json        `ReleaseChanges`
    SITE/releases/NAME/manifest.json       `Manifest`, written last: a release without it is not one
"""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from contract.models import ContractModel, Sha256, Snapshot
from contract.vocabulary import Status

CURRENT = "current"
RELEASES = "releases"
PAGES = "pages"
FILES = "files"
RECORDS = "records"
GONE = "gone"
SITE_FACTS = "site.json"
CHANGES = "changes.json"
MANIFEST = "manifest.json"


class RelatedItem(ContractModel):
    """One end of a relation as a reader sees it. `path`, `title` and `id` are empty when it is not on the site."""

    verb: str
    label: str
    number: str | None = None
    title: str | None = None
    path: str | None = None
    id: UUID | None = None
    anchor: str | None = None


class UnitLink(ContractModel):
    """A unit as the site shows it now; `path` is empty when the unit has no page of its own."""

    id: UUID
    name: str
    path: str | None = None


class Record(ContractModel):
    """Everything search may know of one live item: its snapshot and the facts derived from the others."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: UUID
    seq: int
    sha256: Sha256
    path: str
    snapshot: Snapshot
    unit_path: tuple[UnitLink, ...] = ()
    status: Status | None = None
    outgoing: tuple[RelatedItem, ...] = ()
    incoming: tuple[RelatedItem, ...] = ()


class ManifestItem(ContractModel):
    """Where a live item is and the hash of its record's bytes."""

    path: str
    record: Sha256


class Manifest(ContractModel):
    """What is live in a release. `seq` is the ledger position, `day` the date validity was worked out for."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    release: str
    seq: int
    day: date
    items: dict[UUID, ManifestItem]
    pages: dict[str, Sha256]


class ReleaseChanges(ContractModel):
    """Ids whose record differs from that of release `since` (all of them when `since` is empty)."""

    since: str | None
    upserted: tuple[UUID, ...]
    removed: tuple[UUID, ...]


class NavigationLink(ContractModel):
    """An entry of the site's menu."""

    title: str
    path: str


class SiteFacts(ContractModel):
    """What every page shows: name, motto and menu."""

    name: str
    tagline: str
    base_url: str
    navigation: tuple[NavigationLink, ...]


def record_path(item: UUID) -> str:
    """Path of an item's record below the release: ``records/ab/ab….json``."""
    return f"{RECORDS}/{str(item)[:2]}/{item}.json"
