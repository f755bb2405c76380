"""A site directory as another version of the publisher leaves it: its replica, and releases laid out in another way."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from contract.release import CURRENT, MANIFEST, RELEASES
from publisher.engine import REPLICA
from tests.publisher.workshop import Workshop

# Stands in everything the other version kept of an item that is withdrawn meanwhile.
WORD = "xyzzy"
OLDER, NEWER = 1, 2**31 - 2
PAGE = b"<title>as it was</title>"


def age(workshop: Workshop, version: int = OLDER) -> None:
    """Make the site one that another version made up to seq 2, and left when it was killed."""
    shutil.rmtree(workshop.site.root)
    workshop.site.releases.mkdir(parents=True)
    for name in ("r0000000001-aaaaaaaa", "r0000000002-bbbbbbbb"):
        directory = workshop.site.path(name)
        (directory / "pages/tin-tuc/rut").mkdir(parents=True)
        (directory / "pages/index.html").write_bytes(PAGE)
        (directory / "pages/tin-tuc/rut/index.html").write_text(WORD)
        (directory / MANIFEST).write_text(json.dumps({"schema": version, "release": name, "seq": 2, "items": {}}))
    (workshop.site.root / CURRENT).symlink_to(f"{RELEASES}/r0000000002-bbbbbbbb")
    path = workshop.site.root / REPLICA
    with closing(replica_of(path, version)):
        # A process that was killed leaves its log.
        for suffix in ("", "-wal", "-shm"):
            file = path.with_name(path.name + suffix)
            shutil.copy(file, f"{file}.left")
    for file in workshop.site.root.glob("*.left"):
        file.rename(file.with_suffix(""))


def replica_of(path: Path, version: int) -> sqlite3.Connection:
    """The open replica of another version."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(f"CREATE TABLE thing (text TEXT); PRAGMA user_version = {version};")
    db.execute("INSERT INTO thing VALUES (?)", (WORD,))
    return db
