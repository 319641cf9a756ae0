-- Database connections that have ended, for a while.
CREATE TABLE db_log (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    actor_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor_handle TEXT NOT NULL,
    actor_display_name TEXT,
    application_name TEXT NOT NULL,
    client_ip TEXT NOT NULL,
    tls BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX db_log_by_workspace ON db_log (workspace_id, created_at, id);
CREATE INDEX db_log_by_actor ON db_log (actor_id);
CREATE INDEX db_log_by_time ON db_log (created_at);
