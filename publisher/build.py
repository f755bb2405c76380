"""Makes a release from what the replica holds: plan the pages that may differ, make their shards, join the trees.

The state of what was built is written in one transaction that ends only after readers see the release.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from contract.canonical import canonical_json
from contract.models import Term
from contract.release import (
    CHANGES,
    MANIFEST,
    PAGES,
    RECORDS,
    SITE_FACTS,
    VOCABULARY,
    Manifest,
    ReleaseVocabulary,
    SiteFacts,
)
from contract.shards import page_shard_name, page_shard_number
from publisher import disk
from publisher.changes import Candidates, filters_digest, filters_key
from publisher.derive import Facts
from publisher.failures import Failures
from publisher.files import FileStore
from publisher.outline import VOCABULARY_LISTING
from publisher.pages import Page, Pages
from publisher.program import program_digest
from publisher.releases import Site
from publisher.rendering import DROPPED, ShardOfPages, ShardOfRecords
from publisher.replica import Replica
from publisher.settings import Settings
from publisher.trees import TREES, Trees
from publisher.workers import ALONE_BELOW, Shard, Workplace, make_shards

# Pages. A build of more than these takes long enough to wonder about.
PROGRESS_ABOVE = 200


@dataclass(frozen=True)
class Plan:
    """What a build will look at. `whole`: every page there is; `lists` are the lists whose size may be another."""

    day: date
    code: str
    whole: bool
    pages: list[tuple[int, int]]
    lists: frozenset[str]
    site: SiteFacts


@dataclass
class Made:
    """What came of making the shards; `trees` are the root directories of pages, records and files."""

    pages_written: int = 0
    pages_removed: int = 0
    upserted: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    approved_at: tuple[datetime, ...] = ()
    trees: dict[str, str] = field(default_factory=dict)


class Builder:
    """Builds releases of one site. `resident`: nobody watches, so long builds draw no progress bar into a log.

    `working` is called with every shard that is done, as a sign that a long build goes on.
    """

    def __init__(
        self,
        site: Site,
        replica: Replica,
        store: FileStore,
        settings: Settings,
        resident: bool = False,
        working: Callable[[], None] = lambda: None,
    ) -> None:
        self._working = working
        self._site = site
        self._replica = replica
        self._store = store
        self._settings = settings
        self._resident = resident
        self._looked_after: str | None = None

    @property
    def head(self) -> str | None:
        """The newest release, if it is still there."""
        name = self._replica.value("head")
        return name if name and self._site.is_whole(name) else None

    def plan(self, day: date) -> Plan:
        """Work out which pages may differ from the newest release, for validity on `day`. Needs a transaction."""
        before = self._replica.value("day")
        if before is not None and before != day.isoformat():
            self._replica.touch_by_day(date.fromisoformat(before), day)
        pages = Pages(Facts(self._replica, day), self._settings)
        code = _code(pages.site)
        whole = self._replica.value("code") != code or not self._is_sound()
        self._replica.db.execute("DELETE FROM plan")
        lists: frozenset[str] = frozenset()
        if whole:
            self._enter(pages.all())
        elif self._is_anything_new():
            candidates = Candidates(self._replica, pages)
            found, dropped = candidates.collect()
            self._enter(found)
            self._drop(dropped)
            lists = candidates.lists
        shards = self._replica.db.execute("SELECT shard, count(*) FROM plan GROUP BY shard ORDER BY shard").fetchall()
        return Plan(day, code, whole, shards, lists, pages.site)

    def make(self, plan: Plan) -> Made:
        """Make what is planned. Needs a transaction that began after the plan was committed, or the same for a trial.

        Raises `ItemsFailedError` when the pages of some items cannot be rendered, else `BuildError`.
        """
        made = Made(approved_at=self._approved_at())
        failures = Failures()
        place = Workplace(self._site.root, self._replica.path, self._settings, plan.day, plan.code, plan.whole)
        show = self._is_worth_showing(plan)
        done = self._with_signs(
            make_shards(place, self._replica, self._site.objects, plan.pages, self._record_jobs(plan), show)
        )
        trees = Trees(self._replica, self._site.objects, self._store)
        for shard in list(done) if not plan.whole else done:
            if isinstance(shard, ShardOfPages):
                failures.add(shard)
                self._keep_pages(shard, made, trees)
            else:
                self._keep_records(shard, made, trees)
        failures.raise_it()
        if plan.whole:
            self._forget_others(plan, trees)
        trees.make_files(plan.whole)
        for tree in TREES:
            made.trees[tree] = trees.root(tree)
        return made

    def _with_signs(self, done: Iterator[Shard]) -> Iterator[Shard]:
        for shard in done:
            self._working()
            yield shard

    def write_release(self, plan: Plan, made: Made, since: str | None, seq: int) -> str:
        """Put a release of the ledger up to `seq` together from its trees, complete and on the disk, beside the others.

        `changes.json` says what differs from the release `since`. Returns the name.
        """
        # `ReleaseChanges` as it is written: of a first release these are all ids, which need not become objects for it.
        changes = {"since": since, "upserted": sorted(made.upserted), "removed": sorted(made.removed)}
        name = release_name(seq, f"{sorted(made.trees.items())} {plan.code} {since}")
        manifest = Manifest(
            release=name,
            seq=seq,
            day=plan.day,
            items=self._replica.live_count(),
            pages=self._count("SELECT count(*) FROM page WHERE sha256 IS NOT NULL"),
            gone=self._count("SELECT count(*) FROM page WHERE sha256 IS NULL"),
            trees=made.trees,
        )
        self._site.objects.sync_new()
        with self._site.making() as directory:
            for tree, object_ in made.trees.items():
                disk.symlink(self._site.objects.link_from_release(object_), directory / tree)
            facts = plan.site.model_dump(mode="json", by_alias=True)
            vocabulary = ReleaseVocabulary.of(self._terms()).model_dump(mode="json", by_alias=True)
            about = manifest.model_dump(mode="json", by_alias=True)
            for file, data in ((SITE_FACTS, facts), (VOCABULARY, vocabulary), (CHANGES, changes), (MANIFEST, about)):
                disk.write(directory / file, canonical_json(data))
                disk.sync(directory / file)
            disk.sync(directory)
            self._site.adopt(directory, name)
        return name

    def _terms(self) -> Iterator[Term]:
        for page in self._replica.all_members(VOCABULARY_LISTING):
            if (item := self._replica.item(page.id)) is not None:
                yield from item.snapshot.terms

    def settle(self, plan: Plan, release: str | None) -> None:
        """Remember, in the transaction of `make`, that `release` is the newest one; None when nothing differs."""
        db = self._replica.db
        if release is not None:
            self._keep_undo()
            place = self._count("SELECT coalesce(max(place), 0) + 1 FROM kept")
            db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, 0)", (release, place, plan.day.isoformat()))
            self._replica.keep("head", release)
        for table in ("pending", "touched", "plan"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from above
        self._replica.keep("day", plan.day.isoformat())
        self._replica.keep("code", plan.code)
        self._keep_lists(plan)
        self._looked_after = release or self._looked_after

    def forget(self) -> None:
        """Forget what was built: the next build makes everything anew."""
        with self._replica.transaction():
            for table in ("page", "listing", "built_item", "tree"):
                self._replica.db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from above
            self._replica.keep("code", None)

    # Planning

    def _is_sound(self) -> bool:
        """Whether the newest release is there with all its shared directories. Looked at once a process; what goes
        missing later is noticed when it is needed."""
        head = self.head
        if head is None:
            return False
        if self._looked_after is None:
            names = [row[0] for row in self._replica.db.execute("SELECT DISTINCT object FROM tree")]
            if not names or not self._site.objects.are_there(names):
                return False
            self._looked_after = head
        return True

    def _is_anything_new(self) -> bool:
        sql = "SELECT EXISTS (SELECT 1 FROM pending) OR EXISTS (SELECT 1 FROM touched)"
        return bool(self._count(sql))

    def _enter(self, pages: Iterator[Page] | list[Page]) -> None:
        rows = (
            (page.address, page_shard_number(page.address), page.kind.value, page.key, page.number, page.start)
            for page in pages
        )
        self._replica.db.executemany("INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _drop(self, addresses: list[str]) -> None:
        rows = ((address, page_shard_number(address), DROPPED, "", 0, "") for address in addresses)
        self._replica.db.executemany("INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _record_jobs(self, plan: Plan) -> Iterator[tuple[str, list[str]]]:
        sql = "SELECT id FROM item" if plan.whole else "SELECT id FROM touched UNION SELECT id FROM pending"
        shard = ""
        ids: list[str] = []
        for (id_,) in self._replica.db.execute(f"SELECT id FROM ({sql}) ORDER BY id"):  # noqa: S608
            here = f"{id_[:2]}/{id_[2]}"
            if here != shard and ids:
                yield shard, ids
                ids = []
            shard = here
            ids.append(id_)
        if ids:
            yield shard, ids

    def _approved_at(self) -> tuple[datetime, ...]:
        """When the waiting changes were approved; nothing when an empty replica was filled: that may be years ago."""
        if self.head is None:
            return ()
        rows = self._replica.db.execute("SELECT approved_at FROM pending WHERE approved_at IS NOT NULL")
        return tuple(datetime.fromisoformat(at) for (at,) in rows)

    # Keeping what was made

    def _keep_pages(self, shard: ShardOfPages, made: Made, trees: Trees) -> None:
        db = self._replica.db
        db.executemany("DELETE FROM page WHERE address = ?", [(address,) for address in shard.dropped])
        db.executemany(
            "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)",
            [(address, shard.number, fingerprint, sha256) for address, fingerprint, sha256 in shard.changed],
        )
        made.pages_written += shard.written
        made.pages_removed += len(shard.dropped)
        trees.keep(PAGES, page_shard_name(shard.number), shard.object)

    def _keep_records(self, shard: ShardOfRecords, made: Made, trees: Trees) -> None:
        db = self._replica.db
        db.executemany("DELETE FROM built_item WHERE id = ?", [(id_,) for id_ in shard.removed])
        db.executemany("INSERT OR REPLACE INTO built_item VALUES (?, ?, ?, ?)", shard.changed)
        made.upserted += shard.upserted
        made.removed += shard.removed
        trees.keep(RECORDS, shard.name, shard.object)

    def _forget_others(self, plan: Plan, trees: Trees) -> None:
        """After a whole build: what was not planned is not there any more."""
        db = self._replica.db
        db.execute("DELETE FROM page WHERE address NOT IN (SELECT address FROM plan)")
        db.execute("DELETE FROM built_item WHERE id NOT IN (SELECT id FROM item)")
        trees.forget_other_shards({page_shard_name(number) for number, _ in plan.pages})

    def trees_of_head(self) -> dict[str, str] | None:
        """The trees of the newest release."""
        head = self.head
        manifest = self._site.manifest(head) if head else None
        return manifest.trees if manifest else None

    def shows_the_same(self, plan: Plan, made: Made) -> bool:
        """Whether the newest release holds exactly what was made."""
        head = self.head
        if head is None or self.trees_of_head() != made.trees:
            return False
        facts = (self._site.path(head) / SITE_FACTS).read_bytes()
        return facts == canonical_json(plan.site.model_dump(mode="json"))

    def _keep_undo(self) -> None:
        """Remember how the release that was the newest differs. Nothing is kept of what was withdrawn or hidden."""
        head = self._replica.value("head")
        self._replica.db.execute(
            """INSERT OR IGNORE INTO undo
               SELECT kept.place, pending.id, pending.seq, pending.sha256, pending.snapshot FROM pending, kept
               WHERE kept.name = ? AND pending.id IN (SELECT id FROM newest WHERE state IN ('live', 'left out'))""",
            (head,),
        )

    def _keep_lists(self, plan: Plan) -> None:
        db = self._replica.db
        pages = Pages(Facts(self._replica, plan.day), self._settings)
        if plan.whole:
            db.execute("DELETE FROM listing")
            names = [listing.name for listing in pages.listings()]
        else:
            names = list(plan.lists)
        for name in names:
            listing = pages.listing(name)
            if listing is None:
                db.execute("DELETE FROM listing WHERE name = ?", (name,))
            else:
                row = (name, self._replica.tally(name), listing.path, listing.heading)
                db.execute("INSERT OR REPLACE INTO listing VALUES (?, ?, ?, ?)", row)
        if names:
            for section in pages.filters_by_section:
                self._replica.keep(filters_key(section), filters_digest(pages, section))

    def _count(self, sql: str) -> int:
        return int(self._replica.db.execute(sql).fetchone()[0])

    def _is_worth_showing(self, plan: Plan) -> bool:
        pages = sum(count for _, count in plan.pages)
        return sys.stderr.isatty() or (pages > PROGRESS_ABOVE and not self._resident)

    @staticmethod
    def is_small(plan: Plan) -> bool:
        """Whether the plan is made in this process, which sees what is not committed."""
        return sum(count for _, count in plan.pages) < ALONE_BELOW


def release_name(seq: int, content: str) -> str:
    """A name of fixed length: ``r0000000017-1a2b3c4d``. One name is never the beginning of another."""
    return f"r{seq:010d}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _code(site: SiteFacts) -> str:
    """What is the same for all pages: the program, the theme, and the facts of the site."""
    facts = canonical_json(site.model_dump(mode="json"))
    return hashlib.blake2b(program_digest().encode() + facts, digest_size=16).hexdigest()
