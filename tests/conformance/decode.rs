//! The rules by which the SDK decodes (contract §1, §2), and stricter where it only prints zeros: what a schema requires
//! is there and not null; words are those of its enums, or decoding would end there; numbers are integers that fit.

use serde_json::Value;

/// What a field must be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// RFC 3339, UTC, whole seconds.
    Time,
    /// `{prefix}_` and 20 characters of xid.
    Id(&'static str),
    Int32,
    Int64,
    Word(&'static [&'static str]),
    Object,
    Texts,
    Any,
    Of(fn(&Value)),
}
use Kind::{Any, Id, Int32, Int64, Object, Of, Text, Texts, Time, Word};

/// A name, whether it is required, and what it is.
type Field = (&'static str, bool, Kind);

const REQUIRED: bool = true;
const OPTIONAL: bool = false;

#[track_caller]
fn check(what: &str, value: &Value, fields: &[Field]) {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("{what} is no object: {value}"));
    for (name, required, kind) in fields {
        match object.get(*name) {
            // A null reads like nothing, but Go's enums that are no pointers break on it: an answer leaves a field out.
            None => assert!(!required, "{what} has no {name}: {value}"),
            Some(field) => assert!(fits(field, *kind), "{what}.{name} is {field}"),
        }
    }
}

fn fits(value: &Value, kind: Kind) -> bool {
    let text = value.as_str();
    match kind {
        Text => text.is_some(),
        Time => text.is_some_and(is_time),
        Id(prefix) => text.is_some_and(|text| is_id(prefix, text)),
        // A number with a point is none to Go, whatever stands behind it.
        Int32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        Int64 => value.is_i64() || value.is_u64(),
        Word(words) => text.is_some_and(|text| words.contains(&text)),
        Object => value.is_object(),
        Texts => value
            .as_array()
            .is_some_and(|all| all.iter().all(Value::is_string)),
        Any => true,
        Of(decode) => {
            decode(value);
            true
        }
    }
}

fn is_id(prefix: &str, text: &str) -> bool {
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    rest.is_some_and(|xid| {
        xid.len() == 20
            && xid
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b))
    })
}

