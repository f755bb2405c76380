"""A page as the values of its snapshot: what is hashed when it is approved, and what goes out.

`approved_content` holds everything an approver answers for. Where the item stands in the tree and when it went live are
not part of it, so that moving an item needs no second approval of the same text.
"""

from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from wagtail.models import Page

from cms.content.base import ContentPage
from cms.content.files import FileAsset, Picture, media_type, sha256_of_file
from cms.content.models import DocumentPage, GuidancePage, NewsPage, VocabularyPage
from cms.content.search_terms import term_of
from cms.content.structure import ParsedDocument
from cms.ledger.models import PublishedItem
from cms.units.boards import may_use_file
from contract.canonical import sha256_of
from contract.html import sanitise
from contract.models import utc_text
from contract.normalising import normalise_line
from contract.vocabulary import ProvisionKind

# The only sizes that exist: an open-ended filter would let anyone make the server render any number of sizes.
PICTURE_FILTERS = ("width-320|format-webp", "width-640|format-webp", "width-1280|format-webp")


@dataclass(frozen=True)
class StoredFile:
    """Bytes a snapshot refers to and where they lie in the private storage."""

    sha256: str
    media_type: str
    size: int
    file: Any


@dataclass
class PublishedForm:
    """Snapshot values of a page, and the files they speak of."""

    content: dict[str, Any]
    files: list[StoredFile] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """Hash of what is approved."""
        return sha256_of(self.content)


def file_url(sha256: str) -> str:
    """Where the publisher fetches published bytes, below the host of the feed."""
    return f"/api/v1/files/{sha256}/"


def published_form(page: Page) -> PublishedForm:
    """The published form of a specific page as it stands in memory (a revision or the live page)."""
    form = PublishedForm(
        {
            "kind": page.kind.value,
            "path": page.address,
            "title": getattr(page, "full_title", "") or page.title,
            "summary": page.summary,
            "body": sanitise(page.snapshot_body()),
            "topics": [],
            "attachments": [],
        }
    )
    _add_details(page, form)
    return form


@singledispatch
def _add_details(page: ContentPage, form: PublishedForm) -> None:
    """Add what only this kind of page has. Nothing, for units and plain pages."""


@_add_details.register
def _(page: NewsPage, form: PublishedForm) -> None:
    _add_topics(page, form)
    _add_attachments(page, form)
    form.content["dated_at"] = utc_text(page.dated_at) if page.dated_at else None
    if page.source_name:
        form.content["source"] = {"name": page.source_name, "url": page.source_url or None}
    if page.picture_id and may_use_file(page, page.picture):
        form.content["image"] = {"alt": page.picture_alt, "renditions": _renditions(page.picture, form)}


@_add_details.register
def _(page: DocumentPage, form: PublishedForm) -> None:
    _add_topics(page, form)
    _add_attachments(page, form)
    form.content["document"] = {
        "type": page.document_type,
        "number": page.number or None,
        "issuer": page.issuer or None,
        "signer": page.signer or None,
        "signer_role": page.signer_role or None,
        "issued_on": _day(page.issued_on),
        "effective_from": _day(page.effective_from),
        "effective_to": _day(page.effective_to),
    }
    form.content["provisions"] = _provisions(page.structure())
    form.content["relations"] = _relations(page)
    if page.source_name:
        form.content["source"] = {"name": page.source_name, "url": page.source_url or None}


@_add_details.register
def _(page: GuidancePage, form: PublishedForm) -> None:
    _add_topics(page, form)
    _add_attachments(page, form)
    form.content["document"] = None
    form.content["provisions"] = []
    form.content["relations"] = _relations(page)


@_add_details.register
def _(page: VocabularyPage, form: PublishedForm) -> None:
    form.content["terms"] = [term_of(block) for block in page.terms]


def _provisions(parsed: ParsedDocument) -> list[dict[str, Any]]:
    provisions = [provision.model_dump(mode="json") for provision in parsed.provisions]
    if parsed.closing_html:
        provisions.append(
            {
                "anchor": "phan-ket",
                "kind": ProvisionKind.CLOSING.value,
                "label": "Phần kết",
                "heading": "",
                "parent": None,
                "body": parsed.closing_html,
            }
        )
    return provisions


def _relations(page: DocumentPage | GuidancePage) -> list[dict[str, Any]]:
    relations = []
    for block in page.relations:
        # Only what was published may be spoken of: a draft of another unit is nobody's business.
        page_id = getattr(block.value.get("target"), "pk", None)
        target = PublishedItem.objects.filter(page_id=page_id).first() if page_id else None
        number = block.value.get("number") or (target.number if target else "") or None
        if number or target:
            relations.append(
                {
                    "verb": block.value["verb"],
                    "number": number,
                    "target": str(target.uuid) if target else None,
                    "anchor": block.value.get("anchor") or None,
                }
            )
    return relations


def _add_topics(page: NewsPage | DocumentPage | GuidancePage, form: PublishedForm) -> None:
    topics = sorted(page.topics.all(), key=lambda topic: topic.slug)
    form.content["topics"] = [{"slug": topic.slug, "name": topic.name} for topic in topics]


def _add_attachments(page: NewsPage | DocumentPage | GuidancePage, form: PublishedForm) -> None:
    for block in page.attachments:
        asset: FileAsset = block.value
        if asset is None or not may_use_file(page, asset):  # deleted meanwhile, or another unit's
            continue
        sha256 = sha256_of_file(asset.file)
        type_ = media_type(asset.file.name)
        form.files.append(StoredFile(sha256, type_, asset.file.size, asset.file))
        form.content["attachments"].append(
            {
                "name": _file_name(asset),
                "url": file_url(sha256),
                "media_type": type_,
                "size": asset.file.size,
                "sha256": sha256,
                "text": "",
            }
        )


def _file_name(asset: FileAsset) -> str:
    title = normalise_line(asset.title).replace("/", "-").replace("\\", "-") or "tep"
    extension = asset.file_extension
    return title if not extension or title.lower().endswith(f".{extension}") else f"{title}.{extension}"


def _renditions(picture: Picture, form: PublishedForm) -> list[dict[str, Any]]:
    renditions: dict[int, dict[str, Any]] = {}
    for spec in PICTURE_FILTERS:
        rendition = picture.get_rendition(spec)
        if rendition.width in renditions:  # a small original has one size only
            continue
        sha256 = sha256_of_file(rendition.file)
        form.files.append(StoredFile(sha256, "image/webp", rendition.file.size, rendition.file))
        renditions[rendition.width] = {
            "url": file_url(sha256),
            "width": rendition.width,
            "height": rendition.height,
            "media_type": "image/webp",
            "sha256": sha256,
        }
    return list(renditions.values())


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None
