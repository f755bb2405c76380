"""Reads the changes feed, over HTTP or from a JSON Lines file, and fetches the bytes of files it speaks of.

A line that cannot be used is reported with its number and does not stop the others.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from contract.models import Change, InvalidChangeError, parse_change
from publisher.errors import FeedError, FeedRefusedError, FileUnavailableError

logger = logging.getLogger(__name__)

# Seconds. The feed is on the same network; a poll that takes longer than this is an outage.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
# Seconds before the second, third… attempt. Short, because `run` has a longer loop of its own around it.
PAUSES = (0.2, 0.6)
MAX_SEQ = 2**63 - 1
# Changes handed on at a time, so that a feed of 100,000 never lies in memory whole.
BATCH = 500
# How a line begins in canonical form: enough to pass over what was read before without parsing it.
_SEQ = re.compile(rb'\s*\{"seq": ?(\d{1,18}),')


@dataclass(frozen=True)
class RejectedLine:
    """A line of the feed that cannot be used. `number` counts from 1 within one reading."""

    number: int
    reason: str
    seq: int | None = None
    item: str | None = None


@dataclass(frozen=True)
class Batch:
    """Some changes after a position, in seq order, and lines that could not be read.

    `head` is the highest seq of the whole feed, where it is known already.
    """

    changes: tuple[Change, ...] = ()
    rejected: tuple[RejectedLine, ...] = ()
    head: int | None = None

    @property
    def last_seq(self) -> int:
        """The highest seq in the batch, 0 for an empty one."""
        seqs = [change.seq for change in self.changes] + [line.seq or 0 for line in self.rejected]
        return max(seqs, default=0)


class Feed(Protocol):
    """Where changes come from."""

    def batches(self, position: int) -> Iterator[Batch]:
        """Everything after `position`, at least one batch, the last one with the head. Raises `FeedError`."""

    def fetch(self, url: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces. Raises `FileUnavailableError`."""


def open_feed(source: str, token: str) -> Feed:
    """The feed at an http(s) address or in a file. Raises `FeedError` when it is neither."""
    if source.startswith(("http://", "https://")):
        return HttpFeed(source, token)
    path = Path(source)
    if not path.is_file():
        raise FeedError(f"{source} is neither an http(s) address nor a file of changes")
    return FileFeed(path)


@dataclass
class _Lines:
    """Collects the lines of one reading."""

    position: int
    changes: list[Change] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    number: int = 0
    head: int | None = None

    def add(self, line: bytes) -> None:
        self.number += 1
        if not line.strip():
            return
        if (beginning := _SEQ.match(line)) and (seq := int(beginning[1])) <= self.position:
            self.head = max(self.head or 0, seq)
        else:
            self._add_line(line)

    def _add_line(self, line: bytes) -> None:
        seq: int | None
        try:
            change = parse_change(line)
            seq = change.seq
            if seq > MAX_SEQ:
                raise InvalidChangeError("the seq is too large", None, str(change.id))
            if seq > self.position:
                self.changes.append(change)
        except InvalidChangeError as error:
            seq = error.seq if error.seq is not None and 0 < error.seq <= MAX_SEQ else None
            if seq is None or seq > self.position:
                self.rejected.append(RejectedLine(self.number, f"line {self.number}: {error}", seq, error.item))
        except RecursionError:
            seq = None
            self.rejected.append(RejectedLine(self.number, f"line {self.number}: nested too deeply"))
        if seq is not None:
            self.head = max(self.head or 0, seq)

    def take(self, head: int | None) -> Batch:
        """What was collected since the last time."""
        changes = sorted(self.changes, key=lambda change: change.seq)
        batch = Batch(tuple(changes), tuple(self.rejected), head)
        self.changes, self.rejected = [], []
        return batch


