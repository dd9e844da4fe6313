-- What the orchestrator remembers: collections, their roots and files, jobs and their failures.
-- Times are UTC in ISO 8601; ids of roots and points are the 16 bytes of a UUID.

CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- AUTOINCREMENT: an id never names two collections
    name TEXT NOT NULL UNIQUE,
    model TEXT,
    weights TEXT,
    dim INTEGER,
    fingerprint TEXT,
    synced_version INTEGER
);

CREATE TABLE roots (
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (collection_id, root_id)
) WITHOUT ROWID;

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of creation; what files refer to
    id TEXT NOT NULL UNIQUE,
    collection_id INTEGER NOT NULL,
    directory BLOB NOT NULL,
    options TEXT NOT NULL,         -- the rest of the request, JSON
    state TEXT NOT NULL,
    reason TEXT,
    reason_code TEXT,
    progress TEXT NOT NULL,        -- JSON
    final_counts TEXT,             -- JSON, set by a final state: later jobs take the file rows over
    final_errors TEXT,             -- JSON, likewise
    created_at TEXT NOT NULL,
    started_at TEXT,
    updated_at TEXT NOT NULL,
    finished_at TEXT
);

CREATE INDEX jobs_by_collection ON jobs (collection_id, number);

-- How many files an unfinished job has in each outcome: kept beside `files`, in the same
-- transactions, since counting half a million rows at every status request would be slow.
CREATE TABLE job_counts (
    job_number INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    files INTEGER NOT NULL,
    PRIMARY KEY (job_number, outcome)
) WITHOUT ROWID;

-- A rowid table: with long paths in the key, WITHOUT ROWID copies them into every index and was
-- measured at 39,000 against 64,000 rows/s (enrolled and settled, 400,000 rows).
CREATE TABLE files (
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,
    point_id BLOB NOT NULL,
    job_number INTEGER NOT NULL,   -- the last job that met the file
    outcome TEXT NOT NULL,         -- of that job
    size_bytes INTEGER,            -- the file as it was last judged; NULL: never
    mtime_ns INTEGER,
    ctime_ns INTEGER,
    settled INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    code TEXT,
    detail TEXT,
    sha256 BLOB,
    stored_fingerprint TEXT,       -- NULL: there is no point
    stale INTEGER NOT NULL DEFAULT 0,
    judged_at TEXT,
    UNIQUE (collection_id, root_id, path)
);

CREATE INDEX files_by_point ON files (collection_id, point_id)
    WHERE stored_fingerprint IS NOT NULL;
-- Only what is still to do, so that settled files cost this index nothing.
CREATE INDEX files_pending ON files (job_number) WHERE outcome = 'pending';

CREATE TABLE failures (
    job_number INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,
    display_path TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (job_number, root_id, path)
) WITHOUT ROWID;

CREATE INDEX failures_by_path ON failures (job_number, display_path);
CREATE INDEX failures_by_code ON failures (job_number, code);

-- Points that are about to be written to the vector store, or may have been by a write of which
-- nothing more was heard.
CREATE TABLE intents (
    collection_id INTEGER NOT NULL,
    point_id BLOB NOT NULL,
    job_number INTEGER,            -- whose write it was, and what it was going to count;
    outcome TEXT,                  -- NULL: the point was found in the store, nobody knows whose
    PRIMARY KEY (collection_id, point_id)
) WITHOUT ROWID;

CREATE INDEX intents_by_job ON intents (job_number) WHERE job_number IS NOT NULL;
