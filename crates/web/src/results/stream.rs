//! Sending a result as it is written. No thread waits for a slow reader: the next rows are read when the last are gone.

use std::io::{self, Write};

use app::queries::{QueryResult, Rows};
use axum::body::Body;
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use tokio::task::spawn_blocking;

use super::{Format, Frame, Writer};

/// Octets that are sent at once.
const CHUNK: usize = 64 * 1024;

/// The body of an answer with `result`; as a file of gzip, if it is asked for.
pub(crate) fn body(result: QueryResult, instance: String, format: Format, gzip: bool) -> Body {
    let frame = Frame::of(&result, instance);
    let mut writing = Writing {
        writer: Writer::new(format, &frame),
        rows: Some(result.rows),
        out: Out::new(gzip),
        scratch: Vec::new(),
        frame,
    };
    writing.writer.head(&writing.frame, &mut writing.scratch);
    if writing.is_small() {
        return match writing.chunk(usize::MAX) {
            Ok(chunk) => Body::from(chunk),
            Err(error) => Body::from_stream(stream::once(async { Err::<Vec<u8>, _>(error) })),
        };
    }
    Body::from_stream(stream::try_unfold(Some(writing), next))
}

/// The next chunk, and what is left.
async fn next(writing: Option<Writing>) -> io::Result<Option<(Vec<u8>, Option<Writing>)>> {
    let Some(mut writing) = writing else {
        return Ok(None);
    };
    let write = move || {
        let chunk = writing.chunk(CHUNK)?;
        Ok((chunk, writing.rows.is_some().then_some(writing)))
    };
    spawn_blocking(write).await.map_err(io::Error::other)?.map(Some)
}

/// A result that is being written.
struct Writing {
    frame: Frame,
    writer: Writer,
    /// Until the last one is written.
    rows: Option<Rows>,
    out: Out,
    scratch: Vec<u8>,
}

enum Out {
    Plain(Vec<u8>),
    Gzip(Option<Box<GzEncoder<Vec<u8>>>>),
}

impl Writing {
    /// Whether all of it is in memory anyway.
    fn is_small(&self) -> bool {
        self.rows.as_ref().is_some_and(Rows::are_in_memory)
    }

    /// At least `least` octets, or all that are left.
    fn chunk(&mut self, least: usize) -> io::Result<Vec<u8>> {
        while let Some(rows) = &mut self.rows {
            match rows.next() {
                Some(row) => self.writer.row(&row?, &mut self.scratch),
                None => {
                    self.writer.tail(&self.frame, &mut self.scratch);
                    self.rows = None;
                }
            }
            self.out.write(&self.scratch)?;
            self.scratch.clear();
            if self.out.len() >= least {
                break;
            }
        }
        self.out.take(self.rows.is_none())
    }
}

impl Out {
    fn new(gzip: bool) -> Self {
        if gzip {
            Self::Gzip(Some(Box::new(GzEncoder::new(Vec::new(), Compression::default()))))
        } else {
            Self::Plain(Vec::new())
        }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(octets),
            Self::Gzip(Some(out)) => out.write_all(octets),
            Self::Gzip(None) => Ok(()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Plain(out) => out.len(),
            Self::Gzip(out) => out.as_ref().map_or(0, |out| out.get_ref().len()),
        }
    }

    /// What is there to be sent; with `last`, to its very end.
    fn take(&mut self, last: bool) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(out) => Ok(std::mem::take(out)),
            Self::Gzip(out) if last => out.take().map_or(Ok(Vec::new()), |out| out.finish()),
            Self::Gzip(out) => Ok(out
                .as_mut()
                .map(|out| out.get_mut())
                .map(std::mem::take)
                .unwrap_or_default()),
        }
    }
}
