//! What passes through an open connection: written by its relay, read by whoever lists connections. No lock, and no more
//! than three plain stores for a burst of octets.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

/// Octets both ways, and where the session stands.
#[derive(Debug, Default)]
pub struct Traffic {
    from_client: AtomicU64,
    from_backend: AtomicU64,
    state: AtomicU8,
    is_kept: AtomicBool,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Nothing is under way.
    Idle,
    /// The backend is at work.
    Active,
    /// A transaction is open, and nothing is under way in it.
    InTransaction,
}

impl Traffic {
    /// Takes down what has passed since the session began, and where it stands now.
    pub fn note(&self, from_client: u64, from_backend: u64, state: SessionState) {
        self.from_client.store(from_client, Relaxed);
        self.from_backend.store(from_backend, Relaxed);
        self.state.store(state as u8, Relaxed);
    }

    /// Octets that the client has sent, after the login.
    pub fn from_client(&self) -> u64 {
        self.from_client.load(Relaxed)
    }

    /// Octets that the backend has sent, after the login.
    pub fn from_backend(&self) -> u64 {
        self.from_backend.load(Relaxed)
    }

    /// Its client has left; the backend session waits for the same person to come back.
    pub fn keep(&self) {
        self.is_kept.store(true, Relaxed);
    }

    /// Whether nobody is connected: what is left is a backend session that waits. No list shows it.
    pub fn is_kept(&self) -> bool {
        self.is_kept.load(Relaxed)
    }

    /// Where the session stands.
    pub fn state(&self) -> SessionState {
        match self.state.load(Relaxed) {
            state if state == SessionState::Active as u8 => SessionState::Active,
            state if state == SessionState::InTransaction as u8 => SessionState::InTransaction,
            _ => SessionState::Idle,
        }
    }
}

impl SessionState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Active => "active",
            Self::InTransaction => "idle in transaction",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read() {
        let traffic = Traffic::default();
        assert_eq!(traffic.state(), SessionState::Idle);
        for state in [
            SessionState::Active,
            SessionState::InTransaction,
            SessionState::Idle,
        ] {
            traffic.note(3, u64::MAX, state);
            assert_eq!((traffic.from_client(), traffic.from_backend()), (3, u64::MAX));
            assert_eq!(traffic.state(), state);
        }
    }
}
