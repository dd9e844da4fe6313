-- A table of a collection, made by one model. A collection of before has one where it was bound to a
-- model: its table keeps the name that was made of the collection's.
CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- AUTOINCREMENT: an id never names two generations
    collection_id INTEGER NOT NULL,
    table_name TEXT NOT NULL UNIQUE,       -- in the vector store, word for word
    model TEXT NOT NULL,
    weights TEXT NOT NULL,
    dim INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,                   -- filling, active, retired
    synced_version INTEGER,
    created_at TEXT NOT NULL,
    activated_at TEXT,
    UNIQUE (collection_id, fingerprint)
);
CREATE UNIQUE INDEX generations_active ON generations (collection_id) WHERE state = 'active';

INSERT INTO generations (collection_id, table_name, model, weights, dim, fingerprint, state,
    synced_version, created_at, activated_at)
SELECT id, table_name(name), coalesce(model, ''), coalesce(weights, ''), dim, fingerprint, 'active',
    synced_version, strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'),
    strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')
FROM collections WHERE fingerprint IS NOT NULL AND dim IS NOT NULL ORDER BY id;

UPDATE dropped_tables SET name = table_name(name);

ALTER TABLE collections DROP COLUMN model;
ALTER TABLE collections DROP COLUMN weights;
ALTER TABLE collections DROP COLUMN dim;
ALTER TABLE collections DROP COLUMN fingerprint;
ALTER TABLE collections DROP COLUMN synced_version;
ALTER TABLE collections ADD COLUMN words_table TEXT;  -- in the vector store, too; NULL: none yet
