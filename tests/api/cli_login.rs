//! A command line's login, by a scripted copy of what Pipes' command lines send (contract §5.1; security A.3).

use std::time::Duration;

use serde_json::json;
use testkit::{Anonymous, Answer, Browser, Person, TestApp, both_engines};

const SECOND: Duration = Duration::from_secs(1);
const LIFE: Duration = Duration::from_secs(600);
const PAGE: &str = "/login/token";

/// The command line: it asks once, then sends what its person types.
#[derive(Clone)]
struct Cli {
    caller: Anonymous,
    id: String,
}

impl Cli {
    /// Over TLS, without a body, as the command lines do.
    async fn begin(app: &TestApp) -> Self {
        let caller = app.anonymous_over_tls();
        let asked = caller.post_nothing("/api/v0/login/token").await;
        assert!((200..300).contains(&asked.status), "{}", asked.body);
        let request = asked.json();
        assert_eq!(
            (&request["state"], &request["code"]),
            (&json!("pending"), &json!(""))
        );
        assert_eq!(request["client_ip"], "127.0.0.1");
        let id = request["id"].as_str().unwrap().to_owned();
        Self { caller, id }
    }

    async fn types(&self, code: &str) -> Answer {
        self.caller
            .get(&format!("/api/v0/login/token/{}?code={code}", self.id))
            .await
    }

    /// What the command line keeps: by its own rule an answer of success without `pending` is one.
    async fn token(&self, code: &str) -> String {
        let answer = self.types(code).await.with_status(200).json();
        assert_eq!(answer["state"], "confirmed");
        answer["token"].as_str().unwrap().to_owned()
    }

    fn page(&self) -> String {
        format!("{PAGE}?r={}", self.id)
    }

    /// The person presses Verify; the code that they see.
    async fn verified_in(&self, browser: &Browser) -> String {
        let page = browser
            .submit(&self.page(), PAGE, &[("r", &self.id)])
            .await
            .with_status(200);
        code_in(&page)
    }
}

fn code_in(page: &Answer) -> String {
    let (_, rest) = page
        .body
        .split_once("<code id=\"code\">")
        .unwrap_or_else(|| panic!("no code in {}", page.body));
    let code = rest.split('<').next().unwrap().to_owned();
    assert!(
        code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{code}"
    );
    code
}

/// Another code than `code`, a different one for each `n`.
fn wrong(code: &str, n: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1 + n) % 1_000_000)
}

/// A server, a person, and their browser.
async fn world(builder: testkit::Builder) -> (TestApp, Person, Browser) {
    let mut app = builder.start().await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    (app, ana, browser)
}

async fn sessions(app: &TestApp, person: &Person) -> Vec<serde_json::Value> {
    let handle = &person.handle;
    let listed = app
        .bearer(person)
        .await
        .get(&format!("/api/v0/user/{handle}/session"))
        .await
        .json();
    listed["items"].as_array().unwrap().clone()
}

/// The records with this action that tell of a command line.
async fn records(app: &TestApp, person: &Person, action: &str) -> Vec<serde_json::Value> {
    let bearer = app.bearer(person).await;
    let log = bearer
        .get(&format!("/api/v0/user/{}/audit_log?limit=100", person.handle))
        .await
        .json();
    let all = log["items"].as_array().unwrap().iter();
    all.filter(|record| record["action_type"] == action && record["data"]["purpose"] == "cli")
        .cloned()
        .collect()
}

