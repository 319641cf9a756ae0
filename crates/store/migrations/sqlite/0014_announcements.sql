-- What the operator writes to everybody who wants mails of a category. Whose mail is written already is told by the last
-- account: all after it are still to come.
CREATE TABLE announcements (
    id TEXT NOT NULL PRIMARY KEY,
    category TEXT NOT NULL,
    subject TEXT NOT NULL,
    markdown TEXT NOT NULL,
    per_minute INTEGER NOT NULL,
    last_user_id TEXT NOT NULL DEFAULT '',
    queued INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
ALTER TABLE outbox ADD COLUMN announcement_id TEXT;
