"""What the words of a query mean: a document number, a clause of it, another name, phrases, exclusions, alternatives.

Rules and what the boards taught the search box, no index.

Numbers are found by their keys: every run of neighbouring tokens that starts with a digit is a candidate ("18 nq tw về"
gives 18-nq, 18-nq-tw, 18-nq-tw-ve). A candidate that is no document's key finds nothing, so no spelling needs a rule.
"""

import re
from dataclasses import dataclass
from datetime import date
from itertools import islice

from contract.folding import fold
from contract.normalising import normalise_line
from contract.numbers import canonical_number, number_key
from contract.vocabulary import DOCUMENT_TYPES, ProvisionKind
from search.typing_errors import other_letters, swapped_letters
from search.vocabulary import Vocabulary

# The longest real key is serial, part, year and four parts of a symbol (66-7-2025-nq-cp has five).
LONGEST_KEY = 7
MAX_CANDIDATES = 120
# Each wording is a query of its own to the server; nobody writes more with a purpose.
MAX_WORDINGS = 6
# Syllables. So many in a row are seldom typed: they were copied from a text, which is then looked for as it stands.
QUOTATION_FROM = 12

_PHRASE = re.compile(r'-?["“”«»„]([^"“”«»„]*)["“”«»„]')
_EXCLUDED_WORD = re.compile(r"(?:^|(?<=\s))-([^\W\d_][^\s]*)")
_TOKEN = re.compile(r"[a-z]+[0-9]*|[0-9]+")
_INSIDE_NUMBER = re.compile(r"[0-9][./-]$")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_PROVISION_WORDS = {
    "dieu": ProvisionKind.ARTICLE,
    "khoan": ProvisionKind.CLAUSE,
    "diem": ProvisionKind.POINT,
}
_PROVISION = re.compile(r"\b(dieu|khoan|diem)(?:\s+(?=[a-z])|\s*(?=[0-9]))([0-9]{1,3}[a-z]?|[a-z])\b(?![-/][0-9a-z])")
_BEFORE_PROVISION_NUMBER = re.compile(r"\b[a-z]{3,6}(?=\s*[0-9]{1,3}[a-z]?\b(?![-/][0-9a-z]))")
# What is one typing error away from "điều" or "khoản" and no syllable; these are ("khoảnh 5", "biểu 2", "siêu 3").
_WORDS_LIKE_PROVISIONS = {
    "bieu", "deu", "diec", "diem", "dien", "diep", "diet", "dieu", "diu", "gieu", "hieu", "kieu", "lieu", "mieu",
    "nieu", "pieu", "rieu", "sieu", "tieu", "vieu", "xieu", "hoan", "khan", "khoa", "khoac", "khoai", "khoam", "khoan",
    "khoang", "khoanh", "khoat", "khoen", "khon", "khuan", "thoan",
}  # fmt: skip
_MISTYPED_PROVISIONS = {
    typed: meant
    for meant in ("dieu", "khoan")
    for typed in (other_letters(meant) | swapped_letters(meant)) - _WORDS_LIKE_PROVISIONS
}
_FOLDED_TYPES = {" ".join(fold(kind.name).split()): kind.slug for kind in DOCUMENT_TYPES if kind.slug != "khac"}
_CODES = {fold(code) for kind in DOCUMENT_TYPES for code in kind.codes}
_TYPES_BY_CODE = {
    code: tuple(kind.slug for kind in DOCUMENT_TYPES if code in map(fold, kind.codes)) for code in sorted(_CODES)
}
# "nghị quyết 18", "nghị quyết số 18", "NQ 18"; longest names first so that "luật" does not win over a longer one.
_TYPE_AND_SERIAL = re.compile(
    rf"\b({'|'.join(sorted(map(re.escape, (*_FOLDED_TYPES, *_CODES)), key=len, reverse=True))})"
    r"\s*(?:so(?:\s+hieu)?\s*)?[:.\-]?\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)(?:\s*[-/]\s*((?:19|20)[0-9]{2}))?(?![0-9])"
)
# A number that is written out as one, with the code of a type in it; what is found by other numbers is not missing.
_WHOLE_NUMBER = re.compile(
    r"(?<![0-9a-z./-])([0-9]{1,6}(?:\.[0-9]{1,3})?(?:\s?/\s?(?:19|20)[0-9]{2})?\s?[-/]\s?([a-z]{1,6})"
    r"(?:\s?[-/]\s?[a-z]{1,8}[0-9]{0,2}){0,3})(?![0-9a-z/])"
)
_OR = re.compile(r"(?:^|\s+)(?:OR|\|)(?:\s+|$)")
_OR_IN_VIETNAMESE = re.compile(r"(?:^|\s+)(?:OR|\||HOẶC)(?:\s+|$)")
_YEAR_WORD = re.compile(r"\bnam\s+((?:19|20)[0-9]{2})\b")


