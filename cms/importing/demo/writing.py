"""Writes the demo's items as drafts of their boards and takes them through the workflow."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from django.core.files.base import ContentFile
from django.utils.html import escape
from docx.oxml import OxmlElement
from wagtail.models import PageViewRestriction

from cms.content.files import FileAsset
from cms.content.models import DocumentPage, GuidancePage, NewsPage, Topic, VocabularyPage
from cms.importing.demo.boards import Boards
from cms.importing.demo.reading import Demo, DemoFile, DemoItem
from cms.importing.intake import Intake, find_document, fitting_title, relation_value
from contract.vocabulary import Audience, Kind

_MODELS = {Kind.NEWS: NewsPage, Kind.DOCUMENT: DocumentPage, Kind.GUIDANCE: GuidancePage}


def write_items(demo: Demo, boards: Boards) -> Iterator[Any]:
    """Add each item that is not there yet; yields the page, or None for those that are."""
    for item in demo.items:
        model = _MODELS[item.kind]
        if model.objects.filter(slug=item.slug).exists():
            yield None
            continue
        page = model(**_values(item), **_attachments(item, boards))
        page.pending_topics = list(Topic.objects.filter(slug__in=item.topics))
        restricted = item.audience is not Audience.PUBLIC
        approver = None if restricted else boards.approvers[item.unit]
        page = Intake(boards.units[item.unit], boards.editors[item.unit], approver).take(page)
        if restricted:
            PageViewRestriction.objects.create(page=page, restriction_type=PageViewRestriction.LOGIN)
            Intake.take_through(page, boards.editors[item.unit], boards.approvers[item.unit])
        yield page


def write_terms(demo: Demo, boards: Boards) -> VocabularyPage | None:
    """Add the search terms of the top unit; None when they are there."""
    if VocabularyPage.objects.exists():
        return None
    page = VocabularyPage(
        title="Từ ngữ tìm kiếm",
        summary="Những từ viết tắt, từ đồng nghĩa và tên gọi khác của văn bản mà ô tìm kiếm hiểu.",
        terms=[(term.kind.value, term.model_dump(exclude={"kind"}, exclude_none=True)) for term in demo.terms],
    )
    top = next(unit.slug for unit in demo.units if unit.parent is None)
    return Intake(boards.units[top], boards.editors[top], boards.approvers[top]).take(page)


def _attachments(item: DemoItem, boards: Boards) -> dict[str, Any]:
    if item.file is None:
        return {}
    asset = FileAsset(title=item.file.name, collection=boards.units[item.unit].board_group.collection)
    asset.file.save(item.file.name, ContentFile(_word_file(item.file)), save=True)
    return {"attachments": [("file", asset)]}


def _word_file(file: DemoFile) -> bytes:
    document = docx.Document()
    for number, page in enumerate(file.pages):
        for line in page.splitlines():
            document.add_paragraph(line)
        if number < len(file.pages) - 1:
            # With the note that Word leaves where it last broke a page: what reads the file later goes by it.
            document.add_page_break().runs[0]._r.append(OxmlElement("w:lastRenderedPageBreak"))
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def _values(item: DemoItem) -> dict[str, Any]:
    title, full_title = fitting_title(item.title)
    values: dict[str, Any] = {"title": title, "slug": item.slug, "summary": item.summary}
    if item.kind is Kind.DOCUMENT:
        values |= {
            "full_title": full_title,
            "text": item.text,
            "document_type": item.type,
            "number": item.number or "",
            "issuer": item.issuer or "",
            "signer": item.signer or "",
            "signer_role": item.signer_role or "",
            "issued_on": item.issued_on,
            "effective_from": item.effective_from,
            "effective_to": item.effective_to,
        }
    else:
        values["body"] = _html(item)
    if item.kind is Kind.NEWS:
        values |= {
            "dated_at": item.published_at,
            "source_name": item.source_name or "",
            "source_url": item.source_url or "",
        }
    else:
        values["relations"] = [
            relation_value(relation.verb.value, relation.number, find_document(relation.number, relation.issued_on))
            for relation in item.relations
        ]
    return values


def _html(item: DemoItem) -> str:
    """Paragraphs as HTML; a short one without a full stop at its end is a heading."""
    return "".join(
        f"<h2>{escape(text)}</h2>" if len(text) <= 90 and text[-1] not in '.:;!?…”"' else f"<p>{escape(text)}</p>"
        for text in item.paragraphs
    )
