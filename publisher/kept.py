"""Kept releases: what one can go back to, freed of what was withdrawn since, and dropped when there are enough.

An older state is not stored. It is the newest one with the rows of `undo` applied, in a trial that is taken back at the
end; so a kept release is made anew at the cost of what changed since, in today's theme.
"""

import logging
import os
from datetime import date

from contract.release import MANIFEST
from publisher.build import Builder
from publisher.errors import BuildError, NoSuchReleaseError
from publisher.releases import Site
from publisher.replica import Replica

logger = logging.getLogger(__name__)


class Kept:
    """The releases of a site that can be shown again."""

    def __init__(self, site: Site, replica: Replica, builder: Builder) -> None:
        self._site = site
        self._replica = replica
        self._builder = builder

    def names(self) -> list[str]:
        """Every kept release, oldest first; the last one is the newest that was built."""
        rows = self._replica.db.execute("SELECT name FROM kept ORDER BY place").fetchall()
        return [name for (name,) in rows if self._site.is_whole(name)]

    def unclean(self) -> list[str]:
        """Kept releases made before something was withdrawn or hidden, oldest first."""
        head = self._replica.value("head")
        rows = self._replica.db.execute("SELECT name FROM kept WHERE unclean AND name != ? ORDER BY place", (head,))
        return [name for (name,) in rows.fetchall()]

    def refuse_unclean(self, name: str) -> None:
        """Raise `NoSuchReleaseError` for a release that still shows what was withdrawn: the newest one, while the build
        without it fails."""
        row = self._replica.db.execute("SELECT 1 FROM kept WHERE unclean AND name = ?", (name,)).fetchone()
        if row is not None:
            raise NoSuchReleaseError(f"{name} still shows what was withdrawn since; build first")

    def clean(self, name: str) -> str | None:
        """Free a kept release of what was withdrawn or hidden since: what it is called now, or None when it could not
        be made anew and is only deleted."""
        made = None
        try:
            made = self._made_anew(name)
        except BuildError as error:
            logger.warning("the kept release %s is dropped: %s", name, error)
        if made != name and self._site.current() == name:
            # Before it is called otherwise: a publisher killed in between must find that readers still see it.
            self._site.switch(made or self._newest_but(name))
        if made == name:
            self._rename(name, name)
            return name
        if made is None or made in self.names():
            self._forget(name)
        else:
            times = (self._site.path(name) / MANIFEST).stat().st_mtime_ns
            os.utime(self._site.path(made) / MANIFEST, ns=(times, times))
            self._rename(name, made)
        self._site.remove(name)
        return made

    def drop_old(self, keep: int) -> bool:
        """Delete all but the newest `keep` releases, and any that is damaged or not known here; the current one always
        stays. Whether something was deleted."""
        current, known = self._site.current(), self.names()
        old = [name for name in known[: max(0, len(known) - keep)] if name != current]
        # What a damaged release needs cannot be told from what nobody needs: nothing is swept while it is there.
        old += [n for n in known if n not in (current, *old) and self._site.objects.is_damaged(self._site.path(n))]
        strangers = [name for name in self._site.names() if name not in known and name != current]
        for name in old:
            self._forget(name)
        for name in (*old, *strangers):
            self._site.remove(name)
        return bool(old or strangers)

    def to_go_back_to(self, name: str | None) -> str:
        """`name`, or the release before the current one. Raises `NoSuchReleaseError`."""
        names = self.names()
        if name is not None:
            if name not in names:
                raise NoSuchReleaseError(f"there is no release {name}; kept are {', '.join(names) or 'none'}")
            return name
        current = self._site.current()
        before = names[: names.index(current)] if current in names else names
        if not before:
            raise NoSuchReleaseError("there is no older release to go back to")
        return before[-1]

    def _made_anew(self, name: str) -> str:
        place, day = self._replica.db.execute("SELECT place, day FROM kept WHERE name = ?", (name,)).fetchone()
        manifest = self._site.manifest(name)
        if manifest is None:
            raise BuildError("its manifest cannot be read")
        with self._replica.trial():
            rows = self._replica.db.execute(
                """SELECT id, seq, sha256, snapshot FROM undo WHERE place >= :place
                   AND place = (SELECT min(place) FROM undo AS first WHERE first.id = undo.id AND place >= :place)
                   ORDER BY id""",
                {"place": place},
            ).fetchall()
            self._replica.as_it_was(rows)
            plan = self._builder.plan(date.fromisoformat(day))
            if plan.whole or not self._builder.is_small(plan):
                raise BuildError("too much has changed since it was made")
            made = self._builder.make(plan)
            # Without a release before it, everything in it is new.
            made.upserted, made.removed = list(self._replica.ids()), []
            return self._builder.write_release(plan, made, None, manifest.seq)

    def _newest_but(self, name: str) -> str:
        others = [other for other in self.names() if other != name]
        if not others:
            raise NoSuchReleaseError(f"{name} holds what was withdrawn, and there is no other release; build first")
        return others[-1]

    def _rename(self, name: str, new: str) -> None:
        with self._replica.transaction():
            self._replica.db.execute("UPDATE kept SET name = ?, unclean = 0 WHERE name = ?", (new, name))

    def _forget(self, name: str) -> None:
        """Take a release out of the line; what it differed in counts for the one before it."""
        with self._replica.transaction():
            db = self._replica.db
            row = db.execute("SELECT place FROM kept WHERE name = ?", (name,)).fetchone()
            if row is None:
                return
            before = db.execute("SELECT max(place) FROM kept WHERE place < ?", row).fetchone()[0]
            if before is not None:
                db.execute("UPDATE OR IGNORE undo SET place = ? WHERE place = ?", (before, *row))
            db.execute("DELETE FROM undo WHERE place = ?", row)
            db.execute("DELETE FROM kept WHERE name = ?", (name,))
