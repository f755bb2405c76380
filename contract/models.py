"""Change and snapshot: what passes from the CMS to the publisher, one change a line.

A snapshot is the complete published form of one item. Fields that break a reader when changed raise `SCHEMA`.
"""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_serializer,
    model_validator,
)

from contract.addresses import check_item_path
from contract.canonical import sha256_of
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, Audience, Kind, ProvisionKind, TermKind, Verb

SCHEMA: Literal[1] = 1
# Between the pages of an attachment's text. `normalise` takes it for a line break, so a text is split before.
PAGE_BREAK = "\f"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-+[a-z0-9]+)*$", max_length=120)]
Anchor = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-+[a-z0-9]+)*$", max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
# http(s), or relative to the feed; a colon in a relative one could be the end of another scheme.
_URL = r"^((https?://|/)[^\s\x00-\x1f]*|[A-Za-z0-9._-][^\s\x00-\x1f:]*)$"
Url = Annotated[str, StringConstraints(pattern=_URL, max_length=2000)]
WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=2000)]
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$")]


def _known_type(value: str) -> str:
    if value not in DOCUMENT_TYPE_BY_SLUG:
        raise ValueError(f"unknown document type {value!r}; known are {', '.join(DOCUMENT_TYPE_BY_SLUG)}")
    return value


class ContractModel(BaseModel):
    """Immutable, and strict about unknown keys: a misspelt key is an error, not a lost value."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Unit(ContractModel):
    """The unit an item belongs to; `level` 1 is the province, `ancestors` run from the top down to the parent."""

    id: UUID
    name: Text
    level: int = Field(ge=1, le=20)
    ancestors: tuple[UUID, ...] = ()


class Topic(ContractModel):
    """A subject heading (chủ đề)."""

    slug: Slug
    name: Text


class DocumentFacts(ContractModel):
    """What the head of an official document says. Dates are calendar dates in Viet Nam."""

    type: Annotated[str, AfterValidator(_known_type)]
    number: str | None = Field(default=None, min_length=1, max_length=80)
    issuer: str | None = Field(default=None, min_length=1, max_length=300)
    signer: str | None = Field(default=None, min_length=1, max_length=200)
    signer_role: str | None = Field(default=None, min_length=1, max_length=200)
    issued_on: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None


class Provision(ContractModel):
    """One part of a document's structure, in reading order; `parent` is the anchor of the part around it."""

    anchor: Anchor
    kind: ProvisionKind
    label: Text
    heading: str = Field(default="", max_length=2000)
    parent: Anchor | None = None
    body: str = ""


class Relation(ContractModel):
    """What this document does to another one, known by number and, where it is on the site, by id."""

    verb: Verb
    number: str | None = Field(default=None, max_length=80)
    target: UUID | None = None
    anchor: Anchor | None = None

    @model_validator(mode="after")
    def _points_somewhere(self) -> Self:
        if not self.number and not self.target:
            raise ValueError("a relation needs a number or a target")
        return self


