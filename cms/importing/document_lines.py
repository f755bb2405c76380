"""Reads official documents from JSON Lines: one document a line, as crawlers of legal texts write them.

Keys used: ``text`` (required), ``title``, ``doc_type``, ``number``, ``issuer``, ``signer``, ``issue_date``,
``source_url``, ``id``. What the line does not say is read from the text: type, date, signer, relations.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import Any

from cms.content.structure import ParsedDocument, parse_structure
from cms.importing.official_names import tidy_issuer, tidy_title
from contract.html import plain_text
from contract.models import Provision
from contract.normalising import normalise, normalise_line
from contract.numbers import canonical_number, is_number, number_key, numbers_in
from contract.vocabulary import DOCUMENT_TYPES, Verb, document_type_named

MOST_CITED = 40
OTHER_TYPE = "khac"

_SUMMARY_LENGTH = 300
_HEAD_LENGTH = 1500


class InvalidLineError(ValueError):
    """A line that is not a document. `line` counts from 1; the message says what to do."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class InvalidLine:
    """A line that was passed over, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class ImportedRelation:
    """What the document says it does to another one."""

    verb: Verb
    number: str


@dataclass(frozen=True)
class ImportedDocument:
    """A document ready to become a draft. `type` is a slug of `contract.vocabulary`."""

    title: str
    type: str
    number: str | None
    issuer: str | None
    signer: str | None
    issued_on: date | None
    effective_from: date | None
    summary: str
    preamble_html: str
    provisions: tuple[Provision, ...]
    closing_html: str
    relations: tuple[ImportedRelation, ...]
    text: str
    source_url: str | None
    external_id: str | None
    line: int = 0


def read_documents(lines: Iterable[str | bytes]) -> Iterator[ImportedDocument | InvalidLine]:
    """Read line by line; a bad line is reported in its place and does not stop the others. Empty lines are skipped.

    Lines given as bytes are UTF-8. One that is not is a bad line: guessing would put wrong letters into a document.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield read_document(_decoded(line, number), number)
        except InvalidLineError as error:
            yield InvalidLine(error.line, error.reason)


def read_document(line: str, line_number: int = 1) -> ImportedDocument:
    """Read one line. Raises `InvalidLineError`."""
    fields = _fields(line, line_number)
    text = normalise(fields.get("text", ""))
    if not text.strip():
        raise InvalidLineError(line_number, "the document has no `text`; add it or remove the line")
    parsed = parse_structure(text)
    raw_title = fields.get("title") or _first_line(text)
    title = tidy_title(raw_title)[:1000]
    number = _number(fields.get("number"))
    issued_on = _issued_on(fields.get("issue_date"), number, text, line_number)
    type_slug = _type_slug(fields.get("doc_type"), title)
    return ImportedDocument(
        title=title,
        type=type_slug,
        number=number,
        issuer=tidy_issuer(fields["issuer"], number)[:300] if fields.get("issuer") else None,
        signer=normalise_line(fields["signer"])[:200] if fields.get("signer") else _signer(parsed),
        issued_on=issued_on,
        effective_from=_effective_from(text, issued_on),
        summary=_summary(parsed, title),
        preamble_html=parsed.preamble_html,
        provisions=parsed.provisions,
        closing_html=parsed.closing_html,
        relations=_relations(normalise_line(raw_title), parsed, number, type_slug),
        text=text,
        source_url=_web_url(fields.get("source_url")),
        external_id=fields.get("id") or None,
        line=line_number,
    )


