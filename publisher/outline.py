"""What others need to know of an item: its facts without its texts, and the lists it stands in.

Small enough that a list of items can be made without reading one body.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from contract.collation import collation_key
from contract.models import Snapshot, utc_text
from contract.vocabulary import Kind

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LISTED_KINDS = (Kind.NEWS, Kind.DOCUMENT, Kind.GUIDANCE)
# The pages with search terms.
VOCABULARY_LISTING = "vocabulary"
_DATES = frozenset({"issued_on", "effective_from", "effective_to"})
_TIMES = frozenset({"published_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Outline:
    """An item without its texts. Ids as text; `topics` pairs of slug and name, `ancestors` unit ids from the top."""

    id: str
    kind: Kind
    path: str
    title: str
    summary: str
    published_at: datetime
    updated_at: datetime
    unit: str
    unit_name: str
    unit_level: int
    ancestors: tuple[str, ...] = ()
    topics: tuple[tuple[str, str], ...] = ()
    type: str | None = None
    number: str | None = None
    issuer: str | None = None
    issued_on: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    source_name: str | None = None
    has_terms: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The outline of a snapshot."""
        document = snapshot.document
        return cls(
            id=str(snapshot.id),
            kind=snapshot.kind,
            path=snapshot.path,
            title=snapshot.title,
            summary=snapshot.summary,
            published_at=_whole_second(snapshot.published_at),
            updated_at=_whole_second(snapshot.updated_at),
            unit=str(snapshot.unit.id),
            unit_name=snapshot.unit.name,
            unit_level=snapshot.unit.level,
            ancestors=tuple(map(str, snapshot.unit.ancestors)),
            topics=tuple((topic.slug, topic.name) for topic in snapshot.topics),
            type=document.type if document else None,
            number=document.number if document else None,
            issuer=document.issuer if document else None,
            issued_on=document.issued_on if document else None,
            effective_from=document.effective_from if document else None,
            effective_to=document.effective_to if document else None,
            source_name=snapshot.source.name if snapshot.source else None,
            has_terms=bool(snapshot.terms),
        )

    def to_text(self) -> str:
        """The outline as one line of JSON."""
        data = {name: value for name in _FIELDS if (value := getattr(self, name)) not in (None, (), False)}
        return json.dumps(data, ensure_ascii=False, default=_plain)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        data: dict[str, Any] = json.loads(text)
        data["kind"] = Kind(data["kind"])
        for name in _DATES & data.keys():
            data[name] = date.fromisoformat(data[name])
        for name in _TIMES:
            data[name] = datetime.fromisoformat(data[name])
        for name in ("ancestors", "topics"):
            data[name] = tuple(tuple(v) if isinstance(v, list) else v for v in data.get(name, ()))
        return cls(**data)

    @property
    def published_on(self) -> date:
        """The day in Viet Nam on which the item was published."""
        return self.published_at.astimezone(ZONE).date()

    @property
    def year(self) -> int:
        """The year a reader looks for it in: of issue, else of publication."""
        return (self.issued_on or self.published_on).year

    @property
    def effect_day(self) -> date:
        """The day from which the item does something to others."""
        return self.effective_from or self.issued_on or self.published_on

    @property
    def listing_key(self) -> str:
        """Where the item stands in its lists, oldest first: an order in which new items come at the end.

        Units have no news value. They show from the top of the tree down and by name, and as the last page of a list
        shows first, that is their order turned round.
        """
        if self.kind is not Kind.UNIT:
            return utc_text(self.published_at)
        return f"{99 - self.unit_level:02d}{_turned_round(collation_key(self.title))}"

    def listings(self) -> Iterator[str]:
        """The names of the lists the item stands in."""
        yield kind_listing(self.kind)
        yield month_listing(self.kind, f"{self.published_on:%Y-%m}")
        if self.has_terms:
            yield VOCABULARY_LISTING
        if self.kind not in LISTED_KINDS:
            return
        yield unit_listing(self.kind, self.unit)
        for slug in dict(self.topics):
            yield topic_listing(slug)
        if self.kind is not Kind.GUIDANCE:
            yield year_listing(self.kind, self.year)
        if self.kind is Kind.DOCUMENT:
            yield type_listing(self.type or "")

    def tallies(self) -> Iterator[str]:
        """The names of everything the item is counted in: its lists, and its topics within its kind."""
        yield from self.listings()
        if self.kind in LISTED_KINDS:
            yield from (topic_tally(self.kind, slug) for slug in dict(self.topics))


_FIELDS = tuple(field.name for field in fields(Outline))


def kind_listing(kind: Kind) -> str:
    """All items of a kind."""
    return f"kind:{kind.value}"


def month_listing(kind: Kind, month: str) -> str:
    """The items of a kind published in a month (``2026-11``, in Viet Nam): a chunk of the sitemap."""
    return f"month:{kind.value}:{month}"


def unit_listing(kind: Kind, unit: str) -> str:
    """The items of a kind of one unit."""
    return f"unit:{kind.value}:{unit}"


def topic_listing(slug: str) -> str:
    """The items of a topic, of all kinds."""
    return f"topic:{slug}"


def topic_tally(kind: Kind, slug: str) -> str:
    """How many items of a kind a topic has. No list of its own."""
    return f"topic-of:{kind.value}:{slug}"


def year_listing(kind: Kind, year: int) -> str:
    """The items of a kind of one year."""
    return f"year:{kind.value}:{year}"


def type_listing(slug: str) -> str:
    """The documents of one type."""
    return f"type:{slug}"


def _whole_second(moment: datetime) -> datetime:
    """As the JSON of the snapshot says it, so that outlines of the same item are equal wherever they were read."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _plain(value: date) -> str:
    return value.isoformat()


def _turned_round(key: str) -> str:
    # "~" ends it, so that of two keys one of which begins with the other the longer comes first.
    return "".join(f"{0xFFFF - ord(character):04x}" for character in key) + "~"
