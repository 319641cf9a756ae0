-- Whom the owner of a workspace lets in. An access opens it once PostgreSQL knows of it, and is accepted then; connections
-- of an earlier epoch than their access's are ended.
CREATE TABLE workspace_members (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('operator', 'reader')),
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted')),
    status_reason TEXT,
    connection_epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by_id TEXT NOT NULL,
    updated_at INTEGER,
    updated_by_id TEXT NOT NULL,
    version_id INTEGER NOT NULL,
    UNIQUE (workspace_id, user_id)
) STRICT;
CREATE INDEX workspace_members_by_workspace ON workspace_members (workspace_id, created_at, id);
CREATE INDEX workspace_members_by_user ON workspace_members (user_id, workspace_id);

-- What ends open connections besides the epochs of accounts and workspaces: ids of accesses that were taken back or cut,
-- of workspaces that are gone, and of single connections. Every replica hears of it within seconds; it is kept for a while.
CREATE TABLE connection_endings (
    target_id TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER,
    ended_at INTEGER NOT NULL
) STRICT;
CREATE INDEX connection_endings_by_time ON connection_endings (ended_at);
