//! Every call of the API, and whom it lets in. A new endpoint is a line here; a test fails until it is.

/// A call of the API, and what the credentials that it lets in are answered.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// JSON, or nothing; `{user}` is the account that the path names.
    pub(super) body: &'static str,
    /// The status for those whom it lets in.
    pub(super) status: u16,
    pub(super) lets_in: LetsIn,
}

/// Whom it lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LetsIn {
    /// Everyone, with whatever they send as a token.
    Everyone,
    /// Nobody: whoever has a valid token, of whichever account, is told this code.
    Nobody(&'static str),
    /// Tokens of the account of these scopes. They are written out, so that a slip in the rule shows.
    Tokens { read: bool, query: bool },
}

const ALL: LetsIn = LetsIn::Tokens {
    read: true,
    query: true,
};
const READ: LetsIn = LetsIn::Tokens {
    read: true,
    query: false,
};
const FULL: LetsIn = LetsIn::Tokens {
    read: false,
    query: false,
};

const QUERY: LetsIn = LetsIn::Tokens {
    read: false,
    query: true,
};

const fn get(path: &'static str, lets_in: LetsIn) -> Endpoint {
    on("GET", path, "", 200, lets_in)
}

const fn on(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    status: u16,
    lets_in: LetsIn,
) -> Endpoint {
    Endpoint {
        method,
        path,
        body,
        status,
        lets_in,
    }
}

/// In place of a body: a form with a picture in it.
pub(super) const A_PICTURE: &str = "a picture";

