-- What the owner of a workspace wishes of it takes effect: connections of an earlier epoch are ended, and schemas are put
-- before the search path of new ones.
ALTER TABLE workspaces ADD COLUMN search_path_prefix TEXT NOT NULL DEFAULT '[]';
ALTER TABLE workspaces ADD COLUMN connection_epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN connections_ended_at INTEGER;
CREATE INDEX workspaces_by_connections_ended ON workspaces (connections_ended_at);

-- Names that a workspace had, so that who still uses one is told what it is called now.
CREATE TABLE workspace_names (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    handle TEXT NOT NULL,
    given_up_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, handle)
) STRICT;
CREATE INDEX workspace_names_by_time ON workspace_names (given_up_at);

-- The log of one thing, such as a workspace.
CREATE INDEX audit_log_by_target ON audit_log (identity_id, target_id, created_at, id);

-- A temporary database password has an end.
ALTER TABLE database_passwords ADD COLUMN expires_at INTEGER;
