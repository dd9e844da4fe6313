-- The least relevance that an evaluation proposes to cut at; null where it found none.
ALTER TABLE evaluated_models ADD COLUMN suggested_cut REAL;
