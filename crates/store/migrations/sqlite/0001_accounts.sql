CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    display_name TEXT,
    avatar_url TEXT,
    url TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    auth_epoch INTEGER NOT NULL,
    token_min_issued_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    version_id INTEGER NOT NULL
) STRICT;

CREATE TABLE user_emails (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('pending', 'verified')),
    is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    version_id INTEGER NOT NULL
) STRICT;
CREATE INDEX user_emails_by_user ON user_emails (user_id);

CREATE TABLE database_passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    iterations INTEGER NOT NULL,
    salt BLOB NOT NULL,
    stored_key BLOB NOT NULL,
    server_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_ins (
    id TEXT NOT NULL PRIMARY KEY,
    via TEXT NOT NULL CHECK (via IN ('mail', 'operator')),
    email TEXT,
    secret_mac BLOB NOT NULL UNIQUE,
    code_mac BLOB NOT NULL,
    nonce_mac BLOB NOT NULL,
    tries INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'confirmed', 'used')),
    next_path TEXT,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('console', 'cli')),
    mac BLOB NOT NULL,
    auth_epoch INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE tokens (
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
    UNIQUE (user_id, slot)
) STRICT;

CREATE TABLE servers (
    id TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE server_roles (
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    salt BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (server_id, user_id)
) STRICT;

CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    handle TEXT NOT NULL,
    database_name TEXT NOT NULL UNIQUE,
    server_id TEXT NOT NULL REFERENCES servers (id),
    state TEXT NOT NULL CHECK (state IN ('creating', 'enabled', 'disabled')),
    state_reason TEXT,
    desired_state TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    db_volume_size_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by_id TEXT NOT NULL,
    updated_at INTEGER,
    updated_by_id TEXT NOT NULL,
    version_id INTEGER NOT NULL,
    UNIQUE (user_id, handle)
) STRICT;

CREATE TABLE processes (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'completed', 'failed')),
    state_reason TEXT,
    user_id TEXT NOT NULL,
    workspace_id TEXT,
    input TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    run_after INTEGER NOT NULL,
    lease_until INTEGER,
    created_at INTEGER NOT NULL,
    created_by_id TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    version_id INTEGER NOT NULL
) STRICT;
CREATE INDEX processes_by_user ON processes (user_id, created_at, id);
CREATE INDEX processes_due ON processes (state, run_after);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    run_after INTEGER NOT NULL,
    lease_until INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (run_after);

CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
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
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_by_identity ON audit_log (identity_id, created_at, id);
