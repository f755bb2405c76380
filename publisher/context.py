"""What each template gets: the one place where an item becomes a page, used by the site and by the preview alike.

Pure; the tables of ``docs/theme.md`` say what is built here.
"""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from html import unescape
from typing import Any

from markupsafe import Markup

from contract.addresses import PREFIXES
from contract.collation import collation_key
from contract.models import Provision, Snapshot, Source, Term
from contract.release import RelatedItem, SiteFacts
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, STATUS_LABELS, TERM_KIND_LABELS, Kind
from publisher.derive import Facts
from publisher.files import attachment_files, file_address, rendition_file
from publisher.links import LINK, internal_path
from publisher.outline import Outline, kind_listing, unit_listing
from publisher.wording import HOME_TITLE, SECTION_TITLES

UNIT_CARDS = 20
HOME_CARDS = 6
# What of a page's data follows from the snapshot alone (and from which of its links lead somewhere).
FROM_SNAPSHOT = frozenset({"item", "contents", "files", "picture", "terms"})


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way from the home page to the parent of a page."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class Head:
    """What every template knows of its page."""

    path: str
    title: str
    description: str
    breadcrumbs: tuple[Crumb, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a list of links; `path` None is shown as text, `count` None is not shown."""

    title: str
    path: str | None
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Links that narrow a list by one property."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """How an item shows in a list."""

    kind: str
    path: str
    title: str
    summary: str
    published_at: datetime
    unit_name: str
    number: str | None = None
    type_name: str | None = None
    issuer: str | None = None
    issued_on: date | None = None
    status: str | None = None
    status_label: str | None = None
    source_name: str | None = None


@dataclass(frozen=True, slots=True)
class FileLink:
    """An attachment to download; `size` in bytes."""

    name: str
    path: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class PictureSource:
    """One size of a picture, in pixels."""

    path: str
    width: int
    height: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its description, the smallest size first."""

    alt: str
    sources: tuple[PictureSource, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A provision with the provisions inside it."""

    anchor: str
    kind: str
    label: str
    heading: str
    body: Markup
    children: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RelationGroup:
    """Relations that read the same."""

    label: str
    links: list[RelatedItem]


@dataclass(frozen=True, slots=True)
class TermGroup:
    """Search terms of one kind, in the order of a dictionary."""

    kind: str
    label: str
    terms: list[Term]


def card(facts: Facts, outline: Outline) -> Card:
    """The card of an item."""
    status = facts.status(outline)
    return Card(
        kind=outline.kind.value,
        path=outline.path,
        title=outline.title,
        summary=outline.summary,
        published_at=outline.published_at,
        unit_name=facts.unit_name(outline),
        number=outline.number,
        type_name=_type_name(outline.type),
        issuer=outline.issuer,
        issued_on=outline.issued_on,
        status=status.value if status else None,
        status_label=STATUS_LABELS[status] if status else None,
        source_name=outline.source_name,
    )


def item_data(
    facts: Facts, site: SiteFacts, snapshot: Snapshot, dead: Container[str], with_files: bool = True
) -> dict[str, Any]:
    """Everything the template of an item gets.

    Links to the addresses `dead` are turned into text. `with_files` False leaves files unlinked, as in a preview.
    """
    shown = _without_dead_links(snapshot, site, dead) if dead else snapshot
    outline = Outline.of(snapshot)
    breadcrumbs = _item_breadcrumbs(facts, outline)
    data: dict[str, Any] = {
        "site": site,
        "page": Head(snapshot.path, snapshot.title, snapshot.summary, breadcrumbs, snapshot.kind.value),
        "item": shown,
        "units": [Link(link.name, link.path) for link in facts.unit_path(outline)],
    }
    if snapshot.kind is Kind.UNIT:
        return data | _unit_data(facts, outline)
    data["files"] = _file_links(snapshot, with_files)
    data["picture"] = _picture(snapshot) if with_files else None
    if snapshot.kind in (Kind.DOCUMENT, Kind.GUIDANCE):
        data |= _document_data(facts, outline, shown)
    elif snapshot.kind is Kind.PAGE:
        data["terms"] = _term_groups(snapshot.terms)
    return data


def contents(provisions: Iterable[Provision]) -> list[Node]:
    """The provisions as a tree, in reading order."""
    roots: list[Node] = []
    nodes: dict[str, Node] = {}
    for p in provisions:
        # The body was sanitised when it entered the replica; a draft's is before it is rendered.
        node = Node(p.anchor, p.kind.value, p.label, p.heading, Markup(p.body))  # noqa: S704
        nodes[p.anchor] = node
        (nodes[p.parent].children if p.parent else roots).append(node)
    return roots


def newest(facts: Facts, listing: str, count: int) -> list[Card]:
    """The cards of the newest items of a list, newest first."""
    return [card(facts, outline) for outline in facts.newest(listing, count)]


def unit_links(facts: Facts, parent: str | None) -> list[Link]:
    """Links to the units right below `parent`, or to the top ones, by name."""
    return [Link(unit.title, unit.path) for unit in facts.children(parent)]


def home_data(facts: Facts, site: SiteFacts) -> dict[str, Any]:
    """What the home page shows."""
    return {
        "site": site,
        "page": Head("/", site.name, site.tagline, (), "home"),
        "news": newest(facts, kind_listing(Kind.NEWS), HOME_CARDS),
        "documents": newest(facts, kind_listing(Kind.DOCUMENT), HOME_CARDS),
        "guidance": newest(facts, kind_listing(Kind.GUIDANCE), HOME_CARDS),
        "units": unit_links(facts, None),
    }


def notice_data(site: SiteFacts, path: str, kind: str, title: str) -> dict[str, Any]:
    """What the pages for "not found" and "gone" get."""
    return {"site": site, "page": Head(path, title, "", (), kind)}


def home_crumb() -> Crumb:
    """The first step of every way."""
    return Crumb(HOME_TITLE, "/")


def _item_breadcrumbs(facts: Facts, outline: Outline) -> tuple[Crumb, ...]:
    crumbs = [home_crumb()]
    if outline.kind in SECTION_TITLES:
        crumbs.append(Crumb(SECTION_TITLES[outline.kind], PREFIXES[outline.kind]))
    if outline.kind is Kind.UNIT:
        crumbs += [Crumb(link.name, link.path) for link in facts.unit_path(outline)[:-1] if link.path]
    return tuple(crumbs)


def _unit_data(facts: Facts, outline: Outline) -> dict[str, Any]:
    return {
        "children": unit_links(facts, outline.unit),
        "news": newest(facts, unit_listing(Kind.NEWS, outline.unit), UNIT_CARDS),
        "documents": newest(facts, unit_listing(Kind.DOCUMENT, outline.unit), UNIT_CARDS),
        "guidance": newest(facts, unit_listing(Kind.GUIDANCE, outline.unit), UNIT_CARDS),
    }


def _document_data(facts: Facts, outline: Outline, shown: Snapshot) -> dict[str, Any]:
    status = facts.status(outline)
    return {
        "status": status.value if status else None,
        "status_label": STATUS_LABELS[status] if status else None,
        "type_name": _type_name(outline.type),
        "contents": contents(shown.provisions),
        "outgoing": _groups(facts.outgoing(shown)),
        "incoming": _groups(facts.incoming(outline)),
    }


def _groups(related: Iterable[RelatedItem]) -> list[RelationGroup]:
    groups: dict[str, RelationGroup] = {}
    for end in related:
        groups.setdefault(end.label, RelationGroup(end.label, [])).links.append(end)
    return list(groups.values())


def _term_groups(terms: Iterable[Term]) -> list[TermGroup]:
    ordered = sorted(terms, key=lambda term: (collation_key(term.words), term.means or ""))
    groups = (
        TermGroup(kind.value, label, [term for term in ordered if term.kind is kind])
        for kind, label in TERM_KIND_LABELS.items()
    )
    return [group for group in groups if group.terms]


def _type_name(slug: str | None) -> str | None:
    return DOCUMENT_TYPE_BY_SLUG[slug].name if slug else None


def _file_links(snapshot: Snapshot, linked: bool) -> list[FileLink]:
    return [
        FileLink(attachment.name, file_address(path) if linked else "#", attachment.media_type, attachment.size)
        for attachment, path in zip(snapshot.attachments, attachment_files(snapshot), strict=True)
    ]


def _picture(snapshot: Snapshot) -> Picture | None:
    if snapshot.image is None:
        return None
    sources = tuple(
        PictureSource(file_address(path), rendition.width, rendition.height, rendition.media_type)
        for rendition in sorted(snapshot.image.renditions, key=lambda rendition: rendition.width)
        if (path := rendition_file(rendition)) is not None
    )
    return Picture(snapshot.image.alt, sources) if sources else None


def _without_dead_links(snapshot: Snapshot, site: SiteFacts, dead: Container[str]) -> Snapshot:
    """The snapshot with links to addresses of this site that are `dead` turned into text, in bodies and source.

    Editors link to items that may be withdrawn at any time; that must neither stop a release nor leave a dead link.
    """

    def is_dead(href: str) -> bool:
        return internal_path(href, site.base_url, snapshot.path) in dead

    def living(match: re.Match[str]) -> str:
        return f"<a{match[1]}" if is_dead(unescape(match[2])) else match[0]

    def mended(html: str) -> str:
        return LINK.sub(living, html) if "href=" in html else html

    provisions = tuple(p.model_copy(update={"body": mended(p.body)}) for p in snapshot.provisions)
    source = snapshot.source
    if source is not None and source.url is not None and is_dead(source.url):
        source = Source(name=source.name)
    return snapshot.model_copy(update={"body": mended(snapshot.body), "provisions": provisions, "source": source})
