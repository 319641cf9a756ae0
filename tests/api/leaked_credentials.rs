//! Leaked tokens: ended by whoever finds them, without a word about what was found.

use std::time::Instant;

use model::token::{PlainToken, TokenKey};
use serde_json::{Value, json};
use testkit::both_engines;

const REVOKE: &str = "/api/latest/credentials/revoke";
const ACTOR: &str = "/api/latest/actor";

/// A token of the same id with another secret and a right checksum.
fn forged(token: &str) -> String {
    let id = format!("t_{}", &token[4..24]).parse().unwrap();
    PlainToken::generate(TokenKey::Api(id), &standpipe::ambient::random())
        .expose()
        .to_owned()
}

both_engines! {
    async fn the_whole_secret_ends_it_and_its_owner_is_told(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let (leaked, other) = (app.bearer(&ana).await, app.bearer(&ana).await);
        let anyone = app.anonymous();

        let mut answers = Vec::new();
        for sent in [
            json!({"credentials": []}),
            json!({"credentials": ["hello", "tpt_x", "", forged(&leaked.token)]}),
            json!({"credentials": [leaked.token]}),
            json!({"credentials": [leaked.token, leaked.token]}),
        ] {
            let answer = anyone.post(REVOKE, sent).await.with_status(202);
            answers.push(answer.body);
        }
        assert!(answers.iter().all(|body| body == "{}"), "{answers:?}");
        leaked.get(ACTOR).await.with_status(401);
        other.get(ACTOR).await.with_status(200);

        let mail = app.mailbox.next(&ana.email).await;
        assert!(mail.text.contains(&leaked.token[leaked.token.len() - 4..]), "{}", mail.text);
        assert!(!mail.text.contains(&leaked.token));
        let log = other.get("/api/latest/user/ana/audit_log").await.json();
        let revoked: Vec<&Value> = log["items"].as_array().unwrap().iter().filter(|r| r["action_type"] == "token.revoke").collect();
        assert_eq!(revoked.len(), 1, "a replay ends nothing, and so writes nothing");
        assert_eq!(revoked[0]["target_id"], format!("t_{}", &leaked.token[4..24]));
        assert_eq!((revoked[0]["actor_handle"].as_str(), revoked[0]["credential"]["kind"].as_str()), (Some("anonymous"), Some("none")));
        assert!(!log.to_string().contains(&leaked.token));
    }

    async fn a_session_ends_too(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        let cookie = browser.cookie_values().into_iter().find(|value| value.starts_with("tptt_")).unwrap();
        app.anonymous().post(REVOKE, json!({"credentials": [cookie]})).await.with_status(202);
        browser.get("/settings/profile").await.with_status(303);
        assert!(app.mailbox.next(&ana.email).await.text.contains("leaked"));
    }

    async fn the_time_does_not_tell_what_was_found(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let leaked = app.bearer(&ana).await;
        for sent in [vec![], vec!["hello".to_owned()], vec![forged(&leaked.token)], vec![leaked.token.clone()]] {
            let begun = Instant::now();
            app.anonymous().post(REVOKE, json!({"credentials": sent})).await.with_status(202);
            assert!(begun.elapsed().as_millis() >= 200, "no answer comes earlier");
        }
        app.mailbox.next(&ana.email).await;
    }

    async fn reports_are_bounded_in_size_and_number(builder) {
        let app = builder.configure(|config| config.limits.revocations_per_ip = 3).start().await;
        let anyone = app.anonymous();
        let many = vec!["tpt_x"; 101];
        anyone.post(REVOKE, json!({"credentials": many})).await.with_status(400);
        anyone.post(REVOKE, json!({"credentials": [1]})).await.with_status(400);
        anyone.post(REVOKE, json!({"credentials": many[1..]})).await.with_status(202);
        anyone.post_nothing(REVOKE).await.with_status(202);
        let refused = anyone.post_nothing(REVOKE).await.with_status(429);
        assert_eq!(refused.json()["type"], "rate_limited");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    }
}
