-- The file systems that a collection's folders were on when they were first scanned: a folder in
-- which another one shows up has lost its mount, and what is missing below it is not gone.
CREATE TABLE devices (
    collection_id INTEGER NOT NULL,
    path BLOB NOT NULL,            -- absolute: where a scan began, or a file system
    device INTEGER NOT NULL,       -- st_dev
    PRIMARY KEY (collection_id, path)
) WITHOUT ROWID;
