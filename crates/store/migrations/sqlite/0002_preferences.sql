-- A row is there once a person has changed something; until then everything is enabled.
CREATE TABLE user_preferences (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    community_updates TEXT NOT NULL CHECK (community_updates IN ('enabled', 'disabled')),
    product_updates TEXT NOT NULL CHECK (product_updates IN ('enabled', 'disabled')),
    tips_and_tricks TEXT NOT NULL CHECK (tips_and_tricks IN ('enabled', 'disabled')),
    updated_at INTEGER NOT NULL,
    version_id INTEGER NOT NULL
) STRICT;
