-- Browsers that logged in with the API key. Neither the cookie nor the key can be told from it.
CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,   -- HMAC-SHA-256 of the cookie under the key that opened it
    scopes TEXT NOT NULL,          -- separated by blanks
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
