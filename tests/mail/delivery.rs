//! Mail by SMTP: once when all goes well, later when it does not, and never silently lost.

use std::time::Duration;

use app::outbox::WaitingMail;
use testkit::{TestApp, both_engines, until};

use super::sink::Sink;

const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn ask_for_a_link(app: &TestApp) {
    let form = [("email", "ana@example.com")];
    app.browser().post("/login", &form).await.with_status(303);
}

async fn waiting(app: &TestApp) -> Vec<WaitingMail> {
    app.with_app(|app| async move { app.admin_list_mail().await.unwrap() })
        .await
}

/// The one mail that waits, once something is said of it.
pub(super) async fn stuck(app: &TestApp, reason: &str) -> WaitingMail {
    until(reason, PATIENCE, async || {
        let mut mails = waiting(app).await;
        let is_it = |mail: &WaitingMail| mail.reason.as_deref().is_some_and(|said| said.contains(reason));
        mails.pop().filter(is_it)
    })
    .await
}

pub(super) async fn all_is_done(app: &TestApp) {
    until("nothing waits", PATIENCE, async || {
        waiting(app).await.is_empty().then_some(())
    })
    .await;
}

both_engines! {
    async fn a_mail_arrives_once_and_is_well_formed(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        let mail = sink.mail().await;
        assert_eq!((&mail["to"][0], &mail["sender"]), (&"ana@example.com".into(), &"standpipe@localhost".into()));
        assert!(mail["headers"]["Message-ID"].as_str().unwrap().starts_with("<m_"));
        let parts = mail["parts"].as_object().unwrap();
        assert_eq!(parts.keys().collect::<Vec<_>>(), ["text/plain", "text/html"]);
        for part in parts.values() {
            assert!(part.as_str().unwrap().contains("/login/confirm?t="));
        }
        all_is_done(&app).await;
        assert!(!sink.took_another().await);
    }

    async fn what_is_refused_for_now_is_tried_again(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        sink.tell("451").await;
        ask_for_a_link(&app).await;
        assert_eq!(sink.refusal().await, 451);
        let mail = stuck(&app, "451").await;
        assert!(mail.to == "ana@example.com" && mail.next.is_some() && mail.attempts == 1, "{mail:?}");
        sink.tell("ok").await;
        app.clock.advance(MINUTE);
        assert!(sink.mail().await["headers"]["Message-ID"].as_str().unwrap().contains(&mail.id.to_string()));
        all_is_done(&app).await;
        assert!(!sink.took_another().await);
    }

    async fn what_is_refused_for_good_is_kept_for_the_operator(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        sink.tell("550").await;
        ask_for_a_link(&app).await;
        assert_eq!(sink.refusal().await, 550);
        let mail = stuck(&app, "550").await;
        assert_eq!(mail.next, None, "it is given up");
        assert!(!mail.reason.unwrap().contains('@'), "a server's own words may name people");
        sink.tell("ok").await;
        app.elsewhere(move |app| async move { app.admin_retry_mail(mail.id).await.unwrap() }).await;
        sink.mail().await;
        all_is_done(&app).await;
    }

    async fn a_server_that_is_not_there_is_waited_for(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        sink.tell("close").await;
        ask_for_a_link(&app).await;
        stuck(&app, "cannot be reached").await;
        sink.tell("open").await;
        app.clock.advance(MINUTE);
        sink.mail().await;
        all_is_done(&app).await;
    }

    async fn the_operator_has_what_waits_tried_at_once(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        sink.tell("451").await;
        ask_for_a_link(&app).await;
        stuck(&app, "451").await;
        sink.tell("ok").await;
        // The clock stands.
        let count = app.elsewhere(|app| async move { app.admin_hasten_mail().await.unwrap() }).await;
        assert_eq!(count, 1);
        sink.mail().await;
        all_is_done(&app).await;
    }

    async fn a_link_that_works_no_more_is_not_sent(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        sink.tell("451").await;
        ask_for_a_link(&app).await;
        stuck(&app, "451").await;
        sink.tell("ok").await;
        app.clock.advance(16 * MINUTE);
        all_is_done(&app).await;
        assert!(!sink.took_another().await);
    }

    async fn what_nobody_takes_for_four_days_is_given_up(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        all_is_done(&app).await;
        sink.tell("451").await;
        bearer.patch("/api/v0/user/ana", serde_json::json!({"handle": "bea"})).await.with_status(200);
        assert!(stuck(&app, "451").await.next.is_some());
        app.clock.advance(4 * 24 * 60 * MINUTE + MINUTE);
        until("it is given up", PATIENCE, async || waiting(&app).await.pop().filter(|mail| mail.next.is_none())).await;
        app.elsewhere(|app| async move {
            let dead = app.admin_list_mail().await.unwrap().pop().unwrap();
            app.admin_drop_mail(dead.id).await.unwrap();
        }).await;
        all_is_done(&app).await;
    }
}
