-- Folders whose changes are picked up by themselves, also after a restart.
CREATE TABLE watches (
    collection_id INTEGER NOT NULL,
    directory BLOB NOT NULL,       -- absolute
    recursive INTEGER NOT NULL,
    captions INTEGER NOT NULL,
    PRIMARY KEY (collection_id, directory)
) WITHOUT ROWID;
