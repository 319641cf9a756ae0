//! An open session: octets both ways, untouched. The directions are independent, so that a client that pipelines and a
//! backend that answers can never wait for each other through us.

mod conversation;
mod pipe;
#[cfg(test)]
mod tests;

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use app::connections::{SessionState, Traffic};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

pub(crate) use conversation::Conversation;
use pipe::{Broken, Pipe};

/// How long a backend may go on after its client has gone.
const AFTER_CLIENT: Duration = Duration::from_secs(5);

/// How long the backend gets to end what an evicted session has under way.
const EVICTION: Duration = Duration::from_secs(2);

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The client said goodbye, or the backend said why it goes.
    Closed,
    /// The client's connection broke, or its backend did not end soon after it left.
    ClientLost,
    /// The backend went without a word.
    BackendLost,
    /// We were told to end it, as the gateway stops.
    Told,
    /// Its account has no right to it any more.
    Evicted,
}

/// How a session ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) cause: Cause,
    /// The backend may still be at work.
    pub(crate) busy: bool,
    /// The client's stream is between two messages: a last one of ours can follow.
    pub(crate) takes_a_message: bool,
    /// The client left, and the backend's session is idle and does not know of it.
    pub(crate) is_left: bool,
    pub(crate) from_client: u64,
    pub(crate) from_backend: u64,
}

/// What tells a session to end.
pub(crate) struct Orders<'s> {
    /// The gateway stops: what is under way may go on, at most for `drain`.
    pub(crate) stop: &'s CancellationToken,
    /// How long.
    pub(crate) drain: Duration,
    /// Its account has no right to it any more: what is under way is ended by the backend, or else after [`EVICTION`].
    pub(crate) evict: &'s CancellationToken,
    /// Whether the backend's session is left open when its client leaves it idle.
    pub(crate) keep: bool,
    /// Where it is told what passes.
    pub(crate) traffic: &'s Traffic,
}

/// Relays until one side ends it, or until it is ordered to end: at once when it is idle. `before` are the octets from
/// the backend that the client has already, from `ReadyForQuery` on.
pub(crate) async fn relay<C, B>(client: &mut C, backend: &mut B, before: &[u8], orders: &Orders<'_>) -> Ended
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session::new(client, backend, before);
    session.keep = orders.keep;
    let mut deadline: Option<Instant> = None;
    let mut told: Option<Cause> = None;
    loop {
        let by = deadline.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            event = poll_fn(|cx| session.poll_and_note(cx, told, orders.traffic)) => match event {
                Event::UpstreamEnded => deadline = Some(sooner(deadline, AFTER_CLIENT)),
                Event::Ended(cause) => return session.ended(cause),
            },
            () = orders.evict.cancelled(), if told != Some(Cause::Evicted) => {
                told = Some(Cause::Evicted);
                deadline = Some(sooner(deadline, EVICTION));
            }
            () = orders.stop.cancelled(), if told.is_none() => {
                told = Some(Cause::Told);
                deadline = Some(sooner(deadline, orders.drain));
            }
            () = sleep_until(by), if deadline.is_some() => {
                return session.ended(told.unwrap_or(Cause::ClientLost));
            }
        }
    }
}

fn sooner(deadline: Option<Instant>, patience: Duration) -> Instant {
    let other = Instant::now() + patience;
    deadline.map_or(other, |deadline| deadline.min(other))
}

enum Event {
    /// Nothing goes to the backend any more; it may still answer.
    UpstreamEnded,
    Ended(Cause),
}

struct Session<'s, C, B> {
    client: &'s mut C,
    backend: &'s mut B,
    up: Pipe,
    down: Pipe,
    upstream: Upstream,
    talk: Conversation,
    keep: bool,
    is_left: bool,
}

/// What a client says that leaves.
const TERMINATE: &[u8] = b"X\0\0\0\x04";

/// The direction from client to backend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upstream {
    Open,
    Closing,
    Closed,
}

