//! Journals of real files, and a real store.

use jiff::Timestamp;
use model::{
    AuditId, Random, UserId,
    audit::{Action, AuditEntry, Credential, Origin},
};

use super::*;
use crate::sql::{Sql, Value, params, sql};

struct World {
    db: Db,
    random: Random,
    user: UserId,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let random = Random::new({
            let count = std::sync::atomic::AtomicU64::new(0);
            move |out| {
                let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let bytes = count.to_le_bytes().into_iter().cycle();
                out.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
            }
        });
        Self {
            db: Db::open_sqlite(&folder.path().join("store.db")).await.unwrap(),
            user: UserId::new(Timestamp::UNIX_EPOCH, &random),
            random,
            folder,
        }
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("events")
    }

    /// What a process has that uses the directory.
    fn events(&self) -> Events {
        Events::new(self.db.clone(), ChainKey::new([1; 32]), self.directory())
    }

    fn record(&self, n: usize) -> NewAuditRecord {
        NewAuditRecord {
            id: AuditId::new(Timestamp::UNIX_EPOCH, &self.random),
            at: Timestamp::UNIX_EPOCH,
            origin: Origin {
                user: Some(self.user),
                handle: "ana".to_owned(),
                display_name: None,
                credential: Credential::DatabasePassword,
                ip: "192.0.2.7".to_owned(),
                user_agent: format!("client {n}"),
                request_id: format!("c_{n}"),
            },
            entry: AuditEntry::new(Some(self.user), Action::WorkspaceConnectionOpen),
            salt: self.random.bytes(),
            key: ChainKey::new([1; 32]),
        }
    }

    /// What the clients of the records in the log were called.
    async fn logged(&self) -> Vec<String> {
        let chain = self.user.to_string();
        let links = audit_chain::list_chain(&self.db, &chain, 0, 1000).await.unwrap();
        let places: Vec<i64> = links.iter().map(|chained| chained.link.sequence).collect();
        assert_eq!(places, (1..=links.len() as i64).collect::<Vec<_>>());
        let head = audit_chain::find_head(&self.db, &chain).await.unwrap();
        assert_eq!(head.map_or(0, |head| head.sequence), links.len() as i64);
        links
            .into_iter()
            .map(|chained| chained.link.personal.user_agent)
            .collect()
    }

    /// The journal of a process that was killed when it had appended `count` events.
    fn leave(&self, count: usize) -> PathBuf {
        let killed = self.events();
        for n in 0..count {
            killed.append([self.record(n)]).unwrap();
        }
        let [journal] = &journals(&self.directory()).unwrap()[..] else {
            panic!("one journal")
        };
        journal.clone()
    }

    /// What the journals hold.
    fn left(&self) -> String {
        let journals = journals(&self.directory()).unwrap();
        let read = journals
            .iter()
            .map(|journal| std::fs::read_to_string(journal).unwrap());
        read.collect()
    }

    async fn counted(&self) -> i64 {
        let days = audit_chain::list_days(&self.db, self.user, 0, 0).await.unwrap();
        days.iter().map(|(_, records)| records).sum()
    }
}

async fn run(db: &Db, sql: Sql, values: Vec<Value>) {
    let mut tx = db.begin().await.unwrap();
    tx.run(sql, values).await.unwrap();
    tx.commit_unrecorded(Unrecorded::Expiry).await.unwrap();
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("client {n}")).collect()
}

#[tokio::test]
async fn what_came_together_is_in_the_log_in_its_order_and_in_no_journal() {
    let world = World::new().await;
    let events = world.events();
    for n in 0..AT_ONCE + 1 {
        events.append([world.record(n)]).unwrap();
    }
    assert_eq!(world.logged().await, names(0), "nobody waited for the store");
    assert_eq!(world.left().lines().count(), AT_ONCE + 1);
    events.flush().await.unwrap();
    assert_eq!(world.logged().await, names(AT_ONCE + 1));
    assert_eq!(world.counted().await, AT_ONCE as i64 + 1);
    assert_eq!(world.left(), "");
    events.append([world.record(AT_ONCE + 1)]).unwrap();
    events.flush().await.unwrap();
    assert_eq!(world.logged().await, names(AT_ONCE + 2));
}

