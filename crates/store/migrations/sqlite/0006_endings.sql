-- Database connections of an earlier epoch than their account's are ended.
ALTER TABLE users ADD COLUMN connection_epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN connections_ended_at INTEGER;
CREATE INDEX users_by_connections_ended ON users (connections_ended_at);

-- All that is left of a deleted account, apart from its pseudonymous audit records.
CREATE TABLE deleted_users (
    id TEXT NOT NULL PRIMARY KEY,
    deleted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deleted_users_by_time ON deleted_users (deleted_at);
