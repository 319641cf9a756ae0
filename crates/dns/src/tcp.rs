//! Questions by TCP: each is preceded by its length, as each answer is, and a client may ask several (RFC 7766).

mod places;

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::responder::Responder;
use places::Places;

/// How long a client may take for its next question, and to take an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection lasts at most.
const LIFETIME: Duration = Duration::from_secs(120);
/// A question is far smaller.
const MOST_OCTETS: usize = 4096;
/// How long to wait when there is no descriptor or memory for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// Answers at `listener` until `shutdown`; then connections end.
pub(crate) async fn serve(responder: Arc<Responder>, listener: TcpListener, shutdown: CancellationToken) {
    let (places, tasks) = (Arc::new(Places::default()), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => {
                let Some(place) = places.enter(client.ip()) else {
                    continue;
                };
                let (responder, shutdown) = (Arc::clone(&responder), shutdown.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        _ = timeout(LIFETIME, converse(&responder, stream)) => {}
                    }
                    drop(place);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "the name server cannot accept connections; trying again");
                sleep(BREATH).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// Answers one question after the other, until the client has none, takes too long or breaks the rules.
async fn converse(responder: &Responder, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(question) = timeout(PATIENCE, read(&mut stream)).await?? {
        let Some(answer) = responder.over_tcp(&question).await else {
            return Ok(());
        };
        let Ok(length) = u16::try_from(answer.len()) else {
            return Ok(());
        };
        let framed = [&length.to_be_bytes(), answer.as_slice()].concat();
        timeout(PATIENCE, stream.write_all(&framed)).await??;
    }
    Ok(())
}

/// The next question; `None` at the end, and for one that is larger than any.
async fn read(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let length = match stream.read_u16().await {
        Ok(length) => usize::from(length),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > MOST_OCTETS {
        return Ok(None);
    }
    let mut question = vec![0; length];
    stream.read_exact(&mut question).await?;
    Ok(Some(question))
}
