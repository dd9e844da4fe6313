-- What jobs are chosen by, so that none of their rows, which are long, is read for it.
CREATE INDEX jobs_by_state ON jobs (state, collection_id, kind, id);
