//! A history of concurrent issues, uses and resets, in which no credential outlives a reset.
//!
//! Each operation is recorded with a place before it began and one after it ended, from one counter. A reset that ended
//! before a use began, of a credential whose issue ended before that reset began, must have refused that use; and what
//! was refused once is never accepted again. `STANDPIPE_TEST_HISTORY=100000` sets how many operations there are.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::{App, Peer, sign_in::SignInProof, tokens::NewToken};
use model::Secret;
use testkit::{TestApp, TestClock, both_engines};

const HANDLE: &str = "ana";
const FEW: usize = 3_000;
const WORKERS: usize = 8;
/// One operation in so many is a reset, or an issue; the others are uses.
const RESETS: usize = 150;
const ISSUES: usize = 12;
/// The youngest credentials that are used: those that a reset may just have missed.
const YOUNGEST: usize = 40;

/// When something began and ended.
#[derive(Debug, Clone, Copy)]
struct Span {
    began: u64,
    ended: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Credential {
    Token(String),
    Session(String),
}

#[derive(Debug)]
struct Use {
    credential: usize,
    span: Span,
    accepted: bool,
}

#[derive(Default)]
struct History {
    counter: AtomicU64,
    issued: Mutex<Vec<(Credential, Span)>>,
    uses: Mutex<Vec<Use>>,
    resets: Mutex<Vec<Span>>,
}

fn peer() -> Peer {
    Peer {
        ip: [127, 0, 0, 1].into(),
        user_agent: "a history".to_owned(),
        request_id: "r_history".to_owned(),
    }
}

impl History {
    fn now(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::SeqCst)
    }

    async fn issue(&self, app: &App, n: usize) {
        let began = self.now();
        let credential = match n % 2 {
            0 => Credential::Token(issue_token(app).await),
            _ => match issue_session(app).await {
                Some(session) => Credential::Session(session),
                // A reset burned the link meanwhile.
                None => return,
            },
        };
        let span = Span {
            began,
            ended: self.now(),
        };
        self.issued.lock().unwrap().push((credential, span));
    }

    async fn use_one(&self, app: &App, n: usize) {
        let (index, credential) = {
            let issued = self.issued.lock().unwrap();
            let Some(index) = issued
                .len()
                .checked_sub(1 + n % YOUNGEST.min(issued.len().max(1)))
            else {
                return;
            };
            (index, issued[index].0.clone())
        };
        let began = self.now();
        let answer = match &credential {
            Credential::Token(token) => app.authenticate_bearer(token, peer()).await,
            Credential::Session(cookie) => app.authenticate_session(cookie, peer()).await,
        };
        let span = Span {
            began,
            ended: self.now(),
        };
        let accepted = match answer {
            Ok(_) => true,
            Err(app::Error::SignInRequired | app::Error::CredentialRefused { .. }) => false,
            Err(other) => panic!("{other:?}"),
        };
        self.uses.lock().unwrap().push(Use {
            credential: index,
            span,
            accepted,
        });
    }

    async fn reset(&self, app: &App) {
        let token = issue_token(app).await;
        let Ok(actor) = app.authenticate_bearer(&token, peer()).await else {
            return;
        };
        let began = self.now();
        if app.reset_auth(&actor, false).await.is_ok() {
            let span = Span {
                began,
                ended: self.now(),
            };
            self.resets.lock().unwrap().push(span);
        }
    }

    /// How many uses there were, accepted and refused, and resets.
    fn check(&self) -> (usize, usize, usize) {
        let (issued, uses, resets) = (
            self.issued.lock().unwrap(),
            self.uses.lock().unwrap(),
            self.resets.lock().unwrap(),
        );
        for used in uses.iter().filter(|used| used.accepted) {
            let (credential, issue) = &issued[used.credential];
            for reset in resets.iter() {
                let outlived = issue.ended < reset.began && reset.ended < used.span.began;
                assert!(!outlived, "{credential:?} {issue:?} outlived {reset:?}: {used:?}");
            }
            let refused_before = uses
                .iter()
                .filter(|other| other.credential == used.credential && !other.accepted)
                .find(|other| other.span.ended < used.span.began);
            assert!(
                refused_before.is_none(),
                "{used:?} came back after {refused_before:?}"
            );
        }
        let accepted = uses.iter().filter(|used| used.accepted).count();
        (accepted, uses.len() - accepted, resets.len())
    }
}

async fn issue_token(app: &App) -> String {
    loop {
        match app.admin_create_token(HANDLE, NewToken::default()).await {
            Ok(token) => return token.expose().to_owned(),
            // All slots are taken, which a reset ends; or one came between.
            Err(app::Error::Conflict { .. } | app::Error::SignInRequired) => tokio::task::yield_now().await,
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn issue_session(app: &App) -> Option<String> {
    let link = app.admin_sign_in_link(HANDLE).await.unwrap();
    let proof = SignInProof {
        secret: Some(Secret::new(link.split_once("t=")?.1.to_owned())),
        ..SignInProof::default()
    };
    match app.confirm_sign_in(proof, &peer()).await {
        Ok(app::sign_in::Confirmed::SignedIn { session, .. }) => Some(session.expose().to_owned()),
        Err(app::Error::Expired(_)) => None,
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a run says how long a history it wants")]
fn length() -> usize {
    std::env::var("STANDPIPE_TEST_HISTORY").map_or(FEW, |text| text.parse().expect("a number"))
}

async fn make_history(app: &App, clock: Option<TestClock>) -> Arc<History> {
    let (history, next, length) = (
        Arc::new(History::default()),
        Arc::new(AtomicUsize::new(0)),
        length(),
    );
    let worker = || {
        let (app, history, next, clock) = (
            app.clone(),
            Arc::clone(&history),
            Arc::clone(&next),
            clock.clone(),
        );
        async move {
            loop {
                let n = next.fetch_add(1, Ordering::SeqCst);
                match n {
                    n if n >= length => return,
                    n if n % RESETS == RESETS - 1 => history.reset(&app).await,
                    n if n % ISSUES == 0 => history.issue(&app, n / ISSUES).await,
                    n => history.use_one(&app, n).await,
                }
                if let Some(clock) = &clock
                    && n % 97 == 0
                {
                    step(clock, n / 97);
                }
            }
        }
    };
    let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(worker())).collect();
    for worker in workers {
        worker.await.unwrap();
    }
    history
}

/// An hour forward, an hour back, and so on.
fn step(clock: &TestClock, n: usize) {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    match n % 4 {
        0 | 3 => clock.advance(HOUR),
        _ => clock.step_back(HOUR),
    }
}

async fn run(builder: testkit::Builder, steps: bool) {
    let app: TestApp = builder.token_cap(500).start().await;
    app.create_user(HANDLE).await;
    let clock = steps.then(|| app.clock.clone());
    let history = app
        .with_app(|app| async move { make_history(&app, clock).await })
        .await;
    let (accepted, refused, resets) = history.check();
    eprintln!(
        "{} operations: {accepted} uses accepted, {refused} refused, {resets} resets",
        length()
    );
    assert!(accepted > length() / 20 && refused > length() / 20 && resets > length() / RESETS / 2);
}

both_engines! {
    async fn no_credential_outlives_a_reset(builder) {
        run(builder, false).await;
    }

    async fn nor_with_a_clock_that_jumps(builder) {
        run(builder, true).await;
    }
}
