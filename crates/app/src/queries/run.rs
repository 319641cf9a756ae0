//! Running a statement: its rows go to the spool until they end, a limit is reached, or somebody ends it.

use std::time::Duration;

use ::workspaces::session::{Column, Session, StatementError, Step};
use tokio::{
    runtime::Handle,
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    Cut, ended, failed,
    spool::{Full, Spool},
    timed_out,
};
use crate::{Error, Result, connections::OpenConnection};

/// Rows that are asked for at a time.
const FETCH: u32 = 500;
/// How long a commit that is under way at the time limit may take to come to an end, either way.
const COMMIT: Duration = Duration::from_secs(5);
/// How long a statement that was cancelled for its time may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often a statement that is left is cancelled, and how long each time may take.
const CANCELS: u32 = 8;
const BETWEEN_CANCELS: Duration = Duration::from_millis(250);
/// The SQLSTATE of a statement that was cancelled.
const CANCELLED: &str = "57014";

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) rows: u32,
    pub(super) seconds: u32,
}

/// A session with a statement under way. Dropped before the statement has ended, it has the backend cancel it.
pub(super) struct Engaged(Option<Held>);

struct Held {
    session: Session,
    open: OpenConnection,
    _running: OwnedSemaphorePermit,
}

/// What was read.
pub(super) struct Read {
    pub(super) columns: Vec<Column>,
    pub(super) command: String,
    pub(super) row_count: u64,
    pub(super) cut: Option<Cut>,
    pub(super) duration: Duration,
    pub(super) spool: Spool,
}

/// Why a statement is left.
enum Stop {
    /// Its time is over.
    Time,
    /// Its person may not run it any more.
    Ended,
    Failed(StatementError),
    Broken(std::io::Error),
}

/// What PostgreSQL calls the statement in the end, and whether it was left before.
type Outcome = std::result::Result<(String, Option<Cut>), Stop>;

impl From<StatementError> for Stop {
    fn from(error: StatementError) -> Self {
        Self::Failed(error)
    }
}

impl Engaged {
    pub(super) fn new(session: Session, open: OpenConnection, running: OwnedSemaphorePermit) -> Self {
        Self(Some(Held {
            session,
            open,
            _running: running,
        }))
    }
}

impl Held {
    /// Cancels until PostgreSQL says that it has: it does not heed a request that comes before the statement has begun,
    /// and the statement may be on its way to it.
    async fn end(mut self) {
        for _ in 0..CANCELS {
            self.session.canceller().cancel().await;
            if timeout(BETWEEN_CANCELS, self.session.drain()).await.is_ok() {
                return;
            }
        }
    }
}

impl Drop for Engaged {
    fn drop(&mut self) {
        let (Some(held), Ok(runtime)) = (self.0.take(), Handle::try_current()) else {
            return;
        };
        // The place is free again when PostgreSQL has ended the statement.
        runtime.spawn(held.end());
    }
}

/// Runs `sql` and reads what it gives.
pub(super) async fn read(mut engaged: Engaged, sql: &str, limits: Limits, spool: Spool) -> Result<Read> {
    let began = Instant::now();
    let held = engaged.0.as_mut().ok_or(Error::Internal("no session"))?;
    let mut statement = Statement {
        held,
        limits,
        deadline: began + Duration::from_secs(limits.seconds.into()),
        columns: Vec::new(),
        rows: 0,
        spool,
    };
    let mut outcome = statement.run(sql).await;
    if matches!(outcome, Err(Stop::Time)) {
        outcome = Err(statement.cancel().await);
    }
    let is_over = is_over(&outcome);
    let read = statement.conclude(outcome, began);
    if is_over {
        engaged.0 = None;
    }
    read
}

/// Whether PostgreSQL has nothing left to cancel.
fn is_over(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Ok((_, None | Some(Cut::Rows(_)))) | Err(Stop::Failed(StatementError::Sql(_)))
    )
}

struct Statement<'h> {
    held: &'h mut Held,
    limits: Limits,
    deadline: Instant,
    columns: Vec<Column>,
    rows: u32,
    spool: Spool,
}

