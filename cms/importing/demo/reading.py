"""Reads the demo content that stands beside this module: units, users, topics and search terms as JSON, one text file
an item.

A file in ``files/`` with the name of an item is attached to it: its name as readers see it, an empty line, and pages
between lines of three dashes.

An item file is a block of ``key: value`` lines, an empty line, and the text. Paragraphs of news are separated by empty
lines; the text of a document is written line by line as on paper and taken apart by `cms.content.structure`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from contract.models import Term
from contract.normalising import normalise, normalise_line
from contract.vocabulary import Audience, Kind, Verb

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
_HERE = Path(__file__).parent
_KEYS = frozenset(
    {
        "kind", "title", "unit", "topics", "date", "summary", "audience", "type", "number", "issuer", "signer",
        "signer_role", "issued", "effective", "expires", "relations", "source", "source_url",
    }
)  # fmt: skip


class InvalidDemoError(ValueError):
    """A demo file that cannot be used; the message names it and what is wrong."""


@dataclass(frozen=True)
class DemoUnit:
    """A unit; `parent` is the slug of the unit above, None for the province."""

    slug: str
    name: str
    short_name: str
    parent: str | None
    description: str


@dataclass(frozen=True)
class DemoUser:
    """Someone of a unit's board; `role` is editor, reviewer or approver."""

    username: str
    full_name: str
    unit: str
    role: str


@dataclass(frozen=True)
class DemoTopic:
    """A subject heading."""

    slug: str
    name: str


@dataclass(frozen=True)
class DemoRelation:
    """What the item does to the document of that number (and date, where the number alone is not unique)."""

    verb: Verb
    number: str
    issued_on: date | None = None


@dataclass(frozen=True)
class DemoFile:
    """A Word file to attach, as text."""

    name: str
    pages: tuple[str, ...]


@dataclass(frozen=True)
class DemoItem:
    """One item. `text` is plain: paragraphs of news, or the lines of a document."""

    slug: str
    kind: Kind
    title: str
    unit: str
    topics: tuple[str, ...]
    published_at: datetime
    summary: str
    text: str
    audience: Audience = Audience.PUBLIC
    type: str | None = None
    number: str | None = None
    issuer: str | None = None
    signer: str | None = None
    signer_role: str | None = None
    issued_on: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    relations: tuple[DemoRelation, ...] = ()
    source_name: str | None = None
    source_url: str | None = None
    file: DemoFile | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The paragraphs of the text, without line breaks inside."""
        return tuple(" ".join(block.split()) for block in self.text.split("\n\n") if block.strip())


@dataclass(frozen=True)
class Demo:
    """Everything, items in the order of their dates, so that a relation points to an earlier one."""

    units: tuple[DemoUnit, ...]
    topics: tuple[DemoTopic, ...]
    users: tuple[DemoUser, ...]
    items: tuple[DemoItem, ...]
    terms: tuple[Term, ...]


def load_demo(directory: Path = _HERE) -> Demo:
    """Read all demo content. Raises `InvalidDemoError`."""
    units = json.loads((directory / "units.json").read_text(encoding="utf-8"))
    users = json.loads((directory / "users.json").read_text(encoding="utf-8"))
    topics = json.loads((directory / "topics.json").read_text(encoding="utf-8"))
    terms = json.loads((directory / "terms.json").read_text(encoding="utf-8"))
    items = [
        replace(read_item(path), file=_read_file(directory / "files" / path.name))
        for path in sorted((directory / "items").glob("*.txt"))
    ]
    return Demo(
        units=tuple(DemoUnit(**unit) for unit in units),
        topics=tuple(DemoTopic(**topic) for topic in topics),
        users=tuple(DemoUser(**user) for user in users),
        items=tuple(sorted(items, key=lambda item: (item.published_at, item.slug))),
        terms=tuple(Term.model_validate(term) for term in terms),
    )


def read_item(path: Path) -> DemoItem:
    """Read one item file; its name without the ending is the slug."""
    head, _, text = normalise(path.read_text(encoding="utf-8")).partition("\n\n")
    try:
        fields = dict(_fields(head))
        return _item(path.stem, fields, text.strip())
    except (KeyError, ValueError) as error:
        raise InvalidDemoError(f"{path.name}: {error}") from error


def _read_file(path: Path) -> DemoFile | None:
    if not path.exists():
        return None
    name, _, text = normalise(path.read_text(encoding="utf-8")).partition("\n\n")
    return DemoFile(normalise_line(name), tuple(page.strip() for page in text.split("\n---\n")))


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in head.split("\n"):
        key, colon, value = line.partition(":")
        if not colon or key not in _KEYS:
            raise ValueError(f"the line {line!r} is not one of {', '.join(sorted(_KEYS))} and a value")
        yield key, normalise_line(value)


def _item(slug: str, fields: dict[str, str], text: str) -> DemoItem:
    if not text:
        raise ValueError("there is no text below the first empty line")
    optional: dict[str, Any] = {key: fields.get(key) for key in ("type", "number", "issuer", "signer", "signer_role")}
    return DemoItem(
        slug=slug,
        kind=Kind(fields["kind"]),
        title=fields["title"],
        unit=fields["unit"],
        topics=tuple(topic.strip() for topic in fields.get("topics", "").split(",") if topic.strip()),
        published_at=datetime.strptime(fields["date"], "%d/%m/%Y %H:%M").replace(tzinfo=HANOI),
        summary=fields["summary"],
        text=text,
        audience=Audience(fields.get("audience", Audience.PUBLIC)),
        issued_on=_date(fields.get("issued")),
        effective_from=_date(fields.get("effective")),
        effective_to=_date(fields.get("expires")),
        relations=tuple(_relations(fields.get("relations", ""))),
        source_name=fields.get("source"),
        source_url=fields.get("source_url"),
        **optional,
    )


def _relations(text: str) -> Iterator[DemoRelation]:
    """``based_on 05-NQ/TU 12/03/2025; replaces 03-QĐ/TU``: verb, number, and the date where it is needed."""
    for part in (p.split() for p in text.split(";") if p.strip()):
        if len(part) not in (2, 3):
            raise ValueError(f"the relation {' '.join(part)!r} is not a verb, a number and perhaps a date")
        yield DemoRelation(Verb(part[0]), part[1], _date(part[2]) if len(part) == 3 else None)


def _date(text: str | None) -> date | None:
    if not text:
        return None
    day, month, year = (int(n) for n in text.split("/"))
    return date(year, month, day)
