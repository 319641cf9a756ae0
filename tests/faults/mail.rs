//! Everything goes wrong with mail at once: the mail server is killed, slow, deaf, refuses, hangs up and breaks TLS, while
//! two Standpipes on one PostgreSQL are killed in turn. Every mail arrives, and is one mail by its `Message-ID`.
//!
//! The large run takes minutes, and prints its figures:
//! `scripts/with-postgres cargo nextest run --run-ignored only --no-capture -E 'test(ten_thousand_mails)'`

use std::{
    collections::{BTreeSet, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::{App, announcements::NewAnnouncement, tokens::NewToken};
use model::preferences::Category;
use serde_json::json;
use testkit::{Anonymous, Binary, Database, Running, until};

use super::mail_journal::{self as journal, Duplicates};
use crate::mail::{certificates::Certificates, sink::Sink};

const PATIENCE: Duration = Duration::from_secs(300);
const RENAMED: &str = "Your handle was changed";

struct Size {
    people: usize,
    /// Each person gets one of each, and one mail more, for a change of their handle.
    announcements: usize,
    /// What the mail server does, and after each a Standpipe is killed.
    faults: &'static [&'static str],
}

/// A person whose handle is to be changed.
struct Person {
    handle: String,
    token: String,
}

/// The mail server: killed and started again, on one port, with one journal.
struct Server {
    sink: Option<Sink>,
    certificates: Certificates,
    journal: PathBuf,
    port: u64,
    kills: Vec<f64>,
}

impl Server {
    async fn start(directory: &std::path::Path) -> Option<Self> {
        let mut server = Self {
            sink: None,
            certificates: Certificates::new(),
            journal: directory.join("journal"),
            port: 0,
            kills: Vec::new(),
        };
        server.open().await;
        server.sink.is_some().then_some(server)
    }

    async fn open(&mut self) {
        let (port, journal) = (self.port.to_string(), self.journal.to_str().unwrap());
        let options = ["--tls", "starttls", "--port", &port, "--journal", journal];
        self.sink = self.certificates.server(&options).await;
        self.port = self.sink.as_ref().map_or(0, |sink| sink.port);
    }

    async fn does(&mut self, what: &str) {
        if what == "killed" {
            self.sink = None;
            self.kills.push(now());
        } else {
            self.sink.as_mut().unwrap().tell(what).await;
        }
    }

    async fn is_well_again(&mut self, after: &str) {
        match after {
            "killed" => self.open().await,
            "close" => self.does("open").await,
            _ => self.does("ok").await,
        }
    }
}

fn now() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of this century fit")]
    let micros = standpipe::ambient::clock().now().as_microsecond() as f64;
    micros / 1e6
}

fn replica(database: &Database, key: &str, server: &Server) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_standpipe"))
        .env("STANDPIPE_DATABASE_URL", &database.url)
        .env("STANDPIPE_MASTER_KEY_FILE", key)
        .env(
            "STANDPIPE_SMTP_URL",
            format!("smtp://127.0.0.1:{}?tls=required", server.port),
        )
        .env("STANDPIPE_MAIL_CA_FILE", server.certificates.path("ca.pem"))
        .env("STANDPIPE_MAIL_TIMEOUT_SECONDS", "2")
        .env("STANDPIPE_LIMITS_HANDLES_PER_IP", "100000")
        .env("STANDPIPE_LIMITS_REQUESTS_PER_IP", "0")
        .env("STANDPIPE_LOG_LEVEL", "error")
}

async fn people(app: &App, count: usize) -> VecDeque<Person> {
    let mut people = VecDeque::new();
    for n in 0..count {
        let handle = format!("person{n}");
        app.admin_create_user(&handle, &format!("{handle}@example.com"))
            .await
            .unwrap();
        let token = app
            .admin_create_token(&handle, NewToken::default())
            .await
            .unwrap();
        let token = token.expose().to_string();
        people.push_back(Person { handle, token });
    }
    people
}

async fn announce(app: &App, count: usize) {
    for n in 0..count {
        let new = NewAnnouncement {
            category: Category::ProductUpdates,
            subject: format!("News {n}"),
            markdown: "Something *new*.".to_owned(),
            per_minute: 100_000,
        };
        let id = app.admin_create_announcement(new).await.unwrap();
        while app
            .admin_continue_announcement(id)
            .await
            .unwrap()
            .finished_at
            .is_none()
        {}
    }
}

/// Changes handles at a replica until it is gone, or there is nobody left.
async fn rename(people: Arc<Mutex<VecDeque<Person>>>, replica: Anonymous) {
    loop {
        let Some(person) = people.lock().unwrap().pop_front() else {
            return;
        };
        let bearer = replica.with_token(&person.token);
        let (path, body) = (
            format!("/api/v0/user/{}", person.handle),
            json!({"handle": format!("new-{}", person.handle)}),
        );
        match bearer.try_send("PATCH", &path, Some(body)).await {
            Some(answer) if answer.status == 200 => {}
            // The change was made, and the answer was lost with the replica that made it.
            Some(answer) if answer.status == 410 => {}
            Some(answer) => panic!("{} {}", answer.status, answer.body),
            None => {
                people.lock().unwrap().push_back(person);
                return;
            }
        }
    }
}

