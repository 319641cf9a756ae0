CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    display_name TEXT,
    avatar_url TEXT,
    url TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    auth_epoch BIGINT NOT NULL,
    token_min_issued_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    version_id BIGINT NOT NULL
);

CREATE TABLE user_emails (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('pending', 'verified')),
    is_primary BIGINT NOT NULL CHECK (is_primary IN (0, 1)),
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    version_id BIGINT NOT NULL
);
CREATE INDEX user_emails_by_user ON user_emails (user_id);

CREATE TABLE database_passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    iterations BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    stored_key BYTEA NOT NULL,
    server_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sign_ins (
    id TEXT NOT NULL PRIMARY KEY,
    via TEXT NOT NULL CHECK (via IN ('mail', 'operator')),
    email TEXT,
    secret_mac BYTEA NOT NULL UNIQUE,
    code_mac BYTEA NOT NULL,
    nonce_mac BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'confirmed', 'used')),
    next_path TEXT,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('console', 'cli')),
    mac BYTEA NOT NULL,
    auth_epoch BIGINT NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    slot BIGINT NOT NULL CHECK (slot >= 1),
    title TEXT,
    description TEXT,
    last4 TEXT NOT NULL,
    mac BYTEA NOT NULL,
    auth_epoch BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    expires_at BIGINT,
    last_used_at BIGINT,
    last_used_ip TEXT,
    version_id BIGINT NOT NULL,
    UNIQUE (user_id, slot)
);

CREATE TABLE servers (
    id TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE server_roles (
    server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    salt BYTEA NOT NULL,
    iterations BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (server_id, user_id)
);

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
    db_volume_size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by_id TEXT NOT NULL,
    updated_at BIGINT,
    updated_by_id TEXT NOT NULL,
    version_id BIGINT NOT NULL,
    UNIQUE (user_id, handle)
);

CREATE TABLE processes (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'completed', 'failed')),
    state_reason TEXT,
    user_id TEXT NOT NULL,
    workspace_id TEXT,
    input TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_after BIGINT NOT NULL,
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    created_by_id TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    version_id BIGINT NOT NULL
);
CREATE INDEX processes_by_user ON processes (user_id, created_at, id);
CREATE INDEX processes_due ON processes (state, run_after);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    kind TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    run_after BIGINT NOT NULL,
    lease_until BIGINT,
    created_at BIGINT NOT NULL
);
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
    created_at BIGINT NOT NULL
);
CREATE INDEX audit_log_by_identity ON audit_log (identity_id, created_at, id);
