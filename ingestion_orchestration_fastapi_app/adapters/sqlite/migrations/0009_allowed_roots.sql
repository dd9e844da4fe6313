-- Folders outside the default ones that a user named: they may be imported and shown.
CREATE TABLE allowed_roots (
    path BLOB PRIMARY KEY          -- absolute, without links when it was added
) WITHOUT ROWID;
