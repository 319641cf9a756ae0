//! E-mail addresses (contract §1.4), and the mails that tell of them.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Bearer, TestApp, both_engines};

const EMAILS: &str = "/api/v0/user/ana/email";
const NEW: &str = "ana@work.example";

fn path(email: &Value) -> String {
    format!("{EMAILS}/{}", email["id"].as_str().unwrap())
}

fn another(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn add(bearer: &Bearer, email: &str) -> Value {
    bearer
        .post(EMAILS, json!({ "email": email }))
        .await
        .with_status(201)
        .json()
}

/// Ana, with an address that is pending, and the code that was mailed to it.
async fn pending(app: &mut TestApp) -> (Bearer, Value, String) {
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let email = add(&bearer, NEW).await;
    let code = app.mailbox.next(NEW).await.code();
    (bearer, email, code)
}

async fn actions(bearer: &Bearer) -> Vec<String> {
    let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
    let records = log["items"].as_array().unwrap().iter();
    let own = records.map(|record| record["action_type"].as_str().unwrap().to_owned());
    own.filter(|action| action.starts_with("user.email.")).collect()
}

both_engines! {
    async fn an_address_is_pending_until_its_code_comes_back(builder) {
        let mut app = builder.start().await;
        let (bearer, email, code) = pending(&mut app).await;
        assert_eq!((&email["status"], &email["email"], &email["is_primary"]), (&json!("pending"), &json!(NEW), &json!(false)));
        assert!(email["id"].as_str().is_some_and(|id| id.starts_with("up_")) && email["version_id"] == 1);
        assert_eq!(bearer.get(&path(&email)).await.with_status(200).json(), email);
        // It opens nothing yet.
        let browser = app.browser();
        browser.post("/login", &[("email", NEW)]).await.with_status(303);
        assert!(app.mailbox.next(NEW).await.text.contains("choose your handle"));

        bearer.patch(&path(&email), json!({"code": another(&code)})).await.with_status(400);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        let verified = bearer.patch(&path(&email), json!({"code": spaced})).await.with_status(200).json();
        assert_eq!((&verified["status"], verified["version_id"].as_i64()), (&json!("verified"), Some(2)));
        for told in [NEW, "ana@example.com"] {
            let mail = app.mailbox.next(told).await;
            for fact in [NEW, "ana", "127.0.0.1", "UTC", "/not-me/email"] {
                assert!(mail.text.contains(fact), "{fact} in {}", mail.text);
            }
            assert_eq!(app.mailbox.count(told), 0, "exactly one mail");
        }
        // Any verified address signs in.
        app.browser().sign_in(NEW, &mut app.mailbox).await;
        let listed = bearer.get(EMAILS).await.with_status(200).json();
        let list: Vec<_> = listed["items"].as_array().unwrap().iter().map(|row| (row["email"].as_str().unwrap(), row["is_primary"].as_bool().unwrap())).collect();
        assert_eq!(list, [("ana@example.com", true), (NEW, false)]);
        assert_eq!(actions(&bearer).await, ["user.email.verify", "user.email.create"]);
        let log = bearer.get("/api/v0/user/ana/audit_log").await.body;
        assert!(!log.contains(&code));
    }

    async fn the_primary_address_moves_and_both_are_told(builder) {
        let mut app = builder.start().await;
        let (bearer, email, code) = pending(&mut app).await;
        let refused = bearer.patch(&path(&email), json!({"is_primary": true})).await.with_status(409).json();
        assert_eq!(refused["type"], "email_pending");
        bearer.patch(&path(&email), json!({"code": code, "is_primary": true})).await.with_status(200);
        for told in [NEW, "ana@example.com"] {
            // Of one second, in either order.
            let (one, other) = (app.mailbox.next(told).await.text, app.mailbox.next(told).await.text);
            let both = format!("{one}{other}");
            assert!(both.contains("is verified") && both.contains("go to ana@work.example from now on, and no longer to ana@example.com"), "{both}");
        }
        let items = bearer.get(EMAILS).await.json()["items"].as_array().unwrap().clone();
        let (old, new) = (&items[0], &items[1]);
        assert_eq!((&old["is_primary"], &new["is_primary"]), (&json!(false), &json!(true)));
        // The primary one stays; the other one goes, and is told.
        assert_eq!(bearer.delete(&path(new)).await.with_status(409).json()["type"], "email_is_primary");
        bearer.patch(&path(new), json!({"is_primary": false})).await.with_status(400);
        bearer.delete(&path(old)).await.with_status(204);
        bearer.delete(&path(old)).await.with_status(404);
        for told in [NEW, "ana@example.com"] {
            assert!(app.mailbox.next(told).await.text.contains("ana@example.com cannot be used to sign in any more"));
            assert_eq!(app.mailbox.count(told), 0);
        }
        assert_eq!(actions(&bearer).await[..2], ["user.email.delete", "user.email.update"]);
        app.browser().post("/login", &[("email", "ana@example.com")]).await.with_status(303);
        assert!(app.mailbox.next("ana@example.com").await.text.contains("choose your handle"), "nobody's now");
    }

    async fn an_address_of_somebody_else_gets_the_same_answer(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        app.create_user("bo").await;
        let bearer = app.bearer(&ana).await;
        let shape = |answer: Answer| {
            let mut body = answer.json();
            for field in ["id", "email", "created_at"] {
                body[field] = Value::Null;
            }
            (answer.status, body)
        };
        let taken = bearer.post(EMAILS, json!({"email": "Bo@example.com"})).await;
        let id = taken.json();
        let free = bearer.post(EMAILS, json!({"email": "nobody@example.com"})).await;
        assert_eq!(shape(taken), shape(free));
        app.mailbox.next("nobody@example.com").await.code();
        let told = app.mailbox.next("Bo@example.com").await.text;
        assert!(told.contains("add this address to another account") && !told.contains("verify?t="), "{told}");
        let resent = bearer.post_nothing(&format!("{}/resend", path(&id))).await;
        assert_eq!(resent.status, 200);
        app.mailbox.next("Bo@example.com").await;
        for guess in ["000000", "111111"] {
            bearer.patch(&path(&id), json!({"code": guess})).await.with_status(400);
        }
        // Bo signs in with it as ever.
        app.browser().sign_in("bo@example.com", &mut app.mailbox).await;
    }

    async fn two_may_claim_an_address_and_one_gets_it(builder) {
        let mut app = builder.start().await;
        let (bearer, email, code) = pending(&mut app).await;
        let bo = app.create_user("bo").await;
        let as_bo = app.bearer(&bo).await;
        let bos = as_bo.post("/api/v0/user/bo/email", json!({"email": NEW})).await.with_status(201).json();
        let bos_code = app.mailbox.next(NEW).await.code();
        let bos_path = format!("/api/v0/user/bo/email/{}", bos["id"].as_str().unwrap());
        // Neither address nor code is worth anything to the other.
        as_bo.get(&bos_path.replace(bos["id"].as_str().unwrap(), email["id"].as_str().unwrap())).await.with_status(404);
        bearer.patch(&format!("{EMAILS}/{}", bos["id"].as_str().unwrap()), json!({"code": bos_code})).await.with_status(404);
        if code != bos_code {
            bearer.patch(&path(&email), json!({"code": bos_code})).await.with_status(400);
        }
        let anas_path = path(&email);
        let mine = bearer.patch(&anas_path, json!({"code": code}));
        let theirs = as_bo.patch(&bos_path, json!({"code": bos_code}));
        let (mine, theirs) = tokio::join!(mine, theirs);
        let mut both = [mine.status, theirs.status];
        both.sort_unstable();
        assert_eq!(both, [200, 409], "{} {}", mine.body, theirs.body);
        app.mailbox.next(NEW).await;
    }

    async fn codes_end_after_five_tries_and_a_quarter_of_an_hour(builder) {
        let mut app = builder.start().await;
        let (bearer, email, code) = pending(&mut app).await;
        for _ in 0..4 {
            bearer.patch(&path(&email), json!({"code": another(&code)})).await.with_status(400);
        }
        bearer.patch(&path(&email), json!({"code": another(&code)})).await.with_status(410);
        bearer.patch(&path(&email), json!({"code": code})).await.with_status(410);
        bearer.post_nothing(&format!("{}/resend", path(&email))).await.with_status(200);
        let second = app.mailbox.next(NEW).await.code();
        app.clock.advance(Duration::from_secs(16 * 60));
        bearer.patch(&path(&email), json!({"code": second})).await.with_status(410);
        bearer.post_nothing(&format!("{}/resend", path(&email))).await.with_status(200);
        let third = app.mailbox.next(NEW).await.code();
        bearer.patch(&path(&email), json!({"code": third})).await.with_status(200);
        assert_eq!(bearer.post_nothing(&format!("{}/resend", path(&email))).await.with_status(409).json()["type"], "email_verified");
    }

    async fn an_account_has_ten_addresses_at_most(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for wrong in ["", "a", "a@b.c\r\nBcc: x@y.z", "ana@example.com", "ANA@example.com"] {
            bearer.post(EMAILS, json!({"email": wrong})).await.with_status(400);
        }
        let adds: Vec<_> = (0..14).map(|n| {
            let bearer = bearer.clone();
            tokio::spawn(async move { bearer.post(EMAILS, json!({"email": format!("ana{n}@many.example")})).await.status })
        }).collect();
        let mut statuses = Vec::new();
        for add in adds {
            statuses.push(add.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 9);
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5);
        let page = bearer.get(&format!("{EMAILS}?limit=4")).await.json();
        assert!(page["next_token"].is_string() && page["items"].as_array().unwrap().len() == 4);
        bearer.delete(&path(&page["items"][3])).await.with_status(204);
        bearer.post(EMAILS, json!({"email": "ana@more.example"})).await.with_status(201);
    }

    async fn mails_to_strangers_are_limited(builder) {
        let app = builder.configure(|config| config.limits.codes_per_user_per_hour = 2).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let email = add(&bearer, NEW).await;
        bearer.post_nothing(&format!("{}/resend", path(&email))).await.with_status(200);
        let refused = bearer.post_nothing(&format!("{}/resend", path(&email))).await.with_status(429);
        assert!(!refused.header("retry-after").is_empty());
        bearer.post(EMAILS, json!({"email": "ana@more.example"})).await.with_status(429);
    }
}
