//! Identities and what hangs on the actor (contract §1.1, §1.2): public names, and no way to collect them.

use serde_json::{Value, json};
use testkit::both_engines;

fn handles(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["handle"].as_str().unwrap())
        .collect()
}

both_engines! {
    async fn an_identity_is_public_and_a_stale_token_is_ignored(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let id = bearer.get("/api/v0/actor").await.json()["id"].as_str().unwrap().to_owned();
        let stale = app.anonymous().with_token(bearer.token.clone());
        bearer.delete("/api/v0/user/ana/token/current").await.with_status(204);
        stale.get("/api/v0/actor").await.with_status(401);
        for caller in [&stale, &app.anonymous().with_token("nonsense")] {
            for name in ["ana", id.as_str()] {
                let seen = caller.get(&format!("/api/v0/identity/{name}")).await.with_status(200).json();
                assert_eq!((&seen["id"], &seen["handle"], &seen["type"]), (&json!(id), &json!("ana"), &json!("user")));
                assert_eq!(seen["tenant_id"], seen["tenant"]["id"]);
                assert!(seen.get("display_name").is_none(), "an empty name is left out: {seen}");
                let picture = caller.get(&format!("/api/v0/identity/{name}/avatar")).await.with_status(200);
                assert_eq!(picture.header("content-type"), "image/svg+xml");
            }
        }
        for unknown in ["eve", "u_00000000000000000000", "Not%20A%20Handle", "%00"] {
            let refused = app.anonymous().get(&format!("/api/v0/identity/{unknown}")).await.with_status(404);
            assert_eq!(refused.json()["type"], "not_found");
        }
        app.anonymous().get("/api/v0/identity/eve/avatar").await.with_status(404);
    }

    async fn a_handle_that_was_given_up_is_like_one_that_never_was(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        bearer.patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(200);
        let text = |answer: &testkit::Answer| {
            let mut body = answer.json();
            body["instance"] = Value::Null;
            body
        };
        for path in ["", "/avatar"] {
            let old = app.anonymous().get(&format!("/api/v0/identity/ana{path}")).await.with_status(404);
            let never = app.anonymous().get(&format!("/api/v0/identity/eve{path}")).await.with_status(404);
            assert_eq!(text(&old), text(&never));
        }
        app.anonymous().get("/api/v0/identity/bea").await.with_status(200);
    }

    async fn strangers_find_what_they_can_name_and_people_search(builder) {
        let app = builder.start().await;
        for handle in ["ana", "anatol", "bob", "diana"] {
            app.create_user(handle).await;
        }
        let bob = app.create_user("carl").await;
        let bearer = app.bearer(&bob).await;
        bearer.patch("/api/v0/user/carl", json!({"display_name": "100% ANAlyst"})).await.with_status(200);
        let stranger = app.anonymous();
        for (query, found) in [("", vec![]), ("?q=an", vec![]), ("?q=ana", vec!["ana"]), ("?q=%25", vec![]), ("?q=ana&next_token=MC4w", vec![])] {
            let list = stranger.get(&format!("/api/v0/identity{query}")).await.with_status(200).json();
            assert_eq!(handles(&list), found, "{query}");
            assert!(list.get("next_token").is_none());
        }
        let search = async |query: &str| bearer.get(&format!("/api/v0/identity{query}")).await.with_status(200).json();
        // Ids of one second come in any order.
        let found = search("?q=ANA").await;
        let mut found = handles(&found);
        found.sort_unstable();
        assert_eq!(found, ["ana", "anatol", "carl", "diana"]);
        assert_eq!(handles(&search("?q=100%25").await), ["carl"]);
        assert_eq!(handles(&search("?q=_").await), [""; 0], "signs of a pattern are taken literally");
        let (mut all, mut query) = (Vec::new(), "?limit=2&next_token=".to_owned());
        loop {
            let page = search(&query).await;
            all.extend(handles(&page).into_iter().map(str::to_owned));
            match page["next_token"].as_str() {
                Some(next) => query = format!("?limit=2&next_token={next}"),
                None => break,
            }
        }
        all.sort_unstable();
        assert_eq!(all, ["ana", "anatol", "bob", "carl", "diana"]);
        bearer.get(&format!("/api/v0/identity?q={}", "x".repeat(101))).await.with_status(400);
        // A token that sees nothing of its own account does not see those of others.
        let query = bearer.post("/api/v0/user/carl/token", json!({"scope": "query"})).await.with_status(201).json();
        let narrow = app.anonymous().with_token(query["token"].as_str().unwrap());
        assert_eq!(handles(&narrow.get("/api/v0/identity?q=an").await.with_status(200).json()), [""; 0]);
    }

    async fn names_cannot_be_collected(builder) {
        let app = builder.configure(|config| config.limits.identities_per_ip = 5).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for path in ["/api/v0/identity/ana", "/api/v0/identity/eve", "/api/v0/identity?q=ana", "/api/v0/identity/eve/avatar", "/api/v0/identity"] {
            app.anonymous().get(path).await;
        }
        for path in ["/api/v0/identity/ana", "/api/v0/identity/eve", "/api/v0/identity?q=ana", "/api/v0/identity/ana/avatar"] {
            app.anonymous().get(path).await.with_status(429).header("retry-after");
        }
        // A page of a list is no way around, and neither is a search of somebody who is known.
        let around = app.anonymous().get("/api/v0/identity?q=ana&next_token=MC4w").await.with_status(200).json();
        assert_eq!(around, json!({"items": []}));
        bearer.get("/api/v0/identity?q=a").await.with_status(429);
        // Who has an account may look at one, as the command line does at each start.
        for _ in 0..10 {
            bearer.get("/api/v0/identity/ana").await.with_status(200);
        }
        let id = bearer.get("/api/v0/actor").await.json()["id"].as_str().unwrap().to_owned();
        app.anonymous().get(&format!("/api/v0/identity/{id}/avatar")).await.with_status(200);
    }

    async fn the_actor_has_a_log_workspaces_and_nothing_of_organisations(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let workspace = app.create_workspace(&bearer, &ana, "dev").await;
        let list = bearer.get("/api/v0/actor/workspace?limit=100").await.with_status(200).json();
        let one = &list["items"][0];
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(one["workspace"], workspace);
        for field in ["id", "handle", "host", "database_name", "identity_id"] {
            assert_eq!(one[field], workspace[field], "{field}");
        }
        assert_eq!((&one["workspace_id"], &one["role"]), (&workspace["id"], &json!("owner")));
        assert_eq!(one["identity"], app.anonymous().get("/api/v0/identity/ana").await.json());
        let activity = bearer.get("/api/v0/actor/activity?limit=2").await.with_status(200).json();
        assert_eq!(activity, bearer.get("/api/v0/user/ana/audit_log?limit=2").await.json());
        for empty in ["conn", "org", "org/invite"] {
            let list = bearer.get(&format!("/api/v0/actor/{empty}?limit=100")).await.with_status(200).json();
            assert_eq!(list, json!({"items": []}));
            bearer.get(&format!("/api/v0/actor/{empty}?limit=x")).await.with_status(400);
        }
        for path in ["/org/acme", "/org/acme/workspace/dev", "/org/o_00000000000000000000/workspace/w/process?limit=100&where="] {
            let refused = bearer.get(&format!("/api/v0{path}")).await.with_status(404);
            assert_eq!(refused.header("content-type"), "application/json");
            assert_eq!(refused.json()["type"], "not_found");
        }
    }

    async fn accounts_are_listed_to_their_owner_and_made_by_nobody_else(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        app.create_user("bob").await;
        let bearer = app.bearer(&ana).await;
        let list = bearer.get("/api/v0/user?limit=0").await.with_status(200).json();
        assert_eq!(list, json!({"items": [bearer.get("/api/v0/actor").await.json()]}));
        let refused = bearer.post("/api/v0/user", json!({"email": "c@example.com", "handle": "carl"})).await.with_status(403).json();
        assert_eq!(refused["type"], "accounts_by_sign_up");
        // The same answer for a known and an unknown address, and a mail to each.
        for path in ["/api/v0/login", "/api/v0/signup"] {
            for email in [ana.email.as_str(), "new@example.com"] {
                let asked = app.anonymous().post(path, json!({"email": email, "state": "x"})).await.with_status(201);
                assert_eq!(asked.body, "");
                app.mailbox.next(email).await;
            }
            app.anonymous().post(path, json!({"email": "no address"})).await.with_status(400);
            app.anonymous().get(path).await.with_status(405);
        }
        app.anonymous().get("/api/v0/login/confirm?t=x").await.with_status(404);
    }
}
