"""The provisions read so far, and the ones that are open: where the next line belongs and how numbering goes on."""

from dataclasses import dataclass, field

from cms.content.structure.lines import paragraphs
from contract.models import Provision
from contract.slugs import unique_slug
from contract.vocabulary import ProvisionKind

_MAX_ANCHOR = 200

RANK_APPENDIX, RANK_PART, RANK_CHAPTER, RANK_SECTION, RANK_ARTICLE = 0, 10, 20, 30, 40
RANK_ROMAN_IN_ARTICLE, RANK_CLAUSE, RANK_SUBCLAUSE, RANK_POINT = 45, 50, 60, 70


@dataclass
class Node:
    """A provision being read. `rank` orders the levels, outermost lowest; `counts` says how far its children are."""

    kind: ProvisionKind
    rank: int
    label: str
    anchor: str
    parent: "Node | None"
    heading: str = ""
    body: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def provision(self) -> Provision:
        """As the contract has it."""
        return Provision(
            anchor=self.anchor,
            kind=self.kind,
            label=self.label,
            heading=self.heading,
            parent=self.parent.anchor if self.parent else None,
            body=paragraphs(self.body),
        )


class Tree:
    """Provisions in the order of the text. `open` are those around the next line, outermost first."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.open: list[Node] = []
        self.root_counts: dict[str, int] = {}
        self._anchors: set[str] = set()

    def in_attachment(self) -> bool:
        """Whether the document proper has ended."""
        return bool(self.open and self.open[0].kind is ProvisionKind.APPENDIX)

    def scope(self) -> str:
        """Anchor of the attachment around; articles of the document proper have none."""
        return self.open[0].anchor if self.in_attachment() else ""

    def scope_counts(self) -> dict[str, int]:
        """How far the numbering of the attachment around, or of the document proper, is."""
        return self.open[0].counts if self.in_attachment() else self.root_counts

    def count(self, name: str) -> int:
        """One of `scope_counts`."""
        return self.scope_counts().get(name, 0)

    def current(self, kind: ProvisionKind) -> Node | None:
        """The innermost open provision of a kind."""
        return next((node for node in reversed(self.open) if node.kind is kind), None)

    def parent_for(self, rank: int) -> Node | None:
        """The innermost open provision that may hold one of `rank`."""
        return next((node for node in reversed(self.open) if node.rank < rank), None)

    def pop_to(self, rank: int) -> Node | None:
        """Close what cannot hold a provision of `rank`; return what is open then."""
        while self.open and self.open[-1].rank >= rank:
            self.open.pop()
        return self.open[-1] if self.open else None

    def advance(self, parent: Node | None, name: str, value: int, gap: int) -> bool:
        """Whether `value` goes on with the numbering of `parent`; a few may be missing, the first may not."""
        counts = parent.counts if parent else self.root_counts
        last = counts.get(name, 0)
        if not last < value <= (last + gap if last else 1):
            return False
        counts[name] = value
        return True

    def push(self, kind: ProvisionKind, rank: int, label: str, anchor: str) -> Node:
        """Open a provision inside the innermost one. The anchor is made unique."""
        parent = self.open[-1] if self.open else None
        if anchor in self._anchors and parent and not anchor.startswith(f"{parent.anchor}-"):
            anchor = self.join(parent.anchor, anchor.removeprefix(f"{self.scope()}-"))
        anchor = unique_slug(anchor, self._anchors, _MAX_ANCHOR)
        self._anchors.add(anchor)
        node = Node(kind, rank, label, anchor, parent)
        self.nodes.append(node)
        self.open.append(node)
        return node

    @staticmethod
    def join(prefix: str, tail: str) -> str:
        """An anchor below another one."""
        return f"{prefix}-{tail}"[:_MAX_ANCHOR].rstrip("-") if prefix else tail
