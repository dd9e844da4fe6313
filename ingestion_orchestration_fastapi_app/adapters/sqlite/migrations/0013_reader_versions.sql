-- A verdict counts for the readers that gave it, and one that may be the moment's is tried again.
ALTER TABLE files ADD COLUMN reader_version TEXT;                -- NULL: before it was kept
ALTER TABLE files ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;  -- that ended in this failure
