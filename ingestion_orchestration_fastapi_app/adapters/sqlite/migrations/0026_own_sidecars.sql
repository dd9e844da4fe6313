-- Sidecars that Photoseek has written to, by the photograph that each is of.
CREATE TABLE sidecars (
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,            -- the photograph's, below the root
    name BLOB NOT NULL,            -- the sidecar's, in the same folder
    sha256 BLOB,                   -- of the whole sidecar as it was written; NULL: not yet
    put TEXT,                      -- what in it is Photoseek's, as JSON
    next_sha256 BLOB,              -- about to be written; NULL: nothing is
    next_put TEXT,
    mark INTEGER,                  -- the photograph's sidecar_mark until then
    PRIMARY KEY (collection_id, root_id, path)
) WITHOUT ROWID;
