"""Snapshots, changes and feed files for the publisher's tests, with traits for what a test is about."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from contract.addresses import item_path
from contract.models import Attachment, Change, Snapshot, Term, Unit
from contract.vocabulary import Kind, TermKind

NAMESPACE = UUID("00000000-0000-4000-8000-000000000001")
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PROVINCE = uuid5(NAMESPACE, "tinh-uy")


def item_id(slug: str) -> UUID:
    """The id every factory gives to the item with this slug."""
    return uuid5(NAMESPACE, slug)


def snapshot(kind: Kind, slug: str, *, days: float = 0, unit: str = "tinh-uy", **values: Any) -> Snapshot:
    """An item published `days` after `START`."""
    at = START + timedelta(days=days)
    defaults: dict[str, Any] = {
        "id": item_id(slug),
        "kind": kind,
        "path": item_path(kind, slug),
        "title": f"Tiêu đề {slug}",
        "summary": f"Tóm tắt {slug}",
        "body": f"<p>Nội dung {slug}</p>",
        "unit": {"id": item_id(unit), "name": "Tỉnh ủy", "level": 1},
        "published_at": at,
        "updated_at": at,
        "revision": 1,
    }
    return Snapshot.model_validate(defaults | values)


def news(slug: str, **values: Any) -> Snapshot:
    """A news item."""
    return snapshot(Kind.NEWS, slug, **values)


def guidance(slug: str, **values: Any) -> Snapshot:
    """A guidance item."""
    return snapshot(Kind.GUIDANCE, slug, **values)


def page(slug: str, **values: Any) -> Snapshot:
    """A page of the board's own."""
    return snapshot(Kind.PAGE, slug, **values)


def abbreviation(words: str, means: str) -> Term:
    """A search term that is written out."""
    return Term(kind=TermKind.ABBREVIATION, words=words, means=means)


def unit(slug: str, *, level: int = 1, ancestors: Iterable[str] = (), **values: Any) -> Snapshot:
    """The page of a unit."""
    page = snapshot(Kind.UNIT, slug, **({"title": f"Đơn vị {slug}"} | values))
    facts = Unit(id=page.id, name=page.title, level=level, ancestors=tuple(item_id(name) for name in ancestors))
    return page.model_copy(update={"unit": facts})


def document(
    slug: str,
    number: str | None = None,
    *,
    type_: str = "nghi-quyet",
    issued_on: date | None = date(2026, 3, 1),
    effective_from: date | None = None,
    effective_to: date | None = None,
    relations: Iterable[dict[str, Any]] = (),
    **values: Any,
) -> Snapshot:
    """A document."""
    facts = {
        "type": type_,
        "number": number,
        "issuer": "Tỉnh ủy",
        "issued_on": issued_on,
        "effective_from": effective_from,
        "effective_to": effective_to,
    }
    return snapshot(Kind.DOCUMENT, slug, document=facts, relations=tuple(relations), **values)


def attachment(data: bytes, url: str, name: str = "Nghị quyết.pdf") -> Attachment:
    """An attachment with these bytes."""
    return Attachment(name=name, url=url, media_type="application/pdf", size=len(data), sha256=sha256(data).hexdigest())


class Ledger:
    """Numbers changes as the CMS would, and writes them as a feed file."""

    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []

    @property
    def seq(self) -> int:
        """The highest number given."""
        return len(self.changes)

    def publish(self, *snapshots: Snapshot) -> None:
        """Approve items."""
        for item in snapshots:
            change = Change(seq=self.seq + 1, op="publish", id=item.id, at=START, sha256=item.sha256, snapshot=item)
            self.changes.append(change.to_json())

    def withdraw(self, item: Snapshot, *, with_path: bool = True) -> None:
        """Withdraw an item."""
        change = Change(seq=self.seq + 1, op="withdraw", id=item.id, at=START, path=item.path if with_path else None)
        self.changes.append(change.to_json())

    def lines(self, after: int = 0) -> list[bytes]:
        """The feed's lines after a position."""
        return [json.dumps(c, ensure_ascii=False).encode() + b"\n" for c in self.changes if c["seq"] > after]

    def compacted(self) -> list[bytes]:
        """The feed's lines without what a later change of the same item supersedes, as the CMS leaves them out."""
        newest = {change["id"]: change for change in self.changes}
        return [json.dumps(c, ensure_ascii=False).encode() + b"\n" for c in self.changes if newest[c["id"]] is c]

    def write(self, path: Path) -> Path:
        """Write the feed file."""
        path.write_bytes(b"".join(self.lines()))
        return path
