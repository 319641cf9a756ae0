//! Accounts with something of everything, and the credentials that ask for it.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use testkit::{Bearer, Person, TestApp};

use super::table::Endpoint;

/// How a caller of the matrix proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Credential {
    None,
    WrongAccount,
    Read,
    Query,
    Full,
    Expired,
    Inactive,
    Retiring,
    Reset,
    DisabledAccount,
}

impl Credential {
    pub(super) const ALL: [Self; 10] = [
        Self::None,
        Self::WrongAccount,
        Self::Read,
        Self::Query,
        Self::Full,
        Self::Expired,
        Self::Inactive,
        Self::Retiring,
        Self::Reset,
        Self::DisabledAccount,
    ];
}

/// The path of an account that has one of each object; a new kind of object is named here too.
pub(super) const EVERYTHING: &str = "/token/{email}/{record}/{session}/{workspace}/{member}";

/// An account with one of each object, and a full token of it.
pub(super) struct Account {
    pub(super) keeper: Bearer,
    /// What stands in the place of each parameter of a path.
    pub(super) names: HashMap<&'static str, String>,
}

impl Account {
    /// A new account, with a session and a spare token; with a workspace if `path` names one or what belongs to one.
    pub(super) async fn new(app: &TestApp, handle: &str, path: &str) -> Self {
        let person = app.create_user(handle).await;
        let keeper = app.bearer(&person).await;
        let base = format!("/api/latest/user/{handle}");
        let actor = keeper.get("/api/latest/actor").await.with_status(200).json();
        let mut names = HashMap::from([("{user}", handle.to_owned()), ("{identity}", text(&actor, "id"))]);
        let login = app.anonymous().post_nothing("/api/latest/login/token").await;
        names.insert("{login}", text(&login.with_status(201).json(), "id"));
        if path.contains("/token") {
            let spare = keeper
                .post(&format!("{base}/token"), json!({"title": "spare"}))
                .await
                .with_status(201);
            names.insert("{token}", text(&spare.json(), "id"));
        }
        if path.contains("{email}") {
            let second = json!({"email": format!("{handle}@second.example")});
            let second = keeper
                .post(&format!("{base}/email"), second)
                .await
                .with_status(201)
                .json();
            names.insert("{email}", text(&second, "id"));
        }
        if path.contains("{session}") {
            names.insert("{session}", session(app, &person, &keeper, &base).await);
        }
        if path.contains("{record}") {
            let log = keeper
                .get(&format!("{base}/audit_log"))
                .await
                .with_status(200)
                .json();
            names.insert("{record}", text(&log["items"][0], "id"));
        }
        if path.contains("{workspace}") || path.contains("{process}") || path.contains("{connection}") {
            app.create_workspace(&keeper, &person, "dev").await;
            let processes = keeper
                .get(&format!("{base}/process"))
                .await
                .with_status(200)
                .json();
            names.insert("{process}", text(&processes["items"][0], "id"));
            names.insert("{workspace}", "dev".to_owned());
            names.insert("{file}", "data.json".to_owned());
        }
        if path.contains("{connection}") {
            names.insert("{connection}", connection(app, &person, &keeper, &base).await);
        }
        if path.contains("{member}") {
            let guest = format!("g{handle}");
            app.create_user(&guest).await;
            let path = format!("{base}/workspace/dev/member");
            let access = json!({"handle": guest, "role": "reader"});
            keeper.post(&path, access).await.with_status(201);
            names.insert("{member}", guest);
        }
        Self { keeper, names }
    }

    /// The path of `endpoint` to what belongs to this account.
    pub(super) fn path(&self, endpoint: &Endpoint) -> String {
        let part = |part: &str| self.names.get(part).map_or(part, String::as_str).to_owned();
        let path: Vec<_> = endpoint.path.split('/').map(part).collect();
        format!("/api/latest{}", path.join("/"))
    }

