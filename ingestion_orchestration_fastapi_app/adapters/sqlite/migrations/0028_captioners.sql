-- What captioners are called, by fingerprint: artefacts name them by that.
CREATE TABLE captioners (
    fingerprint TEXT PRIMARY KEY,
    model TEXT NOT NULL
) WITHOUT ROWID;
