"""A publisher that dies, or whose disk fails, before any of the operations of a step: readers have the old site or the
new one, and the next run ends where a clean build does.

The step publishes, edits, moves and withdraws; then kept releases are freed of what was withdrawn, and what is not
needed is swept. All of its operations (about a thousand) are tried with ``EVERY_STEP=1``; else those where something
comes into force, the ones after these, and a spread of the others.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from publisher import disk
from publisher.engine import RETRY_ON_START, Publisher
from publisher.errors import PublisherError
from publisher.releases import Site
from tests.publisher.factories import attachment, document, news, unit
from tests.publisher.workshop import Workshop, addresses, orphans, shown, traces

ROOT = Path(__file__).resolve().parents[2]
# Nothing of this is about a real disk, and the site is copied for every operation.
MEMORY = Path("/dev/shm")  # noqa: S108
WORD = "xyzzy"
# Where something comes into force: rows, releases, the link readers follow.
LANDMARKS = ("take ", "commit ", "rename current", "rename r", "rename .removing", "write manifest", "remove .building")
# One in so many of the others, which come many at a time and alike, below directories that nobody reads yet.
SPREAD = 90


class Scene:
    """A site before a step, what readers see before and after it, and the operations the step takes."""

    def __init__(self, root: Path, mortal: "Mortal") -> None:
        self.root = root
        self.mortal = mortal
        self._numbers = count()
        self.origin = Workshop(root / "origin")
        self._prepare(self.origin)
        clean = Workshop(root / "clean")
        self._copy_feed(clean)
        self.before = shown(self.origin.current)
        clean.build_feed()
        self.after = shown(clean.current)
        whole = self.copy()
        self.operations = mortal.build(whole)
        assert shown(whole.current) == self.after
        self.kept = len(whole.site.names())

    def copy(self) -> Workshop:
        """The site before the step once more; hard links stay hard links, and times stay."""
        target = self.root / f"copy-{next(self._numbers)}"
        subprocess.run(["cp", "-a", self.origin.root, target], check=True)
        return Workshop(target)

    def chosen(self, first: int) -> list[int]:
        """The operations to fail at, counted from 1."""
        numbers = range(1, len(self.operations) + 1)
        if os.environ.get("EVERY_STEP"):
            return list(numbers)
        landmarks = [n for n in numbers if self.operations[n - 1].startswith(LANDMARKS)]
        after = [n + 1 for n in landmarks if n < len(self.operations)]
        return sorted({*landmarks, *after, *numbers[first::SPREAD]})

    def check_readable(self, site: Workshop, when: str) -> None:
        """What readers have now is a whole release: that before the step, or that after it."""
        seen = shown(site.current)
        assert seen in (self.before, self.after), f"half a site {when}"
        assert len(addresses(site.current)) == site.manifest().pages

    def check_converged(self, site: Workshop, when: str) -> None:
        """The site is what a clean build makes, and nothing is left of the trouble or of what was withdrawn."""
        assert shown(site.current) == self.after, when
        assert orphans(site.site.root) == [], when
        assert traces(site.site.root, WORD) == [], when
        assert len(site.site.names()) == self.kept, when
        for name in site.site.names():
            manifest = site.site.manifest(name)
            assert manifest is not None
            assert len(addresses(site.site.path(name))) == manifest.pages, when

    def _prepare(self, site: Workshop) -> None:
        (site.root / "mat.pdf").write_bytes(WORD.encode())
        (site.root / "moi.pdf").write_bytes(b"%PDF moi")
        secret = document(
            "bi-rut",
            "9-NQ/TU",
            title=WORD,
            body=f"<p>{WORD}</p>",
            topics=[{"slug": "chu-de", "name": WORD}],
            attachments=[attachment(WORD.encode(), "mat.pdf")],
        )
        moved = news("di-chuyen", days=2)
        site.ledger.publish(unit("tinh-uy"), secret, news("mot"), moved)
        site.build()
        site.ledger.publish(document("hai", "2-NQ/TU", relations=[{"verb": "amends", "number": "9-NQ/TU"}]))
        site.build()
        site.ledger.publish(
            document("ba", "3-NQ/TU", days=3, attachments=[attachment(b"%PDF moi", "moi.pdf")]),
            news("mot", title="Đã sửa", revision=2),
            moved.model_copy(update={"path": "/tin-tuc/noi-moi/"}),
        )
        site.ledger.withdraw(secret)
        site.ledger.write(site.feed)

    def _copy_feed(self, site: Workshop) -> None:
        for name in ("feed.jsonl", "mat.pdf", "moi.pdf"):
            shutil.copy(self.origin.root / name, site.root)


class Mortal:
    """Runs the command in processes that may die; see `tests.faults.mortal_publisher`."""

    def __init__(self) -> None:
        environment = os.environ | {"SITE_TAGLINE": "Đoàn kết – Dân chủ", "RELEASES_KEPT": "3"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.mortal_publisher"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def build(self, site: Workshop) -> list[str]:
        """Build; the operations that took."""
        told = self._ask(site, None)
        assert told["status"] == 0
        return told["operations"]

    def die(self, site: Workshop, before: int) -> None:
        """Build and die before an operation."""
        assert self._ask(site, before)["status"] is None

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def _ask(self, site: Workshop, before: int | None) -> dict:
        arguments = ["build", "--feed", str(site.feed), "--site", str(site.site.root), "--day", site.day.isoformat()]
        self._process.stdin.write(json.dumps({"arguments": arguments, "dies_before": before}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    mortal = Mortal()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        (Path(name) / "origin").mkdir()
        (Path(name) / "clean").mkdir()
        yield Scene(Path(name), mortal)
    mortal.close()


@pytest.mark.timeout(7200 if os.environ.get("EVERY_STEP") else 900)
def test_a_publisher_killed_before_any_operation_leaves_a_whole_site_and_the_next_run_ends_right(scene: Scene) -> None:
    for number in scene.chosen(0):
        when = f"after dying before operation {number}, {scene.operations[number - 1]}"
        site = scene.copy()
        scene.mortal.die(site, number)
        scene.check_readable(site, when)
        scene.mortal.build(site)
        scene.check_converged(site, when)
        shutil.rmtree(site.root)


class FailingDisk:
    """Refuses one operation, as a disk does that is full or worn."""

    def __init__(self, at: int, error: int) -> None:
        self._left = at
        self._error = error

    def __call__(self, what: str, path: Path) -> None:
        self._left -= 1
        if self._left == 0:
            raise OSError(self._error, os.strerror(self._error), str(path))


def go_round(site: Workshop, publisher: Publisher, *, start: bool) -> None:
    """What a resident publisher does until there is nothing left to do."""
    outcome = publisher.step(site.day, always=start, retry=RETRY_ON_START)
    while outcome is not None or publisher.tidy_up():
        outcome = publisher.step(site.day)


@pytest.mark.timeout(7200 if os.environ.get("EVERY_STEP") else 900)
@pytest.mark.parametrize(("error", "first"), [(errno.ENOSPC, 1), (errno.EIO, 2)])
def test_a_disk_that_fails_at_any_operation_is_told_and_the_same_publisher_goes_on_when_it_works_again(
    scene: Scene, error: int, first: int
) -> None:
    for number in scene.chosen(first):
        when = f"after {errno.errorcode[error]} at operation {number}, {scene.operations[number - 1]}"
        site = scene.copy()
        publisher = site.publisher()
        failing = FailingDisk(number, error)
        disk.watchers.append(failing)
        try:
            with pytest.raises(PublisherError, match=os.strerror(error)):
                go_round(site, publisher, start=True)
        finally:
            disk.watchers.remove(failing)
        scene.check_readable(site, when)
        go_round(site, publisher, start=True)
        publisher.close()
        scene.check_converged(site, when)
        shutil.rmtree(site.root)


def test_every_change_to_the_site_goes_through_the_watched_operations(scene: Scene) -> None:
    kinds = {operation.split()[0] for operation in scene.operations}
    assert kinds == {"take", "mkdir", "write", "link", "symlink", "rename", "sync", "remove", "unlink", "commit"}
    assert scene.operations.count("rename current") == 1
    assert Site(scene.origin.site.root).current() is not None
