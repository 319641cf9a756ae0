//! A ZIP archive that is sent as it is written.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{Timestamp, tz::Offset};
use model::csv;
use serde_json::Value;
use tokio::sync::mpsc;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

use crate::{Error, Result};

/// Octets that are collected before they are sent.
const CHUNK: usize = 32 * 1024;

/// What the archive's writer has made and nobody has yet.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn take(&self, least: usize) -> Option<Vec<u8>> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (made.len() >= least).then(|| std::mem::take(&mut *made))
    }
}

impl Write for Made {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Made>>,
    made: Made,
    to: mpsc::Sender<io::Result<Vec<u8>>>,
    options: SimpleFileOptions,
}

impl Archive {
    pub(super) fn new(to: mpsc::Sender<io::Result<Vec<u8>>>, now: Timestamp) -> Self {
        let made = Made::default();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip_time(now));
        Self {
            zip: ZipWriter::new_stream(made.clone()),
            made,
            to,
            options,
        }
    }

    /// Begins the next file.
    pub(super) fn file(&mut self, name: &str) -> Result<()> {
        self.zip
            .start_file(name, self.options)
            .map_err(|_| Error::Internal("an archive cannot be written"))
    }

    /// Begins a file that may become larger than 4 GiB, which ZIP wants to know before.
    pub(super) fn large_file(&mut self, name: &str) -> Result<()> {
        self.zip
            .start_file(name, self.options.large_file(true))
            .map_err(|_| Error::Internal("an archive cannot be written"))
    }

    /// Goes on with the file; waits while the reader is slow.
    pub(super) async fn write(&mut self, octets: impl AsRef<[u8]>) -> Result<()> {
        self.zip
            .write_all(octets.as_ref())
            .map_err(|_| Error::Internal("an archive cannot be written"))?;
        self.send(CHUNK).await
    }

    /// A file with one JSON value in it.
    pub(super) async fn json(&mut self, name: &str, value: &Value) -> Result<()> {
        self.file(name)?;
        self.write(&format!("{value:#}\n")).await
    }

    /// The same rows as `{name}.json` and as `{name}.csv`, which has the rows' fields of these names.
    pub(super) async fn table(&mut self, name: &str, columns: &[&str], rows: &[Value]) -> Result<()> {
        self.json(&format!("{name}.json"), &Value::Array(rows.to_vec()))
            .await?;
        self.file(&format!("{name}.csv"))?;
        self.write(&csv::line(columns.iter().copied())).await?;
        for row in rows {
            self.write(&csv_row(columns, row)).await?;
        }
        Ok(())
    }

    /// Ends the archive.
    pub(super) async fn finish(self) -> Result<()> {
        let ended = self.zip.finish();
        ended.map_err(|_| Error::Internal("an archive cannot be finished"))?;
        send(&self.made, &self.to, 1).await
    }

    async fn send(&self, least: usize) -> Result<()> {
        send(&self.made, &self.to, least).await
    }
}

async fn send(made: &Made, to: &mpsc::Sender<io::Result<Vec<u8>>>, least: usize) -> Result<()> {
    match made.take(least) {
        Some(chunk) => to
            .send(Ok(chunk))
            .await
            .map_err(|_| Error::Internal("nobody reads the export any more")),
        None => Ok(()),
    }
}

/// The fields of `row` named by `columns`, as a line of CSV.
pub(super) fn csv_row(columns: &[&str], row: &Value) -> String {
    let fields: Vec<String> = columns
        .iter()
        .map(|column| match row.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        })
        .collect();
    csv::line(fields.iter().map(String::as_str))
}

/// ZIP knows no time zones; this is UTC.
fn zip_time(at: Timestamp) -> DateTime {
    let at = Offset::UTC.to_datetime(at);
    let part = |n: i8| u8::try_from(n).unwrap_or_default();
    let (date, time) = (at.date(), at.time());
    DateTime::from_date_and_time(
        u16::try_from(date.year()).unwrap_or_default(),
        part(date.month()),
        part(date.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .unwrap_or_default()
}
