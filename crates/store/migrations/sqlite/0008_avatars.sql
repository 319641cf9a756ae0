-- Avatars are served from here. The version is the account's own count at that time, so that no number comes twice.
ALTER TABLE users DROP COLUMN avatar_url;
ALTER TABLE users ADD COLUMN avatar_version INTEGER;

CREATE TABLE avatars (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    picture BLOB NOT NULL,
    source_url TEXT,
    created_at INTEGER NOT NULL
) STRICT;
