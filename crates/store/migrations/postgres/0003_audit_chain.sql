-- Records form a chain per account; docs/ARCHITECTURE.md says how. A chain cannot be begun in the middle, and until now
-- there was none: the log begins anew.
DROP TABLE audit_log;
CREATE TABLE audit_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    chain TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    identity_id TEXT COLLATE "C",
    action_type TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C",
    actor_handle TEXT COLLATE "C" NOT NULL,
    actor_display_name TEXT COLLATE "C",
    actor_ip TEXT COLLATE "C" NOT NULL,
    credential_kind TEXT COLLATE "C" NOT NULL,
    credential_id TEXT COLLATE "C",
    credential_title TEXT COLLATE "C",
    user_agent TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    target_id TEXT COLLATE "C",
    target_handle TEXT COLLATE "C",
    data TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    commitment BYTEA NOT NULL,
    salt BYTEA,
    erasure BYTEA,
    UNIQUE (chain, sequence)
);
CREATE INDEX audit_log_by_time ON audit_log (identity_id, created_at, id);
CREATE INDEX audit_log_by_action ON audit_log (identity_id, action_type, created_at, id);
CREATE INDEX audit_log_by_handle ON audit_log (identity_id, actor_handle, created_at, id);
CREATE INDEX audit_log_by_credential ON audit_log (identity_id, credential_id, created_at, id);
CREATE INDEX audit_log_by_kind ON audit_log (identity_id, credential_kind, created_at, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, identity_id, created_at, id);

-- The end of each chain, signed.
CREATE TABLE audit_heads (
    chain TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    mac BYTEA NOT NULL
) WITH (fillfactor = 50);

-- How many records an account has of each day, counted in days since 1970.
CREATE TABLE audit_days (
    identity_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    records BIGINT NOT NULL,
    PRIMARY KEY (identity_id, day)
) WITH (fillfactor = 50);

-- What SQLite's operators do on text that is JSON: the part itself as JSON, and its text.
CREATE FUNCTION json_part(TEXT, TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT
    AS $$ SELECT ($1::json -> $2)::text $$;
CREATE FUNCTION json_text(TEXT, TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT
    AS $$ SELECT $1::json ->> $2 $$;
CREATE OPERATOR -> (LEFTARG = TEXT, RIGHTARG = TEXT, FUNCTION = json_part);
CREATE OPERATOR ->> (LEFTARG = TEXT, RIGHTARG = TEXT, FUNCTION = json_text);
