//! The authorisation matrix: every call of the API, with every kind of credential.

mod people;
mod table;

use std::collections::BTreeSet;

use people::{Account, Callers, Credential, EVERYTHING};
use serde_json::Value;
use table::{A_PICTURE, ENDPOINTS, Endpoint, LetsIn};
use testkit::{Answer, Builder, Engine, FormData, TestApp, both_engines};

/// The status and the code of a refusal, or the status alone.
type Outcome = (u16, String);

fn refused(status: u16, code: &str) -> Outcome {
    (status, code.to_owned())
}

/// What `credential` must get.
fn expected(endpoint: &Endpoint, credential: Credential) -> Outcome {
    let (read, query, code) = match endpoint.lets_in {
        LetsIn::Everyone => return (endpoint.status, String::new()),
        LetsIn::Nobody(code) => (true, true, code),
        LetsIn::Tokens { read, query } => (read, query, ""),
    };
    let ok = refused(endpoint.status, code);
    match credential {
        Credential::Full | Credential::Retiring => ok,
        Credential::Read if read => ok,
        Credential::Query if query => ok,
        // One's own account is all that there is to see.
        Credential::WrongAccount if !endpoint.path.contains("{user}") => ok,
        Credential::Read | Credential::Query => refused(403, "token_scope"),
        Credential::WrongAccount => refused(404, "not_found"),
        Credential::None => refused(401, "unauthenticated"),
        Credential::Expired => refused(401, "token_expired"),
        Credential::Inactive => refused(401, "token_inactive"),
        Credential::Reset => refused(401, "auth_reset"),
        Credential::DisabledAccount => refused(401, "account_disabled"),
    }
}

fn outcome(answer: &Answer) -> Outcome {
    let code = match answer.status {
        400.. => people::text(&answer.json(), "type"),
        _ => String::new(),
    };
    (answer.status, code)
}

async fn ask(app: &TestApp, token: Option<&str>, endpoint: &Endpoint, path: &str) -> Answer {
    if endpoint.body == A_PICTURE {
        let form = FormData::picture(&super::avatar::png([1, 2, 3]));
        return match token {
            Some(token) => app.anonymous().with_token(token).upload(path, &form).await,
            None => app.anonymous().upload(path, &form).await,
        };
    }
    let user = path.split('/').nth(4).unwrap_or_default();
    let body = endpoint.body.replace("{user}", user);
    let body = (!body.is_empty()).then(|| serde_json::from_str::<Value>(&body).unwrap());
    let method = endpoint.method.parse().unwrap();
    match token {
        Some(token) => app.anonymous().with_token(token).send(method, path, body).await,
        None => app.anonymous().send(method, path, body).await,
    }
}

fn with_room(builder: Builder) -> Builder {
    builder.with_workspaces().token_cap(100)
}

#[test]
fn the_table_knows_every_route() {
    let served: BTreeSet<_> = web::api::routes()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let known: BTreeSet<_> = ENDPOINTS
        .iter()
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert_eq!(known.len(), ENDPOINTS.len(), "a line stands twice in the table");
    let missing: Vec<_> = served.difference(&known).collect();
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "add to tests/api/authorisation/table.rs: {missing:?}; remove: {gone:?}"
    );
}

#[tokio::test]
async fn the_document_says_which_calls_need_no_token() {
    let app = TestApp::builder(Engine::Sqlite).start().await;
    let answer = app
        .anonymous()
        .get("/api/v0/docs/openapi.json")
        .await
        .with_status(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    let mut open = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            if call["security"].as_array().unwrap().is_empty() {
                open.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let public = ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.lets_in == LetsIn::Everyone);
    let public: BTreeSet<_> = public
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert_eq!(open, public);
    let page = app.anonymous().get("/api/latest/docs").await.with_status(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.body.contains("id=\"rotate_token\""));
}

both_engines! {
    async fn every_call_with_every_credential(builder) {
        let app = with_room(builder).start().await;
        let callers = Callers::new(&app).await;
        let mut wrong = Vec::new();
        for (number, endpoint) in ENDPOINTS.iter().enumerate() {
            for credential in Credential::ALL {
                let expected = expected(endpoint, credential);
                let changes = endpoint.method != "GET" && expected.0 < 300;
                let answer = if changes && endpoint.lets_in != LetsIn::Everyone {
                    // What will be gone or changed is an account's of its own.
                    let handle = format!("x{number}{credential:?}").to_lowercase();
                    let account = Account::new(&app, &handle, endpoint.path).await;
                    let token = account.token(credential).await;
                    ask(&app, Some(&token), endpoint, &account.path(endpoint)).await
                } else {
                    let path = callers.asks_about(credential).path(endpoint);
                    ask(&app, callers.token(credential), endpoint, &path).await
                };
                if outcome(&answer) != expected {
                    wrong.push(format!("{} {} {credential:?}: {expected:?} but {} {}", endpoint.method, endpoint.path, answer.status, answer.body));
                }
            }
        }
        assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
        // Whoever was refused changed nothing.
        callers.ana.keeper.get("/api/latest/actor").await.with_status(200);
        let log = callers.ana.keeper.get("/api/latest/user/ana/audit_log?limit=100").await.json();
        let by_others: Vec<_> = log["items"].as_array().unwrap().iter().filter(|record| record["actor_handle"] == "eve").collect();
        assert!(by_others.is_empty(), "{by_others:?}");
    }

    async fn ids_of_another_account_are_not_there(builder) {
        let app = with_room(builder).start().await;
        let (ana, bob) = (Account::new(&app, "ana", EVERYTHING).await, Account::new(&app, "bob", EVERYTHING).await);
        let bobs_id = bob.names["{identity}"].clone();
        let mut asked = 0;
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.path.starts_with("/user/{user}")) {
            // Bob's account by its id, with what is his.
            let path = bob.path(endpoint).replacen("/user/bob", &format!("/user/{bobs_id}"), 1);
            let answer = ask(&app, Some(&ana.keeper.token), endpoint, &path).await;
            assert_eq!(outcome(&answer), refused(404, "not_found"), "{} {path}", endpoint.method);
            // Ana's own account, with what is his. His workspace has the name of hers, so that it is asked for by id.
            let objects = endpoint.path.matches('{').count() > 1;
            if objects && !endpoint.path.contains("{workspace}") {
                let path = bob.path(endpoint).replacen("/user/bob", "/user/ana", 1);
                let answer = ask(&app, Some(&ana.keeper.token), endpoint, &path).await;
                assert_eq!(outcome(&answer), refused(404, "not_found"), "{} {path}", endpoint.method);
                asked += 1;
            }
        }
        assert!(asked >= 5, "{asked} calls name an object");
        let workspace = bob.keeper.get("/api/latest/user/bob/workspace/dev").await.with_status(200).json();
        for path in ["", "/process"] {
            let path = format!("/api/latest/user/ana/workspace/{}{path}", people::text(&workspace, "id"));
            ana.keeper.get(&path).await.with_status(404);
            bob.keeper.get(&path.replace("/user/ana", "/user/bob")).await.with_status(200);
        }
        let gone = format!("/api/latest/user/ana/workspace/{}", people::text(&workspace, "id"));
        ana.keeper.delete(&gone).await.with_status(404);
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.method == "GET") {
            let status = ask(&app, Some(&bob.keeper.token), endpoint, &bob.path(endpoint)).await.status;
            assert_eq!(status, 200, "{} is still his", endpoint.path);
        }
    }
}
