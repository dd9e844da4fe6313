-- The newest version of the words' table at which it was known to be whole; NULL: it was not yet.
ALTER TABLE collections ADD COLUMN words_version INTEGER;