async fn everything_goes_wrong(size: Size) {
    let place = tempfile::tempdir().unwrap();
    let Some(mut server) = Server::start(place.path()).await else {
        return;
    };
    let database = Database::create().await;
    let first = Binary::new(env!("CARGO_BIN_EXE_standpipe"));
    first.ok(&["admin", "user", "list"]);
    let key = first.data_dir().join("master.key").to_str().unwrap().to_owned();
    let binaries = [
        replica(&database, &key, &server),
        replica(&database, &key, &server),
    ];
    let app = binaries[0].app().await;
    let waiting = Arc::new(Mutex::new(people(&app, size.people).await));
    announce(&app, size.announcements).await;

    let mails = size.people * (size.announcements + 1);
    let began = now();
    let mut renaming = Vec::new();
    let mut serve = |binary: &Binary| -> Running {
        let running = binary.serve();
        renaming.push(tokio::spawn(rename(waiting.clone(), running.anonymous())));
        running
    };
    let mut running: Vec<_> = binaries.iter().map(&mut serve).collect();
    let mut kills = Vec::new();
    for (round, fault) in size.faults.iter().enumerate() {
        server.does(fault).await;
        // For as long as it takes to meet the fault some times.
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.is_well_again(fault).await;
        let share = mails * (round + 1) / (size.faults.len() + 1);
        goes_on(&app, &server, share).await;
        let victim = round % 2;
        running.remove(victim).kill();
        kills.push(now());
        running.insert(victim, serve(&binaries[victim]));
    }

    for done in renaming {
        done.await.unwrap();
    }
    let given_up = all_is_sent(&app).await;
    let seconds = now() - began;
    for replica in running {
        replica.stop();
    }
    let taken = journal::read(&server.journal);
    let expected = expected(&app, &size).await;
    assert_eq!(expected.len(), mails);
    journal::assert_each_once(&taken, &expected);
    let again = Duplicates::count(&taken, &server.kills, &kills);
    println!(
        "{mails} mails in {seconds:.0} s over {} kills of Standpipe and {} of the mail server: none lost; {given_up} refused \
         for good, kept, and sent by `mail retry`; {} taken twice with the same Message-ID: {} because the reply was cut, {} \
         because the mail server was killed before its reply, {} because Standpipe was before it noted the reply",
        kills.len(),
        server.kills.len(),
        again.all(),
        again.reply_cut,
        again.server_killed,
        again.standpipe_killed,
    );
    assert!(again.unexplained.is_empty(), "{:?}", again.unexplained);
    drop(app);
    database.remove().await;
}

/// Waits until the server took `count` mails, or no more will come for now. The operator has what waits tried at once.
async fn goes_on(app: &App, server: &Server, count: usize) {
    // In vain where many were refused for good.
    let end = now() + (count / 100).clamp(3, 20) as f64;
    let mut next = 0.0;
    until("mails are taken", PATIENCE, async || {
        if now() > next {
            app.admin_hasten_mail().await.unwrap();
            next = now() + 1.0;
        }
        (journal::count(&server.journal) >= count || now() > end).then_some(())
    })
    .await;
}

/// Waits until all that is left are mails that were refused for good; sends these too, and gives their number.
async fn all_is_sent(app: &App) -> usize {
    let waiting = async || {
        app.admin_hasten_mail().await.unwrap();
        app.admin_list_mail().await.unwrap()
    };
    let refused = until("nothing waits", PATIENCE, async || {
        let mails = waiting().await;
        mails.iter().all(|mail| mail.next.is_none()).then_some(mails)
    })
    .await;
    for mail in &refused {
        assert_eq!(mail.reason.as_deref(), Some("the mail server answered 550"));
        app.admin_retry_mail(mail.id).await.unwrap();
    }
    until("nothing is left", PATIENCE, async || {
        waiting().await.is_empty().then_some(())
    })
    .await;
    refused.len()
}

/// The mails that must have arrived, of what is in the store: to whom, and which.
async fn expected(app: &App, size: &Size) -> BTreeSet<(String, String)> {
    let mut expected = BTreeSet::new();
    for user in app.admin_list_users().await.unwrap() {
        let handle = user.handle.to_string();
        let before = handle.strip_prefix("new-").expect("every handle was changed");
        let to = format!("{before}@example.com");
        expected.insert((to.clone(), RENAMED.to_owned()));
        expected.extend((0..size.announcements).map(|n| (to.clone(), format!("News {n}"))));
    }
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_survive_a_few_faults_on_postgres() {
    everything_goes_wrong(Size {
        people: 40,
        announcements: 4,
        faults: &["550", "killed", "cut"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; the head of this file says how to run it"]
async fn ten_thousand_mails_survive_twenty_kills_on_postgres() {
    everything_goes_wrong(Size {
        people: 2000,
        announcements: 4,
        faults: &[
            "451", "killed", "slow 0.2", "cut", "garble", "550", "close", "half", "deaf", "killed", "421",
            "cut", "451", "killed", "half", "garble", "slow 0.5", "550", "close", "killed",
        ],
    })
    .await;
}
