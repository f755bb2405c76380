"""What a search answers, whichever engine found it: the object of ``GET /api/search/``."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from markupsafe import Markup


class Engine(StrEnum):
    """Who answered."""

    ELASTICSEARCH = "elasticsearch"
    FALLBACK = "fallback"


@dataclass(frozen=True)
class Passage:
    """The words of a result that answer. `html` is safe and holds only text and `<mark>`; `url` leads to the spot."""

    anchor: str | None
    label: str
    url: str
    html: Markup

    def to_json(self) -> dict[str, Any]:
        """As the API says it."""
        return {"anchor": self.anchor, "label": self.label, "url": self.url, "html": str(self.html)}


@dataclass(frozen=True)
class Result:
    """One item, or one provision of it. `superseded_by` are the documents that amend, replace or repeal it: `label`
    says which ("Được thay thế bởi"), with `number`, `title` and `url`."""

    id: str
    record: str
    kind: str
    url: str
    title: str
    number: str | None
    type: str | None
    type_name: str | None
    issuer: str | None
    issued_on: str | None
    status: str | None
    status_label: str | None
    superseded_by: tuple[dict[str, str | None], ...] = ()
    published_at: str = ""
    score: float | None = None
    passages: tuple[Passage, ...] = ()

    def with_passages(self, passages: tuple[Passage, ...]) -> "Result":
        """The same result with its passages."""
        return replace(self, passages=passages)

    def to_json(self) -> dict[str, Any]:
        """As the API says it; the record hash is between us and the index."""
        return {
            "id": self.id,
            "kind": self.kind,
            "url": self.url,
            "title": self.title,
            "number": self.number,
            "type": self.type,
            "type_name": self.type_name,
            "issuer": self.issuer,
            "issued_on": self.issued_on,
            "status": self.status,
            "status_label": self.status_label,
            "superseded_by": list(self.superseded_by),
            "published_at": self.published_at,
            "score": self.score,
            "passages": [passage.to_json() for passage in self.passages],
        }


@dataclass(frozen=True)
class FacetValue:
    """One value to narrow by, with the number of results it leaves."""

    value: str
    label: str
    count: int

    def to_json(self) -> dict[str, Any]:
        """As the API says it."""
        return {"value": self.value, "label": self.label, "count": self.count}


@dataclass(frozen=True)
class MissingNumber:
    """A number that was asked for and no document has, with the documents whose numbers are most like it."""

    number: str
    nearest: tuple[Result, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the API says it."""
        return {"number": self.number, "nearest": [result.to_json() for result in self.nearest]}


@dataclass(frozen=True)
class Answer:
    """One page of results.

    `numbered` are the documents the query calls by their number or another name, `reworded` the other wordings that
    were searched for, too; `next` is the cursor at which a list by date goes on. `suggestion` is another spelling of
    the query, `loosenings` are searches that find something where this one does not (`search.loosening`).
    """

    engine: Engine
    page: int
    total: int = 0
    took_ms: int = 0
    results: tuple[Result, ...] = ()
    facets: dict[str, tuple[FacetValue, ...]] = field(default_factory=dict)
    numbered: tuple[Result, ...] = ()
    missing_number: MissingNumber | None = None
    reworded: tuple[str, ...] = ()
    next: str | None = None
    suggestion: str | None = None
    loosenings: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the API says it. `number_match` is one document, or a list where several share the number."""
        numbered = [result.to_json() for result in self.numbered]
        return {
            "total": self.total,
            "page": self.page,
            "took_ms": self.took_ms,
            "engine": self.engine.value,
            "results": [result.to_json() for result in self.results],
            "facets": {name: [value.to_json() for value in values] for name, values in self.facets.items()},
            "suggestion": self.suggestion,
            "loosenings": list(self.loosenings),
            "number_match": (numbered[0] if len(numbered) == 1 else numbered) if numbered else None,
            "missing_number": self.missing_number.to_json() if self.missing_number else None,
            "reworded": list(self.reworded),
            "next": self.next,
        }
