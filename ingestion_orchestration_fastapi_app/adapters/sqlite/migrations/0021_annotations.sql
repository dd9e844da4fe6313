-- What people say of pictures, by content: in no collection, and untouched by what becomes of one.
-- A row that says nothing is not there.
CREATE TABLE annotations (
    sha256 BLOB PRIMARY KEY,
    rating INTEGER,                -- -1 to 5; NULL: nothing is said, the file's own counts
    favourite INTEGER,             -- likewise
    updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE annotation_tags (
    sha256 BLOB NOT NULL,
    folded TEXT NOT NULL,          -- as tags are compared
    tag TEXT NOT NULL,             -- as it was written
    PRIMARY KEY (sha256, folded)
) WITHOUT ROWID;
CREATE INDEX annotation_tags_by_tag ON annotation_tags (folded, sha256);
