-- Workspaces may be on the operator's PostgreSQL, whose credential is in the configuration, or on a server that was there
-- already, whose credential is beside the workspace.
INSERT INTO servers (id, sealed, created_at) VALUES ('server', '', 0), ('attached', '', 0);

-- The server that a workspace was attached with. What enters it is sealed; the rest is shown.
CREATE TABLE attachments (
    workspace_id TEXT NOT NULL PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    database_name TEXT NOT NULL,
    role_name TEXT NOT NULL,
    ssl_mode TEXT NOT NULL CHECK (ssl_mode IN ('disable', 'require', 'verify-ca', 'verify-full')),
    roots TEXT,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
