-- What pictures are browsed, counted and sorted by: a row a point, made from the points. A row's place is
-- its root's and relative to it, so that a root that moves changes none.
ALTER TABLE collections ADD COLUMN catalogue_version INTEGER;  -- at which it is whole; NULL: it is not

CREATE TABLE catalogue_folders (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL,
    root_id BLOB NOT NULL,
    path BLOB NOT NULL,            -- relative to the root; of itself: empty
    UNIQUE (collection_id, root_id, path)
);

CREATE TABLE catalogue_texts (     -- cameras, lenses and keywords, each once
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    folded TEXT NOT NULL,
    UNIQUE (collection_id, kind, value)
);

CREATE TABLE catalogue (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL,
    point_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    folder_id INTEGER NOT NULL,
    name BLOB NOT NULL,
    taken_at INTEGER,              -- microseconds of the camera's clock since the year 1 began
    year INTEGER,                  -- of that
    added_at INTEGER NOT NULL,     -- microseconds of UTC, likewise
    mtime_ns INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    format TEXT NOT NULL,
    camera_id INTEGER NOT NULL,    -- texts
    lens_id INTEGER NOT NULL,
    rating INTEGER,
    latitude REAL,
    longitude REAL,
    phash INTEGER NOT NULL,        -- 64 bits, signed
    sha256 BLOB NOT NULL,
    partial INTEGER NOT NULL,
    UNIQUE (collection_id, point_id)
);
CREATE INDEX catalogue_by_taken ON catalogue (collection_id, taken_at, id);
CREATE INDEX catalogue_by_added ON catalogue (collection_id, added_at, id);
CREATE INDEX catalogue_by_name ON catalogue (folder_id, name, id);
-- What is counted together, so that no row is read for it.
CREATE INDEX catalogue_by_facets
    ON catalogue (collection_id, folder_id, camera_id, lens_id, year, format, rating);
CREATE INDEX catalogue_by_place ON catalogue (collection_id, latitude, longitude)
    WHERE latitude IS NOT NULL;

CREATE TABLE catalogue_keywords (
    entry_id INTEGER NOT NULL,
    text_id INTEGER NOT NULL,
    PRIMARY KEY (entry_id, text_id)
) WITHOUT ROWID;
CREATE INDEX catalogue_by_keyword ON catalogue_keywords (text_id, entry_id);

CREATE TRIGGER catalogue_goes_with_its_file AFTER DELETE ON files BEGIN
    DELETE FROM catalogue WHERE collection_id = OLD.collection_id AND point_id = OLD.point_id;
END;
CREATE TRIGGER keywords_go_with_their_entry AFTER DELETE ON catalogue BEGIN
    DELETE FROM catalogue_keywords WHERE entry_id = OLD.id;
END;
