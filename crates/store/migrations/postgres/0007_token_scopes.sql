-- A token has a scope, may be held to networks, and after a rotation goes on for its overlap. A slot holds one token,
-- and beside it at most one that retires: both unique, so that the database itself holds the cap.
ALTER TABLE tokens
    ADD COLUMN scope TEXT NOT NULL DEFAULT 'full' CHECK (scope IN ('full', 'read', 'query')),
    ADD COLUMN networks TEXT NOT NULL DEFAULT '',
    ADD COLUMN retiring_until BIGINT,
    DROP CONSTRAINT tokens_user_id_slot_key;
CREATE UNIQUE INDEX tokens_by_slot ON tokens (user_id, slot) WHERE retiring_until IS NULL;
CREATE UNIQUE INDEX retiring_tokens_by_slot ON tokens (user_id, slot) WHERE retiring_until IS NOT NULL;
CREATE INDEX tokens_by_retirement ON tokens (retiring_until) WHERE retiring_until IS NOT NULL;
CREATE INDEX tokens_by_user ON tokens (user_id, created_at, id);
