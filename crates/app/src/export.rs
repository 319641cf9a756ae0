//! Export: everything that is kept of a person, as one archive, for that person.
//!
//! The archive is made while it is sent, a page of rows at a time, so that it takes as little memory for a million audit
//! records as for ten. It holds no secrets: of tokens, sessions and the database password it says that they are there.

mod access;
mod archive;
mod contents;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use model::{audit::Action, session::Freshness};
use tokio::sync::mpsc;

use crate::{Actor, App, Result};
use archive::Archive;

/// Chunks that may wait for a slow reader.
const WAITING: usize = 4;

/// An archive on its way: a stream of octets, which ends with an error where something failed.
#[derive(Debug)]
pub struct Export {
    /// What a browser saves it as.
    pub file_name: String,
    chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
}

impl Stream for Export {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_recv(cx)
    }
}

impl App {
    /// Begins an archive of everything that is kept of the actor, and records that it was asked for.
    pub async fn export_account(&self, actor: &Actor) -> Result<Export> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let mut tx = self.db().begin().await?;
        self.tell(&mut tx, actor, mail::Event::ExportMade).await?;
        let entry = actor
            .entry(Action::UserExportCreate)
            .on(actor.id(), &actor.user.handle);
        tx.commit(self.record(actor.origin(), entry)).await?;
        self.wake_workers();
        let (sender, chunks) = mpsc::channel(WAITING);
        let archive = Archive::new(sender.clone(), self.now());
        let (app, actor, now) = (self.clone(), actor.clone(), self.now());
        let file_name = format!("standpipe-{}-{}.zip", actor.user.handle, now.strftime("%Y-%m-%d"));
        tokio::spawn(async move {
            if let Err(error) = app.write_export(&actor, archive).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an export was not finished"
                );
                // The reader may be gone, which is one way to fail.
                let _ = sender.send(Err(io::Error::other("the export failed"))).await;
            }
        });
        Ok(Export { file_name, chunks })
    }
}
