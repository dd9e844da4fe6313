-- Files that were let in to be read and decoded, and of whose end nothing is known. While a job
-- runs these are the ones in work; when none runs, those of a process that died.
CREATE TABLE decode_starts (
    collection_id INTEGER NOT NULL,
    point_id BLOB NOT NULL,
    version TEXT NOT NULL,         -- size and mtime of the file
    alone INTEGER NOT NULL,        -- times that it was in with no other file, this one too
    PRIMARY KEY (collection_id, point_id)
) WITHOUT ROWID;
