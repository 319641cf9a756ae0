//! What replicas tell each other of their open connections, so that each can list all.
//!
//! Where the store is PostgreSQL, a replica writes what is open in it: a connection that came or went within two seconds,
//! octets and state of one that is at work at most every ten, and so many rows at once. A connection that was shorter is
//! never written. A replica that does not write for a while does not count; SQLite has one process, and nothing to tell.

use std::collections::HashMap;

use model::time;
use store::{Engine, Unrecorded, open_connections, open_connections::OpenConnectionRow};

use crate::{App, Result};

/// Rows that are written at once; the rest is written the next time.
const AT_ONCE: usize = 500;
/// After so many looks a row is written again if its figures changed.
const FIGURES_EVERY: u64 = 5;
/// A replica says that it is there after so many looks without anything to tell.
const SEEN_EVERY: u64 = 5;
/// A replica that was not seen for so long is gone. It also bounds how far the clocks of replicas may differ.
const GONE_AFTER_SECONDS: i64 = 30;

/// What this replica has told.
#[derive(Default)]
pub(crate) struct Told {
    /// Its name, once it has told anything.
    replica: String,
    looks: u64,
    rows: HashMap<String, OpenConnectionRow>,
}

/// What is to be written.
struct News {
    written: Vec<OpenConnectionRow>,
    ended: Vec<String>,
}

impl Told {
    /// What is new of `open`. Figures alone are no news most of the time.
    fn news(&self, open: &HashMap<String, OpenConnectionRow>) -> News {
        let with_figures = self.looks.is_multiple_of(FIGURES_EVERY);
        let is_new = |row: &&OpenConnectionRow| match self.rows.get(&row.id) {
            None => true,
            Some(told) => with_figures && told != *row,
        };
        let ended = self.rows.keys().filter(|id| !open.contains_key(*id));
        let ended: Vec<String> = ended.take(AT_ONCE).cloned().collect();
        let room = AT_ONCE - ended.len();
        News {
            written: open.values().filter(is_new).take(room).cloned().collect(),
            ended,
        }
    }

    fn note(&mut self, news: News) {
        for id in news.ended {
            self.rows.remove(&id);
        }
        for row in news.written {
            self.rows.insert(row.id.clone(), row);
        }
    }
}

impl App {
    /// Tells the other replicas what is open here. What fails is told the next time.
    pub(super) async fn tell_connections(&self) {
        if self.db().engine() != Engine::Postgres {
            return;
        }
        if let Err(error) = self.write_open_connections().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "open connections are not told"
            );
        }
    }

    async fn write_open_connections(&self) -> Result<()> {
        let mut told = self.0.open_connections.told.lock().await;
        if told.replica.is_empty() {
            told.replica = self.new_connection_id().replacen("c_", "r_", 1);
        }
        told.looks += 1;
        let open = self.0.open_connections.list();
        let open: HashMap<_, _> = open.into_iter().map(|row| (row.id.clone(), row)).collect();
        let news = told.news(&open);
        let is_silent = news.written.is_empty() && news.ended.is_empty();
        let has_nothing = is_silent && told.rows.is_empty();
        if has_nothing || is_silent && !told.looks.is_multiple_of(SEEN_EVERY) {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        open_connections::see_replica(&mut tx, &told.replica, self.now()).await?;
        for id in &news.ended {
            open_connections::delete_row(&mut tx, id).await?;
        }
        for row in &news.written {
            open_connections::upsert_row(&mut tx, &told.replica, row).await?;
        }
        tx.commit_unrecorded(Unrecorded::OpenConnections).await?;
        told.note(news);
        Ok(())
    }

    /// What `user` may see that is open in other replicas.
    pub(super) async fn list_elsewhere(&self, user: model::UserId) -> Result<Vec<OpenConnectionRow>> {
        if self.db().engine() != Engine::Postgres {
            return Ok(Vec::new());
        }
        let replica = self.0.open_connections.told.lock().await.replica.clone();
        let since = time::after(self.now(), -GONE_AFTER_SECONDS);
        Ok(open_connections::list_of_others(self.db(), &replica, since, user).await?)
    }

    /// Takes back what was told, as this replica ends, and what others left that are long gone.
    pub(super) async fn take_leave(&self) {
        if let Err(error) = self.forget_replicas().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "this replica is not forgotten"
            );
        }
    }

    /// Forgets this replica and those that are long gone.
    async fn forget_replicas(&self) -> Result<()> {
        let replica = self.0.open_connections.told.lock().await.replica.clone();
        if replica.is_empty() {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        let before = time::after(self.now(), -10 * GONE_AFTER_SECONDS);
        open_connections::delete_replicas(&mut tx, &replica, before).await?;
        Ok(tx.commit_unrecorded(Unrecorded::OpenConnections).await?)
    }

    /// Forgets replicas that are long gone. The binary calls it every hour.
    pub(crate) async fn remove_gone_replicas(&self, tx: &mut store::Tx) -> Result<()> {
        let before = time::after(self.now(), -10 * GONE_AFTER_SECONDS);
        open_connections::delete_replicas(tx, "", before).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, from_client: i64) -> OpenConnectionRow {
        OpenConnectionRow {
            id: id.to_owned(),
            workspace_id: "w_00000000000000000000".parse().unwrap(),
            user_id: "u_00000000000000000000".parse().unwrap(),
            application_name: String::new(),
            client_ip: String::new(),
            tls: false,
            via: "gateway".to_owned(),
            state: "idle".to_owned(),
            from_client,
            from_backend: 0,
            began_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn open(rows: &[(&str, i64)]) -> HashMap<String, OpenConnectionRow> {
        rows.iter()
            .map(|(id, octets)| ((*id).to_owned(), row(id, *octets)))
            .collect()
    }

    #[test]
    fn only_news_is_written_and_so_much_at_once() {
        let mut told = Told {
            looks: 1,
            ..Told::default()
        };
        let news = told.news(&open(&[("c_1", 1)]));
        assert_eq!((news.written.len(), news.ended.len()), (1, 0));
        told.note(news);
        assert!(
            told.news(&open(&[("c_1", 2)])).written.is_empty(),
            "figures can wait"
        );
        told.looks = FIGURES_EVERY;
        assert_eq!(told.news(&open(&[("c_1", 2)])).written.len(), 1);
        assert!(
            told.news(&open(&[("c_1", 1)])).written.is_empty(),
            "nothing has changed"
        );
        assert_eq!(told.news(&open(&[])).ended, ["c_1"]);
        let ids: Vec<_> = (0..2000).map(|n| format!("c_{n}")).collect();
        let many: Vec<_> = ids.iter().map(|id| (id.as_str(), 0)).collect();
        assert_eq!(told.news(&open(&many)).written.len(), AT_ONCE);
    }
}
