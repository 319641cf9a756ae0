//! One connection from its first octet to its last: what happens when. `visitor` has the part between the startup
//! packet and the open session.

mod entry;
mod log;
#[cfg(test)]
mod tests;
mod visitor;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use app::connections::{ConnectionRequest, OpenConnection, Refusal};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Shared,
    cancel::Target,
    handshakes::Place,
    message::CancelKey,
    opening::{self, Opening},
    proxy,
    refusal::{Fatal, Stop},
    relay::{Cause, Orders, relay},
    startup::{self, FirstPacket, Startup},
    stream::{Client, close, part},
    tls::TlsFacts,
    warm::{Given, Left},
};
use log::Line;
use visitor::{Entered, Visitor};

/// Who opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The client itself.
    Client(SocketAddr),
    /// A proxy, which says next who is behind it.
    Proxy(SocketAddr),
}

/// Serves a connection until it ends, and says whether there was a session. `place` is given back when the handshake is
/// over.
pub(crate) async fn serve<S>(
    shared: Arc<Shared>,
    stream: S,
    origin: Origin,
    place: Place,
    end: CancellationToken,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = Line::new(shared.app.new_connection_id());
    // Boxed, so that a session does not keep the memory of its handshake.
    let opened = Box::pin(open(&shared, stream, origin, (place, &end), &mut line)).await;
    let was_open = opened.is_some();
    if let Some((client, entered)) = opened {
        run(&shared, client, entered, &end, &mut line).await;
    }
    line.write();
    was_open
}

async fn open<S>(
    shared: &Shared,
    stream: S,
    origin: Origin,
    (place, end): (Place, &CancellationToken),
    line: &mut Line,
) -> Option<(Client<S>, Entered)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = Instant::now() + shared.settings.handshake_timeout;
    let received = tokio::select! {
        biased;
        received = within(deadline, receive(shared, stream, origin, place)) => received,
        () = end.cancelled() => return None,
    };
    let (opening, peer, place) = match received {
        Ok(received) => received,
        Err(error) => {
            line.silent(&error);
            return None;
        }
    };
    let Opening {
        mut stream,
        tls,
        code,
        body,
    } = opening;
    let last = match startup::parse(code, &body) {
        Ok(FirstPacket::Startup(startup)) => {
            let request = request(line.id(), &startup, tls.as_ref(), peer);
            let visitor = Visitor::new(shared, stream, startup, tls, request, deadline);
            return enter(visitor, (place, end), line).await;
        }
        // Whether a key was right is nobody's business: the same end either way.
        Ok(FirstPacket::Cancel(key)) => cancel(shared, Some(&key), line).await,
        Ok(FirstPacket::Nonsense) => cancel(shared, None, line).await,
        Err(fatal) => {
            line.refused(&fatal, &fatal.message);
            Some(fatal)
        }
    };
    close(&mut stream, last.map(|fatal| fatal.encode())).await;
    None
}

/// Who is there, and what they say first.
async fn receive<S>(
    shared: &Shared,
    mut stream: S,
    origin: Origin,
    mut place: Place,
) -> io::Result<(Opening<S>, SocketAddr, Place)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let peer = match origin {
        Origin::Client(peer) => peer,
        Origin::Proxy(peer) => {
            let peer = proxy::receive(&mut stream, peer).await?;
            let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
            if !shared.hears(&mut place, peer.ip()) {
                return Err(io::Error::other(
                    "too many attempts or handshakes from this network",
                ));
            }
            peer
        }
    };
    place.turn().await;
    let opening = opening::receive(stream, &shared.tls).await?;
    Ok((opening, peer, place))
}

async fn enter<S>(
    mut visitor: Visitor<'_, S>,
    (place, end): (Place, &CancellationToken),
    line: &mut Line,
) -> Option<(Client<S>, Entered)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    line.user(visitor.user());
    let admitted = tokio::select! {
        biased;
        admitted = visitor.admit(&place) => admitted,
        () = end.cancelled() => Err(Stop::refused(Refusal::ShuttingDown, "in the middle of its login")),
    };
    match admitted {
        Ok(entered) => {
            place.handshakes().remember(visitor.peer(), visitor.user());
            line.open();
            return Some((visitor.into_stream(), entered));
        }
        Err(Stop::Gone(error)) => line.silent(&error),
        Err(Stop::Refused(refused)) => visitor.refuse(*refused, place, line).await,
    }
    None
}

