-- The code by which a signed-in person confirms that it is them: one a session, gone with it.
CREATE TABLE step_ups (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_mac BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Several addresses for an account. An address belongs to one account once it is verified; until then anybody may
-- claim it, so that nobody learns by trying who has it.
ALTER TABLE user_emails DROP CONSTRAINT user_emails_email_key_key;
DROP INDEX user_emails_by_user;
ALTER TABLE user_emails ADD UNIQUE (user_id, email_key);
ALTER TABLE user_emails ADD CHECK (is_primary = 0 OR status = 'verified');
CREATE UNIQUE INDEX user_emails_verified ON user_emails (email_key) WHERE status = 'verified';
CREATE UNIQUE INDEX user_emails_primary ON user_emails (user_id) WHERE is_primary = 1;

-- The link and the code by which a pending address is verified: the last ones that were sent to it.
CREATE TABLE email_proofs (
    email_id TEXT NOT NULL PRIMARY KEY REFERENCES user_emails (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_mac BYTEA NOT NULL,
    code_mac BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
