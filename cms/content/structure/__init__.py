"""Reads the plain text of an official document into preamble, provisions and closing.

A document is a sequence of lines. Each line either opens a provision (Chương II, Điều 5, ``1.``, ``a)``, ``II.``,
``1.1.``, Phụ lục) or belongs to the one that is open. Three rules keep look-alikes out:

* numbering must go on (khoản 3 opens only after khoản 2), so rows of flattened tables stay text;
* what stands in quotation marks is the new wording of another document and belongs to the clause that quotes it;
* the block of recipients and signature ends the document; what follows it is an attachment with anchors of its own.

No text is lost: every word is in the preamble, a label, a heading, a body or the closing.
"""

from dataclasses import dataclass

from cms.content.structure.lines import lines_of, paragraphs
from cms.content.structure.reading import MAX_HEADING, Reader
from contract.models import Provision
from contract.normalising import normalise

__all__ = ["MAX_HEADING", "ParsedDocument", "parse_structure"]


@dataclass(frozen=True)
class ParsedDocument:
    """A document taken apart. The three HTML parts hold paragraphs only and are safe to show.

    `closing_html` is the block that ends the document proper: who gets it and who signed it. Attachments (Quy chế,
    Phụ lục) follow it on paper but are provisions here.
    """

    preamble_html: str
    provisions: tuple[Provision, ...]
    closing_html: str = ""


def parse_structure(text: str) -> ParsedDocument:
    """Take the text of a document apart, in time linear in its length. Text without structure is all preamble."""
    lines = lines_of(normalise(text))
    reader = Reader(lines)
    reader.read()
    provisions = tuple(node.provision() for node in reader.tree.nodes)
    return ParsedDocument(paragraphs(reader.preamble), provisions, paragraphs(reader.closing))
