//! What a request's body still held when its answer was made. A client that sends while it is answered may never read
//! the answer: over HTTP/2 its stream is reset, which curl before 8 takes for an error, and over HTTP/1.1 the
//! connection is. So the rest is read and dropped before an answer leaves.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header,
};
use futures_util::StreamExt as _;
use http_body::{Frame, SizeHint};
use tokio::sync::oneshot;

use crate::upload;

/// The most bytes of a rest that are read: as many as the largest body that anything here takes.
const MOST: usize = upload::BODY_LIMIT;
/// How long the rest may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What comes back of a body that was lent to a handler.
pub(crate) struct Unread(Option<oneshot::Receiver<Body>>);

/// Gives `request` a body that, dropped before its end, comes back.
pub(crate) fn lend(request: Request) -> (Request, Unread) {
    if request.body().is_end_stream() {
        return (request, Unread(None));
    }
    let (back, rest) = oneshot::channel();
    // Whoever asks whether to send has sent nothing, until something is read (RFC 9110 §10.1.1).
    let comes_unasked = !request.headers().contains_key(header::EXPECT);
    let request = request.map(|body| {
        Body::new(Lent {
            body,
            back: Some(back),
            comes: comes_unasked,
        })
    });
    (request, Unread(Some(rest)))
}

impl Unread {
    /// Reads what no handler read.
    pub(crate) async fn read(self) {
        let Some(Ok(rest)) = self.0.map(|mut rest| rest.try_recv()) else {
            return;
        };
        let (mut chunks, mut left) = (rest.into_data_stream(), MOST);
        let read = async {
            while let Some(Ok(chunk)) = chunks.next().await
                && chunk.len() <= left
            {
                left -= chunk.len();
            }
        };
        let _ = tokio::time::timeout(PATIENCE, read).await;
    }
}

/// A body that is somebody else's again when its reader drops it.
struct Lent {
    body: Body,
    /// Nothing after the end, or a failure.
    back: Option<oneshot::Sender<Body>>,
    /// Whether the client sends it, or waits to be asked for it.
    comes: bool,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.comes = true;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.back = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take()
            && self.comes
        {
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
}
