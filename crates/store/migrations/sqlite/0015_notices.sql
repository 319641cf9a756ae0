-- Devices and networks that an account was signed in from, as keyed hashes, so that a sign-in from elsewhere is told. The
-- row 'account' says that the account was signed in at all: its first sign-in is nothing new.
CREATE TABLE known_places (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    mac BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, mac)
) STRICT;
CREATE INDEX known_places_by_time ON known_places (seen_at);
INSERT INTO known_places (user_id, kind, mac, seen_at) SELECT id, 'account', x'', created_at FROM users;
-- What the owner of a token was told of its end: so many days before, or 0 when it came.
ALTER TABLE tokens ADD COLUMN told_days INTEGER;
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
