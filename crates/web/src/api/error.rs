//! Errors as the contract's clients decode them (§0.8): `application/json`, an integer `status`, always a `detail`.

use std::sync::Arc;

use app::Error;
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::Invalid;
use serde::Serialize;
use utoipa::ToSchema;

/// When it is worth asking again for what is not there now.
const UNAVAILABLE_SECONDS: u64 = 5;

/// An error of a use case, on its way to a client of the API.
#[derive(Debug, Clone)]
pub(crate) struct ApiError(Arc<Error>);

impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(Arc::new(error.into()))
    }
}

impl IntoResponse for ApiError {
    /// A bare status with the error beside it; [`render`] gives it its body.
    fn into_response(self) -> Response {
        let mut response = status_and_code(&self.0).0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Why a call was refused.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct ErrorModel {
    #[serde(rename = "type")]
    #[schema(example = "invalid")]
    code: &'static str,
    #[schema(example = "Bad Request")]
    title: &'static str,
    #[schema(value_type = i32, example = 400)]
    status: u16,
    #[schema(example = "limit: Use a number from 1 to 100.")]
    detail: String,
    /// The request's id, also in `X-Request-Id` and in the log.
    #[schema(example = "r_1rstq0hk6vifudmcgepn")]
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    validation_errors: Vec<ValidationError>,
    /// Of an error of PostgreSQL: its SQLSTATE.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "42703")]
    sqlstate: Option<String>,
    /// Where in the statement, in characters from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>, example = 8)]
    position: Option<u32>,
    /// What PostgreSQL suggests.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// PostgreSQL's own `DETAIL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_detail: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ValidationError {
    #[schema(example = "limit")]
    location: &'static str,
    #[schema(example = "Use a number from 1 to 100.")]
    message: String,
}

impl From<Invalid> for ValidationError {
    fn from(invalid: Invalid) -> Self {
        Self {
            location: invalid.field,
            message: invalid.message,
        }
    }
}

/// The one place where an error becomes a status; `docs/reference/errors.md` lists the codes.
fn status_and_code(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
        Error::HandleChanged(_) => (StatusCode::GONE, "handle_changed"),
        Error::Conflict { code, .. } => (StatusCode::CONFLICT, code),
        Error::VersionMismatch { .. } => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
        Error::Ended { code, .. } => (StatusCode::NOT_FOUND, code),
        Error::NotImplemented(_) => (StatusCode::NOT_IMPLEMENTED, "not_implemented"),
        Error::SignInRequired => (StatusCode::UNAUTHORIZED, "unauthenticated"),
        Error::CredentialRefused { code, .. } => (StatusCode::UNAUTHORIZED, code),
        Error::Forbidden { code, .. } => (StatusCode::FORBIDDEN, code),
        Error::FreshSignInRequired(_) => (StatusCode::FORBIDDEN, "reauth_required"),
        Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Error::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Error::Expired(_) => (StatusCode::GONE, "expired"),
        Error::Query(_) => (StatusCode::BAD_REQUEST, "sql_error"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn detail(error: &Error) -> String {
    match error {
        Error::Invalid(fields) => fields
            .iter()
            .map(|field| format!("{}: {}", field.field, field.message))
            .collect::<Vec<_>>()
            .join(" "),
        // What the command line prints of it.
        Error::NotFound("login request") => {
            "There is no such login request. Run the login command again.".to_owned()
        }
        Error::NotFound(what) => format!("There is no such {what}, or it is not yours."),
        Error::SignInRequired => "Send a valid token as `Authorization: Bearer …`.".to_owned(),
        Error::FreshSignInRequired(_) => "Sign in again: this needs a fresh proof of who you are.".to_owned(),
        Error::RateLimited { after_seconds } => {
            format!("Too many requests. Try again in {after_seconds} seconds.")
        }
        Error::TooLarge => "The body is too large.".to_owned(),
        Error::Query(error) => error.message.clone(),
        Error::Store(_) => "The account store does not answer. Try again.".to_owned(),
        Error::Internal(_) => {
            "Something failed on our side. The instance above finds it in the log.".to_owned()
        }
        Error::Conflict { message, .. } | Error::HandleChanged(message) | Error::Unavailable(message) => {
            message.clone()
        }
        Error::VersionMismatch { version } => format!(
            "Its version is {version} now, which If-Match does not name. Read it again before you change it."
        ),
        Error::NotImplemented(message)
        | Error::Ended { message, .. }
        | Error::CredentialRefused { message, .. }
        | Error::Forbidden { message, .. }
        | Error::Expired(message) => (*message).to_owned(),
    }
}

/// Gives an error its body, one that the router itself answers included: clients can decode nothing else.
pub(crate) fn render(request_id: &str, response: Response) -> Response {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let instance = request_id.to_owned();
    let model = match parts.extensions.remove::<ApiError>() {
        Some(ApiError(error)) => {
            add_headers(&mut parts.headers, &error);
            ErrorModel::of(&error, parts.status, instance)
        }
        None => ErrorModel::of_router(parts.status, instance),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let (body_parts, body) = Json(model).into_response().into_parts();
    parts.headers.extend(body_parts.headers);
    Response::from_parts(parts, body)
}

fn add_headers(headers: &mut HeaderMap, error: &Error) {
    match error {
        Error::SignInRequired | Error::CredentialRefused { .. } => {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"standpipe\""),
            );
        }
        Error::RateLimited { after_seconds } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*after_seconds));
        }
        Error::Unavailable(_) | Error::Store(_) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(UNAVAILABLE_SECONDS));
        }
        _ => {}
    }
}

impl ErrorModel {
    /// `error` for the request `instance`. What a client must not see is logged here, once.
    fn of(error: &Error, status: StatusCode, instance: String) -> Self {
        if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
            tracing::error!(
                request.id = instance,
                error = error as &dyn std::error::Error,
                "request failed"
            );
        }
        let validation_errors = match error {
            Error::Invalid(fields) => fields.iter().cloned().map(ValidationError::from).collect(),
            _ => Vec::new(),
        };
        let (_, code) = status_and_code(error);
        Self {
            code,
            title: title(status),
            status: status.as_u16(),
            detail: detail(error),
            instance,
            validation_errors,
            ..Self::of_sql(error)
        }
    }

    /// What only an error of PostgreSQL says.
    fn of_sql(error: &Error) -> Self {
        let Error::Query(error) = error else {
            return Self::default();
        };
        Self {
            sqlstate: Some(error.sqlstate.clone()),
            position: error.position,
            hint: error.hint.clone(),
            sql_detail: error.detail.clone(),
            ..Self::default()
        }
    }

    /// What the router refused before any handler saw it.
    fn of_router(status: StatusCode, instance: String) -> Self {
        let (code, detail) = match status {
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "This resource does not take this method. The Allow header lists what it takes.",
            ),
            StatusCode::NOT_FOUND => ("not_found", "There is no such resource."),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "The body is too large."),
            _ => ("invalid", "The path or the query cannot be read."),
        };
        let detail = detail.to_owned();
        Self {
            code,
            title: title(status),
            status: status.as_u16(),
            detail,
            instance,
            ..Self::default()
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
