-- Roots that are being re-pointed or forgotten: written before the first point is changed, gone when
-- all is done. What is here at the start is seen through.
CREATE TABLE root_changes (
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB,                     -- absolute: where it is then; NULL: it is forgotten
    PRIMARY KEY (collection_id, root_id)
) WITHOUT ROWID;
