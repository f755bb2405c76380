"""The trees of a release (pages, records, files): which shared directories they are made of, and their roots."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from contract.release import FILES, PAGES, RECORDS
from publisher import disk
from publisher.errors import BuildError
from publisher.files import FileStore, files_of
from publisher.objects import Objects, object_name
from publisher.replica import Item, Replica

TREES = (PAGES, RECORDS, FILES)


class Trees:
    """The trees as the replica remembers them, while one build brings them forward."""

    def __init__(self, replica: Replica, objects: Objects, store: FileStore) -> None:
        self._replica = replica
        self._objects = objects
        self._store = store
        # Groups of shards whose directory of links has to be made again, by tree.
        self._changed: dict[str, set[str]] = defaultdict(set)

    def keep(self, tree: str, name: str, object_: str | None) -> None:
        """Have the shard `name` of a tree be the directory `object_`; None when it holds nothing any more."""
        self._put(tree, name, object_)
        self._changed[tree].add(name.partition("/")[0])

    def _put(self, tree: str, name: str, object_: str | None) -> None:
        if object_ is None:
            self._replica.db.execute("DELETE FROM tree WHERE tree = ? AND name = ?", (tree, name))
        else:
            self._replica.db.execute("INSERT OR REPLACE INTO tree VALUES (?, ?, ?)", (tree, name, object_))

    def forget_other_shards(self, planned: set[str]) -> None:
        """After a whole build: shards of pages that were not `planned` hold nothing any more, nor do those of records
        without an item. Every directory of links is made again."""
        db = self._replica.db
        there = {row[0] for row in db.execute("SELECT name FROM tree WHERE tree = ? AND name LIKE '%/%'", (PAGES,))}
        for name in there - planned:
            self.keep(PAGES, name, None)
        live = {
            f"{row[0]}/{row[1]}" for row in db.execute("SELECT DISTINCT substr(id, 1, 2), substr(id, 3, 1) FROM item")
        }
        there = {row[0] for row in db.execute("SELECT name FROM tree WHERE tree = ? AND name LIKE '%/%'", (RECORDS,))}
        for name in there - live:
            self.keep(RECORDS, name, None)
        for tree in TREES:
            groups = db.execute("SELECT DISTINCT substr(name, 1, 2) FROM tree WHERE tree = ? AND name != ''", (tree,))
            self._changed[tree] |= {row[0] for row in groups}

    def make_files(self, whole: bool) -> None:
        """Make the directories of files that changes touch; with `whole` all."""
        db = self._replica.db
        if whole:
            there = {row[0][:2] for row in db.execute("SELECT DISTINCT substr(file, 1, 2) FROM item_file")}
            prefixes = there | self._changed[FILES]
        else:
            prefixes = {file[:2] for file in self._changed_files()}
        for prefix in sorted(prefixes):
            rows = db.execute(
                "SELECT DISTINCT file FROM item_file WHERE file >= ? AND file < ?", (f"{prefix}/", f"{prefix}0")
            )
            self.keep(FILES, prefix, self._files_object([row[0] for row in rows]))

    def _changed_files(self) -> Iterator[str]:
        rows = self._replica.db.execute("SELECT id, seq, sha256, snapshot FROM pending").fetchall()
        for id_, seq, sha256, raw in rows:
            if raw is not None:
                yield from files_of(Item.read(id_, seq, sha256, raw).snapshot)
            for (file,) in self._replica.db.execute("SELECT file FROM item_file WHERE id = ?", (id_,)):
                yield file

    def _files_object(self, files: list[str]) -> str | None:
        if not files:
            return None

        def fill(directory: Path) -> None:
            for file in files:
                target = directory / file.split("/", 1)[1]
                disk.make_directory(target.parent)
                disk.link(self._store.path(file.split("/")[1]), target)

        name = object_name(FILES, dict.fromkeys(files, ""))
        try:
            self._objects.make(name, fill)
        except FileNotFoundError as error:
            raise BuildError(f"{error.filename} is missing; remove the replica, the feed fills it again") from error
        return name

    def root(self, tree: str) -> str:
        """The root directory of a tree, after making again the links above what changed."""
        db = self._replica.db
        groups = self._changed[tree]
        if tree != FILES:
            for group in sorted(groups):
                shards = dict(
                    db.execute(
                        "SELECT substr(name, 4), object FROM tree WHERE tree = ? AND name >= ? AND name < ?",
                        (tree, f"{group}/", f"{group}0"),
                    ).fetchall()
                )
                object_ = self._objects.make_links(tree, shards) if shards else None
                self._put(tree, group, object_)
        if groups or self._root_of(tree) is None:
            sql = "SELECT name, object FROM tree WHERE tree = ? AND name != '' AND name NOT LIKE '%/%'"
            root = self._objects.make_links(tree, dict(db.execute(sql, (tree,)).fetchall()))
            self._put(tree, "", root)
        root_name = self._root_of(tree)
        if root_name is None:
            raise BuildError(f"the tree of {tree} has no root")
        return root_name

    def _root_of(self, tree: str) -> str | None:
        row = self._replica.db.execute("SELECT object FROM tree WHERE tree = ? AND name = ''", (tree,)).fetchone()
        return row[0] if row else None
