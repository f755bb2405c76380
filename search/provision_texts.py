"""A document's structure as search sees it: what each provision says, how it is cited, and which article it is in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contract.folding import fold
from contract.html import plain_text
from contract.models import Provision
from contract.vocabulary import ProvisionKind

# How a level reads in a citation when the label itself is only "2." or "a)".
_TERMS = {
    ProvisionKind.PART: "phần",
    ProvisionKind.CHAPTER: "chương",
    ProvisionKind.SECTION: "mục",
    ProvisionKind.ARTICLE: "điều",
    ProvisionKind.CLAUSE: "khoản",
    ProvisionKind.SUBCLAUSE: "tiểu mục",
    ProvisionKind.POINT: "điểm",
    ProvisionKind.APPENDIX: "phụ lục",
}
_CITED_WITHOUT_TEXT = (ProvisionKind.CLAUSE, ProvisionKind.SUBCLAUSE)
_ORDINAL = re.compile(r"[a-z0-9]+(?:\.[0-9]+)*")
_LETTER_FIRST = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class ProvisionText:
    """One searchable provision. `label` is a citation ("Điều 5, khoản 2"), `citation` its folded key."""

    anchor: str
    article: str
    ancestors: tuple[str, ...]
    label: str
    citation: str
    heading: str
    text: str


def provision_texts(provisions: tuple[Provision, ...]) -> Iterator[ProvisionText]:
    """The provisions that have text of their own; an article's text holds that of its clauses and points too, and so
    does that of a clause which is nothing but a title over its points.

    A question is often answered by a whole article and by no clause alone, so the article is a row of its own; when
    one clause answers, its row is the better one.
    """
    by_anchor = {provision.anchor: provision for provision in provisions}
    below = _texts_below(provisions)
    for provision in provisions:
        text = _text(provision, below[provision.anchor])
        if (not text and not provision.heading) or (not text and below[provision.anchor]):
            continue
        chain = _chain(provision, by_anchor)
        cited = _cited_part(chain)
        article = next((p for p in chain if p.kind is ProvisionKind.ARTICLE), provision)
        yield ProvisionText(
            anchor=provision.anchor,
            article=article.anchor,
            ancestors=tuple(p.anchor for p in chain[:-1]),
            label=_citation_text(cited),
            citation=citation_key((p.kind, ordinal(p)) for p in cited),
            heading=provision.heading or article.heading,
            text=text,
        )


def _text(provision: Provision, below: list[str]) -> str:
    """What a provision says. A title over other provisions says nothing that they do not say better, but clauses are
    asked for by number."""
    own = plain_text(provision.body)
    if provision.kind is ProvisionKind.ARTICLE:
        return "\n".join(part for part in (own, *below) if part)
    if own or not below:
        return own or provision.heading
    return "\n".join(below) if provision.kind in _CITED_WITHOUT_TEXT else ""


def ordinal(provision: Provision) -> str:
    """The number or letter of a provision, folded: ``5`` for "Điều 5.", ``a`` for "a)", ``iii`` for "Chương III"."""
    words = _ORDINAL.findall(fold(provision.label))
    return words[-1] if words else fold(provision.label)


def citation_key(parts: Iterator[tuple[ProvisionKind, str]]) -> str:
    """``dieu-5/khoan-2``: equal for equal citations, whoever wrote them."""
    return "/".join(f"{kind.value}-{number}" for kind, number in parts)


def _texts_below(provisions: tuple[Provision, ...]) -> dict[str, list[str]]:
    """For each anchor the texts of everything inside it, in reading order."""
    parents = {provision.anchor: provision.parent for provision in provisions}
    below: dict[str, list[str]] = {provision.anchor: [] for provision in provisions}
    for provision in provisions:
        text = " ".join(filter(None, (provision.heading, plain_text(provision.body))))
        parent = provision.parent
        while text and parent is not None:
            below[parent].append(text)
            parent = parents[parent]
    return below


def _chain(provision: Provision, by_anchor: dict[str, Provision]) -> list[Provision]:
    chain = [provision]
    while (parent := chain[0].parent) is not None:
        chain.insert(0, by_anchor[parent])
    return chain


def _cited_part(chain: list[Provision]) -> list[Provision]:
    """Articles are numbered through the whole document, so nobody cites the chapter around one."""
    for place, provision in enumerate(chain):
        if provision.kind is ProvisionKind.ARTICLE:
            return chain[place:]
    return chain


def _citation_text(chain: list[Provision]) -> str:
    parts = [_named(provision) for provision in chain]
    first, *rest = parts
    return ", ".join((first[:1].upper() + first[1:], *(part[:1].lower() + part[1:] for part in rest)))


def _named(provision: Provision) -> str:
    label = provision.label.strip().rstrip(".):").strip()
    return label if _LETTER_FIRST.match(label) and not _is_roman(label) else f"{_TERMS[provision.kind]} {label}"


def _is_roman(label: str) -> bool:
    return re.fullmatch(r"[IVXLC]+", label) is not None
