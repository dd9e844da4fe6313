-- Points that were removed, and what was known of their files: kept for a while, for who wants them
-- back. Numbers are never given again, so that they are in the order of removal.
CREATE TABLE trash (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL,
    point_id BLOB NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,
    job_number INTEGER,            -- that removed it; NULL: somebody has forgotten the image
    removed_at TEXT NOT NULL,
    is_whole INTEGER NOT NULL,     -- 0: its removal has not ended, or was cut off
    size_bytes INTEGER,            -- the file, as in `files`
    mtime_ns INTEGER,
    ctime_ns INTEGER,
    sidecar_mark INTEGER NOT NULL,
    mtime_trusted INTEGER NOT NULL,
    sha256 BLOB,
    artefacts TEXT NOT NULL,       -- JSON
    added_at INTEGER,              -- as in the catalogue
    caption TEXT,
    caption_fingerprint TEXT,
    kept_bytes INTEGER NOT NULL,   -- what it takes here, with its rows below
    UNIQUE (collection_id, point_id)
);
CREATE INDEX trash_by_job ON trash (job_number) WHERE job_number IS NOT NULL;
CREATE INDEX trash_by_content ON trash (collection_id, sha256) WHERE job_number IS NULL;
CREATE INDEX trash_by_collection ON trash (collection_id);
CREATE INDEX trash_by_time ON trash (removed_at);

CREATE TABLE trash_points (        -- a row a model
    trash_id INTEGER NOT NULL,
    model TEXT NOT NULL,           -- its fingerprint
    payload TEXT NOT NULL,         -- JSON
    vector BLOB NOT NULL,          -- float32, little-endian
    PRIMARY KEY (trash_id, model)
);

-- Sums, since a look at all rows would read a gigabyte.
CREATE TABLE trash_sizes (
    collection_id INTEGER PRIMARY KEY,
    points INTEGER NOT NULL,
    kept_bytes INTEGER NOT NULL
);
CREATE TRIGGER trash_counts_what_comes AFTER INSERT ON trash BEGIN
    INSERT INTO trash_sizes VALUES (NEW.collection_id, 1, NEW.kept_bytes)
    ON CONFLICT (collection_id) DO UPDATE SET
        points = points + 1, kept_bytes = kept_bytes + NEW.kept_bytes;
END;
CREATE TRIGGER trash_counts_what_grows AFTER UPDATE OF kept_bytes ON trash BEGIN
    UPDATE trash_sizes SET kept_bytes = kept_bytes + NEW.kept_bytes - OLD.kept_bytes
    WHERE collection_id = NEW.collection_id;
END;
CREATE TRIGGER trash_counts_what_goes AFTER DELETE ON trash BEGIN
    DELETE FROM trash_points WHERE trash_id = OLD.id;
    UPDATE trash_sizes SET points = points - 1, kept_bytes = kept_bytes - OLD.kept_bytes
    WHERE collection_id = OLD.collection_id;
END;
