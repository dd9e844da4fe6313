-- Folders that somebody has hidden or excluded. By root and relative path (empty: the root itself),
-- so that a root that is re-pointed takes them along.
CREATE TABLE folder_marks (
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,
    mark TEXT NOT NULL,            -- hidden, excluded
    at TEXT NOT NULL,
    is_done INTEGER NOT NULL,      -- 0: its points may be there yet; a start removes them
    PRIMARY KEY (collection_id, root_id, path, mark)
) WITHOUT ROWID;
