-- A mail that only helps for a while, such as a sign-in link, is not sent later. One that nobody takes is kept for the
-- operator, with the reason.
ALTER TABLE outbox ADD COLUMN useful_until BIGINT;
ALTER TABLE outbox ADD COLUMN dead_at BIGINT;
ALTER TABLE outbox ADD COLUMN reason TEXT;