class Attachment(ContractModel):
    """A file that belongs to the item. `url` is where the publisher fetches the bytes; `size` in bytes; `text` is what
    can be read in it, its pages between form feeds (`PAGE_BREAK`)."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f]+$")]
    url: Url
    media_type: MediaType
    size: int = Field(ge=0)
    sha256: Sha256
    text: str = ""


class Rendition(ContractModel):
    """One size of an image; width and height in pixels. `sha256` lets the publisher check the bytes it fetched."""

    url: Url
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    media_type: MediaType
    sha256: Sha256 | None = None


class Image(ContractModel):
    """The picture of an item, in the sizes the site uses."""

    alt: str = Field(max_length=500)
    renditions: tuple[Rendition, ...] = Field(min_length=1)


class Source(ContractModel):
    """Where quoted news comes from (dẫn nguồn)."""

    name: Text
    url: WebUrl | None = None


class Term(ContractModel):
    """Something the search box is to know (từ ngữ tìm kiếm).

    An abbreviation or a synonym says what its `words` mean; an alias is what a document is called by, which is known by
    `number`, and by `issued_on` too where several documents share the number; a query is offered while readers type.
    """

    kind: TermKind
    words: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    means: str | None = Field(default=None, min_length=1, max_length=200)
    number: str | None = Field(default=None, min_length=1, max_length=80)
    issued_on: date | None = None

    @model_validator(mode="after")
    def _says_what_its_kind_says(self) -> Self:
        if (self.means is not None) != (self.kind in (TermKind.ABBREVIATION, TermKind.SYNONYM)):
            raise ValueError("an abbreviation or a synonym has a meaning, and nothing else has")
        if (self.number is not None) != (self.kind is TermKind.ALIAS):
            raise ValueError("an alias has the number of a document, and nothing else has")
        if self.issued_on is not None and self.number is None:
            raise ValueError("only an alias has a date of issue")
        return self


class Snapshot(ContractModel):
    """The complete published form of one item."""

    schema_: Literal[1] = Field(default=SCHEMA, alias="schema")
    id: UUID
    kind: Kind
    audience: Audience = Audience.PUBLIC
    path: str
    title: Text
    summary: str = Field(default="", max_length=4000)
    body: str = ""
    unit: Unit
    topics: tuple[Topic, ...] = ()
    published_at: AwareDatetime
    updated_at: AwareDatetime
    revision: int = Field(ge=0)
    document: DocumentFacts | None = None
    provisions: tuple[Provision, ...] = ()
    relations: tuple[Relation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    image: Image | None = None
    source: Source | None = None
    terms: tuple[Term, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        check_item_path(self.path, self.kind)
        if self.terms and self.kind is not Kind.PAGE:
            raise ValueError("only a page has search terms")
        if self.kind is Kind.DOCUMENT and self.document is None:
            raise ValueError("a document needs its `document` facts")
        anchors: set[str] = set()
        for provision in self.provisions:
            if provision.anchor in anchors:
                raise ValueError(f"two provisions have the anchor {provision.anchor!r}")
            if provision.parent is not None and provision.parent not in anchors:
                raise ValueError(f"the parent {provision.parent!r} of {provision.anchor!r} does not come before it")
            anchors.add(provision.anchor)
        return self

    @field_serializer("published_at", "updated_at")
    def _utc(self, value: datetime) -> str:
        return utc_text(value)

    def to_json(self) -> dict[str, Any]:
        """The snapshot as it travels: keys that do not apply to the kind are left out."""
        data = self.model_dump(mode="json", by_alias=True)
        if self.kind not in (Kind.DOCUMENT, Kind.GUIDANCE):
            for key in ("document", "provisions", "relations"):
                data.pop(key)
        for key in ("image", "source", "terms"):
            if not data[key]:
                data.pop(key)
        for rendition in data.get("image", {}).get("renditions", ()):
            if rendition["sha256"] is None:
                rendition.pop("sha256")
        return data

    @property
    def sha256(self) -> str:
        """The hash of `to_json()`."""
        return sha256_of(self.to_json())


class Change(ContractModel):
    """One line of the feed. `seq` grows by one in commit order; `path` tells of a withdrawn item where it was."""

    seq: int = Field(ge=1)
    op: Literal["publish", "withdraw"]
    id: UUID
    at: AwareDatetime
    sha256: Sha256 | None = None
    snapshot: Snapshot | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.op == "publish":
            if self.snapshot is None or self.sha256 is None:
                raise ValueError("a publish change needs a snapshot and its sha256")
            if self.snapshot.id != self.id:
                raise ValueError("the snapshot has another id than the change")
        elif self.snapshot is not None or self.sha256 is not None:
            raise ValueError("a withdraw change has neither snapshot nor sha256")
        return self

    @field_serializer("at")
    def _utc(self, value: datetime) -> str:
        return utc_text(value)

    def to_json(self) -> dict[str, Any]:
        """The change as it travels: exactly the keys of the contract, and `path` for a withdrawal that knows it."""
        data: dict[str, Any] = {
            "seq": self.seq,
            "op": self.op,
            "id": str(self.id),
            "at": utc_text(self.at),
            "sha256": self.sha256,
            "snapshot": self.snapshot.to_json() if self.snapshot else None,
        }
        if self.path is not None:
            data["path"] = self.path
        return data


class InvalidChangeError(ValueError):
    """A line of the feed that cannot be used. `seq` and `item` are there when the line let itself be read so far."""

    def __init__(self, message: str, seq: int | None = None, item: str | None = None) -> None:
        super().__init__(message)
        self.seq = seq
        self.item = item


def parse_change(line: str | bytes) -> Change:
    """Read one line of the feed and check it: JSON, schema, and the hash over the snapshot as it came.

    Raises `InvalidChangeError` with a message that names what is wrong.
    """
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InvalidChangeError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise InvalidChangeError("not a JSON object")
    seq, item = data.get("seq"), data.get("id")
    seq = seq if isinstance(seq, int) and not isinstance(seq, bool) else None
    item = item if isinstance(item, str) else None
    try:
        change = Change.model_validate(data)
        if change.snapshot is not None and sha256_of(data["snapshot"]) != change.sha256:
            raise InvalidChangeError("the sha256 does not fit the snapshot: it was changed on the way", seq, item)
    except ValidationError as error:
        raise InvalidChangeError(_explain(error), seq, item) from error
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidChangeError(f"no canonical form: {error}", seq, item) from error
    return change


def utc_text(value: datetime) -> str:
    """``2026-11-22T08:00:00Z``: whole seconds, UTC. Snapshots carry no finer time, so that hashes do not hang on it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where + ': ' if where else ''}{first['msg']}{more}"
