"""A release record as rows of the two indexes: flat values, normalised text, nothing that needs a join."""

from collections.abc import Iterator
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

from contract.addresses import FILES_PATH
from contract.files import attachment_file
from contract.folding import fold
from contract.html import plain_text
from contract.models import PAGE_BREAK, Attachment, Snapshot
from contract.normalising import normalise
from contract.numbers import number_key
from contract.release import Record
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, STATUS_LABELS, VERB_TERMS, Verb
from search.provision_texts import provision_texts

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

# More pages of one file are a book, which is found by its first ones.
PAGES_OF_A_FILE = 300

Row = dict[str, Any]

# What another document does to this one so that a reader must know of it before reading on.
SUPERSEDING = {VERB_TERMS[verb].inverse for verb in (Verb.AMENDS, Verb.REPLACES, Verb.REPEALS)}


def document_row(record: Record, record_hash: str) -> Row:
    """The row of an item in the index of documents: what it is, and all its text."""
    snapshot = record.snapshot
    headings = [f"{provision.label} {provision.heading}" for provision in snapshot.provisions if provision.heading]
    return {
        **_facts(record, record_hash),
        "summary": normalise(snapshot.summary),
        "title": normalise(snapshot.title),
        "heading": normalise("\n".join(headings)),
        "text": full_text(snapshot),
        "attachments": normalise("\n".join(_name_and_text(file) for file in snapshot.attachments)),
    }


def provision_rows(record: Record, record_hash: str) -> Iterator[Row]:
    """The rows of an item in the index of provisions: its provisions, and the pages of its attachments."""
    facts = _facts(record, record_hash)
    for provision in provision_texts(record.snapshot.provisions):
        yield {
            **facts,
            "anchor": provision.anchor,
            "article": f"{record.id}#{provision.article}",
            "is_article": provision.article == provision.anchor,
            "ancestors": list(provision.ancestors),
            "label": normalise(provision.label),
            "link": f"{record.path}#{provision.anchor}",
            "citation": provision.citation,
            "title": normalise(record.snapshot.title),
            "heading": normalise(provision.heading),
            "text": normalise(provision.text),
        }
    yield from _page_rows(record, facts)


def _page_rows(record: Record, facts: Row) -> Iterator[Row]:
    """Pages of attachments are found and led to like clauses."""
    for number, attachment in enumerate(record.snapshot.attachments, start=1):
        address = FILES_PATH + attachment_file(attachment)
        pages = attachment.text.split(PAGE_BREAK)
        for page, text in enumerate(pages[:PAGES_OF_A_FILE], start=1):
            if not text.strip():
                continue
            anchor = f"tep-{number}-trang-{page}"
            opens_at_page = attachment.media_type == "application/pdf"
            yield {
                **facts,
                "anchor": anchor,
                "article": f"{record.id}#{anchor}",
                "is_article": True,
                "ancestors": [],
                "label": f"{normalise(attachment.name)}, trang {page}"
                if len(pages) > 1
                else normalise(attachment.name),
                "link": f"{address}#page={page}" if opens_at_page else address,
                "citation": None,
                "title": normalise(record.snapshot.title),
                "heading": "",
                "text": normalise(text),
            }


def full_text(snapshot: Snapshot) -> str:
    """Everything an item says on its page, as normalised plain text."""
    parts = [snapshot.summary, plain_text(snapshot.body)]
    for provision in snapshot.provisions:
        parts += [f"{provision.label} {provision.heading}".strip(), plain_text(provision.body)]
    return normalise("\n".join(part for part in parts if part))


def _name_and_text(attachment: Attachment) -> str:
    return f"{attachment.name}\n{attachment.text.replace(PAGE_BREAK, chr(10))}"


def number_prefixes(number: str | None) -> list[str]:
    """The keys under which a number is found half typed: ``30``, ``30-2020``, ``30-2020-nd``, ``30-2020-nd-cp``."""
    tokens = number_key(number or "").split("-")
    return ["-".join(tokens[:length]) for length in range(1, len(tokens) + 1)] if tokens[0] else []


def issuer_key(issuer: str) -> str:
    """The spelling-free form in which issuers are compared."""
    return " ".join(fold(issuer).split())


def shown_date(snapshot: Snapshot) -> date:
    """The day an item counts for: when it was issued, else when it was published in Viet Nam."""
    issued = snapshot.document.issued_on if snapshot.document else None
    return issued or snapshot.published_at.astimezone(VIETNAM).date()


def result_facts(record: Record) -> Row:
    """What a result shows of its item, in the answer's own words."""
    snapshot, document = record.snapshot, record.snapshot.document
    document_type = DOCUMENT_TYPE_BY_SLUG[document.type] if document else None
    return {
        "id": str(record.id),
        "kind": snapshot.kind.value,
        "url": record.path,
        "title": normalise(snapshot.title),
        "number": document.number if document else None,
        "type": document_type.slug if document_type else None,
        "type_name": document_type.name if document_type else None,
        "issuer": document.issuer if document else None,
        "issued_on": document.issued_on.isoformat() if document and document.issued_on else None,
        "status": record.status.value if record.status else None,
        "status_label": STATUS_LABELS[record.status] if record.status else None,
        "superseded_by": [
            {"label": end.label, "number": end.number, "title": normalise(end.title or ""), "url": end.path}
            for end in record.incoming
            if end.verb in SUPERSEDING
        ],
    }


def named(value: str, label: str) -> str:
    """A value with what readers call it; see `value_and_label`."""
    return f"{value}\t{label}"


def value_and_label(text: str) -> tuple[str, str]:
    """What `named` put together."""
    value, _, label = text.partition("\t")
    return value, label


def _facts(record: Record, record_hash: str) -> Row:
    """What both indexes hold to filter, count, sort and show."""
    snapshot, shown = record.snapshot, result_facts(record)
    day = shown_date(snapshot)
    units = record.unit_path or ()
    return {
        **shown,
        "record": record_hash,
        "number_key": number_key(shown["number"]) if shown["number"] else None,
        "number_prefixes": number_prefixes(shown["number"]),
        "issuer_key": issuer_key(shown["issuer"]) if shown["issuer"] else None,
        "year": day.year,
        "day": day.isoformat(),
        "published_at": snapshot.published_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "level": snapshot.unit.level,
        "unit_named": named(str(snapshot.unit.id), units[-1].name if units else snapshot.unit.name),
        "topics_named": [named(topic.slug, topic.name) for topic in snapshot.topics],
        "units": [str(unit) for unit in (*snapshot.unit.ancestors, snapshot.unit.id)],
        "topics": [topic.slug for topic in snapshot.topics],
    }
