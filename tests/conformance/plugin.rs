//! The Steampipe plugin (contract §4): the calls of each of its tables, ids in paths included. It takes pages until there
//! is no next one, and a `429` on a later page breaks it.

use serde_json::Value;
use testkit::{TestApp, both_engines};

use super::{client::Client, decode};

/// `ana` with a workspace `dev`; her id, and its.
async fn world(builder: testkit::Builder) -> (TestApp, Client, String, String) {
    let app = builder.with_workspaces().token_cap(10).start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let workspace = app.create_workspace(&bearer, &ana, "dev").await;
    let client = Client::new(&app).with(&app.bearer(&ana).await.token);
    let id = |name: &str| workspace[name].as_str().unwrap().to_owned();
    (app, client, id("identity_id"), id("id"))
}

/// All pages of a list, as the plugin asks for them: `limit` always, and `next_token` only once it has one.
async fn all(client: &Client, path: &str, limit: u32, rest: &str, item: fn(&Value)) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), None::<String>);
    for _ in 0..200 {
        let token = next
            .map(|token| format!("&next_token={token}"))
            .unwrap_or_default();
        let list = client
            .get(&format!("{path}?limit={limit}{token}{rest}"))
            .await
            .json("200 OK");
        let (items, more) = decode::page(&list, item);
        assert!(items.len() <= usize::try_from(limit.max(1)).unwrap());
        rows.extend(items);
        match more {
            Some(more) => next = Some(more),
            None => return rows,
        }
    }
    panic!("{path} has no last page");
}

both_engines! {
    async fn tables_of_the_account(builder) {
        let (_app, client, user, _) = world(builder).await;
        decode::user(&client.get("/actor").await.json("200 OK"));
        assert_eq!(all(&client, "/user/ana/email", 100, "", decode::email).await.len(), 1);
        decode::preferences(&client.get("/user/ana/preferences").await.json("200 OK"));
        let tokens = all(&client, "/user/ana/token", 1, "", decode::token).await;
        assert_eq!(tokens.len(), 2);
        decode::token(&client.get(&format!("/user/ana/token/{}", tokens[0]["id"].as_str().unwrap())).await.json("200 OK"));
        // The account is named by its handle and by its id.
        let by_handle = all(&client, "/user/ana/audit_log", 2, "", decode::audit_record).await;
        let by_id = all(&client, &format!("/user/{user}/audit_log"), 100, "", decode::audit_record).await;
        assert!(by_handle == by_id && by_handle.len() > 4);
        let times: Vec<_> = by_id.iter().map(|record| record["created_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "the newest is the first");
        let processes = all(&client, &format!("/user/{user}/process"), 100, "", decode::process).await;
        decode::process(&client.get(&format!("/user/ana/process/{}", processes[0]["id"].as_str().unwrap())).await.json("200 OK"));
    }

    async fn tables_of_workspaces(builder) {
        let (app, client, user, workspace) = world(builder).await;
        let own = all(&client, "/actor/workspace", 100, "", decode::actor_workspace).await;
        assert_eq!(own[0]["workspace"]["id"].as_str(), Some(workspace.as_str()));
        for name in ["ana", user.as_str()] {
            let list = all(&client, &format!("/user/{name}/workspace"), 100, "", decode::workspace).await;
            assert_eq!(list[0], own[0]["workspace"]);
        }
        decode::workspace(&client.get("/user/ana/workspace/dev").await.json("200 OK"));
        // Columns of a row.
        decode::identity(&client.get(&format!("/identity/{user}")).await.json("200 OK"));
        decode::user(&client.get(&format!("/user/{user}")).await.json("200 OK"));
        // The database log, of a connection that was.
        let password = client.get("/user/ana/password").await.json("200 OK");
        let ana = testkit::Person { handle: "ana".to_owned(), email: String::new() };
        app.psql_by_host(&ana, &own[0]["workspace"], password["$password"].as_str().unwrap()).run("SELECT 1").await.rows();
        let log = testkit::until("the connection is in the log", std::time::Duration::from_secs(20), async || {
            let rows = all(&client, &format!("/user/{user}/workspace/{workspace}/db_log"), 100, "", decode::log_record).await;
            (!rows.is_empty()).then_some(rows)
        }).await;
        assert_eq!(log.len(), 1);
        // Processes: a filter always, which may be empty or a time with fractions.
        let path = format!("/user/{user}/workspace/{workspace}/process");
        for (filter, count) in [("&where=", 1), ("&where=created_at+%3E%3D+%272006-01-02+15%3A04%3A05.00000%27", 1), ("&where=created_at+%3C+%272006-01-02+15%3A04%3A05.00000%27", 0)] {
            assert_eq!(all(&client, &path, 100, filter, decode::process).await.len(), count, "{filter}");
        }
        // `LIMIT 0` of SQL is sent as it is.
        all(&client, &format!("/user/{user}/process"), 0, "", decode::process).await;
    }

    async fn what_is_not_the_actors_is_not_there(builder) {
        let (_app, client, _, _) = world(builder).await;
        // The plugin ignores whatever error has 404 in its text.
        for path in ["/org/acme/audit_log?limit=100", "/org/acme/workspace?limit=100", "/org/o_00000000000000000000/workspace/w_00000000000000000000/process?limit=100&where=", "/user/bob/workspace?limit=100"] {
            client.get(path).await.error("404 Not Found");
        }
        for path in ["/actor/org?limit=100", "/actor/conn?limit=100", "/actor/org/invite?limit=100"] {
            let (items, next) = decode::page(&client.get(path).await.json("200 OK"), |_| {});
            assert!(items.is_empty() && next.is_none());
        }
    }

    async fn nobody_is_told_to_wait_in_the_middle_of_a_list(builder) {
        let app = builder.configure(|config| config.limits.requests_per_account = 20).start().await;
        let ana = app.create_user("ana").await;
        let client = Client::new(&app).with(&app.bearer(&ana).await.token);
        let list = client.get("/user/ana/audit_log?limit=1").await.json("200 OK");
        let (_, next) = decode::page(&list, decode::audit_record);
        let mut status = String::new();
        for _ in 0..40 {
            status = client.get("/actor").await.status;
        }
        assert_eq!(status, "429 Too Many Requests");
        client.get("/actor").await.error("429 Too Many Requests");
        let later = client.get(&format!("/user/ana/audit_log?limit=1&next_token={}", next.unwrap())).await;
        decode::page(&later.json("200 OK"), decode::audit_record);
        // An empty token is the first page, which waits.
        client.get("/user/ana/audit_log?limit=1&next_token=").await.error("429 Too Many Requests");
    }
}
