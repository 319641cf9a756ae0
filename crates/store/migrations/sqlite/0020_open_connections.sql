-- The replicas that share this store, and the database connections that are open in each, as of some seconds ago: so that
-- each can list those of the others. What a replica left behind that is not seen any more does not count.
CREATE TABLE replicas (
    id TEXT NOT NULL PRIMARY KEY,
    seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE open_connections (
    id TEXT NOT NULL PRIMARY KEY,
    replica_id TEXT NOT NULL REFERENCES replicas (id) ON DELETE CASCADE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    application_name TEXT NOT NULL,
    client_ip TEXT NOT NULL,
    tls INTEGER NOT NULL,
    via TEXT NOT NULL,
    state TEXT NOT NULL,
    from_client INTEGER NOT NULL,
    from_backend INTEGER NOT NULL,
    began_at INTEGER NOT NULL
) STRICT;
CREATE INDEX open_connections_by_workspace ON open_connections (workspace_id);
CREATE INDEX open_connections_by_user ON open_connections (user_id);
CREATE INDEX open_connections_by_replica ON open_connections (replica_id);
