-- Workers look for what is due many times a second; what was given up waits for the operator and is not looked at.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (run_after, id) WHERE dead_at IS NULL;
CREATE INDEX outbox_by_user ON outbox (user_id);
-- The pace of an announcement holds when mails leave, also after a time in which none could: the next one may leave at
-- next_at, and one that has to wait for its turn knows when that is.
ALTER TABLE announcements ADD COLUMN next_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN turn_at INTEGER;
