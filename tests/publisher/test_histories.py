"""Whatever happens in whatever order: a site that followed every change equals one that is built at once.

Histories of approvals, edits, withdrawals, new days and restarts are drawn at random; each may end anywhere. The number
of histories is `HISTORIES` (a few here, 500 in ``make bench``).
"""

import os
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from contract.models import Snapshot
from contract.vocabulary import Audience, Verb
from publisher.engine import RETRY_ON_START
from tests.publisher.factories import Ledger, abbreviation, document, guidance, item_id, news, page, unit
from tests.publisher.workshop import DAY, Workshop, tree

# Nothing here is about the disk, and thousands of sites are made.
MEMORY = Path("/dev/shm")  # noqa: S108
HISTORIES = int(os.environ.get("HISTORIES", "25"))
WORDS = ("đổi mới", "học tập", "kỷ luật <b>", "chuyển đổi số & dữ liệu")
UNITS = ("tinh-uy", "xa-mot", "xa-hai", "chi-bo")
TOPICS = ({"slug": "a", "name": "Chủ đề A"}, {"slug": "b", "name": "Chủ đề B"}, {"slug": "a", "name": "Tên mới"})
NUMBERS = ("1-NQ/TW", "2-NQ/TW", "18-NQ/TW")
LINKS = (
    *("/van-ban/d-0/", "/tin-tuc/t-1/", "/chu-de/a/", "/van-ban/nam/2026/", "/tin-tuc/trang/1/", "/khong-co/"),
    *("/don-vi/xa-mot/", "/huong-dan/h-2/"),
)
TERMS = (abbreviation("BCH TW", "Ban Chấp hành"), abbreviation("ĐV", "đảng viên"), abbreviation("ĐV", "đơn vị"))
Step = tuple[str, Any]


def relations(random: Random) -> tuple[dict[str, Any], ...]:
    """What a document does to others, known by id or by number."""
    return tuple(
        {
            "verb": random.choice(list(Verb)),
            "anchor": random.choice((None, None, "dieu-1")),
            **random.choice(
                ({"target": item_id(f"d-{random.randrange(3)}")}, {"number": random.choice(NUMBERS)}),
            ),
        }
        for _ in range(random.randrange(3))
    )


def some_day(random: Random) -> date | None:
    return random.choice((None, DAY + timedelta(days=random.randint(-3, 3))))


def some_item(random: Random) -> Snapshot:
    """One of a few items, in one of many forms: so histories are mostly edits."""
    number = random.randrange(3)
    kind = random.choice(("news", "guidance", "document", "document", "document", "unit", "page"))
    title = f"{random.choice(WORDS)} {number}"
    if kind == "unit":
        above = random.choice(((), ("tinh-uy",), ("tinh-uy", "xa-mot")))
        name = random.choice(UNITS)
        return unit(name, level=len(above) + 1, ancestors=[other for other in above if other != name], title=title)
    values: dict[str, Any] = {
        "title": title,
        # Mostly the day of publication stays what it was, as when a text is edited.
        "days": random.choice((number, number, number, number, number, 0.5, 40, 400)),
        "topics": random.choice(((), TOPICS[:1], TOPICS[:2], TOPICS[1:])),
        "body": f'<p>Xem <a href="{random.choice(LINKS)}">văn bản</a>.</p>',
        "audience": random.choice((Audience.PUBLIC,) * 9 + (Audience.MEMBERS,)),
        "revision": random.randint(1, 3),
        "unit": random.choice(UNITS),
    }
    if kind == "news":
        return news(f"t-{number}", **values)
    if kind == "guidance":
        return guidance(f"h-{number}", **values)
    if kind == "page":
        # Its title stands in the menu of every page; one that changed would hide what the rest of a history does.
        terms = random.sample(TERMS, random.randrange(len(TERMS) + 1))
        return page(f"p-{number}", **values | {"title": f"Trang {number}", "terms": tuple(terms)})
    return document(
        f"d-{number}",
        random.choice((None, *NUMBERS)),
        type_=random.choice(("nghi-quyet", "chi-thi")),
        issued_on=random.choice((None, date(2025, 12, 31), date(2026, 3, 1), DAY + timedelta(days=2))),
        effective_from=some_day(random),
        effective_to=some_day(random),
        relations=relations(random),
        **values,
    )


