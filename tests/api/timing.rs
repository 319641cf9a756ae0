//! What the time of an answer tells: nothing (security A.2, A.5). Welch's t over 2 × 10⁴ answers; beyond 4.5 it would.

use std::time::Instant;

use model::{
    TokenId,
    token::{PlainToken, TokenKey},
};
use reqwest::{Client, header};
use standpipe::ambient;
use testkit::{Engine, TestApp};

const SAMPLES: usize = 20_000;
/// Asked at the same time; each sample waits for its answer alone.
const LANES: usize = 4;
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
async fn compare<A, B>(what: &str, one: impl Fn() -> A + Sync, other: impl Fn() -> B + Sync)
where
    A: Future<Output = ()>,
    B: Future<Output = ()>,
{
    let random = ambient::random();
    let lane = async || {
        let mut times = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES / LANES / 2 {
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
    let lanes = tokio::join!(lane(), lane(), lane(), lane());
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (of_one, of_other) in [lanes.0, lanes.1, lanes.2, lanes.3] {
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
    drop(app.anonymous());
    let origin = format!("http://localhost:{}", app.addresses().http.port());
    let client = Client::builder()
        .no_proxy()
        .resolve("localhost", app.addresses().http)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let ask = async |email: &str| {
        let form = client
            .post(format!("{origin}/login"))
            .header(header::ORIGIN, &origin)
            .form(&[("email", email)]);
        assert_eq!(form.send().await.unwrap().status(), 303);
    };
    compare(
        "a sign-in mail",
        async || ask(&ana.email).await,
        async || ask("bob@example.com").await,
    )
    .await;
}
