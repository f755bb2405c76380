"""Facts about an item that only the others tell: relations from both ends, validity on a day, its units by name.

Pure: the same items and day give the same facts.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from contract.models import Relation, Snapshot
from contract.numbers import number_key
from contract.release import RelatedItem, UnitLink
from contract.vocabulary import VERB_TERMS, Kind, Status, Verb
from publisher.replica import Item

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_VERB_ORDER = {verb: position for position, verb in enumerate(VERB_TERMS)}


@dataclass(frozen=True)
class _Incoming:
    relation: Relation
    source: Item


class Facts:
    """Derived facts over a set of live items on a day (a calendar date in Viet Nam)."""

    def __init__(self, items: Iterable[Item], day: date) -> None:
        self.day = day
        self.items = {item.id: item for item in sorted(items, key=lambda item: item.id)}
        self.by_path = {item.snapshot.path: item for item in self.items.values()}

    def outgoing(self, snapshot: Snapshot) -> tuple[RelatedItem, ...]:
        """What the item does to others, in the order its editors gave. Linked only where the target is certain."""
        return tuple(self._outgoing_end(relation, snapshot.id) for relation in snapshot.relations)

    def incoming(self, snapshot: Snapshot) -> tuple[RelatedItem, ...]:
        """What others do to the item, by verb, then by date of issue and address."""
        return tuple(
            RelatedItem(
                verb=VERB_TERMS[entry.relation.verb].inverse,
                label=VERB_TERMS[entry.relation.verb].inverse_label,
                number=_number(entry.source.snapshot),
                title=entry.source.snapshot.title,
                path=entry.source.snapshot.path,
                id=entry.source.id,
            )
            for entry in self._incoming(snapshot)
        )

    def partners(self, snapshot: Snapshot) -> frozenset[UUID]:
        """The live items at the other ends of the item's relations."""
        targets = (self._target(relation, snapshot.id) for relation in snapshot.relations)
        sources = (entry.source.id for entry in self._incoming(snapshot))
        return frozenset([target.id for target in targets if target is not None]) | frozenset(sources)

    def status(self, snapshot: Snapshot) -> Status | None:
        """Validity of a document on the day; None for an item that is no document.

        A document is replaced or repealed from the day the other one takes effect, and for good: a later repeal of the
        repealing document does not bring it back. A relation that names a provision touches only that one, so it
        amends. `effective_to` is the last day of validity.
        """
        facts = snapshot.document
        if facts is None:
            return None
        verbs = {self._effect(entry.relation) for entry in self._incoming(snapshot) if self._has_effect(entry.source)}
        if Verb.REPEALS in verbs:
            return Status.REPEALED
        if Verb.REPLACES in verbs:
            return Status.REPLACED
        if facts.effective_to is not None and facts.effective_to < self.day:
            return Status.EXPIRED
        if facts.effective_from is not None and facts.effective_from > self.day:
            return Status.PENDING
        return Status.AMENDED if Verb.AMENDS in verbs else Status.IN_FORCE

    def unit_path(self, snapshot: Snapshot) -> tuple[UnitLink, ...]:
        """The units from the top down to the item's own, named as their pages are named now.

        An ancestor without a page is left out (nobody knows its name); the item's own unit then has the name of the
        snapshot and no path.
        """
        links = []
        for unit in (*snapshot.unit.ancestors, snapshot.unit.id):
            page = self.units.get(unit)
            if page is not None:
                links.append(UnitLink(id=unit, name=page.snapshot.title, path=page.snapshot.path))
            elif unit == snapshot.unit.id:
                links.append(UnitLink(id=unit, name=snapshot.unit.name))
        return tuple(links)

    def unit_name(self, snapshot: Snapshot) -> str:
        """The name of the item's own unit as it is now."""
        page = self.units.get(snapshot.unit.id)
        return page.snapshot.title if page is not None else snapshot.unit.name

    @cached_property
    def units(self) -> dict[UUID, Item]:
        """The page of each unit that has one, by the id of the unit."""
        return {i.snapshot.unit.id: i for i in self.items.values() if i.snapshot.kind is Kind.UNIT}

    @cached_property
    def children(self) -> dict[UUID | None, list[Item]]:
        """Pages of the units right below each unit; under None those whose parent has no page."""
        children: dict[UUID | None, list[Item]] = defaultdict(list)
        for item in self.units.values():
            above = item.snapshot.unit.ancestors
            children[above[-1] if above and above[-1] in self.units else None].append(item)
        return children

    @cached_property
    def listed(self) -> dict[Kind, list[Item]]:
        """The items of each kind by publication, oldest first: an order in which new items only come at the end."""
        listed: dict[Kind, list[Item]] = {kind: [] for kind in Kind}
        for item in sorted(self.items.values(), key=lambda i: (i.snapshot.published_at, i.id)):
            listed[item.snapshot.kind].append(item)
        return listed

    @cached_property
    def listed_by_unit(self) -> dict[tuple[Kind, UUID], list[Item]]:
        """The same for the items of one unit."""
        listed: dict[tuple[Kind, UUID], list[Item]] = defaultdict(list)
        for kind, items in self.listed.items():
            for item in items:
                listed[kind, item.snapshot.unit.id].append(item)
        return listed

    @cached_property
    def _by_number(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.items.values():
            if number := _number(item.snapshot):
                found[number_key(number)].append(item)
        return found

    @cached_property
    def _incoming_by_target(self) -> dict[UUID, list[_Incoming]]:
        found: dict[UUID, list[_Incoming]] = defaultdict(list)
        for source in self.items.values():
            for relation in source.snapshot.relations:
                if target := self._target(relation, source.id):
                    found[target.id].append(_Incoming(relation, source))
        for entries in found.values():
            entries.sort(key=_incoming_order)
        return found

    def _incoming(self, snapshot: Snapshot) -> list[_Incoming]:
        return self._incoming_by_target.get(snapshot.id, [])

    def _target(self, relation: Relation, source: UUID) -> Item | None:
        """The one live item a relation means. An id decides alone; a number only if a single other item carries it."""
        if relation.target is not None:
            return self.items.get(relation.target) if relation.target != source else None
        same = [item for item in self._by_number.get(number_key(relation.number or ""), []) if item.id != source]
        return same[0] if len(same) == 1 else None

    def _outgoing_end(self, relation: Relation, source: UUID) -> RelatedItem:
        verb, label = relation.verb.value, VERB_TERMS[relation.verb].label
        target = self._target(relation, source)
        if target is None:
            return RelatedItem(verb=verb, label=label, number=relation.number)
        snapshot = target.snapshot
        anchors = {provision.anchor for provision in snapshot.provisions}
        return RelatedItem(
            verb=verb,
            label=label,
            number=_number(snapshot) or relation.number,
            title=snapshot.title,
            path=snapshot.path,
            id=target.id,
            anchor=relation.anchor if relation.anchor in anchors else None,
        )

    @staticmethod
    def _effect(relation: Relation) -> Verb:
        if relation.anchor is not None and relation.verb in (Verb.REPLACES, Verb.REPEALS):
            return Verb.AMENDS
        return relation.verb

    def _has_effect(self, source: Item) -> bool:
        facts = source.snapshot.document
        start = (facts.effective_from or facts.issued_on) if facts else None
        return (start or published_day(source.snapshot)) <= self.day


def published_day(snapshot: Snapshot) -> date:
    """The day in Viet Nam on which the item was published."""
    return snapshot.published_at.astimezone(ZONE).date()


def _number(snapshot: Snapshot) -> str | None:
    return snapshot.document.number if snapshot.document else None


def _incoming_order(entry: _Incoming) -> tuple[int, date, str]:
    document = entry.source.snapshot.document
    issued = document.issued_on if document and document.issued_on else published_day(entry.source.snapshot)
    return _VERB_ORDER[entry.relation.verb], issued, entry.source.snapshot.path
