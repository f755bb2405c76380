"""A feed file and a site directory to publish into, and eyes to look at what came out."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

from contract.addresses import REVOKED_PATH
from contract.release import (
    CHANGES,
    CURRENT,
    MANIFEST,
    OBJECTS,
    RECORDS,
    RELEASES,
    SHARD_ITEMS,
    VOCABULARY,
    Manifest,
    Record,
    ReleaseVocabulary,
    Revoked,
    gone_path,
    page_path,
)
from publisher.engine import RETRY_ON_START, Outcome, Publisher, go_back
from publisher.feed import Feed, open_feed
from publisher.releases import Site
from publisher.settings import Settings
from tests.publisher.factories import Ledger

DAY = date(2026, 11, 22)


class Workshop:
    """A ledger, its feed file, and the site made from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger = Ledger()
        self.feed = root / "feed.jsonl"
        self.site = Site(root / "site")
        self.settings = Settings(site_tagline="Đoàn kết – Dân chủ", releases_kept=3)
        self.day = DAY

    def publisher(self) -> Publisher:
        """A publisher as a new process would have it."""
        return self.publisher_of(open_feed(str(self.feed), ""))

    def publisher_of(self, feed: Feed) -> Publisher:
        """A publisher that follows another feed into this site."""
        return Publisher(self.site, feed, self.settings)

    def build(self) -> Outcome:
        """Write the feed, build once and clean the kept releases, as the command does."""
        self.ledger.write(self.feed)
        return self.build_feed()

    def build_feed(self) -> Outcome:
        """Build from the feed file as it is."""
        publisher = self.publisher()
        try:
            outcome = publisher.step(self.day, always=True, retry=RETRY_ON_START)
            assert outcome is not None
            while publisher.tidy_up():
                pass
        finally:
            publisher.close()
        return outcome

    def go_back(self, name: str | None = None) -> str:
        """Show an older release."""
        return go_back(self.site, self.settings, name)

    @property
    def current(self) -> Path:
        """The release readers see."""
        return self.site.root / CURRENT

    def read(self, address: str) -> str | None:
        """What a reader gets at an address, None when there is no page."""
        file = self.current / page_path(address)
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def is_gone(self, address: str) -> bool:
        """Whether the address answers 410."""
        return self.read(address) is None and (self.current / gone_path(address)).is_file()

    def is_nowhere(self, address: str) -> bool:
        """Whether the address answers 404, as one that never was."""
        return self.read(address) is None and not (self.current / gone_path(address)).exists()

    def revoked(self) -> list[tuple[UUID, str | None]]:
        """Id and address of what offline copies are told to forget."""
        return [(item.id, item.path) for item in Revoked.model_validate_json(self.read(REVOKED_PATH) or "").items]

    def records(self) -> list[Record]:
        """The records of all items."""
        found = tree(self.current / RECORDS).items()
        return [Record.model_validate_json(data) for name, data in found if Path(name).name != SHARD_ITEMS]

    def record(self, address: str) -> Record:
        """The record of the item at an address."""
        return next(record for record in self.records() if record.path == address)

    def terms(self) -> list[str]:
        """The words of the search terms that the release holds."""
        vocabulary = ReleaseVocabulary.model_validate_json((self.current / VOCABULARY).read_bytes())
        return [term.words for term in vocabulary.terms]

    def manifest(self) -> Manifest:
        """The manifest of the release readers see."""
        manifest = self.site.manifest(self.site.current() or "")
        assert manifest is not None
        return manifest


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a directory with its bytes, the links to shared directories followed."""
    found = {}
    for directory, _, names in os.walk(root, followlinks=True):
        for name in names:
            path = Path(directory, name)
            found[str(path.relative_to(root))] = path.read_bytes()
    return dict(sorted(found.items()))


def shown(release: Path) -> dict[str, bytes]:
    """What readers and the search see of a release, without its own name and that of the one before."""
    return {name: data for name, data in tree(release).items() if name not in (MANIFEST, CHANGES)}


def addresses(release: Path) -> set[str]:
    """The addresses of all pages of a release."""
    found = set()
    for name in tree(release / "pages"):
        file = name.split("/", 2)[2]
        if not file.endswith((".gz", ".br", ".gone")):
            page = file.endswith(".html") and not file[:3].isdigit()
            found.add(("/" if file == "index.html" else f"/{file[:-5]}/") if page else f"/{file}")
    return found


def traces(root: Path, *words: str) -> list[str]:
    """Files below `root` whose name or content holds one of the words."""
    return [name for name, data in tree(root).items() if any(word in name or word.encode() in data for word in words)]


def orphans(site: Path) -> list[str]:
    """What lies in a site directory without belonging to a release: shared directories nothing links to, and whatever
    was not finished or not removed to its end."""
    hidden = [path for place in (site, site / RELEASES, site / OBJECTS) for path in place.glob(".*")]
    reached = {path.resolve() for release in (site / RELEASES).iterdir() for path in _linked(release)}
    unreached = [path for path in (site / OBJECTS).glob("[!.]*/*") if path.resolve() not in reached]
    return sorted(str(path.relative_to(site)) for path in (*hidden, *unreached))


def _linked(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.is_symlink():
            yield path
            yield from _linked(path)
