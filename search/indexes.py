"""The two indexes: their fields and analysis, and the aliases that stand before them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from elasticsearch.dsl import Boolean, Date, Index, Integer, Keyword, Mapping, Object, Text, analyzer, token_filter

from search.sources import source_key

# Measured on two judged sets (docs/search.md): a word that is repeated says little more in an article of law.
BM25 = {"type": "BM25", "k1": 0.6, "b": 0.75}

DOCUMENTS = "documents"
PROVISIONS = "provisions"
STAMP = "%Y%m%d%H%M%S"
# The module that makes what the fields hold.
ROWS = "search.rows"

# Folding needs text in NFC: rows and queries pass through `contract.normalising` first.
folded = analyzer("folded", tokenizer="standard", filter=["lowercase", "asciifolding"])

# A field of its own: with unigrams and bigrams in one field a match query takes them for a token graph, which was
# measured to be far worse (.524 instead of .850).
folded_bigrams = analyzer(
    "folded_bigrams",
    tokenizer="standard",
    filter=["lowercase", "asciifolding", token_filter("bigrams", "shingle", output_unigrams=False)],
)

accented = analyzer("accented", tokenizer="standard", filter=["lowercase"])


def words(accents: bool = False, **more: Any) -> Text:
    """Running text: folded for finding, in bigrams because Vietnamese words are often two syllables, and with `accents`
    as it was written."""
    fields = {"bigrams": Text(analyzer=folded_bigrams)}
    if accents:
        fields["accented"] = Text(analyzer=accented)
    return Text(analyzer=folded, fields=fields, **more)


def _text_of_row(**more: Any) -> Text:
    """What is shown and marked, and searched as part of `all`."""
    return Text(analyzer=folded, fields={"accented": Text(analyzer=accented)}, copy_to="all", **more)


def _shown_only() -> Keyword:
    return Keyword(index=False, doc_values=False)


def _facts() -> dict[str, Any]:
    return {
        "id": Keyword(),
        "record": Keyword(),
        "kind": Keyword(),
        "url": _shown_only(),
        "number": _shown_only(),
        "number_key": Keyword(),
        "number_prefixes": Keyword(),
        "type": Keyword(),
        "type_name": _shown_only(),
        "issuer": Keyword(),
        "issuer_key": Keyword(),
        "issued_on": Date(),
        "published_at": Date(),
        "day": Date(),
        "year": Integer(),
        "status": Keyword(),
        "status_label": _shown_only(),
        "level": Integer(),
        # An id or slug with its name: counting them needs no second look at a row for the name.
        "unit_named": Keyword(),
        "topics_named": Keyword(),
        "units": Keyword(),
        "topics": Keyword(),
        "superseded_by": Object(enabled=False),
        "title": words(accents=True, copy_to="all"),
        "heading": words(copy_to="all"),
        "text": _text_of_row(),
        "all": words(),
    }


FIELDS: dict[str, dict[str, Any]] = {
    DOCUMENTS: {
        **_facts(),
        # With the places of the words kept, an excerpt of a long text needs no second analysis: 3 ms of 6.
        "text": _text_of_row(index_options="offsets"),
        "summary": Text(index=False),
        "attachments": Text(analyzer=folded, copy_to="all"),
    },
    PROVISIONS: {
        **_facts(),
        "anchor": Keyword(),
        "article": Keyword(),
        "is_article": Boolean(),
        "ancestors": Keyword(),
        "label": _shown_only(),
        "link": _shown_only(),
        "citation": Keyword(),
    },
}


@dataclass(frozen=True)
class IndexNames:
    """The names one installation uses; several share a cluster by their prefix."""

    prefix: str

    @property
    def documents(self) -> str:
        """Alias of the index with one row an item."""
        return f"{self.prefix}-{DOCUMENTS}"

    @property
    def provisions(self) -> str:
        """Alias of the index with one row a provision."""
        return f"{self.prefix}-{PROVISIONS}"

    def alias(self, part: str) -> str:
        """The alias of `part` (`DOCUMENTS` or `PROVISIONS`)."""
        return f"{self.prefix}-{part}"

    def fresh(self, part: str) -> str:
        """A name no index has yet; it sorts by the time it was made."""
        return f"{self.alias(part)}-{datetime.now(UTC):{STAMP}}-{uuid4().hex[:8]}"


def definition_key() -> str:
    """Names this state of fields, analysis and rows; an index that was made from another one must be built anew."""
    definitions = {part: index_definition(part, part).to_dict() for part in FIELDS}
    text = json.dumps([definitions, source_key(ROWS)], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:16]


def made_at(index: str) -> datetime | None:
    """When `IndexNames.fresh` made this name; None for other names."""
    stamp = index.split("-")[-2:-1]
    try:
        return datetime.strptime(stamp[0], STAMP).replace(tzinfo=UTC) if stamp else None
    except ValueError:
        return None


def index_definition(part: str, name: str) -> Index:
    """The index called `name` for `part`, ready to be created."""
    mapping = Mapping()
    mapping.meta("dynamic", "strict")
    for field, definition in FIELDS[part].items():
        mapping.field(field, definition)
    index = Index(name)
    index.mapping(mapping)
    index.settings(
        number_of_shards=1,
        number_of_replicas=0,
        similarity={"default": BM25},
    )
    return index
