-- What was made of a file, or why it was not, each by itself. A file's row keeps what is true of the
-- file. A rowid would cost a second look for each file of a scan.
CREATE TABLE artefacts (
    file_id INTEGER NOT NULL,
    kind TEXT NOT NULL,            -- picture (a verdict alone), vector, caption
    model TEXT NOT NULL,           -- its fingerprint; of a picture: ''
    state TEXT NOT NULL,           -- stored, stale (there, but of what the file was), failed, skipped
    code TEXT,                     -- of the last attempt, where it failed
    detail TEXT,
    reader_version TEXT,           -- NULL: before it was kept
    attempts INTEGER NOT NULL,     -- in a row that ended in this failure
    updated_at TEXT,
    PRIMARY KEY (file_id, kind, model)
) WITHOUT ROWID;

-- `stored_fingerprint` was "model", "model+captioner", or "model+?" where nobody knew the captioner.
CREATE TEMP VIEW made AS
SELECT f.id, f.verdict, f.code, f.detail, f.reader_version, f.attempts, f.judged_at,
    iif(f.stale, 'stale', 'stored') AS state,
    iif(instr(f.stored_fingerprint, '+'),
        substr(f.stored_fingerprint, 1, instr(f.stored_fingerprint, '+') - 1),
        f.stored_fingerprint) AS vector,
    iif(instr(f.stored_fingerprint, '+'),
        substr(f.stored_fingerprint, instr(f.stored_fingerprint, '+') + 1), NULL) AS caption,
    -- What only a model gives, or the store for its point; as in domain/files/artefacts.py.
    f.verdict = 'failed'
        AND f.code IN ('ERR_CLIP_INFER', 'ERR_BATCH_TOO_LARGE', 'ERR_STORE_ROW') AS is_of_vector,
    (SELECT g.fingerprint FROM generations g
     WHERE g.collection_id = f.collection_id AND g.state = 'active') AS active
FROM files f;

INSERT INTO artefacts
SELECT id, 'vector', vector, state, iif(is_of_vector, code, NULL), iif(is_of_vector, detail, NULL),
    reader_version, iif(is_of_vector, attempts, 0), judged_at
FROM made WHERE vector IS NOT NULL;

INSERT INTO artefacts
SELECT id, 'caption', caption, state, NULL, NULL, reader_version, 0, judged_at
FROM made WHERE caption IS NOT NULL AND caption <> '?';

INSERT INTO artefacts
SELECT id, 'vector', active, 'failed', code, detail, reader_version, attempts, judged_at
FROM made WHERE vector IS NULL AND is_of_vector AND active IS NOT NULL;

INSERT INTO artefacts
SELECT id, 'picture', '', verdict, code, detail, reader_version, attempts, judged_at
FROM made WHERE verdict IN ('failed', 'skipped') AND NOT is_of_vector;

DROP VIEW made;

CREATE TABLE files_without_verdicts (
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
    sha256 BLOB,
    UNIQUE (collection_id, root_id, path)
);
INSERT INTO files_without_verdicts
SELECT id, collection_id, root_id, path, point_id, size_bytes, mtime_ns, ctime_ns, sidecar_mark,
    mtime_trusted, sha256
FROM files;
DROP TABLE files;
ALTER TABLE files_without_verdicts RENAME TO files;
CREATE INDEX files_by_point ON files (collection_id, point_id);

-- A row's number may be given again: what was made of a file goes with it, whoever deletes it.
CREATE TRIGGER artefacts_go_with_their_file AFTER DELETE ON files BEGIN
    DELETE FROM artefacts WHERE file_id = OLD.id;
END;

-- A point may be written to several tables, of which each has its own writes under way. What was
-- under way in a collection without any went with its table.
CREATE TABLE intents_by_generation (
    generation_id INTEGER NOT NULL,
    point_id BLOB NOT NULL,
    job_number INTEGER,            -- whose write it was, and what it was going to count;
    outcome TEXT,                  -- NULL: the point was found in the store, nobody knows whose
    PRIMARY KEY (generation_id, point_id)
) WITHOUT ROWID;
INSERT INTO intents_by_generation
SELECT g.id, i.point_id, i.job_number, i.outcome
FROM intents i JOIN generations g ON g.collection_id = i.collection_id AND g.state = 'active';
DROP TABLE intents;
ALTER TABLE intents_by_generation RENAME TO intents;
CREATE INDEX intents_by_job ON intents (job_number) WHERE job_number IS NOT NULL;
