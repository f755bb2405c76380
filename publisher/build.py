"""Makes one complete, checked release from a set of live items."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tqdm import tqdm

from contract.canonical import canonical_json
from contract.release import MANIFEST, RECORDS, Record
from publisher.checks import LinkChecker, check_items
from publisher.derive import Facts
from publisher.errors import BuildError
from publisher.files import FileStore, files_of
from publisher.pages import Page, Plan
from publisher.plugin import Job, render
from publisher.records import record_bytes
from publisher.releases import Site
from publisher.replica import Item
from publisher.settings import Settings
from publisher.staging import Staging, content_hash_of, gone_addresses

# Pages. A build of more than these takes long enough to wonder about.
PROGRESS_ABOVE = 200


@dataclass(frozen=True)
class Content:
    """Everything a release is made from. `gone` are addresses that answer 410, `seq` the position in the ledger, `day`
    the date in Viet Nam for which validity is worked out."""

    items: tuple[Item, ...]
    gone: frozenset[str]
    seq: int
    day: date


@dataclass(frozen=True)
class Built:
    """A release that is complete on the disk."""

    name: str
    pages_written: int


class Builder:
    """Builds releases of one site. `resident`: nobody watches, so long builds draw no progress bar into a log."""

    def __init__(self, site: Site, store: FileStore, settings: Settings, resident: bool = False) -> None:
        self._site = site
        self._store = store
        self._settings = settings
        self._resident = resident
        self._links = LinkChecker()

    def build(self, content: Content, like: str | None, since: str | None) -> Built | None:
        """Build a release beside the others, without showing it. None when it would equal the release `like`.

        Unchanged files are shared with `like`. `since` is the release against which `changes.json` is written: `like`
        or None. Raises `ItemsFailedError` when the pages of some items cannot be rendered, else `BuildError`.
        """
        manifest = self._site.manifest(like) if like else None
        previous = self._site.path(like) if like and manifest else None
        plan = Plan(Facts(content.items, content.day), self._settings, content.gone)
        with self._site.staging_directory() as directory:
            staging = Staging(directory, previous, manifest)
            job = Job(plan.pages, staging, self._watch)
            render(job, self._settings)
            self._add_what_stands_beside_the_pages(plan, staging, content)
            check_items(plan, staging)
            self._links.check(plan, staging, job.html)
            if previous and manifest and content_hash_of(previous, manifest) == staging.content_hash(plan.site):
                return None
            name = staging.seal(plan.site, content.seq, content.day, since if manifest else None)
            self._site.adopt(directory, name)
        return Built(name, staging.pages_written)

    def rebuild_without(self, name: str, removed: frozenset[str]) -> str | None:
        """Replace a kept release by one that holds nothing of the items `removed` (ids), so that neither a copy nor a
        way back to them is left. Return its name; None if it could not be rebuilt and is only deleted."""
        manifest = self._site.manifest(name)
        made_at = (self._site.path(name) / MANIFEST).stat().st_mtime_ns
        built = None
        if manifest is not None:
            items = [item for item in _items_of(self._site.path(name)) if str(item.id) not in removed]
            left = frozenset(entry.path for id_, entry in manifest.items.items() if str(id_) in removed)
            gone = (gone_addresses(self._site.path(name)) | left) - {item.snapshot.path for item in items}
            try:
                built = self.build(Content(tuple(items), gone, manifest.seq, manifest.day), name, None)
            except BuildError:
                built = None  # the theme moved on; a release nobody can rebuild is no loss against a leak
        if built is not None and built.name != name:
            os.utime(self._site.path(built.name) / MANIFEST, ns=(made_at, made_at))
        self._site.remove(name)
        return built.name if built is not None else None

    def _add_what_stands_beside_the_pages(self, plan: Plan, staging: Staging, content: Content) -> None:
        for item in plan.facts.items.values():
            staging.write_record(item.id, item.snapshot.path, record_bytes(plan.facts, item))
            for file in files_of(item.snapshot):
                staging.add_file(file, self._store.path(file.split("/")[1]))
        for address in sorted(content.gone):
            staging.mark_gone(address)

    def _watch(self, pages: tuple[Page, ...]) -> Iterator[Page]:
        terminal = sys.stderr.isatty()
        shown = terminal or (len(pages) > PROGRESS_ABOVE and not self._resident)
        # In a log file a line a second is enough.
        pause = 0.1 if terminal else 1.0
        return iter(tqdm(pages, desc="pages", unit="page", disable=not shown, leave=False, mininterval=pause))


def _items_of(release: Path) -> Iterator[Item]:
    for path in sorted((release / RECORDS).rglob("*.json")):
        record = Record.model_validate_json(path.read_bytes())
        raw = canonical_json(record.snapshot.to_json())
        yield Item(record.id, record.seq, record.sha256, record.snapshot, raw)
