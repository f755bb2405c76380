"""What those who watch the publisher are told of it: rounds of the loop, steps, and what fails.

Metrics (`publisher.monitoring`) and the editors' dashboard (`publisher.reporting`) both listen here, so that they speak
of the same failure in the same words.
"""

import errno
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, Self

from publisher.errors import FeedError, FeedRefusedError, LockedError, PublisherError, WrongFeedError
from publisher.replica import SetAside

MESSAGE_LENGTH = 300  # characters
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_USER_OF_ADDRESS = re.compile(r"(?<=://)[^\s/@]+@")
_QUERY_OF_ADDRESS = re.compile(r"(https?://[^\s?]*)\?[^\s'\")]*")


class StepOutcome(Protocol):
    """What is read of one step's outcome; `publisher.engine.Outcome` is one."""

    @property
    def release(self) -> str | None:
        """The release readers see now."""

    @property
    def changed(self) -> bool:
        """Whether it is another one than before the step."""

    @property
    def seq(self) -> int:
        """Position in the ledger."""

    @property
    def items(self) -> int:
        """Items live."""

    @property
    def hidden(self) -> int:
        """Items for members only."""

    @property
    def withdrawn(self) -> int:
        """Items withdrawn."""

    @property
    def pages_written(self) -> int:
        """Pages rendered anew."""

    @property
    def pages_removed(self) -> int:
        """Pages that are no more."""

    @property
    def seconds(self) -> float:
        """How long the step took."""

    @property
    def set_aside(self) -> Sequence[SetAside]:
        """Changes that could not go live."""

    @property
    def approved_at(self) -> Sequence[datetime]:
        """When the changes that went live in this step were approved; empty when an empty replica was filled, whose
        changes may be years old."""

    @property
    def live_at(self) -> datetime:
        """When `current` was switched."""

    @property
    def full(self) -> bool:
        """Whether all pages were considered."""


def delays(outcome: StepOutcome) -> list[float]:
    """Seconds from each approval to the switch, in order of approval; 0 where the clocks of two machines differ."""
    if not outcome.changed:
        return []
    return [max(0.0, (outcome.live_at - at).total_seconds()) for at in sorted(outcome.approved_at)]


class FailureKind(StrEnum):
    """What keeps the publisher from publishing, as far as it decides who has to act."""

    FEED = "feed"  # the CMS does not answer, or not with a feed; the publisher itself is well
    REFUSED = "refused"  # the CMS refuses the service token
    OTHER_LEDGER = "other_ledger"  # the CMS was set back, or is another one
    DISK_FULL = "disk_full"
    STORAGE = "storage"  # disk or replica cannot be used
    LOCKED = "locked"  # another publisher works on the same site
    BUILD = "build"  # theme or content that cannot be built
    INTERNAL = "internal"  # a defect of the publisher


# Reading the feed ends these; the others end with a round that comes through.
FEED_KINDS = frozenset({FailureKind.FEED, FailureKind.REFUSED, FailureKind.OTHER_LEDGER})


@dataclass(frozen=True)
class Failure:
    """What fails now, and since when without a break."""

    kind: FailureKind
    message: str
    since: datetime

    @classmethod
    def of(cls, error: BaseException, before: Self | None = None) -> Self:
        """The failure an error tells of; `before` is the one there was already."""
        new = cls(_kind(error), plain(str(error) or type(error).__name__), datetime.now(UTC))
        return replace(new, since=before.since) if before is not None and before.kind is new.kind else new


def plain(text: str, secret: str = "") -> str:
    """`text` on one line, cut to `MESSAGE_LENGTH`, without `secret` and without passwords and queries of addresses.

    What no JSON or database takes (control characters, halves of surrogate pairs) goes too: a bad line may hold it.
    """
    if secret:
        text = text.replace(secret, "…")
    text = _UNPRINTABLE.sub(" ", text)
    text = _QUERY_OF_ADDRESS.sub(r"\1", _USER_OF_ADDRESS.sub("", " ".join(text.split())))
    return text[:MESSAGE_LENGTH]


def _kind(error: BaseException) -> FailureKind:
    match error:
        case FeedRefusedError():
            return FailureKind.REFUSED
        case WrongFeedError():
            return FailureKind.OTHER_LEDGER
        case FeedError():
            return FailureKind.FEED
        case LockedError():
            return FailureKind.LOCKED
    # The engine wraps errors of disk and database into its own, with the cause.
    cause = error if isinstance(error, OSError | sqlite3.Error) else error.__cause__
    if isinstance(cause, OSError) and cause.errno in _NO_SPACE:
        return FailureKind.DISK_FULL
    if isinstance(cause, sqlite3.Error):
        full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        return FailureKind.DISK_FULL if full else FailureKind.STORAGE
    if isinstance(cause, OSError):
        return FailureKind.STORAGE
    return FailureKind.BUILD if isinstance(error, PublisherError) else FailureKind.INTERNAL


class Watcher(Protocol):
    """Is told how publishing goes, from the thread that publishes; returns at once and raises nothing."""

    def polled(self, head: int | None, position: int) -> None:
        """The feed was read: it ends at `head` (None: it does not say), the site is made up to `position`."""

    def working(self) -> None:
        """A long step goes on; called now and then inside it, so that it is not taken for a hung one."""

    def stepped(self, outcome: StepOutcome | None) -> None:
        """A round of the loop came through; None: there was nothing to do."""

    def failed(self, error: BaseException) -> None:
        """A round of the loop failed; readers still see the old release."""


class Watchers:
    """Several watchers as one."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def polled(self, head: int | None, position: int) -> None:
        for watcher in self._watchers:
            watcher.polled(head, position)

    def working(self) -> None:
        for watcher in self._watchers:
            watcher.working()

    def stepped(self, outcome: StepOutcome | None) -> None:
        for watcher in self._watchers:
            watcher.stepped(outcome)

    def failed(self, error: BaseException) -> None:
        for watcher in self._watchers:
            watcher.failed(error)
