//! The relay between two pipes in memory.

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
async fn who_says_no_more_hears_the_answer_to_its_end() {
    let mut ends = open_to(true);
    let query = message(b'Q', b"select 1\0");
    ends.client.write_all(&query).await.unwrap();
    // More than the client's side takes before it is read.
    let answer = [message(b'D', &[7; 300]), ready()].concat();
    expect(&mut ends.backend, &query).await;
    ends.backend.write_all(&answer).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    ends.client.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut heard = Vec::new();
    ends.client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard.len(), answer.len());
    assert!(ends.relay.await.unwrap().is_left);
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
