//! What the document says as a whole, and what holds for all calls alike.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value answers with null what is not in it"
)]

use axum::http::Method;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Components, Content, PathItem, Ref, RefOr, Required,
        path::Operation,
        request_body::RequestBody,
        schema::{Array, Schema, SchemaType, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use super::{example::Schemas, refused};
use crate::api::{self, error::ErrorModel};

/// The name of the one way to say who one is.
const BEARER: &str = "bearer";
const JSON: &str = "application/json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Standpipe",
        description = include_str!("introduction.md"),
        contact(name = "The operator of this server"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers(
        (url = "/api/latest", description = "This Standpipe"),
        (url = "/api/v0", description = "The same, as clients of Pipes ask for it"),
    ),
    tags(
        (name = "Account", description = "Who a token belongs to, the profile, the handle, the end of an account."),
        (name = "Audit log", description = "What happened to an account."),
        (name = "Avatar", description = "The picture of an account."),
        (name = "Database password", description = "The one password for all workspaces."),
        (name = "Documentation", description = "This document."),
        (name = "E-mail", description = "The addresses of an account."),
        (name = "Identities", description = "Accounts, as others see them."),
        (name = "Preferences", description = "Which mails are wanted."),
        (name = "Processes", description = "Slow work, and what became of it."),
        (name = "Queries", description = "Statements in workspaces, over HTTP."),
        (name = "Sessions", description = "Where a person is signed in."),
        (name = "Sign-in", description = "Mails to sign in with, and logins of command lines."),
        (name = "Tokens", description = "API tokens."),
        (name = "Workspaces", description = "PostgreSQL databases."),
        (name = "Connections", description = "Who is connected to them now."),
    ),
    components(schemas(ErrorModel)),
    modifiers(&Shared),
)]
pub(crate) struct Document;

/// What operations refer to.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.responses = refused::components();
        let http = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token from Settings, Tokens, or of a sign-in on the command line.",
            ))
            .build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(http));
    }
}

/// The document of all that is served.
pub(crate) fn document() -> openapi::OpenApi {
    finish(api::resources().into_openapi())
}

/// `document` with what no attribute says.
pub(crate) fn finish(mut document: openapi::OpenApi) -> openapi::OpenApi {
    let components = document.components.get_or_insert_default();
    for (name, schema) in &mut components.schemas {
        // Answers leave out what is not there, so that no field of one is ever null; requests may say `null`.
        if let (false, RefOr::T(schema)) = (name.ends_with("Request"), schema) {
            never_null(schema);
            refer_to_items(name, schema);
        }
    }
    let components = components.clone();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            secure(operation);
            if let Some(RefOr::T(body)) = &mut operation.request_body
                && is_optional(body, &components)
            {
                body.required = Some(Required::False);
            }
        }
    }
    give_examples(&mut document);
    document
}

/// Gives an example to every body of JSON that has none of its own.
fn give_examples(document: &mut openapi::OpenApi) {
    let known = serde_json::to_value(&document.components).unwrap_or_default();
    let schemas = Schemas(&known["schemas"]);
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                give_example(body.content.get_mut(JSON), &schemas);
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    give_example(response.content.get_mut(JSON), &schemas);
                }
            }
        }
    }
}

fn give_example(content: Option<&mut RefOr<Content>>, schemas: &Schemas<'_>) {
    if let Some(RefOr::T(content)) = content
        && content.example.is_none()
        && let Ok(schema) = serde_json::to_value(&content.schema)
    {
        content.example = schemas.example(&schema);
    }
}

/// What a path takes.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Every call needs a token, but those whose attribute says `security(())`.
fn secure(operation: &mut Operation) {
    let is_public = operation
        .security
        .as_ref()
        .is_some_and(|needs| needs.contains(&SecurityRequirement::default()));
    operation.security = Some(match is_public {
        true => Vec::new(),
        false => vec![SecurityRequirement::new(BEARER, Vec::<String>::new())],
    });
}

/// Whether a call may come without `body`: where nothing in it is required, no body at all is an empty object.
fn is_optional(body: &RequestBody, components: &Components) -> bool {
    let Some(RefOr::T(content)) = body.content.get(JSON) else {
        return false;
    };
    let Some(RefOr::Ref(reference)) = &content.schema else {
        return false;
    };
    let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
    match components.schemas.get(name) {
        Some(RefOr::T(Schema::Object(object))) => object.required.is_empty(),
        _ => false,
    }
}

fn never_null(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => object.properties.values_mut().for_each(not_null),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|part| {
            if let RefOr::T(part) = part {
                never_null(part);
            }
        }),
        _ => {}
    }
}

/// Lists refer to what is in them, instead of saying it again.
fn refer_to_items(name: &str, schema: &mut Schema) {
    if let (Some(item), Schema::Object(list)) = (name.strip_prefix("List_"), schema) {
        let items = Array::new(Ref::from_schema_name(item));
        list.properties.insert("items".to_owned(), items.into());
    }
}

/// Takes `null` out of what a field may be.
fn not_null(property: &mut RefOr<Schema>) {
    let RefOr::T(schema) = property else { return };
    match schema {
        Schema::Object(object) => without_null(&mut object.schema_type),
        Schema::Array(array) => without_null(&mut array.schema_type),
        Schema::OneOf(one) => {
            one.items.retain(|item| !matches!(item, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null)));
            if let [only] = one.items.as_slice() {
                *property = only.clone();
            }
        }
        _ => {}
    }
}

fn without_null(kind: &mut SchemaType) {
    let SchemaType::Array(kinds) = kind else { return };
    kinds.retain(|kind| *kind != Type::Null);
    if let [only] = kinds.as_slice() {
        *kind = SchemaType::Type(only.clone());
    }
}