/// Waits until `deadline` at most.
async fn within<T, E>(deadline: Instant, what: impl Future<Output = Result<T, E>>) -> Result<T, E>
where
    E: From<io::Error>,
{
    timeout_at(deadline, what)
        .await
        .unwrap_or_else(|late| Err(io::Error::from(late).into()))
}

async fn cancel(shared: &Shared, key: Option<&CancelKey>, line: &mut Line) -> Option<Fatal> {
    let target = key.and_then(|key| shared.cancels.find(key));
    line.cancel(target.is_some());
    if let Some(target) = target {
        target.cancel().await;
    }
    None
}

fn request(id: &str, startup: &Startup, tls: Option<&TlsFacts>, peer: SocketAddr) -> ConnectionRequest {
    ConnectionRequest {
        connection_id: id.to_owned(),
        user: startup.user.clone(),
        database: startup.database.clone(),
        server_name: tls.and_then(|tls| tls.server_name.clone()),
        tls: tls.is_some(),
        peer,
        application_name: startup.application_name.clone(),
    }
}

/// Has the backend end what it is doing, once the session is evicted: an idle one is gone before.
async fn terminate(shared: &Shared, open: &OpenConnection, target: Option<&Target>) -> Infallible {
    open.end().cancelled().await;
    if let Some(target) = target {
        Box::pin(shared.app.terminate_backend(open, target.key.pid)).await;
    }
    std::future::pending().await
}

/// Keeps a backend's session that its client has left, unless somebody is about to cancel what is no longer there.
fn keep(shared: &Shared, entered: Entered, end: &CancellationToken) {
    let Entered {
        backend: stream,
        target,
        open,
        registration,
        warmth,
        ..
    } = entered;
    drop(registration);
    let Some(warmth) = warmth.filter(|_| target.as_ref().is_none_or(Target::is_unused)) else {
        return;
    };
    open.traffic().keep();
    let left = Left {
        given: Given { stream, warmth },
        open,
    };
    shared.tasks.spawn(shared.warm.clone().keep(left, end.clone()));
}

/// An open session, to its end.
async fn run<S>(
    shared: &Shared,
    mut client: Client<S>,
    mut entered: Entered,
    end: &CancellationToken,
    line: &mut Line,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let orders = Orders {
        stop: end,
        drain: shared.settings.drain_timeout,
        evict: entered.open.end(),
        keep: entered.warmth.is_some(),
        traffic: entered.open.traffic(),
    };
    let relaying = relay(&mut client, &mut entered.backend, &entered.ready, &orders);
    let ended = tokio::select! {
        biased;
        ended = relaying => ended,
        never = terminate(shared, &entered.open, entered.target.as_ref()) => match never {},
    };
    let last = match ended.cause {
        Cause::Told => Some(Fatal::shutdown()),
        Cause::Evicted => Some(Fatal::evicted()),
        Cause::BackendLost => Some(Fatal::backend_lost()),
        Cause::Closed | Cause::ClientLost => None,
    };
    line.ended(&ended, last.as_ref());
    if ended.is_left && !end.is_cancelled() {
        keep(shared, entered, end);
        return part(client).await;
    }
    let last = last.filter(|_| ended.takes_a_message).map(|fatal| fatal.encode());
    let stop_backend = async {
        // Nobody waits for the answer any more; without this PostgreSQL would work on to the end.
        if ended.busy
            && matches!(ended.cause, Cause::Told | Cause::Evicted | Cause::ClientLost)
            && let Some(target) = &entered.target
        {
            Box::pin(target.cancel()).await;
        }
    };
    tokio::join!(stop_backend, close(&mut client, last));
}
