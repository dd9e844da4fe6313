-- What relevance is told by. Vectors are little-endian, a row after the other: float32 of texts,
-- float16 of pictures.
CREATE TABLE neutral_texts (
    fingerprint TEXT PRIMARY KEY,  -- of the model
    digest TEXT NOT NULL,          -- of the texts
    dim INTEGER NOT NULL,
    sentences BLOB NOT NULL,
    nonsense BLOB NOT NULL
);

CREATE TABLE calibrations (
    generation_id INTEGER PRIMARY KEY,
    texts TEXT NOT NULL,           -- the digest of the neutral texts
    points INTEGER NOT NULL,       -- that the generation had
    dim INTEGER NOT NULL,
    sample BLOB NOT NULL,
    noises TEXT NOT NULL,          -- JSON: [[location, scale, share], ...]
    made_at TEXT NOT NULL
);

CREATE TRIGGER calibrations_go_with_their_generation AFTER DELETE ON generations BEGIN
    DELETE FROM calibrations WHERE generation_id = OLD.id;
END;

-- Models that `photoseek eval` has run with.
CREATE TABLE evaluated_models (
    fingerprint TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,          -- the last such job
    evaluated_at TEXT NOT NULL
);