#[tokio::test]
async fn what_a_process_left_the_next_one_writes_once() {
    let world = World::new().await;
    let journal = world.leave(3);
    let left = std::fs::read(&journal).unwrap();
    let next = world.events();
    next.recover().unwrap();
    next.flush().await.unwrap();
    assert_eq!(world.logged().await, names(3));
    // Killed between the commit and the end of the journal, with one event more.
    std::fs::write(journal, left).unwrap();
    let last = world.events();
    last.recover().unwrap();
    last.append([world.record(3)]).unwrap();
    last.flush().await.unwrap();
    assert_eq!(world.logged().await, names(4));
    assert_eq!(world.counted().await, 4);
    assert_eq!(world.left(), "");
}

#[tokio::test]
async fn a_line_that_is_not_ours_or_not_whole_is_left_out() {
    let world = World::new().await;
    let journal = world.leave(3);
    let left = std::fs::read_to_string(&journal).unwrap();
    let forged = left.replace("client 1", "client 9");
    std::fs::write(journal, &forged[..forged.len() - 10]).unwrap();
    let next = world.events();
    next.recover().unwrap();
    next.flush().await.unwrap();
    assert_eq!(world.logged().await, names(1));
}

#[tokio::test]
async fn what_the_store_does_not_take_waits_and_comes_once() {
    const BREAK: Sql = sql("ALTER TABLE audit_days RENAME TO gone");
    const MEND: Sql = sql("ALTER TABLE gone RENAME TO audit_days");
    let world = World::new().await;
    let events = world.events();
    events.append([world.record(0)]).unwrap();
    run(&world.db, BREAK, params![]).await;
    assert!(events.flush().await.is_err());
    events.append([world.record(1)]).unwrap();
    assert!(events.flush().await.is_err());
    run(&world.db, MEND, params![]).await;
    events.flush().await.unwrap();
    assert_eq!(world.logged().await, names(2));
    assert_eq!(world.left(), "");
}

#[tokio::test]
async fn who_was_deleted_meanwhile_is_named_nowhere() {
    const DELETE: Sql = sql("INSERT INTO deleted_users (id, deleted_at) VALUES ($1, 0)");
    let world = World::new().await;
    let events = world.events();
    let bob = UserId::new(Timestamp::UNIX_EPOCH, &world.random);
    let mut in_bobs_log = world.record(1);
    in_bobs_log.entry.identity = Some(bob);
    events.append([world.record(0), in_bobs_log]).unwrap();
    run(&world.db, DELETE, params![world.user]).await;
    events.flush().await.unwrap();
    for chain in [world.user, bob] {
        let links = audit_chain::list_chain(&world.db, &chain.to_string(), 0, 9).await;
        let personal = &links.unwrap()[0].link.personal;
        assert_eq!(personal.actor_handle, model::audit::PSEUDONYM);
        assert!(personal.actor_ip.is_empty() && personal.user_agent.is_empty());
    }
    assert_eq!(world.counted().await, 0);
}

#[tokio::test]
async fn without_a_journal_there_is_no_event() {
    let world = World::new().await;
    std::fs::write(world.directory(), "in the way").unwrap();
    let events = world.events();
    assert!(matches!(events.append([world.record(0)]), Err(Error::Journal(_))));
    events.flush().await.unwrap();
    assert_eq!(world.logged().await, names(0));
}

#[tokio::test]
async fn what_waits_has_a_limit() {
    let world = World::new().await;
    let events = world.events();
    for n in 0..MOST {
        events.append([world.record(n)]).unwrap();
    }
    assert!(matches!(
        events.append([world.record(MOST)]),
        Err(Error::Journal(_))
    ));
    events.flush().await.unwrap();
    events.append([world.record(MOST)]).unwrap();
}