impl Statement<'_> {
    async fn run(&mut self, sql: &str) -> Outcome {
        self.columns = within(self.deadline, &self.held.open, self.held.session.prepare(sql)).await?;
        self.held.session.start()?;
        loop {
            let ask = FETCH.min(self.limits.rows + 1 - self.rows);
            let fetch = self.held.session.fetch(u16::try_from(ask).unwrap_or(u16::MAX));
            within(self.deadline, &self.held.open, fetch).await?;
            if let Some(end) = self.read_fetched().await? {
                return Ok(end);
            }
        }
    }

    async fn read_fetched(&mut self) -> std::result::Result<Option<(String, Option<Cut>)>, Stop> {
        loop {
            let cut = match within(self.deadline, &self.held.open, self.held.session.next()).await? {
                Step::Row(_) if self.rows == self.limits.rows => {
                    self.finish().await?;
                    Cut::Rows(self.limits.rows)
                }
                Step::Row(row) => match self.spool.push(&row).await {
                    Ok(()) => {
                        self.rows += 1;
                        continue;
                    }
                    Err(Full::Result(most)) => Cut::Bytes(most),
                    Err(Full::All) => Cut::SpoolFull,
                    Err(Full::Broken(error)) => return Err(Stop::Broken(error)),
                },
                Step::LongRow => Cut::LongRow,
                Step::Suspended => return Ok(None),
                Step::Done(tag) => {
                    self.finish().await?;
                    return Ok(Some((tag, None)));
                }
            };
            return Ok(Some((String::new(), Some(cut))));
        }
    }

    /// Cancels, and reads what PostgreSQL has sent until then: it gathers rows before it sends them.
    async fn cancel(&mut self) -> Stop {
        self.held.session.canceller().cancel().await;
        let until = Instant::now() + LAST_WORDS;
        loop {
            match timeout_at(until, self.held.session.next()).await {
                Ok(Ok(Step::Row(row))) if self.rows < self.limits.rows => match self.spool.push(&row).await {
                    Ok(()) => self.rows += 1,
                    Err(_) => return Stop::Time,
                },
                Ok(Err(error)) => return Stop::Failed(error),
                _ => return Stop::Time,
            }
        }
    }

    /// Commits. Where the time ends meanwhile, it is cancelled, but not left in doubt.
    async fn finish(&mut self) -> std::result::Result<(), Stop> {
        let finish = self.held.session.finish();
        match within(self.deadline, &self.held.open, finish).await {
            Err(Stop::Time) => {
                self.held.session.canceller().cancel().await;
                match timeout(COMMIT, self.held.session.finish()).await {
                    Ok(finished) => Ok(finished?),
                    Err(_) => Err(StatementError::Lost("a commit hangs".to_owned()).into()),
                }
            }
            other => other,
        }
    }

    /// What was read in the end, or why nothing of it counts.
    fn conclude(self, outcome: Outcome, began: Instant) -> Result<Read> {
        let late = Instant::now() >= self.deadline;
        let (tag, cut) = match outcome {
            Ok(ended) => ended,
            Err(stop) => (String::new(), Some(self.cut(stop, late)?)),
        };
        let (command, changed) = understand(&tag);
        Ok(Read {
            row_count: if self.columns.is_empty() {
                changed
            } else {
                self.rows.into()
            },
            columns: self.columns,
            command,
            cut,
            duration: began.elapsed(),
            spool: self.spool,
        })
    }

    /// What of the result there is in spite of `stop`.
    fn cut(&self, stop: Stop, late: bool) -> Result<Cut> {
        match stop {
            Stop::Time => {}
            Stop::Failed(StatementError::Sql(error)) if late && error.sqlstate == CANCELLED => {}
            Stop::Failed(error) => return Err(failed(error)),
            Stop::Ended => return Err(ended()),
            Stop::Broken(error) => {
                tracing::error!(%error, "a result cannot be kept");
                return Err(Error::Unavailable(
                    "The server cannot keep the result now. Try again later.".to_owned(),
                ));
            }
        }
        if self.columns.is_empty() {
            return Err(timed_out(self.limits.seconds));
        }
        Ok(Cut::Seconds(self.limits.seconds))
    }
}

async fn within<T>(
    deadline: Instant,
    open: &OpenConnection,
    what: impl Future<Output = std::result::Result<T, StatementError>>,
) -> std::result::Result<T, Stop> {
    tokio::select! {
        biased;
        () = open.end().cancelled() => Err(Stop::Ended),
        result = what => Ok(result?),
        () = sleep_until(deadline) => Err(Stop::Time),
    }
}

/// `INSERT 0 5` is `INSERT` of 5 rows, `CREATE TABLE` is of none.
fn understand(tag: &str) -> (String, u64) {
    let words: Vec<&str> = tag.split(' ').collect();
    let is_number = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let name: Vec<&str> = words
        .iter()
        .take_while(|word| !is_number(word))
        .copied()
        .collect();
    let count = words.last().and_then(|word| word.parse().ok()).unwrap_or(0);
    (name.join(" "), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let of = |tag| {
            let (name, count) = understand(tag);
            format!("{name}/{count}")
        };
        assert_eq!(of("INSERT 0 5"), "INSERT/5");
        assert_eq!(of("SELECT 12"), "SELECT/12");
        assert_eq!(of("CREATE TABLE"), "CREATE TABLE/0");
        assert_eq!(of(""), "/0");
    }
}
