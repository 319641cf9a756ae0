//! Where the rows of a result wait until its answer is sent: in memory while they are few, beyond that in a file that
//! has no name and is gone with its last reader. All of them together have a limit.

use std::{
    fs::File,
    io::{self, BufReader, Chain, Cursor, ErrorKind, Read, Seek, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ::workspaces::session::Row;
use tokio::task::spawn_blocking;

use super::places::OwnPlace;
use crate::{Error, Result, settings::QuerySettings};

/// Octets that are kept in memory.
const IN_MEMORY: usize = 256 * 1024;
/// Octets of a row's length.
const LENGTH: usize = 4;

/// All spools.
pub(crate) struct Spools {
    directory: Option<PathBuf>,
    used: Arc<AtomicU64>,
    most: u64,
}

/// The rows of one result, while they come in.
pub(super) struct Spool {
    directory: Option<PathBuf>,
    memory: Vec<u8>,
    file: Option<File>,
    most: u64,
    share: Share,
    all: u64,
}

/// What one spool has of all.
#[derive(Debug)]
struct Share {
    used: Arc<AtomicU64>,
    taken: u64,
}

/// Why a row does not go in.
pub(super) enum Full {
    /// The result is as large as one may be.
    Result(u64),
    /// All results together are.
    All,
    /// The file cannot be written.
    Broken(io::Error),
}

impl Spools {
    pub(crate) fn new(settings: &QuerySettings) -> Self {
        Self {
            directory: settings.spool_dir.clone(),
            used: Arc::default(),
            most: settings.spool_bytes,
        }
    }

    /// A spool for a result of at most `most` bytes.
    pub(super) fn begin(&self, most: u64) -> Spool {
        Spool {
            directory: self.directory.clone(),
            memory: Vec::new(),
            file: None,
            most,
            share: Share {
                used: Arc::clone(&self.used),
                taken: 0,
            },
            all: self.most,
        }
    }
}

impl Share {
    fn take(&mut self, octets: u64, most: u64) -> bool {
        let add = |used: u64| Some(used + octets).filter(|used| *used <= most);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .is_ok();
        if taken {
            self.taken += octets;
        }
        taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.used.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

impl Spool {
    /// Adds a row.
    pub(super) async fn push(&mut self, row: &Row) -> std::result::Result<(), Full> {
        let octets = row.octets();
        let size = (LENGTH + octets.len()) as u64;
        if self.share.taken + size > self.most {
            return Err(Full::Result(self.most));
        }
        if !self.share.take(size, self.all) {
            return Err(Full::All);
        }
        let length = u32::try_from(octets.len()).map_err(|_| Full::Result(self.most))?;
        self.memory.extend(length.to_be_bytes());
        self.memory.extend_from_slice(octets);
        if self.memory.len() > IN_MEMORY {
            self.write_out().await.map_err(Full::Broken)?;
        }
        Ok(())
    }

    async fn write_out(&mut self) -> io::Result<()> {
        let (file, octets) = (self.file.take(), std::mem::take(&mut self.memory));
        let directory = self.directory.clone();
        let write = move || -> io::Result<File> {
            let mut file = match file {
                Some(file) => file,
                None => open(directory)?,
            };
            file.write_all(&octets)?;
            Ok(file)
        };
        self.file = Some(spawn_blocking(write).await.map_err(io::Error::other)??);
        Ok(())
    }

    /// The rows, to be read. `place` is given back with them.
    pub(super) async fn into_rows(self, place: OwnPlace) -> Result<Rows> {
        let file = match self.file {
            Some(mut file) => {
                file.rewind()
                    .map_err(|_| Error::Internal("a result cannot be read"))?;
                Source::File(BufReader::new(file))
            }
            None => Source::Nothing,
        };
        Ok(Rows {
            octets: file.chain(Cursor::new(self.memory)),
            _share: self.share,
            _place: place,
        })
    }
}

/// A file without a name, in the directory of ours, where its size counts against a disk that the operator knows.
fn open(directory: Option<PathBuf>) -> io::Result<File> {
    match directory {
        Some(directory) => {
            std::fs::create_dir_all(&directory)?;
            tempfile::tempfile_in(directory)
        }
        None => tempfile::tempfile(),
    }
}

#[derive(Debug)]
enum Source {
    File(BufReader<File>),
    Nothing,
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Nothing => Ok(0),
        }
    }
}

/// The rows of a result. Reading them blocks, where they are in a file.
#[derive(Debug)]
pub struct Rows {
    octets: Chain<Source, Cursor<Vec<u8>>>,
    _share: Share,
    _place: OwnPlace,
}

impl Rows {
    /// Whether they are few, and reading them never blocks.
    pub fn are_in_memory(&self) -> bool {
        matches!(self.octets.get_ref().0, Source::Nothing)
    }
}

impl Iterator for Rows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<io::Result<Row>> {
        let mut length = [0; LENGTH];
        if let Err(error) = self.octets.read_exact(&mut length) {
            return (error.kind() != ErrorKind::UnexpectedEof).then_some(Err(error));
        }
        let mut row = vec![0; u32::from_be_bytes(length) as usize];
        Some(
            self.octets
                .read_exact(&mut row)
                .map(|()| Row::from_octets(row.into())),
        )
    }
}

#[cfg(test)]
mod tests {
    use model::UserId;

    use super::{super::places::Places, *};

    fn row(n: usize) -> Row {
        Row::from_octets(vec![u8::try_from(n % 251).unwrap(); n].into())
    }

    async fn place() -> OwnPlace {
        let user: UserId = "u_00000000000000000000".parse().unwrap();
        Places::new(&QuerySettings::default())
            .enter(user)
            .await
            .unwrap()
            .split()
            .0
    }

    fn spools(most: u64) -> Spools {
        Spools::new(&QuerySettings {
            spool_bytes: most,
            ..QuerySettings::default()
        })
    }

    #[tokio::test]
    async fn few_and_many_rows_come_back_in_order() {
        for sizes in [
            vec![],
            vec![3, 0, 10],
            vec![1000; 2000],
            vec![300_000, 5, 300_000, 7],
        ] {
            let spools = spools(u64::MAX);
            let mut spool = spools.begin(u64::MAX);
            for size in &sizes {
                assert!(spool.push(&row(*size)).await.is_ok());
            }
            let rows = spool.into_rows(place().await).await.unwrap();
            let read: Vec<Row> = rows.map(|row| row.unwrap()).collect();
            assert_eq!(read, sizes.into_iter().map(row).collect::<Vec<_>>());
            assert_eq!(spools.used.load(Ordering::Relaxed), 0, "all is given back");
        }
    }

    #[tokio::test]
    async fn one_result_and_all_results_have_a_limit() {
        let spools = spools(1000);
        let (mut one, mut other) = (spools.begin(600), spools.begin(u64::MAX));
        assert!(one.push(&row(500)).await.is_ok());
        assert!(matches!(one.push(&row(100)).await, Err(Full::Result(600))));
        assert!(other.push(&row(400)).await.is_ok());
        assert!(matches!(other.push(&row(100)).await, Err(Full::All)));
        drop(one);
        assert!(other.push(&row(500)).await.is_ok());
    }
}
