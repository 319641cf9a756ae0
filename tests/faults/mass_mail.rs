//! An announcement to many: at its pace, in flat memory, and nobody gets two, though command and server are killed.
//!
//! The large run takes a quarter of an hour, and prints its figures:
//! `cargo nextest run --run-ignored only --no-capture -E 'test(a_hundred_thousand)'`

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    time::Duration,
};

use testkit::{Binary, Running, until};

use super::mail_journal::{self as journal, Taken};
use crate::mail::sink::Sink;

const SUBJECT: &str = "A new release";
/// What one more batch, one more connection and the allocator take.
const MOST_MIB: f64 = 24.0;

struct Size {
    people: usize,
    per_minute: usize,
    /// How often the server is killed while it sends.
    kills: usize,
    patience: Duration,
}

/// The memory that the process has now, in MiB.
fn memory_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Accounts behind the server's back: making each by its use case would take longer than the rest.
async fn populate(binary: &Binary, people: usize) {
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people})");
    let id = |prefix: &str| format!("'{prefix}_' || printf('%019d0', i)");
    let (user, email) = (id("u"), id("up"));
    binary
        .tamper(&format!(
            "{numbers} INSERT INTO users (id, handle, state, auth_epoch, created_at, version_id) \
             SELECT {user}, 'person' || i, 'active', 1, 0, 1 FROM n; \
             {numbers} INSERT INTO user_emails (id, user_id, email, email_key, status, is_primary, created_at, version_id) \
             SELECT {email}, {user}, 'person' || i || '@example.com', 'person' || i || '@example.com', 'verified', 1, 0, 1 \
             FROM n;"
        ))
        .await;
}

/// Runs the operator's command, and kills it when it wrote some mails; its id, to go on with.
async fn begin(binary: &Binary, size: &Size) -> String {
    let file = binary.directory().join("news.md");
    std::fs::write(&file, "# Hello\n\nSomething *new*.").unwrap();
    let (file, per_minute) = (file.to_str().unwrap(), size.per_minute.to_string());
    let mut child = binary
        .command(&[
            "admin",
            "announce",
            "--category",
            "product_updates",
            "--subject",
            SUBJECT,
            "--file",
            file,
            "--per-minute",
            &per_minute,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    until("some mails are written", Duration::from_secs(60), async || {
        let queued = binary.ask("SELECT CAST(queued AS TEXT) FROM announcements").await;
        queued.first().is_some_and(|queued| queued != "0").then_some(())
    })
    .await;
    // It may be through already where there are few.
    let _ = child.kill();
    child.wait().unwrap();
    first.split_whitespace().last().unwrap().to_owned()
}

/// What was seen of the server while it sent.
#[derive(Debug, Default)]
struct Watched {
    memory: Vec<f64>,
}

async fn watch(binary: &Binary, journal: &Path, size: &Size) -> Watched {
    let mut running: Running = binary.serve();
    let mut watched = Watched::default();
    let mut kills = 0;
    let end = tokio::time::Instant::now() + size.patience;
    loop {
        assert!(
            tokio::time::Instant::now() < end,
            "{} mails only",
            journal::count(journal)
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        let count = journal::count(journal);
        if count >= size.people && binary.ask("SELECT id FROM outbox LIMIT 1").await.is_empty() {
            running.stop();
            return watched;
        }
        watched.memory.push(memory_mib(running.pid()));
        if kills < size.kills && count >= size.people * (kills + 1) / (size.kills + 2) {
            kills += 1;
            running.kill();
            running = binary.serve();
        }
    }
}

/// The most mails that were taken in a minute; less than that where all took less.
fn most_in_a_minute(taken: &[Taken]) -> usize {
    let (mut most, mut first) = (0, 0);
    for (last, mail) in taken.iter().enumerate() {
        while mail.at - taken[first].at >= 60.0 {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

async fn announce_to_all(size: Size) {
    let place = tempfile::tempdir().unwrap();
    let journal = place.path().join("journal");
    let Some(sink) = Sink::start_with(&["--journal", journal.to_str().unwrap()]).await else {
        return;
    };
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"))
        .env("STANDPIPE_SMTP_URL", format!("smtp://127.0.0.1:{}", sink.port))
        .env("STANDPIPE_MAIL_TIMEOUT_SECONDS", "2")
        .env("STANDPIPE_LOG_LEVEL", "error");
    binary.ok(&["admin", "user", "list"]);
    populate(&binary, size.people).await;
    let id = begin(&binary, &size).await;
    binary.ok(&["admin", "announce", "--resume", &id]);

    let watched = watch(&binary, &journal, &size).await;
    let taken = journal::read(&journal);
    let expected: BTreeSet<_> = (1..=size.people)
        .map(|n| (format!("person{n}@example.com"), SUBJECT.to_owned()))
        .collect();
    journal::assert_each_once(&taken, &expected);
    let most = most_in_a_minute(&taken);
    let seconds = taken.last().unwrap().at - taken[0].at;
    let (least, highest) = watched
        .memory
        .iter()
        .fold((f64::MAX, 0.0_f64), |(low, high), now| {
            (low.min(*now), high.max(*now))
        });
    let tenth = watched.memory.len().div_ceil(10);
    let course: Vec<_> = watched
        .memory
        .iter()
        .step_by(tenth)
        .map(|mib| format!("{mib:.0}"))
        .collect();
    println!(
        "{} people in {seconds:.0} s at {} a minute, at most {most} in one, over {} kills of the server: {} mails taken twice \
         with the same Message-ID; memory {least:.0} to {highest:.0} MiB, over time {}",
        size.people,
        size.per_minute,
        size.kills,
        taken.len() - size.people,
        course.join(", "),
    );
    assert!(
        taken.len() - size.people <= 4 * size.kills,
        "one for each worker that was killed"
    );
    // What a kill leaves leased comes back when the lease ends, and workers may miss a turn by two seconds.
    let slack = size.per_minute / 20 + 8;
    assert!(most <= size.per_minute + slack, "{most} in a minute");
    assert!(highest - least < MOST_MIB, "{least} to {highest} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_to_two_hundred_is_sent_once_at_its_pace() {
    announce_to_all(Size {
        people: 200,
        per_minute: 2400,
        kills: 1,
        patience: Duration::from_secs(180),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour; the head of this file says how to run it"]
async fn an_announcement_to_a_hundred_thousand_is_sent_once_at_its_pace() {
    announce_to_all(Size {
        people: 100_000,
        per_minute: 6000,
        kills: 5,
        patience: Duration::from_secs(3600),
    })
    .await;
}
