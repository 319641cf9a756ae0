-- The code by which a signed-in person confirms that it is them: one a session, gone with it.
CREATE TABLE step_ups (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_mac BLOB NOT NULL,
    tries INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- Several addresses for an account. An address belongs to one account once it is verified; until then anybody may
-- claim it, so that nobody learns by trying who has it.
CREATE TABLE user_emails_new (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'verified')),
    is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    version_id INTEGER NOT NULL,
    UNIQUE (user_id, email_key),
    CHECK (is_primary = 0 OR status = 'verified')
) STRICT;
INSERT INTO user_emails_new (id, user_id, email, email_key, status, is_primary, created_at, updated_at, version_id)
    SELECT id, user_id, email, email_key, status, is_primary, created_at, updated_at, version_id FROM user_emails;
DROP TABLE user_emails;
ALTER TABLE user_emails_new RENAME TO user_emails;
CREATE UNIQUE INDEX user_emails_verified ON user_emails (email_key) WHERE status = 'verified';
CREATE UNIQUE INDEX user_emails_primary ON user_emails (user_id) WHERE is_primary = 1;

-- The link and the code by which a pending address is verified: the last ones that were sent to it.
CREATE TABLE email_proofs (
    email_id TEXT NOT NULL PRIMARY KEY REFERENCES user_emails (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_mac BLOB NOT NULL,
    code_mac BLOB NOT NULL,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
