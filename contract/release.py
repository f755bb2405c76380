"""What a release holds: pages, files, one record for each item, a manifest, and what changed since the one before.

A release is a small directory; what it holds lies in immutable directories under ``objects/`` that releases share, as
git shares trees. Seen through the links, the layout of a site directory is::

    SITE/current -> releases/NAME                switched by one rename(2)
    SITE/releases/NAME/pages/07/31/van-ban/x.html  the page at /van-ban/x/, with .html.gz and .html.br beside it
    SITE/releases/NAME/pages/07/31/van-ban/y.gone  empty marker: /van-ban/y/ was withdrawn (answers 410)
    SITE/releases/NAME/files/ab/…                attachments and pictures, served below /tep/
    SITE/releases/NAME/records/ab/c/ID.json      one `Record` an item
    SITE/releases/NAME/records/ab/c/items.json   `ShardItems`: what is live in this directory
    SITE/releases/NAME/site.json                 `SiteFacts`: what the search page needs to look like the rest
    SITE/releases/NAME/vocabulary.json           `ReleaseVocabulary`: the search terms of all live pages
    SITE/releases/NAME/changes.json              `ReleaseChanges`
    SITE/releases/NAME/manifest.json             `Manifest`, written last: a release without it is not one
    SITE/objects/ab/…                            the shared directories, named by a hash of their content

`contract.shards` says which directory a page or a record lies in. Every directory of ``records/`` and ``pages/`` down
to these is a link into ``objects/``: two releases whose links are the same hold the same in there.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from contract.models import ContractModel, Sha256, Snapshot, Term
from contract.shards import gone_name, page_name, page_shard_name, page_shard_number, record_shard
from contract.vocabulary import Status

CURRENT = "current"
RELEASES = "releases"
OBJECTS = "objects"
PAGES = "pages"
FILES = "files"
RECORDS = "records"
SHARD_ITEMS = "items.json"
SITE_FACTS = "site.json"
VOCABULARY = "vocabulary.json"
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


class ShardItems(ContractModel):
    """The live items whose records lie in one directory. All of them together are what is live in the release."""

    items: dict[UUID, ManifestItem]


class Manifest(ContractModel):
    """What a release is. `seq` is the ledger position, `day` the date validity was worked out for; `items`, `pages` and
    `gone` are counts. `trees` are the names of the three shared directories ``pages``, ``records`` and ``files``."""

    schema_: Literal[2] = Field(default=2, alias="schema")
    release: str
    seq: int
    day: date
    items: int
    pages: int
    gone: int
    trees: dict[str, str]


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


class ReleaseVocabulary(ContractModel):
    """What the search box knows, in a fixed order and each term once. A release without the file has no terms."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Self:
        """The vocabulary made of the terms of several pages."""
        return cls(terms=tuple(sorted(set(terms), key=_place_of_term)))


class RevokedItem(ContractModel):
    """Something that was withdrawn: copies kept by readers are to be deleted. `path` None: only its id is known."""

    id: UUID
    path: str | None = None


class Revoked(ContractModel):
    """What offline copies must forget, the newest first; readers fetch it from `contract.addresses.REVOKED_PATH`."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    items: tuple[RevokedItem, ...]


def _place_of_term(term: Term) -> tuple[str, ...]:
    issued_on = term.issued_on.isoformat() if term.issued_on else ""
    return term.kind, term.words, term.means or "", term.number or "", issued_on


def page_path(address: str) -> str:
    """Path of the page at an address below the release: ``pages/07/31/van-ban/x.html``."""
    return f"{PAGES}/{page_shard_name(page_shard_number(address))}/{page_name(address)}"


def gone_path(address: str) -> str:
    """Path of the marker of a withdrawn address below the release."""
    return f"{PAGES}/{page_shard_name(page_shard_number(address))}/{gone_name(address)}"


def record_path(item: UUID) -> str:
    """Path of an item's record below the release: ``records/ab/c/abc….json``."""
    return f"{RECORDS}/{record_shard(item)}/{item}.json"
