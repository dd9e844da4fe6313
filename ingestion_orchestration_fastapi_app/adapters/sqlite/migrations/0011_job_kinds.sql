-- Jobs of several kinds. Those of before are imports, which were alone in their collection.
ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'ingest';
ALTER TABLE jobs ADD COLUMN lane TEXT DEFAULT 'files';  -- NULL: it excludes no other job
-- JSON, of kinds that keep an account of their own: how far the job is, and what it found.
ALTER TABLE jobs ADD COLUMN checkpoint TEXT;
