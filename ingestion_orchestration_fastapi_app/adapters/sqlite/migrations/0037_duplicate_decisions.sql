-- What people decide about duplicates, by content. Copies of the same bytes are told apart by their files:
-- there `point_id` is the file's; of a decision about all files of a content it is empty.
CREATE TABLE duplicate_decisions (
    collection_id INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    point_id BLOB NOT NULL,
    decision TEXT NOT NULL,        -- keep, not_needed
    decided_at TEXT NOT NULL,
    PRIMARY KEY (collection_id, sha256, point_id)
) WITHOUT ROWID;

-- Files that are not needed, for people: their images may have left the collection.
CREATE TABLE unneeded_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    decided_for BLOB NOT NULL,     -- the decision's `point_id`
    point_id BLOB NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    kept_path TEXT NOT NULL        -- of the file that is kept instead; empty: nobody said
);
CREATE UNIQUE INDEX unneeded_files_by_content
    ON unneeded_files (collection_id, sha256, decided_for, point_id);
CREATE INDEX unneeded_files_by_point ON unneeded_files (collection_id, point_id);

-- Groups of a run that were dismissed: they count as decided, and are back when that is taken back.
CREATE TABLE dismissed_groups (
    dismissal_id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    class TEXT NOT NULL
);
CREATE INDEX dismissed_groups_by_run ON dismissed_groups (run_id, class);
-- From what is decided to the groups that it is about.
CREATE INDEX duplicate_members_by_content ON duplicate_members (collection_id, sha256);