    /// A token of this account for `credential`, one of those that an account can have beside others.
    pub(super) async fn token(&self, credential: Credential) -> String {
        let tokens = format!("/api/latest/user/{}/token", self.names["{user}"]);
        let new = match credential {
            Credential::Read => json!({"scope": "read"}),
            Credential::Query => json!({"scope": "query"}),
            Credential::Expired => json!({"expiration": 60}),
            _ => json!({}),
        };
        let made = self.keeper.post(&tokens, new).await.with_status(201).json();
        let path = format!("{tokens}/{}", text(&made, "id"));
        match credential {
            Credential::Inactive => {
                self.keeper
                    .patch(&path, json!({"status": "inactive"}))
                    .await
                    .with_status(200);
            }
            Credential::Retiring => {
                self.keeper
                    .post_nothing(&format!("{path}/rotate"))
                    .await
                    .with_status(201);
            }
            _ => {}
        }
        text(&made, "token")
    }
}

/// The id of a new session of `person`.
async fn session(app: &TestApp, person: &Person, keeper: &Bearer, base: &str) -> String {
    let link = app.app().admin_sign_in_link(&person.handle).await.unwrap();
    app.browser().follow(&link).await.with_status(303);
    let sessions = keeper
        .get(&format!("{base}/session"))
        .await
        .with_status(200)
        .json();
    text(&sessions["items"][0], "id")
}

/// The id of a connection of `person` that stays open.
async fn connection(app: &TestApp, person: &Person, keeper: &Bearer, base: &str) -> String {
    let workspace = keeper
        .get(&format!("{base}/workspace/dev"))
        .await
        .with_status(200)
        .json();
    let gateway = app.addresses().gateway;
    let mut config = tokio_postgres::Config::new();
    config.host(gateway.ip().to_string()).port(gateway.port());
    config
        .user(&person.handle)
        .password(app.password(keeper, person).await);
    config.dbname(text(&workspace, "database_name"));
    let (client, open) = config.connect(tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(async move {
        let _client = client;
        open.await
    });
    let list = keeper
        .get(&format!("{base}/connection"))
        .await
        .with_status(200)
        .json();
    text(&list["items"][0], "id")
}

pub(super) fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}

/// One caller for each credential, and the account whose paths they ask for.
pub(super) struct Callers {
    /// Whom most of them ask about.
    pub(super) ana: Account,
    /// Whose authentication was reset, and whose account is disabled.
    pub(super) others: HashMap<Credential, Account>,
    tokens: HashMap<Credential, String>,
}

impl Callers {
    pub(super) async fn new(app: &TestApp) -> Self {
        let ana = Account::new(app, "ana", EVERYTHING).await;
        let mut tokens = HashMap::new();
        for credential in [
            Credential::Read,
            Credential::Query,
            Credential::Full,
            Credential::Expired,
            Credential::Inactive,
            Credential::Retiring,
        ] {
            tokens.insert(credential, ana.token(credential).await);
        }
        let mut others = HashMap::new();
        for (credential, handle) in [
            (Credential::WrongAccount, "eve"),
            (Credential::Reset, "rea"),
            (Credential::DisabledAccount, "dis"),
        ] {
            let account = Account::new(app, handle, "/token").await;
            tokens.insert(credential, account.token(Credential::Full).await);
            others.insert(credential, account);
        }
        let reset = json!({"token_min_issued_at": "2999-01-01T00:00:00Z"});
        let rea = &others[&Credential::Reset].keeper;
        rea.patch("/api/latest/user/rea", reset).await.with_status(200);
        app.app().admin_set_user_active("dis", false).await.unwrap();
        app.clock.advance(Duration::from_secs(60));
        Self { ana, others, tokens }
    }

    /// What `credential` sends, if anything.
    pub(super) fn token(&self, credential: Credential) -> Option<&str> {
        self.tokens.get(&credential).map(String::as_str)
    }

    /// Whose path it asks for: its own account's, or ana's where it has no business.
    pub(super) fn asks_about(&self, credential: Credential) -> &Account {
        match credential {
            Credential::Reset | Credential::DisabledAccount => &self.others[&credential],
            _ => &self.ana,
        }
    }
}
