"""Writes releases as the publisher does, from small items; layout in contract/release.py."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import brotli

from contract.addresses import PREFIXES
from contract.canonical import canonical_json
from contract.models import Attachment, Audience, DocumentFacts, Provision, Snapshot, Topic, Unit
from contract.normalising import normalise, normalise_line
from contract.numbers import canonical_number
from contract.release import (
    CHANGES,
    CURRENT,
    FILES,
    MANIFEST,
    RECORDS,
    RELEASES,
    SHARD_ITEMS,
    SITE_FACTS,
    Manifest,
    ManifestItem,
    NavigationLink,
    Record,
    ReleaseChanges,
    ShardItems,
    SiteFacts,
    gone_path,
    page_path,
    record_path,
)
from contract.shards import record_shard
from contract.slugs import slugify
from contract.vocabulary import Kind, ProvisionKind, Status, document_type_named
from tests.search.shared_directories import lay_out, point_to

SPACE = UUID("6d0a1f1e-0000-4000-8000-000000000000")
PROVINCE = Unit(id=UUID(int=1), name="Tỉnh ủy Thái Nguyên", level=1)
WARD = Unit(id=UUID(int=2), name="Đảng ủy phường Phan Đình Phùng", level=2, ancestors=(UUID(int=1),))
PUBLISHED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

DEMO_SITE = SiteFacts(
    name="Trang thông tin Đảng bộ tỉnh",
    tagline="Đoàn kết",
    base_url="https://danguy.example.vn",
    navigation=(NavigationLink(title="Văn bản", path="/van-ban/"),),
)


def identity(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(SPACE, name)


def item(
    name: str,
    title: str,
    *,
    body: str = "",
    kind: Kind = Kind.NEWS,
    seq: int = 1,
    status: Status | None = None,
    audience: Audience = Audience.PUBLIC,
    unit: Unit = PROVINCE,
    document: DocumentFacts | None = None,
    provisions: Iterable[Provision] = (),
    attachment_text: str = "",
    topics: tuple[Topic, ...] = (),
) -> Record:
    """A record of one item."""
    files = ()
    if attachment_text:
        sha = hashlib.sha256(attachment_text.encode()).hexdigest()
        files = (
            Attachment(
                name="phu-luc.pdf",
                url=f"/{sha}",
                media_type="application/pdf",
                size=1,
                sha256=sha,
                text=attachment_text,
            ),
        )
    snapshot = Snapshot(
        id=identity(name),
        kind=kind,
        audience=audience,
        path=f"{PREFIXES[kind]}{name}/",
        title=title,
        body=f"<p>{body}</p>" if body and not body.startswith("<") else body,
        unit=unit,
        topics=topics,
        published_at=PUBLISHED,
        updated_at=PUBLISHED,
        revision=seq,
        document=document,
        provisions=tuple(provisions),
        attachments=files,
    )
    return Record(id=snapshot.id, seq=seq, sha256=snapshot.sha256, path=snapshot.path, snapshot=snapshot, status=status)


def document(
    name: str,
    title: str,
    number: str,
    *,
    document_type: str = "nghi-quyet",
    issuer: str = "Ban Chấp hành Trung ương",
    issued_on: date = date(2022, 6, 16),
    status: Status = Status.IN_FORCE,
    **more: Any,
) -> Record:
    """A record of an official document."""
    facts = DocumentFacts(type=document_type, number=number, issuer=issuer, issued_on=issued_on)
    return item(name, title, kind=Kind.DOCUMENT, document=facts, status=status, **more)


def provision(
    kind: ProvisionKind, label: str, body: str = "", heading: str = "", parent: str | None = None
) -> Provision:
    """A provision whose anchor follows from its label and parent."""
    words = {ProvisionKind.CLAUSE: "khoan-", ProvisionKind.POINT: "diem-"}.get(kind, "")
    anchor = "-".join(filter(None, (parent, f"{words}{slugify(label)}")))
    return Provision(
        anchor=anchor, kind=kind, label=label, heading=heading, parent=parent, body=f"<p>{body}</p>" if body else ""
    )


def write_release(
    site: Path,
    records: Iterable[Record],
    *,
    name: str | None = None,
    seq: int | None = None,
    changes: bool = True,
    pages: dict[str, str] | None = None,
    gone: Iterable[str] = (),
    files: dict[str, bytes] | None = None,
    switch: bool = True,
) -> str:
    """Write a release that holds `records` and point `current` to it; returns its name.

    `pages` and `gone` go by address, `files` by the path below ``/tep/``.
    """
    records = list(records)
    gone = list(gone)
    name = name or f"r{len(list((site / RELEASES).glob('*'))) + 1:08d}"
    content = {record_path(r.id): record_bytes(r) for r in records}
    items = {
        r.id: ManifestItem(path=r.path, record=hashlib.sha256(content[record_path(r.id)]).hexdigest()) for r in records
    }
    content |= _item_lists(items)
    for address, text in (pages or {}).items():
        content |= page_files(address, text)
    content |= {gone_path(address): b"" for address in gone}
    content |= {f"{FILES}/{path}": data for path, data in (files or {}).items()}
    before = _items(site / CURRENT) if changes else {}
    trees = lay_out(site, name, content)
    directory = site / RELEASES / name
    if changes:
        _write(directory / CHANGES, _changes(site, before, items))
    _write(directory / SITE_FACTS, DEMO_SITE.model_dump(mode="json"))
    manifest = Manifest(
        release=name,
        seq=seq if seq is not None else max((r.seq for r in records), default=1),
        day=date(2026, 11, 22),
        items=len(items),
        pages=len(pages or {}),
        gone=len(gone),
        trees=trees,
    )
    _write(directory / MANIFEST, manifest.model_dump(mode="json", by_alias=True))
    if switch:
        point_to(site, name)
    return name


def release_of_another_layout(site: Path) -> str:
    """Point `current` to a release as an earlier version of the publisher laid it out; returns its name."""
    name = f"r{len(list((site / RELEASES).glob('*'))) + 1:08d}"
    directory = site / RELEASES / name
    (directory / "pages").mkdir(parents=True)
    (directory / RECORDS).mkdir()
    (directory / "pages/index.html").write_text("trang chủ")
    _write(directory / SITE_FACTS, DEMO_SITE.model_dump(mode="json"))
    _write(directory / MANIFEST, {"schema": 1, "release": name, "seq": 1, "day": "2026-11-22", "items": {}})
    point_to(site, name)
    return name


def page_files(address: str, text: str) -> dict[str, bytes]:
    """The page at `address` and its compressed copies, by their paths below the release."""
    path, data = page_path(address), text.encode()
    return {path: data, f"{path}.gz": gzip.compress(data, mtime=0), f"{path}.br": brotli.compress(data)}


def corpus_records(lines: Iterable[str]) -> Iterator[Record]:
    """Records of the real documents in ``documents.jsonl``; articles are split on lines that start with "Điều N."."""
    for seq, line in enumerate(lines, start=1):
        raw = json.loads(line)
        kind = document_type_named(raw["doc_type"] or "")
        facts = DocumentFacts(
            type=kind.slug if kind else "khac",
            number=canonical_number(raw["number"])[:80] if raw["number"] else None,
            issuer=normalise_line(raw["issuer"])[:300] if raw["issuer"] else None,
            issued_on=raw["issue_date"],
        )
        text = normalise(raw["text"])
        yield item(
            f"{slugify(raw['title'])[:60].rstrip('-')}-{raw['id']}",
            normalise_line(raw["title"])[:1000],
            kind=Kind.DOCUMENT,
            document=facts,
            body="" if raw["n_dieu"] else _paragraphs(text),
            provisions=_articles(text) if raw["n_dieu"] else (),
            seq=seq,
            status=Status.IN_FORCE,
            unit=PROVINCE if seq % 2 else WARD,
        )


def _articles(text: str) -> Iterator[Provision]:
    seen: set[str] = set()
    for part in re.split(r"(?m)^(?=Điều \d+[a-z]?\.)", text)[1:]:
        head, _, rest = part.partition("\n")
        label, _, heading = head.partition(".")
        if slugify(label) not in seen:
            seen.add(slugify(label))
            body = _paragraphs(rest or heading)
            yield Provision(
                anchor=slugify(label),
                kind=ProvisionKind.ARTICLE,
                label=label,
                heading=heading.strip()[:2000],
                body=body,
            )


def _paragraphs(text: str) -> str:
    return "".join(
        f"<p>{line.replace('&', '&amp;').replace('<', '&lt;')}</p>" for line in text.splitlines() if line.strip()
    )


def record_bytes(record: Record) -> bytes:
    """A record as it lies in the release."""
    data = record.model_dump(mode="json", by_alias=True)
    data["snapshot"] = record.snapshot.to_json()
    return canonical_json(data)


def _item_lists(items: dict[UUID, ManifestItem]) -> dict[str, bytes]:
    shards: dict[str, dict[UUID, ManifestItem]] = {}
    for item, entry in items.items():
        shards.setdefault(record_shard(item), {})[item] = entry
    return {
        f"{RECORDS}/{shard}/{SHARD_ITEMS}": canonical_json(ShardItems(items=listed).model_dump(mode="json"))
        for shard, listed in shards.items()
    }


def _items(release: Path) -> dict[UUID, ManifestItem]:
    found: dict[UUID, ManifestItem] = {}
    for file in (release / RECORDS).glob(f"*/*/{SHARD_ITEMS}"):
        found |= ShardItems.model_validate_json(file.read_bytes()).items
    return found


def _changes(site: Path, before: dict[UUID, ManifestItem], items: dict[UUID, ManifestItem]) -> dict[str, Any]:
    current = site / CURRENT
    changes = ReleaseChanges(
        since=current.readlink().name if current.is_symlink() else None,
        upserted=tuple(sorted(item for item, entry in items.items() if before.get(item) != entry)),
        removed=tuple(sorted(before.keys() - items.keys())),
    )
    return changes.model_dump(mode="json")


def _write(file: Path, data: Any) -> None:
    file.write_bytes(canonical_json(data))
