-- Every name that an account has or gave up: one row a name, so that one statement claims it. A current name has no
-- end; one that was given up is held until its end, for whoever had it. The hold outlives a deleted account, nameless.
-- The reference is checked at the commit: a name is claimed before its account is written, always in this order, so that
-- two who want the same name wait for each other in one place and never in a circle.
CREATE TABLE handles (
    handle TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    since INTEGER NOT NULL,
    held_until INTEGER,
    CHECK (user_id IS NOT NULL OR held_until IS NOT NULL)
) STRICT;
CREATE INDEX handles_by_user ON handles (user_id, since);
INSERT INTO handles (handle, user_id, since) SELECT handle, id, created_at FROM users;

ALTER TABLE users ADD COLUMN handle_changed_at INTEGER;