def _decoded(line: str | bytes, line_number: int) -> str:
    if isinstance(line, str):
        return line
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidLineError(line_number, f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from error


def _fields(line: str, line_number: int) -> dict[str, str]:
    try:
        value: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise InvalidLineError(
            line_number, f"not JSON ({error.msg} at column {error.colno}); write one JSON object on each line"
        ) from error
    if not isinstance(value, dict):
        raise InvalidLineError(line_number, "not a JSON object; write the document as {…} on one line")
    fields: dict[str, str] = {}
    for key in ("text", "title", "doc_type", "number", "issuer", "signer", "issue_date", "source_url", "id"):
        content = value.get(key)
        if content is None:
            continue
        if not isinstance(content, str):
            raise InvalidLineError(line_number, f"`{key}` is not text; put it in quotation marks")
        fields[key] = content.strip()
    return fields


def _first_line(text: str) -> str:
    return next(line for line in text.split("\n") if line.strip())


# Facts of the head ----------------------------------------------------------------------------------------------------

_DATE_IN_WORDS = re.compile(r"ngày\s+(\d{1,2})\s+tháng\s+(\d{1,2})\s+năm\s+((?:19|20)\d{2})", re.IGNORECASE)
_IN_FORCE = re.compile(
    r"(?:có hiệu lực|hiệu lực thi hành)[^.;\n]{0,40}?(?:từ|kể từ)\s+(?:ngày\s+(\d{1,2})(?:\s+tháng\s+|[/.-])(\d{1,2})"
    r"(?:\s+năm\s+|[/.-])((?:19|20)\d{2})|(ngày ký))",
    re.IGNORECASE,
)


def _number(text: str | None) -> str | None:
    return canonical_number(text) if text and is_number(text) else None


def _type_slug(name: str | None, title: str) -> str:
    found = document_type_named(name) if name else None
    if found:
        return found.slug
    folded = title.casefold()
    by_length = sorted(DOCUMENT_TYPES, key=lambda t: len(t.name), reverse=True)
    return next((t.slug for t in by_length if folded.startswith(t.name.casefold())), OTHER_TYPE)


def _issued_on(stated: str | None, number: str | None, text: str, line_number: int) -> date | None:
    """The date the line states, else the one in the head of the text.

    A number that holds a year is right about it: crawlers take the date of a decree that is cited in the head, so a
    date of another year gives way to one in the text that fits, or to none.
    """
    year = re.search(r"/((?:19|20)\d{2})/", number or "")
    candidates = [d for match in _DATE_IN_WORDS.finditer(text[:_HEAD_LENGTH]) if (d := _date_of(*match.groups()))]
    if stated:
        try:
            candidates.insert(0, date.fromisoformat(stated))
        except ValueError as error:
            raise InvalidLineError(
                line_number, f"`issue_date` {stated!r} is not a date; write it as 2025-11-19"
            ) from error
    if year:
        return next((d for d in candidates if d.year == int(year[1])), None)
    return candidates[0] if candidates else None


def _effective_from(text: str, issued_on: date | None) -> date | None:
    match = _IN_FORCE.search(text)
    if not match:
        return None
    if match[4]:
        return issued_on
    found = _date_of(match[1], match[2], match[3])
    # A day long before the document is that of another document the sentence speaks of.
    return found if found and (issued_on is None or found >= issued_on) else None


def _date_of(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _signer(parsed: ParsedDocument) -> str | None:
    """The name at the end of the signature line (``K/T TRƯỞNG BAN PHÓ TRƯỞNG BAN Ngô Đông Hải``)."""
    for line in reversed(plain_text(parsed.closing_html).split("\n")):
        words = line.split()
        name = list(takewhile(_is_name_part, reversed(words)))
        if 2 <= len(name) <= 5 and not line.startswith("-"):
            return " ".join(reversed(name))
    return None


def _is_name_part(word: str) -> bool:
    return word[0].isupper() and word[1:].islower()


def _web_url(text: str | None) -> str | None:
    return text if text and re.match(r"^https?://\S+$", text) and len(text) <= 2000 else None


def _summary(parsed: ParsedDocument, title: str) -> str:
    """The first paragraph that says something, cut at a word."""
    paragraphs = plain_text(parsed.preamble_html).split("\n")
    paragraphs.extend(line for p in parsed.provisions[:3] for line in plain_text(p.body).split("\n"))
    for line in paragraphs:
        if len(line) < 80 or line[:30].isupper() or re.match(r"^[-–]?\s*(?:Căn cứ|Xét|Theo đề nghị|Kính gửi)", line):
            continue
        return line if len(line) <= _SUMMARY_LENGTH else line[:_SUMMARY_LENGTH].rpartition(" ")[0] + "…"
    return title[:_SUMMARY_LENGTH]


# Relations ------------------------------------------------------------------------------------------------------------

_BASIS = re.compile(r"^[-–+\s]*Căn cứ\b")
_SENTENCE_END = re.compile(r"(?<=[;.])\s+|\n")
_ACTION = re.compile(r"(?<!được )(?<!đã )(?<!bị )\b(sửa đổi, bổ sung|sửa đổi|bổ sung|thay thế|bãi bỏ)\b", re.IGNORECASE)
# In the text only the document's own acts count: "Sửa đổi khoản 2 …", "Quyết định này … thay thế …".
_OWN_ACT = re.compile(
    r"^\W*(?:sửa đổi|bổ sung|thay thế|bãi bỏ)\b|\bnày\b.*\b(?:sửa đổi|bổ sung|thay thế|bãi bỏ)\b", re.IGNORECASE
)
_GUIDING = re.compile(r"\bhướng dẫn\b", re.IGNORECASE)
_PART_ONLY = re.compile(r"\b(?:khoản|điều|điểm|một số|cụm từ|mục|phụ lục|danh mục)\b", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:được|bị|đã|do)\s*$|\b(?:theo|bởi|tại)\b[^,;]{0,30}$", re.IGNORECASE)
_VERB_OF = {"thay thế": Verb.REPLACES, "bãi bỏ": Verb.REPEALS}
_STRENGTH = (Verb.REPLACES, Verb.REPEALS, Verb.AMENDS, Verb.GUIDES, Verb.BASED_ON, Verb.CITES)


def _relations(title: str, parsed: ParsedDocument, own: str | None, type_slug: str) -> tuple[ImportedRelation, ...]:
    """Every document the text names, each once with the strongest verb, in the order of first mention."""
    found: dict[str, tuple[str, Verb]] = {}
    own_key = number_key(own or "")
    for verb, number in _mentions(title, parsed, type_slug):
        key = number_key(number)
        if key == own_key:
            continue
        known = found.get(key)
        if known is None or _STRENGTH.index(verb) < _STRENGTH.index(known[1]):
            found[key] = (known[0] if known else number, verb)
    relations = [ImportedRelation(verb, number) for number, verb in found.values()]
    cited = [relation for relation in relations if relation.verb is Verb.CITES][MOST_CITED:]
    return tuple(relation for relation in relations if relation not in cited)


def _mentions(title: str, parsed: ParsedDocument, type_slug: str) -> Iterator[tuple[Verb, str]]:
    guides = type_slug == "huong-dan" or _GUIDING.search(title) is not None
    yield from _acts(title, Verb.GUIDES if guides else Verb.CITES)
    for line in plain_text(parsed.preamble_html).split("\n"):
        if _BASIS.match(line):
            yield from ((Verb.BASED_ON, number) for number in numbers_in(line))
        else:
            yield from ((Verb.CITES, number) for number in numbers_in(line))
    for provision in parsed.provisions:
        for sentence in _SENTENCE_END.split(f"{provision.heading}\n{plain_text(provision.body)}"):
            if _OWN_ACT.search(sentence):
                yield from _acts(sentence, Verb.CITES)
            else:
                yield from ((Verb.CITES, number) for number in numbers_in(sentence))


def _acts(sentence: str, otherwise: Verb) -> Iterator[tuple[Verb, str]]:
    """The numbers in a sentence with the action that governs each; taking away a part only is amending."""
    pieces = _ACTION.split(sentence)
    yield from ((otherwise, number) for number in numbers_in(pieces[0]))
    for action, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        numbers = numbers_in(piece)
        if not numbers:
            continue
        before = piece[: piece.find(numbers[0].split("/")[0].split("-")[0])]
        verb = _VERB_OF.get(action.casefold(), Verb.AMENDS)
        if _PASSIVE.search(before):
            verb = Verb.CITES
        elif verb is not Verb.AMENDS and _PART_ONLY.search(before):
            verb = Verb.AMENDS
        yield verb, numbers[0]
        # Further numbers of the sentence tell what changed the first one before ("… đã được sửa đổi theo số …").
        yield from ((verb if _is_listed(piece) else Verb.CITES, number) for number in numbers[1:])


def _is_listed(piece: str) -> bool:
    return bool(re.match(r"^\s*(?:toàn bộ\s+)?(?:các|những|\d+)\b", piece, re.IGNORECASE))