@dataclass(frozen=True)
class PartialNumber:
    """Part of a number: `prefix` of its key, the types it may be of (any when empty), the year when one is named."""

    prefix: str
    types: tuple[str, ...] = ()
    year: int | None = None


@dataclass(frozen=True)
class NamedNumber:
    """The number of a document that the query calls by another name; the date where the number is shared."""

    number: str
    issued_on: date | None = None

    @property
    def key(self) -> str:
        """The number without its spelling."""
        return number_key(self.number)


@dataclass(frozen=True)
class Understanding:
    """A query taken apart.

    `text` is all its words, `wordings` the ways to say it of which one is enough: as typed or the parts between OR,
    then with abbreviations and synonyms written otherwise. `number_keys` is every complete number it may name,
    `whole_number` the one that is written as such or called by another name, `citation` the key of the provision it
    asks for ("dieu-5/khoan-2"), `cited` the words beside that, folded: the document's title where it is not called by
    its number. `quotation` is text copied from somewhere. `accented` tells whether the reader typed diacritics.
    """

    text: str
    wordings: tuple[str, ...] = ()
    names: tuple[NamedNumber, ...] = ()
    whole_number: str | None = None
    quotation: str | None = None
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    number_keys: tuple[str, ...] = ()
    partial_number: PartialNumber | None = None
    citation: str | None = None
    cited: str = ""
    accented: bool = False


NO_VOCABULARY = Vocabulary.of(())