both_engines! {
    async fn a_command_line_logs_in(builder) {
        let (mut app, ana, browser) = world(builder.token_cap(10)).await;
        let cli = Cli::begin(&app).await;
        let early = cli.types("123456").await.with_status(200).json();
        assert_eq!(early["state"], "pending");
        assert!(early.get("token").is_none());

        let page = browser.get(&cli.page()).await.with_status(200);
        assert!(page.body.contains("127.0.0.1") && page.body.contains("Did you start this login?"), "{}", page.body);
        assert!(!page.body.contains("id=\"code\""), "no code before Verify");
        let code = cli.verified_in(&browser).await;
        let polled = cli.types("").await.with_status(400).json();
        assert!(polled["detail"].as_str().unwrap().contains("Type the 6-digit code"), "confirmed, and no token without the code");
        let token = cli.token(&code).await;
        assert!(token.starts_with("tptt_"));

        let signed_in = cli.caller.with_token(&token);
        assert_eq!(signed_in.get("/api/v0/actor").await.with_status(200).json()["handle"], "ana");
        let mail = app.mailbox.next(&ana.email).await;
        assert!(mail.head.contains("A command line signed in") && mail.text.contains("/settings/sessions"), "{}", mail.raw);
        let listed = sessions(&app, &ana).await;
        let session = listed.iter().find(|session| session["kind"] == "cli").unwrap();
        let days = |name: &str| session[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(days("expires_at").duration_since(days("created_at")).as_hours(), 30 * 24);
        assert_eq!(records(&app, &ana, "login.confirm").await.len(), 1);
        assert_eq!(records(&app, &ana, "session.create").await[0]["credential"]["kind"], "cli");

        // Used once, for good.
        let again = cli.types(&code).await.with_status(410).json();
        assert!(again["detail"].as_str().unwrap().contains("was used"), "{again}");
        browser.get(&cli.page()).await.with_status(410);

        // It is a session of the command line under Settings, and ends from there.
        let shown = browser.get("/settings/sessions").await.with_status(200);
        assert!(shown.body.contains("Command line"));
        let id = session["id"].as_str().unwrap();
        browser.submit("/settings/sessions", &format!("/settings/sessions/{id}/end"), &[]).await.with_status(303);
        signed_in.get("/api/v0/actor").await.with_status(401);
    }

    async fn five_wrong_codes_burn_a_login(builder) {
        let (app, ana, browser) = world(builder.token_cap(10)).await;
        let cli = Cli::begin(&app).await;
        let code = cli.verified_in(&browser).await;
        for n in 0..5 {
            let detail = cli.types(&wrong(&code, n)).await.with_status(400).json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(["4 tries", "3 tries", "2 tries", "One try", "run the login command again"][n as usize]), "{detail}");
        }
        let burned = cli.types(&code).await.with_status(410).json();
        assert!(burned["detail"].as_str().unwrap().contains("Run the login command again"), "{burned}");
        browser.get(&cli.page()).await.with_status(410);
        assert_eq!(records(&app, &ana, "login.fail").await.len(), 5);
        assert!(sessions(&app, &ana).await.iter().all(|session| session["kind"] == "console"));
        assert!(app.mailbox.count(&ana.email) == 0, "nobody signed in");
    }

    async fn another_code_gives_no_more_tries(builder) {
        let (app, _, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let first = cli.verified_in(&browser).await;
        for n in 0..4 {
            cli.types(&wrong(&first, n)).await.with_status(400);
        }
        let second = cli.verified_in(&browser).await;
        if first != second {
            cli.types(&first).await.with_status(400);
        }
        cli.types(&second).await.with_status(410);
    }

    async fn of_200_guesses_at_once_five_are_looked_at(builder) {
        let (app, ana, browser) = world(builder.token_cap(10)).await;
        let cli = Cli::begin(&app).await;
        let code = cli.verified_in(&browser).await;
        let guesses: Vec<_> = (0..200).map(|n| {
            let (cli, guess) = (cli.clone(), wrong(&code, n));
            tokio::spawn(async move { cli.types(&guess).await })
        }).collect();
        let mut looked_at = 0;
        for guess in guesses {
            let answer = guess.await.unwrap();
            match answer.status {
                400 => looked_at += 1,
                _ => assert_eq!(answer.status, 410, "{}", answer.body),
            }
        }
        assert_eq!(looked_at, 5, "answers that say something of the code");
        assert_eq!(records(&app, &ana, "login.fail").await.len(), 5, "each code that was compared is recorded");
        cli.types(&code).await.with_status(410);
    }

    async fn the_right_code_200_times_at_once_is_one_token(builder) {
        let (app, ana, browser) = world(builder.token_cap(10)).await;
        let cli = Cli::begin(&app).await;
        let code = cli.verified_in(&browser).await;
        let tries: Vec<_> = (0..200).map(|_| {
            let (cli, code) = (cli.clone(), code.clone());
            tokio::spawn(async move { cli.types(&code).await })
        }).collect();
        let mut tokens = 0;
        for attempt in tries {
            let answer = attempt.await.unwrap();
            match answer.status {
                200 => { assert!(answer.json()["token"].is_string()); tokens += 1; }
                _ => assert_eq!(answer.status, 410, "{}", answer.body),
            }
        }
        assert_eq!(tokens, 1);
        assert_eq!(sessions(&app, &ana).await.iter().filter(|session| session["kind"] == "cli").count(), 1);
    }

    async fn denied_is_over(builder) {
        let (app, ana, browser) = world(builder.token_cap(10)).await;
        for verified in [false, true] {
            let cli = Cli::begin(&app).await;
            let code = if verified { cli.verified_in(&browser).await } else { "123456".to_owned() };
            let denied = browser.submit(&cli.page(), "/login/token/deny", &[("r", &cli.id)]).await.with_status(200);
            assert!(denied.body.contains("The login is denied"));
            let told = cli.types(&code).await.with_status(410).json();
            assert!(told["detail"].as_str().unwrap().contains("was denied"), "{told}");
            browser.get(&cli.page()).await.with_status(410);
        }
        assert_eq!(records(&app, &ana, "login.fail").await.len(), 2);
    }

    async fn who_asked_can_give_up(builder) {
        let (app, _, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let code = cli.verified_in(&browser).await;
        for _ in 0..2 {
            cli.caller.delete(&format!("/api/v0/login/token/{}", cli.id)).await.with_status(200);
        }
        cli.types(&code).await.with_status(410);
    }

    async fn it_ends_after_ten_minutes_to_the_second(builder) {
        let (app, _, browser) = world(builder).await;
        let (one, two) = (Cli::begin(&app).await, Cli::begin(&app).await);
        let (code, late) = (one.verified_in(&browser).await, two.verified_in(&browser).await);
        app.clock.advance(LIFE - 30 * SECOND);
        one.token(&code).await;
        app.clock.advance(30 * SECOND);
        let told = two.types(&late).await.with_status(410).json();
        assert!(told["detail"].as_str().unwrap().contains("too old"), "{told}");
        browser.get(&two.page()).await.with_status(410);
        // Never verified, it ends as well.
        let three = Cli::begin(&app).await;
        app.clock.advance(LIFE);
        three.types("123456").await.with_status(410);
        app.clock.advance(24 * 60 * 60 * SECOND + SECOND);
        app.app().remove_expired().await.unwrap();
        let gone = three.types("123456").await.with_status(404).json();
        assert!(gone["detail"].as_str().unwrap().contains("Run the login command again"), "{gone}");
    }

    async fn it_is_dead_after_a_reset(builder) {
        let (app, ana, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let code = cli.verified_in(&browser).await;
        let reset = json!({"token_min_issued_at": "2999-01-01T00:00:00Z"});
        app.bearer(&ana).await.patch("/api/v0/user/ana", reset).await.with_status(200);
        let told = cli.types(&code).await.with_status(410).json();
        assert!(told["detail"].as_str().unwrap().contains("was reset"), "{told}");
        assert!(sessions(&app, &ana).await.is_empty());
    }

    async fn a_reset_ends_the_logins_that_there_are(builder) {
        let (app, ana, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let token = cli.token(&cli.verified_in(&browser).await).await;
        let reset = json!({"token_min_issued_at": "2999-01-01T00:00:00Z"});
        app.bearer(&ana).await.patch("/api/v0/user/ana", reset).await.with_status(200);
        assert_eq!(cli.caller.with_token(token).get("/api/v0/actor").await.with_status(401).json()["type"], "unauthenticated");
    }

    async fn issuing_and_resetting_never_cross(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        for _ in 0..5 {
            let browser = app.browser();
            let link = app.app().admin_sign_in_link("ana").await.unwrap();
            browser.follow(&link).await.with_status(303);
            let cli = Cli::begin(&app).await;
            let code = cli.verified_in(&browser).await;
            let bearer = app.bearer(&ana).await;
            let types = { let cli = cli.clone(); tokio::spawn(async move { cli.types(&code).await }) };
            let reset = json!({"token_min_issued_at": "2999-01-01T00:00:00Z"});
            bearer.patch("/api/v0/user/ana", reset).await.with_status(200);
            let answer = types.await.unwrap();
            if answer.status == 200 {
                let token = answer.json()["token"].as_str().unwrap().to_owned();
                cli.caller.with_token(token).get("/api/v0/actor").await.with_status(401);
            }
        }
    }

    async fn an_account_that_is_disabled_or_deleted_gets_nothing(builder) {
        let (app, ana, browser) = world(builder.token_cap(10)).await;
        let (one, two) = (Cli::begin(&app).await, Cli::begin(&app).await);
        let (first, second) = (one.verified_in(&browser).await, two.verified_in(&browser).await);
        let keeper = app.bearer(&ana).await;
        app.app().admin_set_user_active("ana", false).await.unwrap();
        let told = one.types(&first).await.with_status(401).json();
        assert_eq!(told["type"], "account_disabled");
        app.app().admin_set_user_active("ana", true).await.unwrap();
        one.token(&first).await;
        keeper.delete("/api/v0/user/ana").await.with_status(200);
        two.types(&second).await.with_status(404);
    }

    async fn a_bearer_token_that_does_not_work_is_not_looked_at(builder) {
        let (app, ana, browser) = world(builder).await;
        let stale = app.bearer(&ana).await;
        stale.delete("/api/v0/user/ana/token/current").await.with_status(204);
        for token in [stale.token.as_str(), "nonsense", ""] {
            let caller = app.anonymous_over_tls().with_token(token);
            caller.get("/api/v0/actor").await.with_status(401);
            let id = caller.post_nothing("/api/v0/login/token").await.with_status(201).json()["id"].as_str().unwrap().to_owned();
            let cli = Cli { caller: app.anonymous_over_tls(), id };
            let code = cli.verified_in(&browser).await;
            let answer = caller.get(&format!("/api/v0/login/token/{}?code={code}", cli.id)).await.with_status(200);
            assert!(answer.json()["token"].is_string());
        }
    }

    async fn the_login_is_of_whoever_verified_it_first(builder) {
        let (mut app, ana, browser) = world(builder).await;
        let bob = app.create_user("bob").await;
        let bobs = app.signed_in(&bob).await;
        let (cli, other) = (Cli::begin(&app).await, Cli::begin(&app).await);
        let csrf = bobs.get(&cli.page()).await.with_status(200).hidden("csrf");
        let code = cli.verified_in(&browser).await;
        bobs.get(&cli.page()).await.with_status(410);
        bobs.post(PAGE, &[("csrf", &csrf), ("r", &cli.id)]).await.with_status(410);
        // The code of one request is nothing to another.
        let others = other.verified_in(&bobs).await;
        if code != others {
            other.types(&code).await.with_status(400);
        }
        let (anas_token, bobs_token) = (cli.token(&code).await, other.token(&others).await);
        for (token, handle) in [(anas_token, "ana"), (bobs_token, "bob")] {
            assert_eq!(cli.caller.with_token(token).get("/api/v0/actor").await.json()["handle"], handle);
        }
        assert_eq!(app.mailbox.count(&ana.email), 1);
    }

    async fn no_token_lets_a_command_line_in(builder) {
        let (app, ana, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let path = format!("/api/v0/login/token/{}", cli.id);
        let bearer = app.bearer(&ana).await;
        let refused = bearer.patch(&path, json!({"state": "confirmed"})).await.with_status(403).json();
        assert_eq!(refused["type"], "browser_required");
        bearer.patch(&path, json!({"state": "denied"})).await.with_status(400);
        cli.caller.patch(&path, json!({"state": "confirmed"})).await.with_status(401);
        let token = cli.token(&cli.verified_in(&browser).await).await;
        let second = Cli::begin(&app).await;
        let path = format!("/api/v0/login/token/{}", second.id);
        cli.caller.with_token(token).patch(&path, json!({"state": "confirmed"})).await.with_status(403);
        assert_eq!(second.types("000000").await.json()["state"], "pending");
    }

    async fn an_id_with_another_secret_is_no_request(builder) {
        let (app, _, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let other = Cli { id: format!("{}{}", &cli.id[..27], "0".repeat(26)), ..cli.clone() };
        for path in [&other.id, "x", "spttr_00000000000000000000_00000000000000000000000000"] {
            let answer = cli.caller.get(&format!("/api/v0/login/token/{path}?code=123456")).await.with_status(404);
            assert!(answer.json()["detail"].as_str().unwrap().contains("Run the login command again"));
        }
        cli.caller.delete(&format!("/api/v0/login/token/{}", other.id)).await.with_status(404);
        browser.get(&other.page()).await.with_status(410);
        assert_eq!(cli.types("123456").await.json()["state"], "pending");
    }

    async fn too_many_requests_are_told_when_to_come_back(builder) {
        let app = builder.configure(|config| config.limits.cli_logins_per_ip = 3).start().await;
        let caller = app.anonymous();
        for _ in 0..3 {
            caller.post_nothing("/api/v0/login/token").await.with_status(201);
        }
        let refused = caller.post_nothing("/api/v0/login/token").await.with_status(429);
        assert!((1..=21).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    }

    async fn so_many_wait_and_no_more(builder) {
        let app = builder.configure(|config| config.limits.cli_logins_pending = 20).start().await;
        let asked: Vec<_> = (0..60).map(|_| {
            let caller = app.anonymous();
            tokio::spawn(async move { caller.post_nothing("/api/v0/login/token").await })
        }).collect();
        let mut let_in = 0;
        for answer in asked {
            let answer = answer.await.unwrap();
            match answer.status {
                201 => let_in += 1,
                _ => assert_eq!(answer.with_status(429).header("retry-after"), "60"),
            }
        }
        assert_eq!(let_in, 20);
        app.clock.advance(LIFE);
        app.anonymous().post_nothing("/api/v0/login/token").await.with_status(201);
    }

    async fn whoever_is_signed_out_signs_in_first_and_comes_back(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let cli = Cli::begin(&app).await;
        let browser = app.browser();
        let away = browser.get(&cli.page()).await.with_status(303);
        let next = browser.get(away.header("location")).await.with_status(200).hidden("next");
        assert_eq!(next, cli.page());
        browser.post("/login", &[("email", &ana.email), ("next", &next)]).await.with_status(303);
        let link = app.mailbox.next(&ana.email).await.link();
        let back = browser.follow(&link).await.with_status(303);
        assert_eq!(back.header("location"), cli.page());
        cli.token(&cli.verified_in(&browser).await).await;
    }

    async fn a_sign_in_of_long_ago_is_confirmed_first(builder) {
        let (mut app, ana, browser) = world(builder).await;
        app.clock.advance(13 * 60 * 60 * SECOND);
        let cli = Cli::begin(&app).await;
        let asked = browser.submit(&cli.page(), PAGE, &[("r", &cli.id)]).await.with_status(403);
        assert!(asked.body.contains("Let a command line in"), "{}", asked.body);
        assert_eq!(cli.types("123456").await.json()["state"], "pending");
        // Refusing needs no proof.
        let other = Cli::begin(&app).await;
        browser.submit(&other.page(), "/login/token/deny", &[("r", &other.id)]).await.with_status(200);
        let (csrf, request) = (asked.hidden("csrf"), asked.hidden("request"));
        let mailed = app.mailbox.next(&ana.email).await.code();
        let form = [("csrf", csrf.as_str()), ("request", &request), ("code", &mailed)];
        let code = code_in(&browser.post("/settings/confirm", &form).await.with_status(200));
        cli.token(&code).await;
    }

    async fn a_form_of_a_stranger_lets_nobody_in(builder) {
        let (app, _, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        browser.post(PAGE, &[("r", &cli.id)]).await.with_status(403);
        browser.post(PAGE, &[("r", &cli.id), ("csrf", "guessed")]).await.with_status(403);
        for query in [format!("{}&state=confirmed", cli.page()), format!("{}&csrf=x", cli.page())] {
            browser.get(&query).await.with_status(200);
        }
        assert_eq!(cli.types("123456").await.json()["state"], "pending", "an address verifies nothing");
    }

    async fn neither_key_nor_code_is_kept(builder) {
        let (app, _, browser) = world(builder).await;
        let cli = Cli::begin(&app).await;
        let code = cli.verified_in(&browser).await;
        for (table, row) in app.dump_store().await {
            assert!(!row.contains(&cli.id[27..]), "{table}: {row}");
            if table == "cli_logins" {
                assert!(!row.contains(&code), "{row}");
            }
        }
    }
}
