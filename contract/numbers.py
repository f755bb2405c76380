"""Document numbers (số hiệu): reading them in any spelling, their canonical form and their keys.

Shapes seen in real documents: ``2827/QĐ-UBND``, ``109/2025/TT-BTC``, Party ``18-NQ/TW``, and the rarer
``66.7/2025/NQ-CP``, ``60/2024/QH15``, ``11554/VPCP-V.I``. A number does not identify a document (18-NQ/TW exists for
2017 and 2022); `document_key` does.
"""

import re
from dataclasses import dataclass
from datetime import date

from contract.folding import fold
from contract.normalising import normalise_line

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_SLASHES = re.compile("[\u2044\u2215\uff0f]")
_PREFIX = re.compile(r"^(?:(?:văn bản|van ban)\s+)?(?:số|so)(?:\s+hiệu|\s+hieu)?\s*[:.]?\s*(?=\d)", re.IGNORECASE)
_SYMBOL = r"[^\W\d_]+[0-9]*(?:[-/.][^\W\d_]+[0-9]*)*"
_PARTY = re.compile(rf"^(?P<serial>\d+)-(?P<symbol>{_SYMBOL})$")
_STATE = re.compile(rf"^(?P<serial>\d+(?:\.\d+)?)/(?:(?P<year>(?:19|20)\d\d)/)?(?P<symbol>{_SYMBOL})$")
_KEY_TOKEN = re.compile(r"[a-z]+[0-9]*|[0-9]+")
# Where a number stands in running text. The symbol must hold a capital, which keeps fractions and dates out.
_IN_TEXT = re.compile(
    r"(?<![\w/.-])(\d{1,6}(?:\.\d{1,3})?(?:/(?:19|20)\d\d)?[-/][A-ZĐ][A-ZĐa-zđ]*\d{0,2}"
    r"(?:[-/][A-ZĐ][A-ZĐa-zđ]*\d{0,2}){0,3}(?:(?<=[-/][A-ZĐ])\.[IVX]{1,3}\b)?)(?![\w/])"  # …/VPCP-V.I
)


class InvalidNumberError(ValueError):
    """The text is not a document number; the message says what one looks like."""


@dataclass(frozen=True)
class DocumentNumber:
    """A parsed number: ``109/2025/TT-BTC`` is serial ``109``, year 2025, symbol ``TT-BTC``."""

    serial: str
    year: int | None
    symbol: str
    party: bool

    def __str__(self) -> str:
        if self.party:
            return f"{self.serial}-{self.symbol}"
        year = f"{self.year}/" if self.year else ""
        return f"{self.serial}/{year}{self.symbol}"

    @property
    def key(self) -> str:
        """The spelling-free form in which numbers are compared: ``18-nq-tw``, ``109-2025-tt-btc``."""
        return number_key(str(self))


def parse_number(text: str) -> DocumentNumber:
    """Read a complete number, forgiving spaces, dash and slash variants and a leading "số".

    Raises `InvalidNumberError` when the text is not one.
    """
    cleaned = canonical_number(text)
    if match := _PARTY.match(cleaned):
        return DocumentNumber(match["serial"], None, match["symbol"], party=True)
    if match := _STATE.match(cleaned):
        year = int(match["year"]) if match["year"] else None
        return DocumentNumber(match["serial"], year, match["symbol"], party=False)
    raise InvalidNumberError(f"“{text.strip()}” is not a document number; write it like 18-NQ/TW or 109/2025/TT-BTC")


def canonical_number(text: str) -> str:
    """The stored spelling of a number: normalised, one kind of dash and slash, no spaces, no leading "số"."""
    text = _PREFIX.sub("", normalise_line(text))
    text = _SLASHES.sub("/", _DASHES.sub("-", text))
    return re.sub(r"\s*([-/.])\s*", r"\1", text).replace(" ", "-").strip("-/.")


def number_key(text: str) -> str:
    """The key under which a number is found however it is typed: ``Số 18 – NQ/TW`` and ``18 nq tw`` give ``18-nq-tw``.

    Leading zeros do not count (``07-KL/VPTW`` is found by ``7 kl vptw``). Empty when the text holds no letter or digit.
    """
    folded = fold(_PREFIX.sub("", normalise_line(text)))
    return "-".join(token.lstrip("0") or "0" if token.isdigit() else token for token in _KEY_TOKEN.findall(folded))


def numbers_in(text: str) -> list[str]:
    """Canonical forms of the numbers that stand in a running text, in order, each once."""
    normalised = _SLASHES.sub("/", _DASHES.sub("-", normalise_line(text)))
    normalised = re.sub(r"(?<=\w) ?([-/]) ?(?=[A-ZĐ])", r"\1", normalised)
    found = (match.group(1) for match in _IN_TEXT.finditer(normalised))
    return list(dict.fromkeys(number for number in found if is_number(number)))


def is_number(text: str) -> bool:
    """Whether the whole text reads as a document number."""
    try:
        parse_number(text)
    except InvalidNumberError:
        return False
    return True


def document_key(number: str | None, issuer: str | None, issued_on: date | None) -> str:
    """The key that identifies an official document: number, issuer and date together."""
    return "|".join(
        (
            number_key(number or ""),
            " ".join(fold(issuer or "").split()),
            issued_on.isoformat() if issued_on else "",
        )
    )
