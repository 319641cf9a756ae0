//! An open session: octets both ways, untouched. The directions are independent, so that a client that pipelines and a
//! backend that answers can never wait for each other through us.

mod conversation;
mod pipe;

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::BytesMut;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::message::put_message;

    const DRAIN: Duration = Duration::from_secs(10);

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        put_message(&mut out, kind, body);
        out.to_vec()
    }

    fn ready() -> Vec<u8> {
        message(b'Z', b"I")
    }

    struct Ends {
        client: DuplexStream,
        backend: DuplexStream,
        end: CancellationToken,
        evict: CancellationToken,
        traffic: Arc<Traffic>,
        relay: tokio::task::JoinHandle<Ended>,
    }

    /// A session that has just begun.
    fn open() -> Ends {
        open_to(false)
    }

    /// The same, whose backend may be kept.
    fn open_to(keep: bool) -> Ends {
        let ((mut ours, client), (mut ours_too, backend)) = (duplex(256), duplex(256));
        let (end, evict) = (CancellationToken::new(), CancellationToken::new());
        let (stop, out) = (end.clone(), evict.clone());
        let traffic = Arc::<Traffic>::default();
        let counted = Arc::clone(&traffic);
        let relay = tokio::spawn(async move {
            let orders = Orders {
                stop: &stop,
                drain: DRAIN,
                evict: &out,
                keep,
                traffic: &counted,
            };
            relay(&mut ours, &mut ours_too, &ready(), &orders).await
        });
        Ends {
            client,
            backend,
            end,
            evict,
            traffic,
            relay,
        }
    }

    async fn expect(stream: &mut DuplexStream, octets: &[u8]) {
        let mut read = vec![0; octets.len()];
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(read, octets);
    }

    #[tokio::test]
    async fn octets_pass_both_ways_until_goodbye() {
        let mut ends = open();
        let (query, goodbye) = (message(b'Q', b"select 1\0"), message(b'X', b""));
        ends.client.write_all(&query).await.unwrap();
        expect(&mut ends.backend, &query).await;
        assert_eq!(ends.traffic.state(), SessionState::Active);
        let in_transaction = message(b'Z', b"T");
        ends.backend.write_all(&in_transaction).await.unwrap();
        expect(&mut ends.client, &in_transaction).await;
        assert_eq!(ends.traffic.state(), SessionState::InTransaction);
        assert_eq!((ends.traffic.from_client(), ends.traffic.from_backend()), (14, 6));
        ends.client.write_all(&goodbye).await.unwrap();
        drop(ends.client);
        expect(&mut ends.backend, &goodbye).await;
        drop(ends.backend);
        let ended = ends.relay.await.unwrap();
        assert_eq!(ended.cause, Cause::Closed);
        assert_eq!((ended.from_client, ended.from_backend), (14 + 5, 6));
    }

    /// What a backend hears before its session is left, of a client that sends `octets` and goes.
    async fn left(keep: bool, octets: &[&[u8]]) -> (Ended, Vec<u8>) {
        let mut ends = open_to(keep);
        for part in octets {
            ends.client.write_all(part).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(ends.client);
        let reading = tokio::spawn(async move {
            let mut heard = Vec::new();
            ends.backend.read_to_end(&mut heard).await.unwrap();
            heard
        });
        (ends.relay.await.unwrap(), reading.await.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_session_does_not_hear_that_its_client_left() {
        let goodbye = message(b'X', b"");
        for octets in [&[goodbye.as_slice()][..], &[]] {
            let (ended, heard) = left(true, octets).await;
            assert!(ended.is_left && ended.cause == Cause::Closed && !ended.busy);
            assert!(heard.is_empty());
            let (ended, heard) = left(false, octets).await;
            assert!(!ended.is_left && heard == octets.concat());
        }
        // What is under way, or cut, ends with its client.
        let query = message(b'Q', b"select 1\0");
        let together = [query.clone(), goodbye.clone()].concat();
        for octets in [&[together.as_slice()][..], &[&query], &[&query[..7]]] {
            let (ended, heard) = left(true, octets).await;
            assert!(!ended.is_left && heard == octets.concat());
        }
        let (ended, heard) = left(true, &[&goodbye[..2], &goodbye[2..]]).await;
        assert!(ended.is_left || heard == goodbye, "in pieces it may be either");
    }

    #[tokio::test]
    async fn pipelining_more_than_all_buffers_does_not_lock() {
        let ends = open();
        let (mut client_read, mut client_write) = tokio::io::split(ends.client);
        let (mut backend_read, mut backend_write) = tokio::io::split(ends.backend);
        let octets = message(b'd', &vec![1; 1_000_000]);
        // Far more than the buffers hold, in both directions at once.
        let up = async {
            client_write.write_all(&octets).await.unwrap();
            client_write.shutdown().await.unwrap();
        };
        let down = async {
            backend_write.write_all(&octets).await.unwrap();
            backend_write.shutdown().await.unwrap();
        };
        let (mut at_client, mut at_backend) = (Vec::new(), Vec::new());
        tokio::join!(
            up,
            down,
            async { backend_read.read_to_end(&mut at_backend).await.map(drop).unwrap() },
            async {
                let mut read = vec![0; octets.len()];
                client_read.read_exact(&mut read).await.unwrap();
                at_client = read;
            },
        );
        assert!(at_client == octets && at_backend.len() <= octets.len());
        ends.relay.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_in_the_middle_gives_the_backend_five_seconds() {
        let mut ends = open();
        let query = message(b'Q', b"select pg_sleep(60)\0");
        ends.client.write_all(&query).await.unwrap();
        expect(&mut ends.backend, &query).await;
        let left = Instant::now();
        drop(ends.client);
        let ended = ends.relay.await.unwrap();
        assert!(ended.busy && ended.cause == Cause::ClientLost);
        assert_eq!(left.elapsed().as_secs(), AFTER_CLIENT.as_secs());
    }

    #[tokio::test]
    async fn a_backend_that_goes_without_a_word_is_told_apart() {
        let ends = open();
        drop(ends.backend);
        let ended = ends.relay.await.unwrap();
        assert!(ended.cause == Cause::BackendLost && ended.takes_a_message);

        let mut ends = open();
        let error = message(b'E', b"SFATAL\0\0");
        ends.backend.write_all(&error).await.unwrap();
        drop(ends.backend);
        expect(&mut ends.client, &error).await;
        assert_eq!(ends.relay.await.unwrap().cause, Cause::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn told_to_end_an_idle_session_ends_at_once() {
        let ends = open();
        let told = Instant::now();
        ends.end.cancel();
        let ended = ends.relay.await.unwrap();
        assert_eq!(
            (ended.cause, ended.busy, ended.takes_a_message),
            (Cause::Told, false, true)
        );
        assert_eq!(told.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn told_to_end_a_statement_may_finish() {
        let mut ends = open();
        let query = message(b'Q', b"select 1\0");
        ends.client.write_all(&query).await.unwrap();
        expect(&mut ends.backend, &query).await;
        ends.end.cancel();
        tokio::time::sleep(DRAIN / 2).await;
        ends.backend.write_all(&ready()).await.unwrap();
        expect(&mut ends.client, &ready()).await;
        assert_eq!(ends.relay.await.unwrap().cause, Cause::Told);
    }

    #[tokio::test(start_paused = true)]
    async fn told_to_end_nothing_lasts_longer_than_the_drain() {
        let mut ends = open();
        let query = message(b'Q', b"select pg_sleep(60)\0");
        ends.client.write_all(&query).await.unwrap();
        expect(&mut ends.backend, &query).await;
        let told = Instant::now();
        ends.end.cancel();
        let ended = ends.relay.await.unwrap();
        assert_eq!((ended.cause, ended.busy), (Cause::Told, true));
        assert_eq!(told.elapsed().as_secs(), DRAIN.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn an_evicted_session_ends_at_once_or_soon() {
        let ends = open();
        let told = Instant::now();
        ends.evict.cancel();
        assert_eq!(ends.relay.await.unwrap().cause, Cause::Evicted);
        assert_eq!(told.elapsed(), Duration::ZERO);

        // Also one that the gateway, which is stopping, lets finish.
        let mut ends = open();
        let query = message(b'Q', b"select pg_sleep(60)\0");
        ends.client.write_all(&query).await.unwrap();
        expect(&mut ends.backend, &query).await;
        ends.end.cancel();
        tokio::time::sleep(DRAIN / 2).await;
        let told = Instant::now();
        ends.evict.cancel();
        let ended = ends.relay.await.unwrap();
        assert_eq!((ended.cause, ended.busy), (Cause::Evicted, true));
        assert_eq!(told.elapsed(), EVICTION);
    }
}
