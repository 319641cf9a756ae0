//! What the owner of a workspace allows in it.

use model::workspace::WorkspaceLimits;

use crate::error::Checks;

/// What to allow; `None` leaves it as it is.
#[derive(Debug, Default, Clone, Copy)]
pub struct NewLimits {
    /// Connections that are open at once.
    pub connections: Option<i64>,
    /// Milliseconds after which a statement is ended.
    pub statement_ms: Option<i64>,
    /// Milliseconds after which a session that waits in a transaction is ended.
    pub idle_in_transaction_ms: Option<i64>,
}

impl NewLimits {
    pub(super) fn check(self, checks: &mut Checks) -> Self {
        let ms = |field, ms: Option<i64>| ms.map(|ms| WorkspaceLimits::check_ms(field, ms)).transpose();
        Self {
            connections: checks.take(
                self.connections
                    .map(WorkspaceLimits::check_connections)
                    .transpose(),
            ),
            statement_ms: checks.take(ms("statement_timeout_ms", self.statement_ms)),
            idle_in_transaction_ms: checks
                .take(ms("idle_in_transaction_timeout_ms", self.idle_in_transaction_ms)),
        }
    }

    pub(super) fn over(self, before: WorkspaceLimits) -> WorkspaceLimits {
        WorkspaceLimits {
            connections: self.connections.unwrap_or(before.connections),
            statement_ms: self.statement_ms.unwrap_or(before.statement_ms),
            idle_in_transaction_ms: self
                .idle_in_transaction_ms
                .unwrap_or(before.idle_in_transaction_ms),
        }
    }
}
