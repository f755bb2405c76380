"""Outcomes of steps, for those who watch them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from publisher.replica import SetAside, Stage

LIVE_AT = datetime(2026, 11, 22, 8, 0, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """What a step came to, as the engine would tell it."""

    release: str | None = "r1"
    changed: bool = True
    seq: int = 7
    items: int = 5
    hidden: int = 2
    withdrawn: int = 1
    pages_written: int = 12
    pages_removed: int = 3
    seconds: float = 0.2
    set_aside: list[SetAside] = field(default_factory=list)
    approved_at: tuple[datetime, ...] = ()
    live_at: datetime = LIVE_AT
    full: bool = False


def approved(*seconds_before: float) -> tuple[datetime, ...]:
    """Approvals that many seconds before `LIVE_AT`."""
    return tuple(LIVE_AT - timedelta(seconds=seconds) for seconds in seconds_before)


def aside(seq: int | None = 3, id_: str | None = "x", reason: str = "the address is taken") -> SetAside:
    """A change that could not go live."""
    return SetAside(seq, id_, Stage.PATH, reason)
