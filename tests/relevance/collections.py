"""What is searched here: the real documents of ``../shared/corpus`` as the CMS reads them, and the demo content."""

from collections.abc import Iterator
from pathlib import Path

from cms.content.structure import parse_structure
from cms.importing.demo.reading import DemoItem, load_demo
from cms.importing.document_lines import ImportedDocument, read_documents
from contract.models import DocumentFacts, Term, Topic
from contract.release import Record
from contract.slugs import slugify
from contract.vocabulary import Audience, Kind, Status, TermKind
from tests.search.factories import item

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "documents.jsonl"

_NAMES = {
    "kết luận bỏ cấp huyện": "127-KL/TW",
    "nghị quyết về xây dựng và thi hành pháp luật": "66-NQ/TW",
    "quy chế trung tâm chính trị": "1147-QĐ/BTGDVTW",
}


def real_documents() -> Iterator[Record]:
    """The real documents with the titles, articles and clauses the CMS's import finds in them."""
    with CORPUS.open("rb") as lines:
        for seq, document in enumerate(read_documents(lines), start=1):
            assert isinstance(document, ImportedDocument), document
            facts = DocumentFacts(
                type=document.type, number=document.number, issuer=document.issuer, issued_on=document.issued_on
            )
            yield item(
                f"{slugify(document.title)[:60].rstrip('-')}-{document.external_id}",
                document.title,
                kind=Kind.DOCUMENT,
                document=facts,
                body=document.preamble_html,
                provisions=document.provisions,
                status=Status.IN_FORCE,
                seq=seq,
            )


def demo_items() -> Iterator[Record]:
    """The public items of the imaginary province, under the names of their files."""
    demo = load_demo()
    names = {topic.slug: topic.name for topic in demo.topics}
    for seq, content in enumerate(demo.items, start=1):
        if content.audience is Audience.PUBLIC:
            yield _demo_item(content, tuple(Topic(slug=slug, name=names[slug]) for slug in content.topics), seq)


def vocabulary() -> tuple[Term, ...]:
    """The search terms the demo's boards approved, and names of real documents as boards would teach them."""
    names = (Term(kind=TermKind.ALIAS, words=words, number=number) for words, number in _NAMES.items())
    return (*load_demo().terms, *names)


def _demo_item(content: DemoItem, topics: tuple[Topic, ...], seq: int) -> Record:
    parsed = parse_structure(content.text) if content.kind is not Kind.NEWS else None
    facts = None
    if content.kind is Kind.DOCUMENT:
        facts = DocumentFacts(
            type=content.type or "khac", number=content.number, issuer=content.issuer, issued_on=content.issued_on
        )
    return item(
        content.slug,
        content.title,
        kind=content.kind,
        document=facts,
        body=parsed.preamble_html if parsed else "".join(f"<p>{text}</p>" for text in content.paragraphs),
        provisions=parsed.provisions if parsed else (),
        topics=topics,
        status=Status.IN_FORCE if facts else None,
        seq=seq,
    )
