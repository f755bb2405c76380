"""Whatever happens in whatever order: a site that followed every change equals one that is built at once.

Histories of approvals, edits, withdrawals, new days and restarts are drawn at random; each may end anywhere. The number
of histories is `HISTORIES` (a few here, 500 in ``make bench``).
"""

import os
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.models import Snapshot
from contract.vocabulary import Audience, Verb
from publisher.engine import RETRY_ON_START
from tests.publisher.factories import Ledger, document, guidance, item_id, news, unit
from tests.publisher.workshop import DAY, Workshop, tree

# Nothing here is about the disk, and thousands of sites are made.
MEMORY = Path("/dev/shm")  # noqa: S108
HISTORIES = int(os.environ.get("HISTORIES", "25"))
WORDS = ("đổi mới", "học tập", "kỷ luật <b>", "chuyển đổi số & dữ liệu")
UNITS = ("tinh-uy", "xa-mot", "xa-hai", "chi-bo")
TOPICS = tuple({"slug": slug, "name": name} for slug, name in (("a", "Chủ đề A"), ("b", "Chủ đề B"), ("a", "Tên mới")))
NUMBERS = (None, "1-NQ/TW", "2-NQ/TW", "18-NQ/TW")
days = st.integers(-9, 9).map(lambda n: DAY + timedelta(days=n))
Step = tuple[str, Any]


def _link(target: str) -> str:
    return f'<p>Xem <a href="{target}">văn bản</a>.</p>'


LINKS = st.sampled_from(
    (
        "/van-ban/d-0/",
        "/tin-tuc/t-1/",
        "/chu-de/a/",
        "/van-ban/nam/2026/",
        "/tin-tuc/trang/1/",
        "/khong-co/",
        "/don-vi/xa-mot/",
    )
)


@st.composite
def relations(draw: st.DrawFn) -> tuple[dict[str, Any], ...]:
    found = []
    for verb in draw(st.lists(st.sampled_from(list(Verb)), max_size=2)):
        by_id = draw(st.booleans())
        where = (
            {"target": item_id(f"d-{draw(st.integers(0, 2))}")}
            if by_id
            else {"number": draw(st.sampled_from(NUMBERS[1:]))}
        )
        found.append({"verb": verb, **where, "anchor": draw(st.sampled_from((None, "dieu-1")))})
    return tuple(found)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    number = draw(st.integers(0, 2))
    values: dict[str, Any] = {
        "title": f"{draw(st.sampled_from(WORDS))} {number}",
        # Mostly the day of publication stays what it was, as when a text is edited.
        "days": draw(st.sampled_from((number, number, number, number, 0.5, 40, 400))),
        "topics": draw(st.lists(st.sampled_from(TOPICS), max_size=2, unique_by=lambda topic: topic["slug"])),
        "body": _link(draw(LINKS)),
        "audience": draw(st.sampled_from((Audience.PUBLIC,) * 5 + (Audience.MEMBERS,))),
        "revision": draw(st.integers(1, 3)),
    }
    kind = draw(st.sampled_from(("news", "guidance", "document", "document", "document", "unit")))
    place = {"unit": draw(st.sampled_from(UNITS))}
    if kind == "unit":
        name = draw(st.sampled_from(UNITS))
        above = draw(st.sampled_from(((), ("tinh-uy",), ("tinh-uy", "xa-mot"))))
        return unit(name, level=len(above) + 1, ancestors=[n for n in above if n != name], title=values["title"])
    if kind == "news":
        return news(f"t-{number}", **values, **place)
    if kind == "guidance":
        return guidance(f"h-{number}", **values, **place)
    return document(
        f"d-{number}",
        draw(st.sampled_from(NUMBERS)),
        type_=draw(st.sampled_from(("nghi-quyet", "chi-thi"))),
        issued_on=draw(st.sampled_from((None, date(2025, 12, 31), date(2026, 3, 1)))),
        effective_from=draw(st.none() | days),
        effective_to=draw(st.none() | days),
        relations=draw(relations()),
        **values,
        **place,
    )


publishing = st.tuples(st.just("publish"), st.lists(snapshots(), min_size=1, max_size=5))
steps = st.one_of(
    publishing,
    publishing,
    publishing,
    st.tuples(st.just("withdraw"), snapshots()),
    st.tuples(st.just("many"), st.tuples(st.sampled_from(("news", "document")), st.integers(18, 42))),
    st.tuples(st.just("fewer"), st.integers(1, 12)),
    st.tuples(st.just("day"), st.integers(-10, 10)),
    st.tuples(st.just("restart"), st.none()),
)


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


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize="HISTORIES" not in os.environ,
)
@given(st.lists(steps, min_size=3, max_size=9))
def test_a_site_that_followed_every_change_equals_one_built_at_once(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        site = History(Path(name))
        try:
            for step in history:
                site.take(step)
            assert difference(site.followed, site.built_at_once(site.ledger.lines(), "whole")) == []
            assert difference(site.followed, site.built_at_once(site.ledger.compacted(), "compacted")) == []
        finally:
            site.end()
