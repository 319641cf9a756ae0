//! The document as a page: what a program reads, for people.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value answers with null what is not in it"
)]

use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::example::Schemas;
use crate::pages::{
    ApiAnswer, ApiBody, ApiCall, ApiDocsPage, ApiField, ApiKind, ApiSection, ApiType, Outside,
};

/// A pattern longer than this says nothing to people.
const LONGEST_PATTERN: usize = 60;

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The names of the fields.
fn keys(value: &Value) -> Vec<String> {
    object(value).map(|(name, _)| name.clone()).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The paragraphs of a description, without the marks of Markdown.
fn paragraphs(value: &Value) -> Vec<String> {
    let text = text(value).replace('`', "");
    let paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.trim().replace('\n', " "));
    paragraphs.filter(|paragraph| !paragraph.is_empty()).collect()
}

fn sentence(value: &Value) -> String {
    paragraphs(value).join(" ")
}

/// The page of `document`, whose calls are below `base_url`.
pub(super) fn page(document: &OpenApi, outside: Outside, base_url: &str) -> ApiDocsPage {
    let document = serde_json::to_value(document).unwrap_or_default();
    let schemas = &document["components"]["schemas"];
    let reader = Reader {
        schemas: Schemas(schemas),
        base_url,
    };
    let refusals = object(&document["components"]["responses"]);
    let mut refusals: Vec<_> = refusals
        .filter_map(|(_, response)| {
            let status = response["content"]["application/json"]["example"]["status"].as_u64()?;
            Some(reader.answer(&status.to_string(), response))
        })
        .collect();
    refusals.sort_by(|one, other| one.status.cmp(&other.status));
    ApiDocsPage {
        outside,
        version: text(&document["info"]["version"]),
        introduction: paragraphs(&document["info"]["description"]),
        base_url: base_url.to_owned(),
        document_url: "/api/latest/docs/openapi.json".to_owned(),
        sections: list(&document["tags"])
            .map(|tag| reader.section(tag, &document["paths"]))
            .collect(),
        refusals,
        types: object(schemas)
            .map(|(name, schema)| reader.named(name, schema))
            .collect(),
    }
}

struct Reader<'a> {
    schemas: Schemas<'a>,
    base_url: &'a str,
}

impl Reader<'_> {
    fn section(&self, tag: &Value, paths: &Value) -> ApiSection {
        let name = text(&tag["name"]);
        let all = object(paths)
            .flat_map(|(path, item)| object(item).map(move |(method, call)| (path, method, call)));
        let calls = all.filter(|(_, _, call)| call["tags"][0] == tag["name"]);
        ApiSection {
            anchor: format!("about-{}", name.to_lowercase().replace(' ', "-")),
            description: sentence(&tag["description"]),
            calls: calls
                .map(|(path, method, call)| self.call(path, method, call))
                .collect(),
            name,
        }
    }

    fn call(&self, path: &str, method: &str, call: &Value) -> ApiCall {
        let (refusals, answers): (Vec<_>, Vec<_>) =
            object(&call["responses"]).partition(|(_, response)| response["$ref"].is_string());
        ApiCall {
            id: text(&call["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: sentence(&call["summary"]),
            description: paragraphs(&call["description"]),
            is_public: call["security"] == Value::Array(Vec::new()),
            parameters: list(&call["parameters"])
                .map(|parameter| self.parameter(parameter))
                .collect(),
            body: call["requestBody"]
                .is_object()
                .then(|| self.body(&call["requestBody"])),
            answers: answers
                .into_iter()
                .map(|(status, answer)| self.answer(status, answer))
                .collect(),
            refusals: refusals.into_iter().map(|(status, _)| status.clone()).collect(),
            curl: self.curl(path, method, call),
        }
    }

    fn parameter(&self, parameter: &Value) -> ApiField {
        ApiField {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            kind: self.kind(&parameter["schema"]),
            is_required: parameter["required"] == true,
            description: sentence(&parameter["description"]),
        }
    }

    fn body(&self, body: &Value) -> ApiBody {
        let first = object(&body["content"])
            .next()
            .map_or(&Value::Null, |(_, content)| content);
        ApiBody {
            media_types: keys(&body["content"]),
            is_optional: body["required"] != true,
            fields: self.fields(&first["schema"]),
        }
    }

    fn answer(&self, status: &str, answer: &Value) -> ApiAnswer {
        let json = &answer["content"]["application/json"];
        ApiAnswer {
            status: status.to_owned(),
            description: sentence(&answer["description"]),
            media_types: keys(&answer["content"]),
            kind: self.kind(&json["schema"]),
            example: json
                .get("example")
                .and_then(|example| serde_json::to_string_pretty(example).ok()),
        }
    }

    fn named(&self, name: &str, schema: &Value) -> ApiType {
        let words = list(&schema["enum"])
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        ApiType {
            name: name.to_owned(),
            description: sentence(&schema["description"]),
            form: match schema["pattern"].as_str() {
                Some(pattern) if pattern.len() <= LONGEST_PATTERN => pattern.to_owned(),
                _ => words,
            },
            fields: self.fields(schema),
        }
    }

    /// The fields of an object, those of its parts included.
    fn fields(&self, schema: &Value) -> Vec<ApiField> {
        let (_, schema) = self.schemas.find(schema);
        let parts = list(&schema["allOf"]).flat_map(|part| self.fields(part));
        let own = object(&schema["properties"]).map(|(name, field)| ApiField {
            name: name.clone(),
            place: String::new(),
            kind: self.kind(field),
            is_required: list(&schema["required"]).any(|required| required == name),
            description: sentence(&field["description"]),
        });
        parts.chain(own).collect()
    }

    fn kind(&self, schema: &Value) -> ApiKind {
        if let (Some(name), _) = self.schemas.find(schema) {
            return ApiKind {
                words: name.to_owned(),
                link: Some(name.to_owned()),
            };
        }
        let either = list(&schema["oneOf"]).find(|kind| kind["type"] != "null");
        if let Some(kind) = either {
            return self.kind(kind);
        }
        let types = match &schema["type"] {
            Value::Array(types) => types
                .iter()
                .find(|kind| *kind != "null")
                .cloned()
                .unwrap_or_default(),
            one => one.clone(),
        };
        if types == "array" {
            let items = self.kind(&schema["items"]);
            return ApiKind {
                words: format!("list of {}", items.words),
                ..items
            };
        }
        let words = list(&schema["enum"])
            .filter_map(Value::as_str)
            .collect::<Vec<_>>();
        let words = if words.is_empty() {
            text(&types)
        } else {
            words.join(", ")
        };
        ApiKind { words, link: None }
    }

    /// A line for a shell that does it.
    fn curl(&self, path: &str, method: &str, call: &Value) -> String {
        let mut url = format!("{}{path}", self.base_url);
        for parameter in list(&call["parameters"]).filter(|parameter| parameter["in"] == "path") {
            let named = format!("{{{}}}", text(&parameter["name"]));
            url = url.replace(&named, &text(&parameter["example"]));
        }
        let mut line = "curl".to_owned();
        if call["security"] != Value::Array(Vec::new()) {
            line += " -H \"Authorization: Bearer $STANDPIPE_TOKEN\"";
        }
        let content = &call["requestBody"]["content"];
        if method != "get" && !(method == "post" && content.is_object()) {
            line = format!("{line} -X {}", method.to_uppercase());
        }
        if let Some(example) = content["application/json"].get("example") {
            line = format!("{line} -d '{example}'");
        } else if content["multipart/form-data"].is_object() {
            line += " -F avatar=@me.jpg";
        }
        format!("{line} \\\n  '{url}'")
    }
}
