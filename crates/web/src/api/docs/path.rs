//! The parameters in paths. One is named in a handler's attribute as `path::User`.

use utoipa::{
    IntoParams,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

macro_rules! paths {
    ($($(#[doc = $doc:literal])+ $type:ident = $name:literal, $pattern:literal, $example:literal;)*) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $type;

        impl IntoParams for $type {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![parameter($name, $pattern, $example, concat!($($doc),+).trim())]
            }
        }
    )*};
}

fn parameter(name: &str, pattern: &str, example: &str, description: &str) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(example.into()))
        .build()
}

/// `If-Match`: which version a client believes to change.
pub(crate) struct IfMatch;

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Changes it only while its `version_id` is this one, in quotes or without, or one of several with commas \
                 between them. `*`, or no such header, is any.",
            ))
            .schema(Some(schema))
            .example(Some("\"3\"".into()))
            .build();
        vec![parameter]
    }
}

paths! {
    /// The account, by handle or id.
    User = "user", "^(u_[0-9a-v]{20}|[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?)$", "ana";
    /// The identity, by handle or id.
    Identity = "identity", "^(u_[0-9a-v]{20}|[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?)$", "ana";
    /// The workspace, by handle or id.
    Workspace = "workspace", "^(w_[0-9a-v]{20}|[a-z0-9]{1,23})$", "dev";
    /// The person who is let in, by handle or id.
    Member = "member", "^(u_[0-9a-v]{20}|[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?)$", "bob";
    /// The login request of a command line, by the `id` that it got.
    Login = "login", "^tpttr_[0-9a-v]{20}_[0-9a-z]{26}$", "tpttr_d9lfcb2jbcks73e0q1tg_0f3k9s1m7q2x8v4b6n5c0z1l3d";
    /// The token, by id.
    Token = "token", "^t_[0-9a-v]{20}$", "t_d9lfd1qjbcks73e0q2c0";
    /// The session, by id.
    Session = "session", "^s_[0-9a-v]{20}$", "s_d9lfd5ajbcks73e0q2e0";
    /// The process, by id.
    Process = "process", "^p_[0-9a-v]{20}$", "p_d9lfcgijbcks73e0q2ag";
    /// The open database connection, by id.
    Connection = "connection", "^c_[0-9a-v]{20}$", "c_9fj2lq0hk6vifudmcgep";
    /// The audit record, by id.
    Record = "record", "^a_[0-9a-v]{20}$", "a_d9lfdaajbcks73e0q2g0";
    /// A file name; its extension is the format of the answer.
    File = "file", "^[A-Za-z0-9][A-Za-z0-9_.-]*\\.(json|csv|md)(\\.gz)?$", "data.csv";
    /// The e-mail address, by id.
    Email = "email", "^up_[0-9a-v]{20}$", "up_d9lfdjajbcks73e0q2k0";
}
