//! What is asked, and in which form: clients send a statement in seven ways (contract §1.9), and name the format of the
//! answer in three.

use app::Error;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, Uri, header},
};
use serde_json::Value;

use crate::{Web, api::ApiError, results::Format};

/// A statement on its way, whatever form it was sent in.
pub(crate) struct QueryRequest {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) format: Format,
    /// As a file of gzip.
    pub(super) gzip: bool,
}

impl FromRequest<Web> for QueryRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Self::Rejection> {
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        let body = Bytes::from_request(request, web).await;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
            _ => Error::invalid("body", "The body was cut off."),
        })?;
        Ok(Self { uri, headers, body })
    }
}

impl QueryRequest {
    /// The statement: of the body, if there is one, else of the URL.
    pub(super) fn statement(&self) -> Result<String, Error> {
        let in_url = self.parameter("sql");
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(in_url.unwrap_or_default());
        }
        if in_url.is_some() {
            return Err(Error::invalid(
                "sql",
                "There is a statement in the URL and a body too. Send one of them.",
            ));
        }
        in_body(self.content_type().as_deref(), &self.body)
    }

    /// The format that the file's extension names; else `content_type`; else `Accept`; else JSON.
    pub(super) fn wanted(&self, file: Option<&str>) -> Result<Wanted, Error> {
        if let Some(file) = file {
            return of_file(file);
        }
        let named = self.parameter("content_type").filter(|name| !name.is_empty());
        let format = match named {
            Some(name) => Format::named(&name).ok_or_else(|| {
                Error::invalid(
                    "content_type",
                    "Use json, csv or md, or application/json, text/csv or text/markdown.",
                )
            })?,
            None => self.accepted().unwrap_or(Format::Json),
        };
        Ok(Wanted { format, gzip: false })
    }

    /// The first of our formats that `Accept` lists; what else it lists, and how much it likes it, is not looked at.
    fn accepted(&self) -> Option<Format> {
        let accept = self.headers.get(header::ACCEPT)?.to_str().ok()?;
        accept.split(',').find_map(|range| Format::named(essence(range)))
    }

    fn content_type(&self) -> Option<String> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        Some(essence(value).to_ascii_lowercase())
    }

    fn parameter(&self, name: &str) -> Option<String> {
        form_value(self.uri.query().unwrap_or_default().as_bytes(), name)
    }
}

/// A media type without its parameters.
fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

fn form_value(form: &[u8], name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(form);
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The statement in a body. Pipes' SDK sends bare SQL and calls it JSON: what is neither an object nor a string of JSON is
/// SQL, and no SQL is either.
fn in_body(content_type: Option<&str>, body: &[u8]) -> Result<String, Error> {
    let raw = || {
        String::from_utf8(body.to_vec()).map_err(|_| Error::invalid("sql", "The statement must be UTF-8."))
    };
    match content_type {
        Some("application/x-www-form-urlencoded") => form_value(body, "sql").ok_or_else(|| {
            Error::invalid(
                "sql",
                "The form has no field sql. Send it as sql=…, or bare SQL with Content-Type: application/sql.",
            )
        }),
        Some("application/json") => match serde_json::from_slice(body) {
            Ok(Value::String(sql)) => Ok(sql),
            Ok(Value::Object(fields)) => match fields.get("sql") {
                Some(Value::String(sql)) => Ok(sql.clone()),
                _ => Err(Error::invalid("sql", "The JSON object needs a text sql.")),
            },
            _ => raw(),
        },
        Some("text/plain" | "application/sql") | None => raw(),
        Some(_) => Err(Error::invalid(
            "body",
            "Send the statement as a form, as JSON, or as it is with Content-Type: application/sql.",
        )),
    }
}

fn of_file(file: &str) -> Result<Wanted, Error> {
    let (name, gzip) = match file.strip_suffix(".gz") {
        Some(name) => (name, true),
        None => (file, false),
    };
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let format = extension
        .filter(|extension| !extension.contains('/'))
        .and_then(Format::named)
        .ok_or_else(|| {
            Error::invalid(
                "file",
                "The extension must be json, csv or md, or one of them with .gz behind it.",
            )
        })?;
    Ok(Wanted { format, gzip })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(
        uri: &'static str,
        headers: &[(header::HeaderName, &'static str)],
        body: &'static str,
    ) -> QueryRequest {
        QueryRequest {
            uri: Uri::from_static(uri),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn sent(content_type: &'static str, body: &'static str) -> Result<String, Error> {
        request("/q", &[(header::CONTENT_TYPE, content_type)], body).statement()
    }

    #[test]
    fn every_form_is_understood() {
        let of_url = request("/q?sql=select+1%2B1", &[], " \n");
        assert_eq!(of_url.statement().unwrap(), "select 1+1");
        assert_eq!(request("/q", &[], "select 1").statement().unwrap(), "select 1");
        for (content_type, body, sql) in [
            (
                "application/x-www-form-urlencoded",
                "sql=select+%271%27",
                "select '1'",
            ),
            ("application/json", r#"{"sql":"select 1"}"#, "select 1"),
            ("application/json; charset=utf-8", r#""select 1""#, "select 1"),
            ("application/json", "select '{}'::json\n", "select '{}'::json\n"),
            ("Application/SQL", "select 1", "select 1"),
            ("text/plain", "{\"sql\":1}", "{\"sql\":1}"),
        ] {
            assert_eq!(sent(content_type, body).unwrap(), sql, "{content_type}");
        }
    }

    #[test]
    fn what_is_unclear_is_refused() {
        let both = request("/q?sql=select+1", &[], "select 2");
        assert!(both.statement().is_err());
        for (content_type, body) in [
            ("application/x-www-form-urlencoded", "select 1"),
            ("application/json", r#"{"query":"select 1"}"#),
            ("application/json", r#"{"sql":1}"#),
            ("multipart/form-data; boundary=x", "--x--"),
        ] {
            assert!(sent(content_type, body).is_err(), "{content_type} {body}");
        }
    }

    #[test]
    fn the_extension_outranks_all() {
        let accept = [(header::ACCEPT, "text/html, text/csv;q=0.5")];
        let format = |uri, file| {
            let wanted = request(uri, &accept, "").wanted(file);
            wanted.ok().map(|wanted| (wanted.format, wanted.gzip))
        };
        assert_eq!(format("/q", None), Some((Format::Csv, false)));
        assert_eq!(
            format("/q?content_type=application/json", None),
            Some((Format::Json, false))
        );
        assert_eq!(format("/q?content_type=", None), Some((Format::Csv, false)));
        assert_eq!(format("/q?content_type=xml", None), None);
        assert_eq!(
            format("/q?content_type=json", Some("my-file.v2.md")),
            Some((Format::Markdown, false))
        );
        assert_eq!(format("/q", Some("data.csv.gz")), Some((Format::Csv, true)));
        for bad in ["data", "data.xml", "csv", ".gz", "data.text/csv", "data.CSV"] {
            assert_eq!(format("/q", Some(bad)), None, "{bad}");
        }
        let none = request("/q", &[(header::ACCEPT, "*/*")], "")
            .wanted(None)
            .unwrap();
        assert_eq!(none.format, Format::Json);
    }
}
