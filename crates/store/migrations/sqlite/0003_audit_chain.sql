-- Records form a chain per account; docs/ARCHITECTURE.md says how. A chain cannot be begun in the middle, and until now
-- there was none: the log begins anew.
DROP TABLE audit_log;
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    chain TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    identity_id TEXT,
    action_type TEXT NOT NULL,
    actor_id TEXT,
    actor_handle TEXT NOT NULL,
    actor_display_name TEXT,
    actor_ip TEXT NOT NULL,
    credential_kind TEXT NOT NULL,
    credential_id TEXT,
    credential_title TEXT,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL,
    target_id TEXT,
    target_handle TEXT,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    commitment BLOB NOT NULL,
    salt BLOB,
    erasure BLOB,
    UNIQUE (chain, sequence)
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (identity_id, created_at, id);
CREATE INDEX audit_log_by_action ON audit_log (identity_id, action_type, created_at, id);
CREATE INDEX audit_log_by_handle ON audit_log (identity_id, actor_handle, created_at, id);
CREATE INDEX audit_log_by_credential ON audit_log (identity_id, credential_id, created_at, id);
CREATE INDEX audit_log_by_kind ON audit_log (identity_id, credential_kind, created_at, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, identity_id, created_at, id);

-- The end of each chain, signed.
CREATE TABLE audit_heads (
    chain TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL
) STRICT;

-- How many records an account has of each day, counted in days since 1970.
CREATE TABLE audit_days (
    identity_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (identity_id, day)
) STRICT;
