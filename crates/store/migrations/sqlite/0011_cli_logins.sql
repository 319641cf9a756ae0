-- Requests of command lines to be let in. What they hold, and the code, are keyed hashes; a request is of nobody until a
-- person lets it in at their browser.
CREATE TABLE cli_logins (
    id TEXT NOT NULL PRIMARY KEY,
    secret_mac BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'denied', 'used')),
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    auth_epoch INTEGER,
    code_mac BLOB,
    tries INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    expires_at INTEGER NOT NULL,
    CHECK (state IN ('pending', 'denied') OR (user_id IS NOT NULL AND auth_epoch IS NOT NULL AND code_mac IS NOT NULL))
) STRICT;
CREATE INDEX cli_logins_by_expiry ON cli_logins (expires_at);
CREATE INDEX cli_logins_by_user ON cli_logins (user_id);

-- One row, which whoever makes a request locks first: so that counting those that wait and adding one is one step.
CREATE TABLE cli_login_gate (
    id TEXT NOT NULL PRIMARY KEY,
    made INTEGER NOT NULL
) STRICT;
INSERT INTO cli_login_gate (id, made) VALUES ('requests', 0);
