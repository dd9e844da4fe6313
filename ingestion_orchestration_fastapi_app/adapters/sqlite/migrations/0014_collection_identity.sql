-- What the ids of a collection's points hang on, made once: its name is an attribute. Those of before
-- keep the name that their ids were made of.
ALTER TABLE collections ADD COLUMN identity TEXT NOT NULL DEFAULT '';
UPDATE collections SET identity = name;
CREATE UNIQUE INDEX collections_by_identity ON collections (identity);
