-- Counts belong to a job, never to a file's row: what a job opened has a row of its own, what it
-- found as it was is a number a folder.
CREATE TABLE job_items (
    job_number INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (job_number, file_id)
) WITHOUT ROWID;
-- Only what is still to do, so that what is done costs this index nothing.
CREATE INDEX job_items_pending ON job_items (job_number) WHERE outcome = 'pending';

CREATE TABLE job_folders (
    job_number INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,            -- relative to the root
    unchanged INTEGER NOT NULL,
    skipped INTEGER NOT NULL,      -- as before: not opened again
    PRIMARY KEY (job_number, root_id, path)
) WITHOUT ROWID;

-- A job that was cut off goes on: what it has counted is not counted again.
INSERT INTO job_items (job_number, file_id, outcome)
SELECT job_number, rowid, outcome FROM files
WHERE job_number IN (SELECT number FROM jobs WHERE final_counts IS NULL);

-- The row's number is a column now, since other tables refer to it.
CREATE TABLE files_with_id (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,
    point_id BLOB NOT NULL,
    size_bytes INTEGER,            -- the file as it was last judged; NULL: never
    mtime_ns INTEGER,
    ctime_ns INTEGER,
    sidecar_mark INTEGER NOT NULL DEFAULT 0,
    mtime_trusted INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    code TEXT,
    detail TEXT,
    sha256 BLOB,
    stored_fingerprint TEXT,       -- NULL: there is no point
    stale INTEGER NOT NULL DEFAULT 0,
    judged_at TEXT,
    UNIQUE (collection_id, root_id, path)
);
INSERT INTO files_with_id
SELECT rowid, collection_id, root_id, path, point_id, size_bytes, mtime_ns, ctime_ns, sidecar_mark,
    settled, verdict, code, detail, sha256, stored_fingerprint, stale, judged_at
FROM files;
DROP TABLE files;
ALTER TABLE files_with_id RENAME TO files;
CREATE INDEX files_by_point ON files (collection_id, point_id)
    WHERE stored_fingerprint IS NOT NULL;
