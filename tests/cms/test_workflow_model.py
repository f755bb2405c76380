"""The workflow against a small model of it: whatever people do in whatever order, the feed holds what was approved.

Hypothesis plays board members who write, edit, submit, decide, withdraw, restrict, move and delete. After each step the
feed is replayed the way a reader of it would, and compared with what the model says the public may see.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from wagtail.models import Page, PageViewRestriction

from cms.content.models import NewsPage
from cms.editorial.publication import withdraw
from cms.editorial.workflow import submit
from cms.ledger.models import Approval, Change, LedgerPosition, PublishedItem, Snapshot
from cms.ledger.recording import change_line, reconcile
from cms.units.boards import seat
from cms.units.models import Role, UnitPage
from contract.models import parse_change
from tests.cms.factories import Board, person

PROFILE = settings(
    max_examples=25,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a dozen steps can be read as they are; shrinking them would take minutes
    suppress_health_check=list(HealthCheck),
)
DECISIONS = ("approve", "reject", "endorse")


@dataclass
class World:
    """Two units side by side below a province, and people of every kind."""

    units: list[UnitPage]
    people: list[Any]
    writers: list[Any]

    @classmethod
    def make(cls) -> "World":
        province = Board()
        communes = [
            Board(title, parent=province.unit) for title in ("Đảng ủy xã Suối Trong", "Đảng ủy phường Bạch Đằng")
        ]
        both = communes[0].editor  # writes and may approve: four eyes must hold for them too
        seat(both, communes[0].unit, Role.APPROVER)
        boards = [province, *communes]
        root = person("quantri", is_superuser=True, is_staff=True)
        return cls(
            units=[board.unit for board in communes],
            people=[p for board in boards for p in (board.editor, board.reviewer, board.approver)] + [root],
            writers=[communes[0].editor, communes[0].approver, communes[1].editor, root],
        )


@dataclass
class Item:
    """What the model knows of one page. `hands` are those who touched the text since it was last approved."""

    pk: int
    uuid: str
    unit: int
    text: str
    hands: set[int]
    waiting: str | None = None
    approved: str | None = None
    live: bool = False


class Editors(RuleBasedStateMachine):
    """Rules are what people do; invariants are what a reader of the feed may rely on."""

    world: World
    items = Bundle("items")

    def __init__(self) -> None:
        super().__init__()
        # Everything one example does is undone at its end; the world of boards around it stays.
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.model: dict[str, Item] = {}
        self.restricted: set[int] = set()
        self.number = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def page(self, item: Item) -> NewsPage:
        return NewsPage.objects.get(pk=item.pk)

    def new_text(self) -> str:
        self.number += 1
        return f"Bản số {self.number}"

    @initialize(target=items, units=st.tuples(st.integers(0, 1), st.integers(0, 1)))
    def begin_with_one_on_the_site_and_one_waiting(self, units: tuple[int, int]) -> Any:
        """Most of what can go wrong begins here, and chance alone needs many steps to come this far."""
        shown, waiting = (self.write(unit, writer=0) for unit in units)
        self.submit(shown, writer=2)
        self.the_right_one_approves(shown)
        assert shown.live
        self.submit(waiting, writer=0)
        return multiple(shown, waiting)

    @rule(target=items, unit=st.integers(0, 1), writer=st.integers(0, 3))
    def write(self, unit: int, writer: int) -> Item:
        text, user = self.new_text(), self.world.writers[writer]
        parent = UnitPage.objects.get(pk=self.world.units[unit].pk)
        draft = NewsPage(title=text, body=f"<p>{text}</p>", owner=user, live=False)
        page = parent.add_child(instance=draft)
        page.save_revision(user=user)
        item = Item(page.pk, str(page.uuid), unit, text, {user.pk})
        self.model[item.uuid] = item
        return item

    @rule(item=items, writer=st.integers(0, 3))
    def edit(self, item: Item, writer: int) -> None:
        """Also while it waits: the lock is the editor form's business, the ledger must hold without it."""
        user = self.world.writers[writer]
        draft = self.page(item).get_latest_revision_as_object()
        item.text = draft.title = self.new_text()
        draft.body = f"<p>{item.text}</p>"
        draft.save_revision(user=user)
        item.hands.add(user.pk)

    @rule(item=items, writer=st.integers(0, 3))
    def submit(self, item: Item, writer: int) -> None:
        user, page = self.world.writers[writer], self.page(item)
        waits, was_sent_back = page.workflow_in_progress, page.current_workflow_state is not None
        try:
            with transaction.atomic():
                submit(page, user)
        except ValidationError:
            assert waits, "only a text that waits already is refused"
            return
        assert not waits
        item.waiting = item.text
        if not was_sent_back:
            item.hands.add(user.pk)

    @rule(item=items, who=st.integers(0, 9), action=st.sampled_from(DECISIONS))
    def decide(self, item: Item, who: int, action: str) -> None:
        user, page = self.world.people[who], self.page(item)
        task_state = page.current_workflow_task_state
        if task_state is None:
            return
        before = Approval.objects.count()
        try:
            with transaction.atomic():
                task_state.task.specific.on_action(task_state, user, action, comment="ý kiến")
        except PermissionDenied:
            assert Approval.objects.count() == before
            return
        if Approval.objects.count() > before:
            assert action == "approve"
            assert user.pk not in item.hands, "approved by someone who had a hand in it"
            assert not user.is_superuser, "a superuser without a seat approved"
            item.approved, item.live, item.hands = item.text, True, set()
        item.waiting = None if not self.page(item).workflow_in_progress else item.text

    @rule(item=items, writer=st.integers(0, 3))
    def submit_and_approve(self, item: Item, writer: int) -> None:
        self.submit(item, writer)
        self.the_right_one_approves(item)

    @rule(item=items)
    def the_right_one_approves(self, item: Item) -> None:
        """Everybody tries in turn until one may; by chance that one seldom comes by."""
        for who in range(len(self.world.people)):
            if item.waiting:
                self.decide(item, who, "approve")

    @rule(item=items)
    def the_right_one_rejects(self, item: Item) -> None:
        for who in range(len(self.world.people)):
            if item.waiting:
                self.decide(item, who, "reject")

    @rule(item=items)
    def the_right_one_withdraws(self, item: Item) -> None:
        self.withdraw(item, who=2)

    @rule(item=items, who=st.integers(0, 9))
    def withdraw(self, item: Item, who: int) -> None:
        try:
            with transaction.atomic():
                withdraw(self.page(item), self.world.people[who], "Sai số liệu")
        except PermissionDenied:
            return
        item.live = False

    @rule(unit=st.integers(0, 1))
    def restrict_or_lift(self, unit: int) -> None:
        page = Page.objects.get(pk=self.world.units[unit].pk)
        if unit in self.restricted:
            page.view_restrictions.get().delete()
        else:
            PageViewRestriction.objects.create(page=page, restriction_type=PageViewRestriction.LOGIN)
        self.restricted ^= {unit}

    @rule(item=items)
    def move(self, item: Item) -> None:
        item.unit = 1 - item.unit
        self.page(item).move(UnitPage.objects.get(pk=self.world.units[item.unit].pk), pos="last-child")

    @rule(item=consumes(items))
    def delete(self, item: Item) -> None:
        self.page(item).delete()
        del self.model[item.uuid]

    @rule(item=items)
    def reconcile_once_more(self, item: Item) -> None:
        assert reconcile(self.page(item)) is None, "the ledger was not up to date"

    @invariant()
    def the_feed_shows_what_was_approved_and_may_be_seen(self) -> None:
        feed: dict[str, tuple[str, str]] = {}
        for row in Change.objects.filter(is_latest=True).select_related("item", "snapshot").order_by("seq"):
            change = parse_change(change_line(row))
            if change.snapshot is None:
                feed.pop(str(change.id), None)
            else:
                feed[str(change.id)] = (change.snapshot.title, change.snapshot.unit.name)
        assert feed == {
            item.uuid: (item.approved, self.world.units[item.unit].title)
            for item in self.model.values()
            if item.live and item.unit not in self.restricted
        }

    @invariant()
    def every_published_text_has_the_hash_a_non_author_approved(self) -> None:
        for snapshot in Snapshot.objects.select_related("approval"):
            assert snapshot.content_sha256 == snapshot.approval.content_sha256
            assert snapshot.approval.approved_by_id not in snapshot.approval.author_ids

    @invariant()
    def seq_has_no_gaps_and_each_item_one_latest_change(self) -> None:
        rows = list(Change.objects.order_by("seq").values_list("seq", "item_id", "is_latest"))
        assert [seq for seq, _, _ in rows] == list(range(1, len(rows) + 1))
        latest = {item: seq for seq, item, _ in rows}
        assert [seq for seq, _, is_latest in rows if is_latest] == sorted(latest.values())
        position = LedgerPosition.objects.first()
        assert (position.last_seq if position else 0) == len(rows)

    @invariant()
    def a_deleted_item_is_withdrawn_and_carries_no_text(self) -> None:
        for item in PublishedItem.objects.exclude(uuid__in=self.model):
            assert not item.is_live
            last = item.changes.get(is_latest=True)
            assert json.loads(change_line(last))["snapshot"] is None


@pytest.mark.django_db
def test_whatever_people_do_the_feed_holds_what_was_approved() -> None:
    Editors.world = World.make()
    run_state_machine_as_test(Editors, settings=PROFILE)
