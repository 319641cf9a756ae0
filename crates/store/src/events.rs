//! Events: records of what happened to an account and changed nothing of it, as that somebody connected. Nobody waits for
//! the account store at each of them. An event is safe from the end of this process when it is in a journal, a file in
//! a directory of ours; what came together is written to the audit log a moment later, in one transaction, and the
//! journal is emptied. What a process left there the next one writes.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use data_encoding::HEXLOWER;
use model::audit::ChainKey;
use tokio::{sync::Notify, time::sleep};

use crate::{
    Db, Error, NewAuditRecord, Result, Unrecorded,
    audit_chain::{self, Unchained},
};

/// How long the first of those that are written together waits. A journal is not synced: the disk has an event when the
/// store has committed it.
const TOGETHER: Duration = Duration::from_millis(250);
/// After a store that did not take them.
const PAUSE: Duration = Duration::from_secs(1);
/// Events that wait at most. What would leave another one is refused.
const MOST: usize = 10_000;
/// Events of one transaction: others write meanwhile.
const AT_ONCE: usize = 500;

/// The events of this process. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    db: Db,
    key: ChainKey,
    directory: PathBuf,
    waiting: Mutex<Waiting>,
    /// Held by whoever writes to the store.
    writing: Arc<tokio::sync::Mutex<()>>,
    came: Notify,
}

/// What is not in the store yet.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    /// How much the last of the batch's journals holds, while it takes more.
    open: Option<u64>,
    /// Empty ones.
    spare: Vec<Journal>,
}

/// A file of lines.
struct Journal {
    path: PathBuf,
    file: File,
}

#[derive(Default)]
struct Batch {
    records: Vec<Unchained>,
    /// Where they are written down.
    journals: Vec<Journal>,
    /// Whether some of it may be in the store already.
    is_doubtful: bool,
}

impl Events {
    /// Those whose journals are in `directory`, which is made when there is one.
    pub fn new(db: Db, key: ChainKey, directory: PathBuf) -> Self {
        Self(Arc::new(Inner {
            db,
            key,
            directory,
            waiting: Mutex::default(),
            writing: Arc::default(),
            came: Notify::new(),
        }))
    }

    /// Puts the records of one event into the journal. It writes a few hundred bytes to a file without waiting for the
    /// disk, so that it may be called where nothing may block.
    pub fn append(&self, records: impl IntoIterator<Item = NewAuditRecord>) -> Result<()> {
        let records: Vec<Unchained> = records.into_iter().map(Unchained::from).collect();
        let mut lines = Vec::with_capacity(1024);
        for record in &records {
            self.put_line(&mut lines, record).map_err(Error::Journal)?;
        }
        let mut waiting = self.waiting();
        if waiting.batch.records.len() >= MOST {
            let full = "too many events wait for the account store";
            return Err(Error::Journal(io::Error::other(full)));
        }
        let Some(first) = records.first() else {
            return Ok(());
        };
        waiting
            .write(&self.0.directory, &first.link.id, &lines)
            .map_err(Error::Journal)?;
        waiting.batch.records.extend(records);
        self.0.came.notify_one();
        Ok(())
    }

    /// Has everything in the store that was appended before.
    pub async fn flush(&self) -> Result<()> {
        let writing = self.0.writing.clone().lock_owned().await;
        if self.waiting().batch.is_empty() {
            return Ok(());
        }
        let events = self.clone();
        // In a task of its own: whoever asks for it may go away.
        let written = tokio::spawn(async move {
            let _writing = writing;
            events.write().await
        });
        written
            .await
            .map_err(|_| Error::Unavailable(sqlx::Error::WorkerCrashed))?
    }

