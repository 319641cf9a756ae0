-- A token has a scope, may be held to networks, and after a rotation goes on for its overlap. A slot holds one token,
-- and beside it at most one that retires: both unique, so that the database itself holds the cap.
CREATE TABLE tokens_7 (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    slot INTEGER NOT NULL CHECK (slot >= 1),
    title TEXT,
    description TEXT,
    last4 TEXT NOT NULL,
    mac BLOB NOT NULL,
    auth_epoch INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    expires_at INTEGER,
    last_used_at INTEGER,
    last_used_ip TEXT,
    version_id INTEGER NOT NULL,
    scope TEXT NOT NULL DEFAULT 'full' CHECK (scope IN ('full', 'read', 'query')),
    networks TEXT NOT NULL DEFAULT '',
    retiring_until INTEGER
) STRICT;
INSERT INTO tokens_7 (id, user_id, slot, title, description, last4, mac, auth_epoch, status, created_at, updated_at,
    expires_at, last_used_at, last_used_ip, version_id)
SELECT id, user_id, slot, title, description, last4, mac, auth_epoch, status, created_at, updated_at, expires_at,
    last_used_at, last_used_ip, version_id
FROM tokens;
DROP TABLE tokens;
ALTER TABLE tokens_7 RENAME TO tokens;
CREATE UNIQUE INDEX tokens_by_slot ON tokens (user_id, slot) WHERE retiring_until IS NULL;
CREATE UNIQUE INDEX retiring_tokens_by_slot ON tokens (user_id, slot) WHERE retiring_until IS NOT NULL;
CREATE INDEX tokens_by_retirement ON tokens (retiring_until) WHERE retiring_until IS NOT NULL;
CREATE INDEX tokens_by_user ON tokens (user_id, created_at, id);