fn is_time(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

pub(super) fn user(value: &Value) {
    const ACTION: Kind = Word(&["warn", "cap_and_warn"]);
    check(
        "a user",
        value,
        &[
            ("id", REQUIRED, Id("u")),
            ("handle", REQUIRED, Text),
            ("tenant_id", REQUIRED, Id("t")),
            ("status", REQUIRED, Word(&["accepted", "pending"])),
            ("created_at", REQUIRED, Time),
            ("version_id", REQUIRED, Int32),
            ("display_name", OPTIONAL, Text),
            ("avatar_url", OPTIONAL, Text),
            ("url", OPTIONAL, Text),
            ("updated_at", OPTIONAL, Time),
            ("token_min_issued_at", OPTIONAL, Time),
            ("usage_compute_threshold", OPTIONAL, Int64),
            ("usage_storage_threshold", OPTIONAL, Int64),
            ("usage_compute_action", OPTIONAL, ACTION),
            ("usage_storage_action", OPTIONAL, ACTION),
        ],
    );
    assert_ne!(value["display_name"], "", "clients print it");
    assert!(value.get("email").is_none(), "a user has no address");
}

pub(super) fn identity(value: &Value) {
    check(
        "an identity",
        value,
        &[
            ("id", REQUIRED, Id("u")),
            ("handle", REQUIRED, Text),
            ("tenant_id", REQUIRED, Id("t")),
            ("type", REQUIRED, Word(&["user", "org"])),
            ("display_name", OPTIONAL, Text),
            ("avatar_url", OPTIONAL, Text),
            ("tenant", OPTIONAL, Object),
        ],
    );
}

pub(super) fn workspace(value: &Value) {
    check(
        "a workspace",
        value,
        &[
            ("id", REQUIRED, Id("w")),
            ("handle", REQUIRED, Text),
            ("identity_id", REQUIRED, Id("u")),
            ("created_at", REQUIRED, Time),
            ("created_by_id", REQUIRED, Id("u")),
            ("updated_by_id", REQUIRED, Id("u")),
            ("deleted_by_id", REQUIRED, Text),
            ("db_volume_size_bytes", REQUIRED, Int64),
            ("version_id", REQUIRED, Int32),
            ("host", REQUIRED, Text),
            ("database_name", REQUIRED, Text),
            (
                "desired_state",
                REQUIRED,
                Word(&["enabled", "disabled", "paused"]),
            ),
            (
                "instance_type",
                REQUIRED,
                Word(&["db1.shared", "db1.small", "db1.medium"]),
            ),
            (
                "state",
                OPTIONAL,
                Word(&[
                    "pending",
                    "running",
                    "shutting-down",
                    "terminated",
                    "stopping",
                    "stopped",
                    "creating",
                    "enabling",
                    "enabled",
                    "pausing",
                    "paused",
                    "disabling",
                    "disabled",
                ]),
            ),
            ("state_reason", OPTIONAL, Text),
            ("hive", OPTIONAL, Text),
            ("search_path", OPTIONAL, Texts),
            ("search_path_prefix", OPTIONAL, Texts),
            ("notices", OPTIONAL, Object),
            ("updated_at", OPTIONAL, Time),
            ("deleted_at", OPTIONAL, Time),
            ("created_by", REQUIRED, Of(user)),
            ("updated_by", REQUIRED, Of(user)),
        ],
    );
}

/// An old client stops at the first word that it does not know: what it needs to connect stands before (§2).
#[track_caller]
pub(super) fn key_order(body: &str) {
    let place = |key: &str| {
        body.find(&format!("\"{key}\":"))
            .unwrap_or_else(|| panic!("no {key} in {body}"))
    };
    for first in ["database_name", "host"] {
        for word in ["desired_state", "state", "instance_type"] {
            assert!(place(first) < place(word), "{first} stands before {word}");
        }
    }
}

pub(super) fn actor_workspace(value: &Value) {
    check(
        "a workspace of an actor",
        value,
        &[
            ("id", REQUIRED, Text),
            ("handle", REQUIRED, Text),
            ("host", REQUIRED, Text),
            ("database_name", REQUIRED, Text),
            ("role", REQUIRED, Text),
            ("identity_id", REQUIRED, Id("u")),
            ("identity", REQUIRED, Of(identity)),
            ("workspace_id", REQUIRED, Id("w")),
            ("workspace", REQUIRED, Of(workspace)),
        ],
    );
}

pub(super) fn preferences(value: &Value) {
    const CHOICE: Kind = Word(&["enabled", "disabled"]);
    check(
        "preferences",
        value,
        &[
            ("communication_community_updates", REQUIRED, CHOICE),
            ("communication_product_updates", REQUIRED, CHOICE),
            ("communication_tips_and_tricks", REQUIRED, CHOICE),
            ("created_at", REQUIRED, Time),
            ("version_id", REQUIRED, Int32),
            ("id", OPTIONAL, Id("up")),
            ("updated_at", OPTIONAL, Time),
        ],
    );
}

pub(super) fn email(value: &Value) {
    check(
        "an address",
        value,
        &[
            ("email", REQUIRED, Text),
            ("status", REQUIRED, Word(&["pending", "verified"])),
            ("created_at", REQUIRED, Time),
            ("version_id", REQUIRED, Int32),
            ("id", OPTIONAL, Id("up")),
            ("tenant_id", OPTIONAL, Id("t")),
            ("updated_at", OPTIONAL, Time),
        ],
    );
}

pub(super) fn password(value: &Value) {
    check(
        "a password",
        value,
        &[
            ("$password", REQUIRED, Text),
            ("id", REQUIRED, Id("d")),
            ("created_at", REQUIRED, Time),
            ("user_id", OPTIONAL, Id("u")),
            ("expires_at", OPTIONAL, Time),
        ],
    );
    // It goes into a URL as it is (§2).
    let text = value["$password"].as_str().unwrap();
    assert!(
        text.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
        "{}",
        text.len()
    );
}

pub(super) fn token(value: &Value) {
    check(
        "a token",
        value,
        &[
            ("id", REQUIRED, Id("t")),
            ("user_id", REQUIRED, Id("u")),
            ("status", REQUIRED, Word(&["active", "inactive"])),
            ("created_at", REQUIRED, Time),
            ("created_by_id", REQUIRED, Id("u")),
            ("updated_by_id", REQUIRED, Id("u")),
            ("version_id", REQUIRED, Int32),
            ("title", OPTIONAL, Text),
            ("description", OPTIONAL, Text),
            ("last4", OPTIONAL, Text),
            ("token_type", OPTIONAL, Text),
            ("expires_at", OPTIONAL, Time),
            ("updated_at", OPTIONAL, Time),
            ("created_by", OPTIONAL, Of(user)),
            ("updated_by", OPTIONAL, Of(user)),
        ],
    );
}

pub(super) fn audit_record(value: &Value) {
    check(
        "a record",
        value,
        &[
            ("id", REQUIRED, Id("a")),
            ("action_type", REQUIRED, Text),
            ("actor_id", REQUIRED, Text),
            ("actor_handle", REQUIRED, Text),
            ("actor_display_name", REQUIRED, Text),
            ("actor_avatar_url", REQUIRED, Text),
            ("actor_ip", REQUIRED, Text),
            ("created_at", REQUIRED, Time),
            ("tenant_id", REQUIRED, Id("t")),
            ("data", REQUIRED, Object),
            ("identity_id", OPTIONAL, Id("u")),
            ("identity_handle", OPTIONAL, Text),
            ("target_id", OPTIONAL, Text),
            ("target_handle", OPTIONAL, Text),
            ("process_id", OPTIONAL, Id("p")),
        ],
    );
}

pub(super) fn log_record(value: &Value) {
    check(
        "a log record",
        value,
        &[
            ("id", REQUIRED, Id("c")),
            ("actor_id", REQUIRED, Id("u")),
            ("actor_handle", REQUIRED, Text),
            ("actor_display_name", REQUIRED, Text),
            ("actor_avatar_url", REQUIRED, Text),
            ("workspace_id", REQUIRED, Id("w")),
            ("workspace_handle", REQUIRED, Text),
            ("created_at", REQUIRED, Time),
            ("duration", OPTIONAL, Int32),
            ("query", OPTIONAL, Text),
            ("log_timestamp", OPTIONAL, Time),
        ],
    );
}

pub(super) fn process(value: &Value) {
    check(
        "a process",
        value,
        &[
            ("id", REQUIRED, Id("p")),
            ("type", REQUIRED, Text),
            ("pipe", REQUIRED, Word(&["steampipe", "powerpipe", "flowpipe"])),
            ("created_at", REQUIRED, Time),
            ("created_by_id", REQUIRED, Id("u")),
            ("updated_at", REQUIRED, Time),
            ("updated_by_id", REQUIRED, Id("u")),
            ("version_id", REQUIRED, Int32),
            ("identity_id", REQUIRED, Id("u")),
            (
                "state",
                OPTIONAL,
                Word(&[
                    "pending",
                    "paused",
                    "running",
                    "failed",
                    "completed",
                    "canceled",
                    "terminated",
                ]),
            ),
            ("state_reason", OPTIONAL, Text),
            ("workspace_id", OPTIONAL, Id("w")),
            ("tenant_id", OPTIONAL, Id("t")),
            ("created_by", OPTIONAL, Of(user)),
            ("updated_by", OPTIONAL, Of(user)),
        ],
    );
}

pub(super) fn constraint(value: &Value) {
    check(
        "a constraint",
        value,
        &[
            ("name", REQUIRED, Text),
            (
                "type",
                REQUIRED,
                Word(&["rate", "quota", "range", "feature", "constant"]),
            ),
            ("target", REQUIRED, Text),
            ("value", REQUIRED, Any),
            ("value_from", REQUIRED, Text),
            ("visibility", REQUIRED, Word(&["public", "private"])),
            ("description", OPTIONAL, Text),
            ("statistics", OPTIONAL, Any),
        ],
    );
}

pub(super) fn login_request(value: &Value) {
    check(
        "a request of a command line",
        value,
        &[
            ("id", REQUIRED, Text),
            ("client_ip", REQUIRED, Text),
            ("code", OPTIONAL, Text),
            ("created_at", REQUIRED, Time),
            ("state", REQUIRED, Word(&["pending", "confirmed"])),
            ("token", OPTIONAL, Text),
            ("updated_at", OPTIONAL, Time),
        ],
    );
    assert!(
        value["state"] == "pending" || value["token"].as_str().is_some_and(|token| !token.is_empty()),
        "confirmed comes with a token"
    );
}

pub(super) fn error(value: &Value, status: &str) {
    check(
        "an error",
        value,
        &[
            ("type", REQUIRED, Text),
            ("title", REQUIRED, Text),
            ("status", REQUIRED, Int32),
            ("instance", REQUIRED, Text),
            ("detail", REQUIRED, Text),
        ],
    );
    let (code, phrase) = status.split_once(' ').unwrap();
    assert_eq!(
        (value["status"].to_string().as_str(), &value["title"]),
        (code, &Value::from(phrase))
    );
    assert!(
        value["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
        "{value}"
    );
    for broken in value["validation_errors"].as_array().into_iter().flatten() {
        check(
            "a broken rule",
            broken,
            &[("location", REQUIRED, Text), ("message", REQUIRED, Text)],
        );
    }
}

/// A page of a list: its items, and where the next one begins. `""` makes a client ask for ever (§0.7).
#[track_caller]
pub(super) fn page(list: &Value, item: fn(&Value)) -> (Vec<Value>, Option<String>) {
    check(
        "a list",
        list,
        &[("items", REQUIRED, Any), ("next_token", OPTIONAL, Text)],
    );
    let items = list["items"].as_array().expect("a list of items").clone();
    items.iter().for_each(item);
    let next = list
        .get("next_token")
        .map(|next| next.as_str().unwrap().to_owned());
    assert_ne!(next.as_deref(), Some(""));
    (items, next)
}