def some_history(random: Random) -> list[Step]:
    """It begins with several items; most of what follows is one change at a time, which nothing else can cover up."""
    kinds = ("publish",) * 9 + ("withdraw",) * 3 + ("many", "fewer", "restart") + ("day",) * 3
    history: list[Step] = [("publish", [some_item(random) for _ in range(random.randint(4, 14))])]
    for what in random.choices(kinds, k=random.randint(1, 6)):
        how: Any = None
        if what == "publish":
            how = [some_item(random) for _ in range(random.choice((1, 1, 1, 1, 2, 5)))]
        elif what == "withdraw":
            how = some_item(random)
        elif what == "many":
            how = random.choice(("news", "document")), random.randint(18, 42)
        elif what == "fewer":
            how = random.randint(1, 6)
        elif what == "day":
            how = random.randint(-4, 4)
        history.append((what, how))
    return history


class History:
    """One ledger and the site that follows it."""

    def __init__(self, root: Path) -> None:
        self.followed = Workshop(root / "followed")
        self.root = root
        self.live: dict[str, Snapshot] = {}
        self.many = 0
        self._publisher = None

    @property
    def ledger(self) -> Ledger:
        return self.followed.ledger

    def take(self, step: Step) -> None:
        what, how = step
        if what == "publish":
            self._publish(*how)
        elif what == "withdraw":
            self._withdraw(how)
        elif what == "many":
            kind, count = how
            make = news if kind == "news" else document
            self._publish(*(make(f"n-{self.many + n}", days=50 + (self.many + n) / 100) for n in range(count)))
            self.many += count
        elif what == "fewer":
            for item in list(self.live.values())[:how]:
                self._withdraw(item)
        elif what == "day":
            self.followed.day = DAY + timedelta(days=how)
        else:
            self.end()
        self.follow()

    def follow(self) -> None:
        self.ledger.write(self.followed.feed)
        if self._publisher is None:
            self._publisher = self.followed.publisher()
        self._publisher.step(self.followed.day, always=True, retry=RETRY_ON_START)
        while self._publisher.tidy_up():
            pass

    def end(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def built_at_once(self, lines: Iterator[bytes] | list[bytes], name: str) -> Workshop:
        other = Workshop(self.root / name)
        other.day = self.followed.day
        other.feed.write_bytes(b"".join(lines))
        other.build_feed()
        return other

    def _publish(self, *items: Snapshot) -> None:
        for item in items:
            self.live[item.path] = item
        self.ledger.publish(*items)

    def _withdraw(self, item: Snapshot) -> None:
        # As the CMS does: only of an item the public could see does a withdrawal tell the address.
        newest = self.live.pop(item.path, None)
        self.ledger.withdraw(item, with_path=newest is not None and newest.audience is Audience.PUBLIC)


def difference(one: Workshop, other: Workshop) -> list[str]:
    """What differs between two sites as readers and the search see them."""
    here, there = tree(one.current), tree(other.current)
    names = {name for name in here.keys() | there.keys() if here.get(name) != there.get(name)}
    # These name the release and the one before it.
    return sorted(names - {"manifest.json", "changes.json"})


@pytest.mark.timeout(120 + 6 * HISTORIES)
@settings(
    max_examples=HISTORIES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="HISTORIES" not in os.environ,
)
@given(st.randoms(use_true_random=True))
def test_a_site_that_followed_every_change_equals_one_built_at_once(random: Random) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        site = History(Path(name))
        history = some_history(random)
        note("\n".join(map(repr, history)))
        try:
            for step in history:
                site.take(step)
            assert difference(site.followed, site.built_at_once(site.ledger.lines(), "whole")) == []
            assert difference(site.followed, site.built_at_once(site.ledger.compacted(), "compacted")) == []
        finally:
            site.end()
