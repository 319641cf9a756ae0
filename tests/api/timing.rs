//! What the time of an answer tells: nothing (security A.2, A.5). Welch's t over 2 × 10⁴ answers; beyond 4.5 it would.

use std::time::Instant;

use futures_util::future::join_all;
use model::{
    TokenId,
    token::{PlainToken, TokenKey},
};
use reqwest::header;
use serde_json::json;
use standpipe::ambient;
use testkit::{Engine, TestApp, client};

const SAMPLES: usize = 20_000;
/// Asked at the same time; each sample waits for its answer alone.
const LANES: usize = 4;
/// The same, of answers that come at fixed times: they mostly wait.
const WAITING_LANES: usize = 64;
const THRESHOLD: f64 = 4.5;

/// Welch's t of two samples.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let moments = |of: &[f64]| {
        let count = of.len() as f64;
        let mean = of.iter().sum::<f64>() / count;
        let variance = of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (moments(a), moments(b));
    (mean_a - mean_b) / (error_a + error_b).sqrt()
}

/// Without the slowest tenth, which is the machine's doing.
fn cropped(times: &[f64]) -> Vec<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.truncate(sorted.len() * 9 / 10);
    sorted
}

/// Asks both questions in turns, the order of each pair by a coin, and compares their times.
async fn compare<A, B>(lanes: usize, what: &str, one: impl Fn() -> A + Sync, other: impl Fn() -> B + Sync)
where
    A: Future<Output = ()>,
    B: Future<Output = ()>,
{
    let random = ambient::random();
    let lane = async || {
        let mut times = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES / lanes / 2 {
            let mut coin = random.symbols(b"01", 1) == "0";
            for _ in 0..2 {
                let started = Instant::now();
                if coin {
                    one().await;
                    times.0.push(started.elapsed().as_secs_f64());
                } else {
                    other().await;
                    times.1.push(started.elapsed().as_secs_f64());
                }
                coin = !coin;
            }
        }
        times
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (of_one, of_other) in join_all((0..lanes).map(|_| lane())).await {
        a.extend(of_one);
        b.extend(of_other);
    }
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64 * 1000.0;
    let (t, t_cropped) = (welch(&a, &b), welch(&cropped(&a), &cropped(&b)));
    println!(
        "{what}: {} samples, means {:.4} and {:.4} ms, t = {t:.2}, cropped {t_cropped:.2}",
        a.len() + b.len(),
        mean(&a),
        mean(&b)
    );
    assert!(
        t.abs() < THRESHOLD && t_cropped.abs() < THRESHOLD,
        "{what}: the time tells"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, and wants a quiet machine: run it by name"]
async fn a_token_that_never_was_takes_as_long_as_a_wrong_secret() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let id = app.bearer(&ana).await.token[4..24].to_owned();
    let random = ambient::random();
    let stranger = |id: TokenId| {
        let key = TokenKey::Api(id);
        PlainToken::generate(key, &random).expose().to_owned()
    };
    let wrong = app
        .anonymous()
        .with_token(stranger(format!("t_{id}").parse().unwrap()));
    let unknown = app
        .anonymous()
        .with_token(stranger(TokenId::new(app.app().now(), &random)));
    compare(
        LANES,
        "a bearer token",
        async || drop(wrong.get("/api/latest/actor").await.with_status(401)),
        async || drop(unknown.get("/api/latest/actor").await.with_status(401)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, and wants a quiet machine: run it by name"]
async fn a_known_address_takes_as_long_as_an_unknown_one() {
    let app = TestApp::builder(Engine::Sqlite)
        .configure(|config| {
            config.limits.sign_ins_per_ip = 10_000_000;
            config.limits.sign_ins_per_email_per_hour = 10_000_000;
        })
        .start()
        .await;
    let ana = app.create_user("ana").await;
    let origin = format!("http://localhost:{}", app.addresses().http.port());
    let client = client(app.addresses().http).build().unwrap();
    let ask = async |email: &str| {
        let form = client
            .post(format!("{origin}/login"))
            .header(header::ORIGIN, &origin)
            .form(&[("email", email)]);
        assert_eq!(form.send().await.unwrap().status(), 303);
    };
    compare(
        LANES,
        "a sign-in mail",
        async || ask(&ana.email).await,
        async || ask("bob@example.com").await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, and wants a quiet machine: run it by name"]
async fn a_name_that_somebody_had_takes_as_long_as_one_that_nobody_had() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
    let (ana, bob) = (app.bearer(&ana).await, app.bearer(&bob).await);
    ana.patch("/api/v0/user/ana", json!({ "handle": "bea" }))
        .await
        .with_status(200);
    compare(
        LANES,
        "a handle",
        async || drop(bob.get("/api/v0/user/ana").await.with_status(404)),
        async || drop(bob.get("/api/v0/user/eve").await.with_status(404)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes, and wants a quiet machine: run it by name"]
async fn a_report_of_a_token_takes_as_long_as_one_of_nothing() {
    let app = TestApp::builder(Engine::Sqlite)
        .configure(|config| config.limits.revocations_per_ip = 10_000_000)
        .start()
        .await;
    let ana = app.create_user("ana").await;
    let id = app.bearer(&ana).await.token[4..24].to_owned();
    let random = ambient::random();
    let forged = |id: TokenId| {
        let key = TokenKey::Api(id);
        PlainToken::generate(key, &random).expose().to_owned()
    };
    let anyone = app.anonymous();
    let report = async |token: String| {
        let report = json!({ "credentials": [token] });
        drop(
            anyone
                .post("/api/latest/credentials/revoke", report)
                .await
                .with_status(202),
        );
    };
    let (known, nobodys) = (format!("t_{id}").parse().unwrap(), app.app().now());
    compare(
        WAITING_LANES,
        "a report",
        async || report(forged(known)).await,
        async || report(forged(TokenId::new(nobodys, &random))).await,
    )
    .await;
}