class FileFeed:
    """A JSON Lines file; the files it speaks of lie beside it or below its directory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directory = path.resolve().parent

    def batches(self, position: int) -> Iterator[Batch]:
        """Everything in the file after `position`."""
        lines = _Lines(position)
        try:
            with self._path.open("rb") as file:
                for line in file:
                    lines.add(line)
                    if len(lines.changes) >= BATCH:
                        yield lines.take(None)
        except OSError as error:
            raise FeedError(f"cannot read the feed {self._path}: {error.strerror}") from error
        yield lines.take(lines.head)

    def fetch(self, url: str) -> Iterator[bytes]:
        """The bytes of a file at a path relative to the directory of the feed; never one outside it."""
        if "://" in url:
            raise FileUnavailableError(f"{url}: a feed file can only speak of files beside it")
        try:
            path = (self._directory / unquote(url)).resolve()
            if not path.is_relative_to(self._directory):
                raise FileUnavailableError(f"{url}: the path leaves the directory of the feed")
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    yield piece
        except (OSError, RuntimeError, ValueError) as error:
            raise FileUnavailableError(f"{url}: {error}") from error


class HttpFeed:
    """The feed of the CMS. The token goes to the origin of the feed and nowhere else; redirects are not followed."""

    def __init__(self, url: str, token: str, pauses: tuple[float, ...] = PAUSES) -> None:
        self._url = url
        self._token = token
        self._pauses = pauses
        self._client = httpx.Client(timeout=TIMEOUT)

    def batches(self, position: int) -> Iterator[Batch]:
        """Everything after `position`, a batch for every page of the feed."""
        lines = _Lines(position)
        url = str(httpx.URL(self._url).copy_merge_params({"after": position}))
        seen: set[str] = set()
        while url:
            if url in seen:
                raise FeedError(f"the feed links in a circle at {url}")
            seen.add(url)
            response = self._page(url)
            for line in response.content.split(b"\n"):
                lines.add(line)
            text = response.headers.get("x-head-seq", "")
            following = str(response.links.get("next", {}).get("url", ""))
            url = self._same_origin(urljoin(url, following)) if following else ""
            known = int(text) if text.isdecimal() else None
            yield lines.take(known if url else known if known is not None else lines.head)

    def fetch(self, url: str) -> Iterator[bytes]:
        """The bytes at `url`, which may be relative to the feed's own address."""
        address = urljoin(self._url, url)
        if urlsplit(address).scheme not in ("http", "https"):
            raise FileUnavailableError(f"{url}: not an http(s) address")
        try:
            with self._client.stream("GET", address, headers=self._headers(address)) as response:
                if response.status_code != 200:
                    raise FileUnavailableError(f"{url}: the server answers {response.status_code}")
                yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise FileUnavailableError(f"{url}: {_reason(error)}") from error

    def _page(self, url: str) -> httpx.Response:
        return _retried(lambda: self._one_attempt(url), self._pauses)

    def _one_attempt(self, url: str) -> httpx.Response:
        try:
            response = self._client.get(url, headers=self._headers(url))
        except httpx.HTTPError as error:
            raise FeedError(f"the feed {self._url} cannot be reached: {_reason(error)}") from error
        status = response.status_code
        if status in (401, 403):
            given = "is refused" if self._token else "is not set"
            raise FeedRefusedError(
                f"the feed {self._url} answers {status}: FEED_TOKEN {given}. "
                "Set it to the same value as in the environment of the CMS."
            )
        if status != 200:
            raise FeedError(f"the feed {self._url} answers {status}")
        if "json" not in response.headers.get("content-type", ""):
            raise FeedError(f"{self._url} does not answer with JSON Lines: is it the address of the changes feed?")
        if response.content and not response.content.endswith(b"\n"):
            raise FeedError(f"the answer of the feed {self._url} was cut off")
        return response

    def _headers(self, url: str) -> dict[str, str]:
        if not self._token or _origin(url) != _origin(self._url):
            return {}
        return {"Authorization": f"Bearer {self._token}"}

    def _same_origin(self, url: str) -> str:
        if _origin(url) != _origin(self._url):
            raise FeedError(f"the feed {self._url} links to another server: {url}")
        return url


def _retried(attempt: Callable[[], httpx.Response], pauses: tuple[float, ...]) -> httpx.Response:
    for pause in pauses:
        try:
            return attempt()
        except FeedRefusedError:
            raise
        except FeedError as error:
            logger.info("%s; trying again in %s s", error, pause)
            time.sleep(pause)
    return attempt()


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