impl<'s, C, B> Session<'s, C, B>
where
    C: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    fn new(client: &'s mut C, backend: &'s mut B, before: &[u8]) -> Self {
        let mut talk = Conversation::new();
        talk.backend_sent(before);
        Self {
            client,
            backend,
            up: Pipe::default(),
            down: Pipe::default(),
            upstream: Upstream::Open,
            talk,
            keep: false,
            is_left: false,
        }
    }

    fn poll_and_note(&mut self, cx: &mut Context<'_>, told: Option<Cause>, traffic: &Traffic) -> Poll<Event> {
        let event = self.poll(cx, told);
        traffic.note(self.up.octets, self.down.octets, self.state());
        event
    }

    fn state(&self) -> SessionState {
        if self.talk.is_busy() {
            SessionState::Active
        } else if self.talk.is_in_transaction() {
            SessionState::InTransaction
        } else {
            SessionState::Idle
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, told: Option<Cause>) -> Poll<Event> {
        if let Poll::Ready(cause) = self.poll_down(cx) {
            return Poll::Ready(Event::Ended(cause));
        }
        if let Poll::Ready(event) = self.poll_up(cx) {
            return Poll::Ready(event);
        }
        if let Some(cause) = told
            && self.talk.is_idle()
            && self.up.is_empty()
            && self.down.is_empty()
        {
            return Poll::Ready(Event::Ended(cause));
        }
        Poll::Pending
    }

    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<Cause> {
        let talk = &mut self.talk;
        let result = ready!(
            self.down
                .poll(cx, &mut *self.backend, &mut *self.client, |chunk| {
                    talk.backend_sent(chunk);
                    chunk.len()
                })
        );
        Poll::Ready(match result {
            Err(Broken::Writing) => Cause::ClientLost,
            _ if self.talk.is_over() || self.upstream != Upstream::Open => Cause::Closed,
            _ => Cause::BackendLost,
        })
    }

    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.upstream == Upstream::Open {
            let (talk, keep) = (&mut self.talk, self.keep);
            match ready!(self.up.poll(cx, &mut *self.client, &mut *self.backend, |chunk| {
                talk.client_sent(chunk);
                // Terminate can only be the last that a client says; a session that is kept does not hear it.
                match keep && talk.is_idle() && talk.is_terminated() && chunk.ends_with(TERMINATE) {
                    true => chunk.len() - TERMINATE.len(),
                    false => chunk.len(),
                }
            })) {
                Ok(()) => self.upstream = Upstream::Closing,
                // OpenSSL clients often leave without close_notify: that is leaving, too.
                Err(Broken::Reading(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.upstream = Upstream::Closing;
                }
                Err(Broken::Reading(_)) => return Poll::Ready(Event::Ended(Cause::ClientLost)),
                // The backend takes no more; what it has to say of it comes down.
                Err(Broken::Writing) => {
                    self.upstream = Upstream::Closed;
                    return Poll::Ready(Event::UpstreamEnded);
                }
            }
        }
        if self.upstream == Upstream::Closing && self.keep && self.talk.is_idle() {
            // A client that says no more may still read what was said to it; after a goodbye it does not.
            if !self.down.is_empty() && !self.talk.is_terminated() {
                return Poll::Pending;
            }
            self.is_left = true;
            return Poll::Ready(Event::Ended(Cause::Closed));
        }
        if self.upstream == Upstream::Closing {
            // An error here shows in the other direction.
            let _ = ready!(Pin::new(&mut *self.backend).poll_shutdown(cx));
            self.upstream = Upstream::Closed;
            return Poll::Ready(Event::UpstreamEnded);
        }
        Poll::Pending
    }

    fn ended(&self, cause: Cause) -> Ended {
        Ended {
            cause,
            busy: self.talk.is_busy(),
            is_left: self.is_left,
            takes_a_message: self.talk.takes_a_message() && self.down.is_empty(),
            from_client: self.up.octets,
            from_backend: self.down.octets,
        }
    }
}
