"""Snapshots and lines of the feed that fit the contract, to be broken in tests."""

import hashlib
import json
from typing import Any

ID = "3f2a1c9e-5b7d-4e8f-9a0b-1c2d3e4f5a6b"
UNIT = "11111111-2222-4333-8444-555555555555"


def snapshot(**values: Any) -> dict[str, Any]:
    """A document with everything a snapshot may have."""
    return {
        "schema": 1,
        "id": ID,
        "kind": "document",
        "audience": "public",
        "path": "/van-ban/nghi-quyet-71-nq-tw/",
        "title": "Nghị quyết về đột phá phát triển giáo dục và đào tạo",
        "summary": "Tóm tắt.",
        "body": "<p>Căn cứ Điều lệ Đảng;</p>",
        "unit": {"id": UNIT, "name": "Tỉnh ủy Sơn Hà", "level": 1, "ancestors": []},
        "topics": [{"slug": "to-chuc", "name": "Tổ chức"}],
        "published_at": "2026-11-22T08:00:00Z",
        "updated_at": "2026-11-22T09:30:00Z",
        "revision": 42,
        "document": {
            "type": "nghi-quyet",
            "number": "71-NQ/TW",
            "issuer": "Bộ Chính trị",
            "signer": "Nguyễn Văn An",
            "signer_role": "Bí thư",
            "issued_on": "2025-08-22",
            "effective_from": None,
            "effective_to": None,
        },
        "provisions": [
            provision("chuong-i", "chuong", "Chương I"),
            provision("dieu-1", "dieu", "Điều 1", parent="chuong-i"),
            provision("dieu-1-khoan-1", "khoan", "1.", parent="dieu-1"),
        ],
        "relations": [{"verb": "amends", "number": "18-NQ/TW", "target": None, "anchor": None}],
        "attachments": [
            {
                "name": "Phụ lục.pdf",
                "url": "/api/v1/files/abc/",
                "media_type": "application/pdf",
                "size": 120034,
                "sha256": "0" * 64,
                "text": "",
            }
        ],
        "image": {
            "alt": "Quang cảnh hội nghị",
            "renditions": [{"url": "anh.webp", "width": 640, "height": 360, "media_type": "image/webp"}],
        },
        "source": {"name": "Báo Nhân Dân", "url": "https://nhandan.example/bai"},
        **values,
    }


def provision(anchor: str, kind: str, label: str, parent: str | None = None) -> dict[str, Any]:
    return {"anchor": anchor, "kind": kind, "label": label, "heading": "", "parent": parent, "body": "<p>Nội dung.</p>"}


def sha256(value: Any) -> str:
    """The hash by another road than the contract's own: keys sorted by hand."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def canonical(value: Any) -> str:
    """RFC 8785 written out for the values the contract uses."""
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}:{canonical(value[key])}" for key in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def change(content: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """A publish line around a snapshot, with the right hash."""
    content = snapshot() if content is None else content
    return {
        "seq": 17,
        "op": "publish",
        "id": ID,
        "at": "2026-11-22T09:30:00Z",
        "sha256": sha256(content),
        "snapshot": content,
        **values,
    }


def line(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()
