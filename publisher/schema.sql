-- The publisher's database: what is live (the replica of the ledger), and what the newest release was made of.
-- All of it can be thrown away; the feed fills it again.

-- Live items. `outline` is `publisher.outline.Outline` as JSON, `snapshot` the canonical JSON of the sanitised snapshot.
CREATE TABLE item (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, kind TEXT NOT NULL,
    number_key TEXT, effective_from TEXT, effective_to TEXT, outline TEXT NOT NULL, snapshot BLOB NOT NULL
);
CREATE INDEX item_number ON item (number_key) WHERE number_key IS NOT NULL;
CREATE INDEX item_from ON item (effective_from) WHERE effective_from IS NOT NULL;
CREATE INDEX item_to ON item (effective_to) WHERE effective_to IS NOT NULL;
-- Which list an item stands in, and where.
CREATE TABLE membership (
    listing TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (listing, key, id)
) WITHOUT ROWID;
-- How many items a list has. A topic is called as its newest item calls it.
CREATE TABLE tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL, title TEXT) WITHOUT ROWID;
-- `resolved` is the live item a relation means, if there is exactly one.
CREATE TABLE relation (
    source TEXT NOT NULL, place INTEGER NOT NULL, verb TEXT NOT NULL, target TEXT, number_key TEXT, anchor TEXT,
    effect_day TEXT NOT NULL, resolved TEXT, PRIMARY KEY (source, place)
) WITHOUT ROWID;
CREATE INDEX relation_resolved ON relation (resolved) WHERE resolved IS NOT NULL;
CREATE INDEX relation_target ON relation (target) WHERE target IS NOT NULL;
CREATE INDEX relation_number ON relation (number_key) WHERE target IS NULL;
CREATE INDEX relation_day ON relation (effect_day);
-- Addresses of this site to which the bodies of an item link.
CREATE TABLE link (path TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (path, source)) WITHOUT ROWID;
CREATE INDEX link_source ON link (source);
-- The pages of units, and the items of each unit and of all below it.
CREATE TABLE unit (unit TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, PRIMARY KEY (unit, id)) WITHOUT ROWID;
CREATE INDEX unit_parent ON unit (parent);
CREATE INDEX unit_item ON unit (id);
CREATE TABLE under (unit TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (unit, id)) WITHOUT ROWID;
CREATE TABLE item_file (file TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (file, id)) WITHOUT ROWID;
CREATE INDEX item_file_item ON item_file (id);

-- The newest change of every item ever seen, so that an older one never overwrites it.
CREATE TABLE newest (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
-- Withdrawn addresses. `path` is NULL where only the id is known: offline copies are told of it, no address answers 410.
CREATE TABLE gone (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, path TEXT) WITHOUT ROWID;
CREATE INDEX gone_path ON gone (path);
CREATE TABLE set_aside (
    seq INTEGER, id TEXT, stage TEXT NOT NULL, reason TEXT NOT NULL, change TEXT, UNIQUE (seq, id, reason)
);
-- What changed since the newest release: each item as it was in it (NULL: not there), and items that others touched.
CREATE TABLE pending (id TEXT PRIMARY KEY, seq INTEGER, sha256 TEXT, snapshot BLOB, approved_at TEXT);
CREATE TABLE touched (id TEXT PRIMARY KEY) WITHOUT ROWID;

-- What the newest release was made of.
CREATE TABLE page (
    address TEXT PRIMARY KEY, shard INTEGER NOT NULL, fingerprint BLOB NOT NULL, sha256 TEXT
) WITHOUT ROWID;
CREATE INDEX page_shard ON page (shard);
CREATE INDEX page_marker ON page (address) WHERE sha256 IS NULL;
CREATE TABLE listing (name TEXT PRIMARY KEY, count INTEGER NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE built_item (id TEXT PRIMARY KEY, path TEXT NOT NULL, card BLOB NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tree (tree TEXT NOT NULL, name TEXT NOT NULL, object TEXT NOT NULL, PRIMARY KEY (tree, name)) WITHOUT ROWID;
-- The pages of the release in the making that may differ from the newest one.
CREATE TABLE plan (
    address TEXT PRIMARY KEY, shard INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, number INTEGER NOT NULL,
    start TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX plan_shard ON plan (shard);

-- Kept releases, and how each differed from the one after it: an item as it was (NULL: not there).
CREATE TABLE kept (name TEXT PRIMARY KEY, place INTEGER NOT NULL, day TEXT NOT NULL, unclean INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE undo (
    place INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER, sha256 TEXT, snapshot BLOB, PRIMARY KEY (place, id)
);
CREATE INDEX undo_item ON undo (id);

CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
