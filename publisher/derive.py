"""Facts about an item that only the others tell: relations from both ends, validity on a day, its units by name.

The same replica and day give the same facts.
"""

import sqlite3
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contract.models import Relation, Snapshot
from contract.numbers import number_key
from contract.release import RelatedItem, UnitLink
from contract.vocabulary import VERB_TERMS, Kind, Status, Verb
from publisher.outline import Outline
from publisher.replica import Replica

_VERB_ORDER = {verb: position for position, verb in enumerate(VERB_TERMS)}


@dataclass(frozen=True)
class _Incoming:
    """A relation of a live item that means the one in question."""

    verb: Verb
    anchored: bool
    effect_day: str
    source: Outline


class Facts:
    """Derived facts over the live items of a replica on a day (a calendar date in Viet Nam).

    `draft` is seen in place of its live version: an editor looks at what the page would be.
    """

    def __init__(self, replica: Replica, day: date, draft: Snapshot | None = None) -> None:
        self.replica = replica
        self.day = day
        self._draft = Outline.of(draft) if draft is not None else None
        self._units: dict[str, Outline | None] = {}
        if self._draft is not None and self._draft.kind is Kind.UNIT:
            self._units[self._draft.unit] = self._draft

    def outgoing(self, snapshot: Snapshot) -> tuple[RelatedItem, ...]:
        """What the item does to others, in the order its editors gave. Linked only where the target is certain."""
        return tuple(self._outgoing_end(relation, snapshot) for relation in snapshot.relations)

    def incoming(self, outline: Outline) -> tuple[RelatedItem, ...]:
        """What others do to the item, by verb, then by date of issue and address."""
        return tuple(
            RelatedItem(
                verb=VERB_TERMS[entry.verb].inverse,
                label=VERB_TERMS[entry.verb].inverse_label,
                number=entry.source.number,
                title=entry.source.title,
                path=entry.source.path,
                id=UUID(entry.source.id),
            )
            for entry in sorted(self._incoming(outline), key=_incoming_order)
        )

    def status(self, outline: Outline) -> Status | None:
        """Validity of a document on the day; None for an item that is no document.

        A document is replaced or repealed from the day the other one takes effect, and for good: a later repeal of the
        repealing document does not bring it back. A relation that names a provision touches only that one, so it
        amends. `effective_to` is the last day of validity.
        """
        if outline.type is None:
            return None
        day = self.day.isoformat()
        verbs = {_effect(verb, anchored) for verb, anchored, effect_day in self._effects(outline) if effect_day <= day}
        if Verb.REPEALS in verbs:
            return Status.REPEALED
        if Verb.REPLACES in verbs:
            return Status.REPLACED
        if outline.effective_to is not None and outline.effective_to < self.day:
            return Status.EXPIRED
        if outline.effective_from is not None and outline.effective_from > self.day:
            return Status.PENDING
        return Status.AMENDED if Verb.AMENDS in verbs else Status.IN_FORCE

    def unit_path(self, outline: Outline) -> tuple[UnitLink, ...]:
        """The units from the top down to the item's own, named as their pages are named now.

        An ancestor without a page is left out (nobody knows its name); the item's own unit then has the name of the
        snapshot and no path.
        """
        links = []
        for unit in (*outline.ancestors, outline.unit):
            page = self.unit(unit)
            if page is not None:
                links.append(UnitLink(id=UUID(unit), name=page.title, path=page.path))
            elif unit == outline.unit:
                links.append(UnitLink(id=UUID(unit), name=outline.unit_name))
        return tuple(links)

    def unit_name(self, outline: Outline) -> str:
        """The name of the item's own unit as it is now."""
        page = self.unit(outline.unit)
        return page.title if page is not None else outline.unit_name

    def unit(self, unit: str) -> Outline | None:
        """The page of a unit, if it has one."""
        if unit not in self._units:
            row = self._db.execute(
                "SELECT outline FROM unit JOIN item USING (id) WHERE unit = ? ORDER BY id DESC LIMIT 1", (unit,)
            ).fetchone()
            self._units[unit] = Outline.from_text(row[0]) if row else None
        return self._units[unit]

    def children(self, parent: str | None) -> list[Outline]:
        """The pages of the units right below `parent`, in the order of lists; under None those without one."""
        condition = "parent = ?" if parent else "(parent IS NULL OR parent NOT IN (SELECT unit FROM unit))"
        rows = self._db.execute(
            f"SELECT outline FROM unit JOIN item USING (id) WHERE {condition}",  # noqa: S608 - texts from above
            (parent,) if parent else (),
        )
        found = (Outline.from_text(row[0]) for row in rows)
        return sorted(found, key=lambda outline: (outline.listing_key, outline.id), reverse=True)

    def newest(self, listing: str, count: int) -> list[Outline]:
        """The newest items of a list, newest first."""
        return self.replica.newest_members(listing, count)

    @property
    def _db(self) -> sqlite3.Connection:
        return self.replica.db

    def _effects(self, outline: Outline) -> list[tuple[Verb, bool, str]]:
        where, values = self._means(outline)
        sql = f"SELECT verb, anchor IS NOT NULL, effect_day FROM relation WHERE {where}"  # noqa: S608 - texts from below
        return [(Verb(verb), bool(anchored), day) for verb, anchored, day in self._db.execute(sql, values)]

    def _incoming(self, outline: Outline) -> list[_Incoming]:
        where, values = self._means(outline)
        rows = self._db.execute(
            f"""SELECT verb, anchor IS NOT NULL, effect_day, outline
                FROM relation JOIN item ON item.id = relation.source WHERE {where}
                ORDER BY source, place""",  # noqa: S608 - texts from below
            values,
        )
        return [_Incoming(Verb(v), bool(a), day, Outline.from_text(text)) for v, a, day, text in rows]

    def _means(self, outline: Outline) -> tuple[str, tuple[str, ...]]:
        if self._draft is None or outline.id != self._draft.id or not outline.number:
            return "resolved = ?", (outline.id,)
        # Nobody's relation was resolved to a number that only the draft carries.
        unmet = """relation.target IS NULL AND relation.number_key = ? AND resolved IS NULL AND source != ?
                   AND NOT EXISTS (SELECT 1 FROM item AS other WHERE other.number_key = relation.number_key
                                   AND other.id NOT IN (?, relation.source))"""
        return f"resolved = ? OR ({unmet})", (outline.id, number_key(outline.number), outline.id, outline.id)

    def _target(self, relation: Relation, source: str) -> Outline | None:
        """The one live item a relation means. An id decides alone; a number only if a single other item carries it."""
        if relation.target is not None:
            return self.replica.outline(str(relation.target)) if str(relation.target) != source else None
        rows = self._db.execute(
            "SELECT outline FROM item WHERE number_key = ? AND id != ? LIMIT 2",
            (number_key(relation.number or ""), source),
        ).fetchall()
        return Outline.from_text(rows[0][0]) if len(rows) == 1 else None

    def _outgoing_end(self, relation: Relation, snapshot: Snapshot) -> RelatedItem:
        verb, label = relation.verb.value, VERB_TERMS[relation.verb].label
        target = self._target(relation, str(snapshot.id))
        if target is None:
            return RelatedItem(verb=verb, label=label, number=relation.number)
        return RelatedItem(
            verb=verb,
            label=label,
            number=target.number or relation.number,
            title=target.title,
            path=target.path,
            id=UUID(target.id),
            anchor=relation.anchor if self._has_provision(target, relation.anchor) else None,
        )

    def _has_provision(self, target: Outline, anchor: str | None) -> bool:
        if anchor is None or (item := self.replica.item(target.id)) is None:
            return False
        return any(provision.anchor == anchor for provision in item.snapshot.provisions)


def _effect(verb: Verb, anchored: bool) -> Verb:
    return Verb.AMENDS if anchored and verb in (Verb.REPLACES, Verb.REPEALS) else verb


def _incoming_order(entry: _Incoming) -> tuple[int, date, str]:
    source = entry.source
    return _VERB_ORDER[entry.verb], source.issued_on or source.published_on, source.path
