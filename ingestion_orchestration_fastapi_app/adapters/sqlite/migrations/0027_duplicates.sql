-- Groups of duplicates, as searches of a collection found them. One search of each is shown.
CREATE TABLE duplicate_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    images INTEGER NOT NULL,       -- that were looked at
    state TEXT NOT NULL,           -- filling, shown, replaced
    found_at TEXT NOT NULL
);
CREATE INDEX duplicate_runs_by_collection ON duplicate_runs (collection_id, state);

CREATE TABLE duplicate_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: whoever holds an old one finds none
    collection_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    class TEXT NOT NULL
);
CREATE INDEX duplicate_groups_by_run ON duplicate_groups (run_id, id, class);

CREATE TABLE duplicate_members (
    group_id INTEGER NOT NULL,
    place INTEGER NOT NULL,        -- 0: the one to keep
    collection_id INTEGER NOT NULL,
    point_id BLOB NOT NULL,
    sha256 BLOB NOT NULL,          -- by which it got here
    PRIMARY KEY (group_id, place)
) WITHOUT ROWID;
CREATE INDEX duplicate_members_by_point ON duplicate_members (collection_id, point_id);

-- What people say: these contents are no duplicates of each other. Of one alone: its copies are none.
CREATE TABLE dismissals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL,
    name TEXT NOT NULL,            -- of a file, for people
    at TEXT NOT NULL
);
CREATE INDEX dismissals_by_collection ON dismissals (collection_id, id);

CREATE TABLE dismissed_contents (
    dismissal_id INTEGER NOT NULL,
    collection_id INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (dismissal_id, sha256)
) WITHOUT ROWID;
CREATE INDEX dismissed_contents_by_collection ON dismissed_contents (collection_id);
