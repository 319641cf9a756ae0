//! The refusals that a call can get, for the `responses(…)` of its attribute: `refused::Account` and the like. Each is
//! said once, among the components of the document.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value answers with null what is not in it"
)]

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::{
    IntoResponses,
    openapi::{
        ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder,
        schema::{ObjectBuilder, Type},
    },
};

/// A refusal, as every client of the API decodes it.
struct Refusal {
    status: u16,
    /// Its name among the components.
    name: &'static str,
    description: &'static str,
    /// An example: its title, its code and a sentence.
    example: (&'static str, &'static str, &'static str),
}

#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal {
        status: 400, name: "Invalid", description: "What was sent breaks a rule; `validation_errors` names each field.",
        example: ("Bad Request", "invalid", "limit: Use a number from 1 to 100."),
    },
    Refusal {
        status: 401, name: "Unauthenticated", description: "There is no token, or it does not work; `type` says why.",
        example: ("Unauthorized", "unauthenticated", "Send a valid token as `Authorization: Bearer …`."),
    },
    Refusal {
        status: 403, name: "Forbidden", description: "The token's scope does not allow it, or its sign-in is too long ago.",
        example: ("Forbidden", "token_scope", "This needs a token with the scope full."),
    },
    Refusal {
        status: 404, name: "NotFound", description: "There is no such thing, or it is not yours.",
        example: ("Not Found", "not_found", "There is no such token, or it is not yours."),
    },
    Refusal {
        status: 409, name: "Conflict", description: "It cannot be done as things are; `type` says why.",
        example: ("Conflict", "token_limit_reached", "You have as many tokens as an account may have. Delete one first."),
    },
    Refusal {
        status: 410, name: "Gone", description: "It was there and is not any more: a handle that you gave up, or a code that was used.",
        example: ("Gone", "handle_changed", "You changed your handle to ana-l. Use that."),
    },
    Refusal {
        status: 412, name: "VersionMismatch", description: "It has another version than `If-Match` names.",
        example: ("Precondition Failed", "version_mismatch", "Its version is 4 now, which If-Match does not name. Read it again before you change it."),
    },
    Refusal {
        status: 413, name: "TooLarge", description: "The body is too large.",
        example: ("Payload Too Large", "too_large", "The body is too large."),
    },
    Refusal {
        status: 429, name: "RateLimited", description: "Too many, too fast; `Retry-After` says for how many seconds to wait.",
        example: ("Too Many Requests", "rate_limited", "Too many requests. Try again in 30 seconds."),
    },
    Refusal {
        status: 500, name: "Internal", description: "Something failed on our side; `instance` finds it in the log.",
        example: ("Internal Server Error", "internal", "Something failed on our side. The instance above finds it in the log."),
    },
    Refusal {
        status: 501, name: "NotImplemented", description: "This server does not do it.",
        example: ("Not Implemented", "not_implemented", "Processes here take no commands: each runs to its end."),
    },
    Refusal {
        status: 503, name: "Unavailable", description: "A part that this needs does not answer. Try again.",
        example: ("Service Unavailable", "store_unavailable", "The account store does not answer. Try again."),
    },
];

macro_rules! refused {
    ($($(#[$doc:meta])* $name:ident = $($status:literal)+;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                references(&[$($status),+])
            }
        }
    )*};
}

refused! {
    /// Of calls that need no token and look nothing up.
    Open = 429 500;
    /// Of calls that need no token.
    Public = 400 429 500 503;
    /// Of calls that need a token and no more, whatever its scope.
    Token = 401 429 500 503;
    /// Of calls on an account, by a token of any scope.
    Identified = 400 401 404 410 429 500 503;
    /// Of calls on an account.
    Account = 400 401 403 404 410 429 500 503;
    /// Of what has a version.
    Version = 412;
    /// Of what this server does not do.
    NotImplemented = 501;
    /// Where there is a body.
    Body = 413;
    /// Where a query can be wrong.
    Invalid = 400;
    /// Where a token's scope matters.
    Scope = 403;
    /// Of public calls that name something.
    NotFound = 404;
    /// Where something worked once, or for a while.
    Gone = 410;
    /// Where a credential can be refused though none is needed.
    Unauthenticated = 401;
    /// Where the state of things can be in the way.
    Conflict = 409;
}

fn references(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    let known = REFUSALS
        .iter()
        .filter(|refusal| statuses.contains(&refusal.status));
    known
        .map(|refusal| {
            let reference = Ref::from_response_name(refusal.name);
            (refusal.status.to_string(), RefOr::Ref(reference))
        })
        .collect()
}

/// All of them, for the components of the document.
pub(super) fn components() -> BTreeMap<String, RefOr<Response>> {
    let all = REFUSALS.iter();
    all.map(|refusal| (refusal.name.to_owned(), RefOr::T(refusal.response())))
        .collect()
}

impl Refusal {
    fn response(&self) -> Response {
        let (title, code, detail) = self.example;
        let mut example = json!({
            "type": code,
            "title": title,
            "status": self.status,
            "detail": detail,
            "instance": "r_1rstq0hk6vifudmcgepn",
        });
        if let (400, Some((location, message))) = (self.status, detail.split_once(": ")) {
            example["validation_errors"] = json!([{ "location": location, "message": message }]);
        }
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("ErrorModel")))
            .example(Some(example))
            .build();
        let response = ResponseBuilder::new()
            .description(self.description)
            .content("application/json", content);
        match self.status {
            401 => response.header("WWW-Authenticate", header(Type::String, "`Bearer`")),
            429 | 503 => response.header("Retry-After", header(Type::Integer, "Seconds to wait.")),
            _ => response,
        }
        .build()
    }
}

fn header(kind: Type, description: &str) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(kind);
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}