    /// Has what comes together in the store a moment later, for ever.
    pub async fn run(&self) {
        loop {
            self.0.came.notified().await;
            sleep(TOGETHER).await;
            if let Err(error) = self.flush().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "events wait in the journal for the account store"
                );
                sleep(PAUSE).await;
                self.0.came.notify_one();
            }
        }
    }

    /// Takes up what earlier processes left. Only one process at a time may use the directory.
    pub fn recover(&self) -> Result<()> {
        let mut paths = journals(&self.0.directory).map_err(Error::Journal)?;
        paths.sort();
        let mut batch = Batch {
            is_doubtful: true,
            ..Batch::default()
        };
        for path in paths {
            let lines = std::fs::read(&path).map_err(Error::Journal)?;
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                match self.read_line(line) {
                    Some(record) => batch.records.push(record),
                    None => tracing::error!(
                        journal = %path.display(),
                        "a line of the journal is not ours, or not whole, and is left out"
                    ),
                }
            }
            batch.journals.push(Journal::open(path).map_err(Error::Journal)?);
        }
        if !batch.is_empty() {
            tracing::info!(events = batch.records.len(), "events that the last server left");
            self.waiting().batch.put_before(batch);
            self.0.came.notify_one();
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self) -> Result<()> {
        let batch = self.waiting().take();
        for records in batch.records.chunks(AT_ONCE) {
            if let Err(error) = self.write_some(records, batch.is_doubtful).await {
                // The answer to a commit may have been lost, and earlier ones stand.
                self.waiting().batch.put_before(Batch {
                    is_doubtful: true,
                    ..batch
                });
                return Err(error);
            }
        }
        for journal in batch.journals {
            match journal.file.set_len(0) {
                Ok(()) => self.waiting().spare.push(journal),
                Err(error) => {
                    tracing::error!(%error, journal = %journal.path.display(), "a journal is not emptied");
                }
            }
        }
        Ok(())
    }

    async fn write_some(&self, records: &[Unchained], is_doubtful: bool) -> Result<()> {
        let mut tx = self.0.db.begin().await?;
        let mut new = Vec::with_capacity(records.len());
        for record in records {
            if !is_doubtful || !audit_chain::has_record(&mut tx, &record.link.id).await? {
                new.push(record.clone());
            }
        }
        audit_chain::append_unchained(&mut tx, &self.0.key, new.into_iter()).await?;
        tx.commit_unrecorded(Unrecorded::Event).await
    }

    /// A line: what signs it, and the record as JSON.
    fn put_line(&self, lines: &mut Vec<u8>, record: &Unchained) -> io::Result<()> {
        let json = serde_json::to_vec(record)?;
        lines.extend_from_slice(HEXLOWER.encode(&self.0.key.event_mac(&json)).as_bytes());
        lines.push(b' ');
        lines.extend_from_slice(&json);
        lines.push(b'\n');
        Ok(())
    }

    fn read_line(&self, line: &[u8]) -> Option<Unchained> {
        let space = line.iter().position(|byte| *byte == b' ')?;
        let (mac, json) = (line.get(..space)?, line.get(space.checked_add(1)?..)?);
        let is_genuine = self.0.key.is_event_genuine(json, &HEXLOWER.decode(mac).ok()?);
        serde_json::from_slice(json).ok().filter(|_| is_genuine)
    }
}

impl Waiting {
    /// Writes to the open journal, or to a spare one, or to a new one of this name.
    fn write(&mut self, directory: &Path, name: &str, lines: &[u8]) -> io::Result<()> {
        let length = self.open.take();
        if length.is_none() {
            let journal = match self.spare.pop() {
                Some(journal) => journal,
                None => Journal::make(directory, directory.join(name).with_extension(EXTENSION))?,
            };
            self.batch.journals.push(journal);
        }
        let Some(journal) = self.batch.journals.last_mut() else {
            return Ok(());
        };
        let length = length.unwrap_or(0);
        let written = journal.file.write_all(lines);
        // Nothing goes behind half a line: that is taken back, or the next one gets another journal.
        self.open = match &written {
            Ok(()) => Some(length.saturating_add(lines.len() as u64)),
            Err(_) => journal.file.set_len(length).is_ok().then_some(length),
        };
        written
    }

    fn take(&mut self) -> Batch {
        self.open = None;
        std::mem::take(&mut self.batch)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        for journal in &self.spare {
            // One that is left is empty, and the next process takes it.
            let _ = std::fs::remove_file(&journal.path);
        }
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.journals.is_empty()
    }

    fn put_before(&mut self, mut earlier: Self) {
        earlier.records.append(&mut self.records);
        earlier.journals.append(&mut self.journals);
        earlier.is_doubtful |= self.is_doubtful;
        *self = earlier;
    }
}

const EXTENSION: &str = "jsonl";

impl Journal {
    /// Makes one that only its owner can read, and its directory where it is missing.
    fn make(directory: &Path, path: PathBuf) -> io::Result<Self> {
        match Self::open(path.clone()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
                Self::open(path)
            }
            opened => opened,
        }
    }

    fn open(path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(0o600).open(&path)?;
        Ok(Self { path, file })
    }
}

fn journals(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut journals = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            journals.push(path);
        }
    }
    Ok(journals)
}

#[cfg(test)]
mod tests;
