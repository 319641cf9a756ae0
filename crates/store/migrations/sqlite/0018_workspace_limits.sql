-- What the owner of a workspace allows in it: connections at once, and for how long a statement runs and a transaction
-- waits, in milliseconds; 0 is without end, or as an attached server has it.
ALTER TABLE workspaces ADD COLUMN connection_limit INTEGER NOT NULL DEFAULT 60 CHECK (connection_limit BETWEEN 1 AND 1000);
ALTER TABLE workspaces ADD COLUMN statement_timeout_ms INTEGER NOT NULL DEFAULT 600000 CHECK (statement_timeout_ms >= 0);
ALTER TABLE workspaces ADD COLUMN idle_in_transaction_timeout_ms INTEGER NOT NULL DEFAULT 300000
    CHECK (idle_in_transaction_timeout_ms >= 0);
