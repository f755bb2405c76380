"""Hostile queries: operators in odd places, markup, control characters, 4 kB of one thing; and what a page must not do.

Everything that looks like markup here is named `INTRUDER`, so that a page can be searched for it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from random import Random

from django.test import Client

from search.service.throttling import SearchThrottle

SEED = 20261122
INTRUDER = "zqxintruder"
ADDRESSES = ("/api/search/", "/tim-kiem/")

_WORDS = ("nghị quyết", "điều 5", "khoản 2", "18-NQ/TW", "đảng viên", "sinh hoat", "QĐ", "năm 2025", "Đ", "ỦY")
_OPERATORS = (
    "OR",
    "|",
    "HOẶC",
    '"',
    "“",
    "”",
    "-",
    '-"',
    "(",
    ")",
    "*",
    "?",
    "~2",
    "^9",
    ":",
    "\\",
    "/",
    "[",
    "{",
    "&&",
)
_QUERY_LANGUAGE = ("title:*", "_exists_:url", "*:*", "AND NOT", "/.*.*.*/", '{"match_all":{}}', "${jndi:ldap://x}")
_MARKUP = (
    f"<script>{INTRUDER}()</script>",
    f"<img src={INTRUDER} onerror={INTRUDER}()>",
    f'"><{INTRUDER} onload={INTRUDER}()>',
    f"' onmouseover='{INTRUDER}()",
    f"</title><{INTRUDER}>",
    f"javascript:{INTRUDER}()",
    f"<mark><{INTRUDER}></mark>",
    f"&lt;{INTRUDER}&gt;&#60;{INTRUDER}&#62;",
    f"{{{{ {INTRUDER} }}}}{{% {INTRUDER} %}}",
    f"]]><{INTRUDER}/>",
)
_ODD = (
    "\x00",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "\u200b",
    "\ufdd0",
    "\ufdd1",
    "\u0301" * 50,
    "𠮷",
    "\ud800",
    "\r\n",
    "\x7f",
)
_FILTERS = ("type", "issuer", "year", "unit", "status", "topic", "level", "sort", "scope", "page", "after", "like")


@dataclass(frozen=True)
class Attack:
    """Query parameters to send."""

    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reaction:
    """How the service took an attack. `seconds` is the time of the whole request."""

    address: str
    status: int
    seconds: float
    markup: bool


def attacks(count: int) -> Iterator[Attack]:
    """So many attacks, the same every time."""
    rng = Random(SEED)
    for _ in range(count):
        parameters = [("q", _query(rng))]
        if rng.random() < 0.3:
            parameters.append((rng.choice(_FILTERS), _query(rng)[:400]))
        if rng.random() < 0.5:
            parameters.append(("scope", "provisions"))
        yield Attack(tuple(parameters))


def react(client: Client, attack: Attack) -> Iterator[Reaction]:
    """Send an attack to the API and to the page."""
    sent = {name: value.encode("utf-8", "surrogatepass") for name, value in attack.parameters}
    for address in ADDRESSES:
        SearchThrottle.cache.clear()  # how many searches one address may make is another test's question
        started = time.perf_counter()
        response = client.get(address, sent)
        seconds = time.perf_counter() - started
        text = response.content.decode()
        fragments = (
            _shown_by_api(response.json()) if address == "/api/search/" and response.status_code == 200 else [text]
        )
        yield Reaction(address, response.status_code, seconds, any(map(has_intruder, fragments)))


def has_intruder(html: str) -> bool:
    """Whether HTML holds an element, an attribute, a script or a link that a query brought in."""
    watcher = _Watcher()
    watcher.feed(html)
    watcher.close()
    return watcher.found


def _query(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.12:  # 4 kB of one thing, as addresses allow
        piece = rng.choice((*_WORDS, *_OPERATORS, *_MARKUP, *_ODD))
        return (piece * (4096 // len(piece) + 1))[:4096]
    pools: Sequence[Sequence[str]] = (_WORDS, _OPERATORS, _QUERY_LANGUAGE, _MARKUP, _ODD)
    pieces = [rng.choice(rng.choice(pools)) for _ in range(rng.randrange(1, 14))]
    if kind < 0.3:
        pieces.append("".join(chr(rng.randrange(1, 0x2FFF)) for _ in range(rng.randrange(1, 200))))
    return rng.choice(("", " ")).join(pieces)


def _shown_by_api(answer: dict[str, object]) -> list[str]:
    """What the API calls HTML."""
    results = answer["results"]
    assert isinstance(results, list)
    return [passage["html"] for result in results for passage in result["passages"]]


class _Watcher(HTMLParser):
    """Looks for what a query brought into the markup; text and values of fields may hold anything."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag in ("script", "style")
        names = [tag, *(name for name, _ in attrs)]
        links = [(value or "").strip().lower() for name, value in attrs if name in ("href", "src", "action", "ping")]
        self.found |= any(INTRUDER in name or name.startswith("on") for name in names)
        self.found |= any(link.startswith("javascript:") for link in links)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        self.found |= self._in_script and INTRUDER in data