#[rustfmt::skip]
pub(super) const ENDPOINTS: &[Endpoint] = &[
    on("POST", "/credentials/revoke", r#"{"credentials": []}"#, 202, LetsIn::Everyone),
    get("/docs", LetsIn::Everyone),
    get("/", LetsIn::Everyone),
    get("/docs/openapi.json", LetsIn::Everyone),
    get("/identity", LetsIn::Everyone),
    get("/identity/{identity}", LetsIn::Everyone),
    get("/identity/{identity}/avatar", LetsIn::Everyone),
    on("POST", "/login", r#"{"email": "nobody@login.example"}"#, 201, LetsIn::Everyone),
    on("POST", "/signup", r#"{"email": "nobody@signup.example"}"#, 201, LetsIn::Everyone),

    on("POST", "/login/token", "", 201, LetsIn::Everyone),
    get("/login/token/{login}", LetsIn::Everyone),
    on("PATCH", "/login/token/{login}", r#"{"state": "confirmed"}"#, 403, LetsIn::Nobody("browser_required")),
    on("DELETE", "/login/token/{login}", "", 200, LetsIn::Everyone),

    get("/actor", ALL),
    get("/actor/activity", READ),
    get("/actor/conn", READ),
    get("/actor/org", READ),
    get("/actor/org/invite", READ),
    get("/actor/workspace", ALL),
    get("/user", ALL),
    on("POST", "/user", r#"{"email": "new@user.example", "handle": "new"}"#, 403, LetsIn::Nobody("accounts_by_sign_up")),
    get("/user/{user}", ALL),
    on("PATCH", "/user/{user}", r#"{"display_name": "A"}"#, 200, FULL),
    on("DELETE", "/user/{user}", "", 200, FULL),
    get("/user/{user}/audit_log", READ),
    get("/user/{user}/audit_log/export", READ),
    get("/user/{user}/audit_log/{record}", READ),
    on("POST", "/user/{user}/avatar", A_PICTURE, 201, FULL),
    on("DELETE", "/user/{user}/avatar", "", 201, FULL),
    get("/user/{user}/email", READ),
    on("POST", "/user/{user}/email", r#"{"email": "{user}@new.example"}"#, 201, FULL),
    get("/user/{user}/email/{email}", READ),
    on("PATCH", "/user/{user}/email/{email}", "{}", 200, FULL),
    on("DELETE", "/user/{user}/email/{email}", "", 204, FULL),
    on("POST", "/user/{user}/email/{email}/resend", "", 200, FULL),
    get("/user/{user}/connection", READ),
    on("DELETE", "/user/{user}/connection", "", 200, FULL),
    on("DELETE", "/user/{user}/connection/{connection}", "", 204, FULL),
    get("/user/{user}/constraint", READ),
    get("/user/{user}/export", FULL),
    get("/user/{user}/usage", READ),
    get("/user/{user}/password", FULL),
    on("POST", "/user/{user}/password", "{}", 201, FULL),
    get("/user/{user}/preferences", READ),
    on("PATCH", "/user/{user}/preferences", r#"{"communication_tips_and_tricks": "disabled"}"#, 200, FULL),
    get("/user/{user}/process", READ),
    get("/user/{user}/process/{process}", READ),
    on("POST", "/user/{user}/process/{process}/command", r#"{"command": "cancel"}"#, 501, LetsIn::Nobody("not_implemented")),
    get("/user/{user}/process/{process}/log/process.jsonl", READ),
    get("/user/{user}/session", READ),
    on("DELETE", "/user/{user}/session", "", 200, FULL),
    on("DELETE", "/user/{user}/session/{session}", "", 204, FULL),
    get("/user/{user}/token", READ),
    on("POST", "/user/{user}/token", "", 201, FULL),
    get("/user/{user}/token/current", ALL),
    on("DELETE", "/user/{user}/token/current", "", 204, ALL),
    get("/user/{user}/token/{token}", READ),
    on("PATCH", "/user/{user}/token/{token}", r#"{"status": "inactive"}"#, 200, FULL),
    on("DELETE", "/user/{user}/token/{token}", "", 204, FULL),
    on("POST", "/user/{user}/token/{token}/rotate", "", 201, FULL),
    get("/user/{user}/workspace", ALL),
    on("POST", "/user/{user}/workspace", r#"{"handle": "new"}"#, 201, FULL),
    get("/user/{user}/workspace/{workspace}", ALL),
    on("PATCH", "/user/{user}/workspace/{workspace}", r#"{"handle": "renamed"}"#, 200, FULL),
    on("DELETE", "/user/{user}/workspace/{workspace}", "", 204, FULL),
    get("/user/{user}/workspace/{workspace}/audit_log", READ),
    get("/user/{user}/workspace/{workspace}/db_log", READ),
    get("/user/{user}/workspace/{workspace}/usage", READ),
    get("/user/{user}/workspace/{workspace}/connection", READ),
    on("DELETE", "/user/{user}/workspace/{workspace}/connection", "", 200, FULL),
    on("DELETE", "/user/{user}/workspace/{workspace}/connection/{connection}", "", 204, FULL),
    get("/user/{user}/workspace/{workspace}/member", READ),
    on("POST", "/user/{user}/workspace/{workspace}/member", r#"{"handle": "ana", "role": "reader"}"#, 201, FULL),
    get("/user/{user}/workspace/{workspace}/member/{member}", READ),
    on("PATCH", "/user/{user}/workspace/{workspace}/member/{member}", r#"{"role": "operator"}"#, 200, FULL),
    on("DELETE", "/user/{user}/workspace/{workspace}/member/{member}", "", 200, FULL),
    on("POST", "/user/{user}/workspace/{workspace}/command", r#"{"command": "reboot"}"#, 201, FULL),
    get("/user/{user}/workspace/{workspace}/process", READ),
    on("GET", "/user/{user}/workspace/{workspace}/query", r#"{"sql": "SELECT 1"}"#, 200, QUERY),
    on("POST", "/user/{user}/workspace/{workspace}/query", r#"{"sql": "SELECT 1"}"#, 200, QUERY),
    on("GET", "/user/{user}/workspace/{workspace}/query/{file}", r#"{"sql": "SELECT 1"}"#, 200, QUERY),
    on("POST", "/user/{user}/workspace/{workspace}/query/{file}", r#"{"sql": "SELECT 1"}"#, 200, QUERY),
    get("/user/{user}/workspace/{workspace}/process/{process}", READ),
    on("POST", "/user/{user}/workspace/{workspace}/process/{process}/command", "", 501, LetsIn::Nobody("not_implemented")),
    get("/user/{user}/workspace/{workspace}/process/{process}/log/process.jsonl", READ),
];
