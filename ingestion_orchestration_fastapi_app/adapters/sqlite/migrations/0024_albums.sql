-- Albums are people's: what is put into one is known by its content, whatever becomes of
-- collections. The collection is meant by its name, and follows when that one is renamed.
CREATE TABLE albums (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,   -- as names are compared
    collection TEXT NOT NULL,
    search TEXT,                   -- a request of POST /search as JSON, without what is of a page
    fingerprint TEXT,              -- of the model at that time
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    found INTEGER,                 -- what the search found when it was last asked for
    found_is_exact INTEGER,
    found_cover BLOB,
    found_at TEXT
);

CREATE TABLE album_images (
    number INTEGER PRIMARY KEY,    -- in the order in which they were put in
    album INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    is_in INTEGER NOT NULL,        -- 0: taken out of what the search finds
    UNIQUE (album, sha256)
);
CREATE INDEX album_images_in_order ON album_images (album, is_in, number);
