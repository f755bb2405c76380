"""The judged questions of ``../shared/relevance`` as records and questions. For measuring only: never ship them."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from contract.models import DocumentFacts, Provision
from contract.normalising import normalise
from contract.release import Record
from contract.slugs import slugify
from contract.vocabulary import Kind, ProvisionKind
from tests.search.factories import item, provision

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "relevance"

Articles = Iterable[tuple[str, str]]  # number and text of each article


@dataclass(frozen=True)
class Question:
    """A question and the articles that answer it, each as ``ITEM#ANCHOR``."""

    text: str
    answers: frozenset[str]


@dataclass(frozen=True)
class JudgedSet:
    """Documents and the questions they answer."""

    name: str
    records: tuple[Record, ...]
    questions: tuple[Question, ...]


def judged_sets() -> Iterator[JudgedSet]:
    """ALQAC 2023 (2,249 articles of law, 210 questions) and LTEC 2023 (2,256 passages, 216 statements)."""
    laws: dict[str, list[tuple[str, str]]] = {}
    for key, text in _read("all_articles_2023").items():
        law, _, number = key.rpartition("@")
        laws.setdefault(law, []).append((number, text))
    yield _set("ALQAC 2023", laws, [*_read("train"), *_read("private_test")], "text", "relevant_articles")
    laws = {
        law["id"]: [(article["id"], article["text"]) for article in law["articles"]]
        for law in _read("ltec2023_legal_passages")
    }
    yield _set("LTEC 2023", laws, [*_read("ltec2023_train"), *_read("ltec2023_test")], "statement", "legal_passages")


def _set(
    name: str, laws: dict[str, list[tuple[str, str]]], asked: list[dict[str, Any]], text: str, answers: str
) -> JudgedSet:
    records = {law: _record(law, articles) for law, articles in laws.items()}
    questions = tuple(
        Question(
            question[text],
            frozenset(f"{records[a['law_id']].id}#dieu-{slugify(str(a['article_id']))}" for a in question[answers]),
        )
        for question in asked
    )
    return JudgedSet(name, tuple(records.values()), questions)


def _record(law: str, articles: Articles) -> Record:
    provisions = tuple(part for number, text in articles for part in _article(number, normalise(text)))
    facts = DocumentFacts(type="luat", issued_on=date(2020, 1, 1))
    return item(slugify(law)[:60], law, kind=Kind.DOCUMENT, document=facts, provisions=provisions)


def _article(number: str, text: str) -> Iterator[Provision]:
    """An article with its clauses, split as the CMS splits a law: at lines that begin with "1."."""
    heading, _, body = text.partition("\n")
    first, *clauses = re.split(r"(?m)^(?=[0-9]{1,2}\. )", body)
    article = provision(ProvisionKind.ARTICLE, f"Điều {number}", _escaped(first), heading[:2000])
    yield article
    seen: set[str] = set()
    for clause in clauses:
        label, _, rest = clause.partition(". ")
        if label not in seen:  # an article that quotes another one counts twice
            seen.add(label)
            yield provision(ProvisionKind.CLAUSE, label, _escaped(rest), parent=article.anchor)


def _escaped(text: str) -> str:
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())


def _read(name: str) -> Any:
    return json.loads((SHARED / f"{name}.json").read_text(encoding="utf-8"))
