-- Contents that somebody has removed from a collection: no import takes them in again. Kept by
-- content, whatever becomes of files and tables.
CREATE TABLE forgotten_images (
    collection_id INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    name TEXT NOT NULL,            -- of one of its files, for people
    at TEXT NOT NULL,
    is_done INTEGER NOT NULL,      -- 0: its points may be there yet; a start removes them
    PRIMARY KEY (collection_id, sha256)
) WITHOUT ROWID;

-- Copies of one content, in one look.
CREATE INDEX files_by_content ON files (collection_id, sha256) WHERE sha256 IS NOT NULL;