def understand(query: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Understanding:
    """Take a query apart. Never fails; what is not understood is text."""
    query = normalise_line(query)
    parts = [_phrases_and_exclusions(part) for part in _alternatives(query)]
    # Between OR, a phrase is the words it is made of: one of the parts is enough, so none can be demanded.
    phrases = parts[0][0] if len(parts) == 1 else ()
    excluded = tuple(dict.fromkeys(word for _, unwanted, _ in parts for word in unwanted))
    typed = [said for quoted, _, rest in parts if (said := _plain(f"{rest} {' '.join(quoted)}"))]
    text = " ".join(typed)
    folded = fold(text)
    # "điều 4 30/2020/NĐ-CP": the number of the provision is no part of the document's.
    mended = _BEFORE_PROVISION_NUMBER.sub(lambda word: _MISTYPED_PROVISIONS.get(word[0], word[0]), folded)
    cited = " ".join(_PROVISION.sub(" ", mended).split())
    names = tuple(NamedNumber(name.number, name.issued_on) for name in vocabulary.aliases(query))
    wordings = [*typed, *(other for wording in typed for other in _reworded(wording, vocabulary))]
    return Understanding(
        text=text,
        wordings=tuple(dict.fromkeys(wordings[:MAX_WORDINGS])) if text else (),
        phrases=phrases,
        excluded=excluded,
        number_keys=_number_keys(cited),
        names=names,
        whole_number=_whole_number(folded) or (names[0].number if names else None),
        partial_number=_partial_number(cited),
        citation=_citation(mended),
        cited=cited,
        quotation=text if len(parts) == 1 and len(text.split()) >= QUOTATION_FROM else None,
        accented=fold(text) != text.lower(),
    )


def _plain(text: str) -> str:
    return " ".join(re.sub(r'["“”«»„]', " ", text).split())


def _alternatives(text: str) -> list[str]:
    """The parts between OR outside quotes (or HOẶC, unless everything is in capitals, as in a copied title)."""
    separator = _OR if text == text.upper() else _OR_IN_VIETNAMESE
    quoted = [match.span() for match in _PHRASE.finditer(text)]
    parts, start = [], 0
    for match in separator.finditer(text):
        if not any(first <= match.start() < last for first, last in quoted):
            parts.append(text[start : match.start()])
            start = match.end()
    return [part for part in (*parts, text[start:]) if part.strip()]


def _reworded(text: str, vocabulary: Vocabulary) -> list[str]:
    """A text with what the boards wrote down as saying the same, all places at once; one for each of their ways."""
    # In "31-QĐ/TU" neither "QĐ" nor "TU" is a word to say otherwise.
    numbers = [match.span() for match in re.finditer(r"\S+", text) if re.search("[0-9]", match[0]) and "/" in match[0]]
    found = [
        expansion
        for expansion in vocabulary.expand(text)
        if not any(first <= expansion.start < last for first, last in numbers)
    ]
    others = []
    for way in range(max((len(expansion.alternatives) for expansion in found), default=0)):
        other = text
        for expansion in reversed(found):
            alternative = expansion.alternatives[min(way, len(expansion.alternatives) - 1)]
            other = f"{other[: expansion.start]}{alternative}{other[expansion.end :]}"
        others.append(other)
    return list(islice(others, MAX_WORDINGS))


def _phrases_and_exclusions(query: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    phrases: list[str] = []
    excluded: list[str] = []
    for match in _PHRASE.finditer(query):
        words = " ".join(match[1].split())
        if words:
            (excluded if match[0].startswith("-") else phrases).append(words)
    rest = _PHRASE.sub(" ", query)
    # "18 -NQ/TW" is a number typed loosely, not the number 18 without NQ/TW.
    unwanted = [m for m in _EXCLUDED_WORD.finditer(rest) if not rest[: m.start()].rstrip()[-1:].isdigit()]
    for word in reversed(unwanted):
        rest = f"{rest[: word.start()]} {rest[word.end() :]}"
    excluded += [word[1] for word in unwanted]
    return tuple(dict.fromkeys(phrases)), tuple(dict.fromkeys(excluded)), " ".join(rest.split())


def _number_keys(folded: str) -> tuple[str, ...]:
    """Every run of tokens from a digit on that could be a whole number: it needs a letter.

    No run starts inside a number: 66.7/2025/NQ-CP is not also 7/2025/NQ-CP.
    """
    found = list(_TOKEN.finditer(folded))
    tokens = [_without_zeros(match[0]) for match in found]
    keys = []
    for start, token in enumerate(tokens):
        if token.isdigit() and not _INSIDE_NUMBER.search(folded[: found[start].start()]):
            for end in range(start + 2, min(start + LONGEST_KEY, len(tokens)) + 1):
                run = tokens[start:end]
                if any(not part.isdigit() for part in run):
                    keys.append("-".join(run))
    return tuple(dict.fromkeys(keys))[:MAX_CANDIDATES]


def _whole_number(folded: str) -> str | None:
    """The number a query writes out, in its canonical spelling without diacritics: "so 18 -nq/tw" names 18-NQ/TW."""
    for match in _WHOLE_NUMBER.finditer(folded):
        if match[2] in _CODES or match[2].startswith("qh"):
            return canonical_number(match[1]).upper()
    return None


def _partial_number(folded: str) -> PartialNumber | None:
    """ "nghị quyết 18", "30/2020", "18 nq", "số 18" or nothing but a number."""
    named_year = _YEAR_WORD.search(folded)
    year = int(named_year[1]) if named_year else None
    if match := _TYPE_AND_SERIAL.search(folded):
        name, serial, year_in_number = match.groups()
        types = (_FOLDED_TYPES[name],) if name in _FOLDED_TYPES else _TYPES_BY_CODE[name]
        # A year after a type is when it was made ("luật 2024"), not its number.
        if not (_YEAR.fullmatch(serial) and year_in_number is None):
            return PartialNumber(_key(serial, year_in_number), types, year)
    if match := re.search(r"(?<![0-9/.])([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*/\s*((?:19|20)[0-9]{2})(?![0-9])", folded):
        return PartialNumber(_key(match[1], match[2]), (), year)
    if match := re.fullmatch(r"(?:van ban\s+)?(?:so(?:\s+hieu)?\s*:?\s*)?([0-9]{1,6})(?:\s+nam\s+[0-9]{4})?", folded):
        return PartialNumber(_key(match[1], None), (), year)
    begun = re.match(r"(?:so\s+)?([0-9]{1,6})[\s\-/]+([a-z]+)\b", folded)
    if begun and begun[2] in _CODES:
        return PartialNumber(f"{_without_zeros(begun[1])}-{begun[2]}", (), year)
    return None


def _citation(folded: str) -> str | None:
    """The provision a query names, outermost first: "điểm a khoản 2 điều 5" is dieu-5/khoan-2/diem-a."""
    named = {_PROVISION_WORDS[match[1]]: match[2] for match in _PROVISION.finditer(folded)}
    parts = [f"{kind.value}-{named[kind]}" for kind in _PROVISION_WORDS.values() if kind in named]
    return "/".join(parts) if parts else None


def _key(serial: str, year: str | None) -> str:
    tokens = [*serial.split("."), *([year] if year else [])]
    return "-".join(_without_zeros(token) for token in tokens)


def _without_zeros(token: str) -> str:
    return (token.lstrip("0") or "0") if token.isdigit() else token
