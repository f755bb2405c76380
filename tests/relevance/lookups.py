"""Rows of lookups in the real documents: by number, by clause, and by a title with typing errors.

Each lookup is one query and what it must find; `measure` counts how many do.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from contract.folding import fold
from contract.models import Provision
from contract.numbers import number_key
from contract.release import Record
from contract.vocabulary import DOCUMENT_TYPE_BY_SLUG, ProvisionKind
from search.answers import Answer
from search.provision_texts import ordinal
from search.request import Scope
from search.spelling import suggest
from tests.relevance.measures import Searched
from tests.relevance.misspelling import with_errors, without_diacritics

SEED = 20261122
# As much of a title as people type.
TITLE_WORDS = 14
FIRST = 3


@dataclass(frozen=True)
class Lookup:
    """A query, and what is right for it: ids of documents, or provisions as ``ID#ANCHOR`` with what is inside them."""

    query: str
    wanted: frozenset[str]


@dataclass
class Outcome:
    """How many lookups found what they must, and the queries of those that did not."""

    name: str
    right: int = 0
    asked: int = 0
    missed: list[str] = field(default_factory=list)

    def count(self, found: bool, query: str) -> None:
        """Take one lookup in."""
        self.asked += 1
        self.right += found
        if not found:
            self.missed.append(query)

    @property
    def share(self) -> float:
        """Of all lookups, those that were right."""
        return self.right / self.asked


# By number


def spellings(number: str, type_name: str) -> dict[str, str]:
    """A number as people type it."""
    loose = re.sub("-", " – ", re.sub("/", " ⁄ ", number))
    return {
        "as it stands": number,
        "lower case, no diacritics": fold(number),
        "spaces": re.sub("[-/]", " ", number),
        "after số": f"số {number}",
        "other dashes and slashes": loose,
        "after its type": f"{type_name.lower()} {number}",
    }


def number_lookups(records: Iterable[Record]) -> Iterator[tuple[str, Lookup]]:
    """Every number of `records` in every spelling, with the name of the spelling."""
    for record in records:
        document = record.snapshot.document
        if document and document.number:
            typed = spellings(document.number, DOCUMENT_TYPE_BY_SLUG[document.type].name)
            for name, query in typed.items():
                yield name, Lookup(query, frozenset({str(record.id)}))


def measure_numbers(index: Searched, lookups: Iterable[tuple[str, Lookup]]) -> dict[str, Outcome]:
    """By spelling: the document is the first result, or told apart from the others that have its number."""
    outcomes: dict[str, Outcome] = {}
    for name, lookup in lookups:
        answer = index.ask(lookup.query)
        apart = {result.id for result in answer.numbered}
        found = _first_of(answer, 1) & lookup.wanted or apart & lookup.wanted
        outcomes.setdefault(name, Outcome(name)).count(bool(found), lookup.query)
    return outcomes


# By clause


def clause_lookups(records: Sequence[Record], most: int) -> list[Lookup]:
    """ "điều N" with the number of a document, or with its title, in turn; documents are drawn first, then articles.

    A decision that puts a regulation into force has an Điều 1, and so has the regulation: either is right. So are the
    articles of all documents that have the number, or whose titles begin with the words that are typed.
    """
    rng = Random(SEED)
    articles = {str(record.id): _articles(record) for record in records}
    structured = [record for record in records if articles[str(record.id)]]
    by_title, by_numbers = _same_titles(records), _same_numbers(records)
    lookups = []
    for turn in range(most):
        record = rng.choice(structured)
        number = rng.choice(sorted(articles[str(record.id)]))
        document, title = record.snapshot.document, subject(record.snapshot.title)
        by_number = document.number if turn % 2 and document else None
        meant = by_numbers[number_key(by_number)] if by_number else by_title[fold(title)]
        wanted = frozenset(f"{item}#{anchor}" for item in meant for anchor in articles[item].get(number, ()))
        lookups.append(Lookup(f"điều {number} {by_number or title}", wanted))
    return lookups


def measure_clauses(index: Searched, lookups: Iterable[Lookup], scope: Scope) -> Outcome:
    """The first passage of the first result is the article or a part of it.

    Where several documents have the number, all of them stand above the list: then one of these has to show it.
    """
    outcome = Outcome(f"clauses, {scope.value}")
    for lookup in lookups:
        answer = index.ask(lookup.query, scope)
        shown = [f"{result.id}#{result.passages[0].anchor}" for result in answer.results if result.passages]
        first = shown[: max(1, len(answer.numbered) if scope is Scope.DOCUMENTS else 1)]
        outcome.count(any(is_within(key, lookup.wanted) for key in first), lookup.query)
    return outcome


def is_within(key: str, wanted: Iterable[str]) -> bool:
    """Whether a provision (``ID#ANCHOR``) is one of those wanted, or inside one."""
    return any(key == place or key.startswith(f"{place}-") for place in wanted)


# By a title with typing errors


def title_lookups(records: Sequence[Record]) -> list[Lookup]:
    """Titles without their number and diacritics, with a typing error in every second word."""
    rng = Random(SEED)
    by_title = _same_titles(records)
    return [
        Lookup(with_errors(without_diacritics(title).lower(), rng), by_title[fold(title)])
        for record in records
        if (title := subject(record.snapshot.title)) and fold(title) != title.lower()
    ]


def measure_titles(index: Searched, lookups: Iterable[Lookup], follow: bool) -> Outcome:
    """The document is among the first three; with `follow` after taking the suggestion where there is one."""
    outcome = Outcome("titles, suggestion followed" if follow else "titles as typed")
    for lookup in lookups:
        meant = suggest(lookup.query, index.lexicon) if follow else None
        answer = index.ask(meant.query if meant else lookup.query)
        outcome.count(bool(_first_of(answer, FIRST) & lookup.wanted), lookup.query)
    return outcome


def subject(title: str) -> str:
    """What a title says after type and number, as much as is typed: "về Quy chế làm việc của …"."""
    rest = re.sub(r"^.*?\d\S*[-/]\S+(?:\s+năm\s+\d{4})?\s+", "", title)
    return " ".join(re.sub('["“”«»„]', " ", rest).split()[:TITLE_WORDS])


def _same_titles(records: Iterable[Record]) -> dict[str, frozenset[str]]:
    """Documents by what of their titles is typed: nobody could tell those with the same words apart."""
    found: dict[str, set[str]] = {}
    for record in records:
        found.setdefault(fold(subject(record.snapshot.title)), set()).add(str(record.id))
    return {title: frozenset(ids) for title, ids in found.items()}


def _same_numbers(records: Iterable[Record]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record in records:
        if record.snapshot.document and record.snapshot.document.number:
            found.setdefault(number_key(record.snapshot.document.number), set()).add(str(record.id))
    return {number: frozenset(ids) for number, ids in found.items()}


def _articles(record: Record) -> dict[str, set[str]]:
    """The anchors of the articles of a document by their number."""
    found: dict[str, set[str]] = {}
    for provision in record.snapshot.provisions:
        if _is_numbered_article(provision):
            found.setdefault(ordinal(provision), set()).add(provision.anchor)
    return found


def _is_numbered_article(provision: Provision) -> bool:
    return provision.kind is ProvisionKind.ARTICLE and ordinal(provision)[:1].isdigit()


def _first_of(answer: Answer, most: int) -> set[str]:
    return {result.id for result in islice(answer.results, most)}
