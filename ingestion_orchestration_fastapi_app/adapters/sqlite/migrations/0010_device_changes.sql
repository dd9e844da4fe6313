-- Where another file system was met than in `devices`: the last row of `files` before any file of it.
CREATE TABLE device_changes (
    collection_id INTEGER NOT NULL,
    path BLOB NOT NULL,
    device INTEGER NOT NULL,
    last_row INTEGER NOT NULL,
    PRIMARY KEY (collection_id, path, device)
) WITHOUT ROWID;
