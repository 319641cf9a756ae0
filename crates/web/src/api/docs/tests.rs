//! The committed document is that of the code, and it says what holds for all calls.

use std::{collections::HashSet, fs, path::PathBuf};

use serde_json::Value;

use super::document;

/// Set, a document that differs is written instead of refused; `scripts/openapi` does that.
const UPDATE: &str = "STANDPIPE_UPDATE_OPENAPI";

fn committed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

/// The lines in which two texts differ, from the first to the last.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[same..], &new[same..]);
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let lines = |sign: char, lines: &[&str]| -> Vec<String> {
        lines[..lines.len() - end]
            .iter()
            .take(40)
            .map(|line| format!("{sign} {line}"))
            .collect()
    };
    [
        vec![format!("from line {}:", same + 1)],
        lines('-', old),
        lines('+', new),
    ]
    .concat()
    .join("\n")
}

#[test]
fn the_committed_document_is_that_of_the_code() {
    let now = document().to_pretty_json().unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "how a script asks for the file")]
    if std::env::var(UPDATE).is_ok() {
        fs::write(committed(), &now).unwrap();
    }
    let then = fs::read_to_string(committed()).unwrap_or_default();
    assert!(
        then == now,
        "docs/openapi.json is not what the code says; run scripts/openapi and look at what changes.\n{}",
        difference(&then, &now)
    );
}

#[test]
fn differences_are_shown() {
    let shown = difference("a\nb\nc\n", "a\nx\ny\nc\n");
    assert_eq!(shown, "from line 2:\n- b\n+ x\n+ y");
}

fn operations() -> Vec<(String, Value)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let all = paths.into_iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().clone();
        let named = methods
            .into_iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation));
        named.collect::<Vec<_>>()
    });
    all.collect()
}

#[test]
fn every_operation_is_told_in_full() {
    let document = serde_json::to_value(document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let tags: Vec<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].clone())
        .collect();
    for (name, operation) in operations() {
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.'), "{name} has the summary {summary:?}");
        assert!(
            tags.contains(&operation["tags"][0]),
            "{name} has the tag {}",
            operation["tags"][0]
        );
        assert_eq!(
            operation["tags"].as_array().unwrap().len(),
            1,
            "{name} has one tag"
        );
        assert!(operation["security"].is_array(), "{name} says who may call it");
        let answers = operation["responses"].as_object().unwrap();
        for status in ["429", "500"] {
            assert!(answers.contains_key(status), "{name} can answer {status}");
        }
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in &parameters {
            assert!(
                parameter["description"].is_string(),
                "{name} says what {} is",
                parameter["name"]
            );
        }
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        for parameter in in_path.clone() {
            assert!(parameter["schema"]["pattern"].is_string(), "{name}: {parameter}");
        }
        assert_eq!(
            in_path.count(),
            name.matches('{').count(),
            "{name} has parameters that nobody tells of"
        );
        assert!(
            parameters.is_empty() || answers.contains_key("400"),
            "{name} can answer 400"
        );
        let has_body = operation["requestBody"].is_object();
        assert!(!has_body || answers.contains_key("413"), "{name} can answer 413");
    }
}

#[test]
fn answers_are_never_null() {
    let document = serde_json::to_value(document()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let may = name.ends_with("Request") || !schema.to_string().contains("\"null\"");
        assert!(may, "{name} says that a field is null");
    }
}

/// The values of `attribute` in `html`.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let parts = html.split(&start).skip(1);
    parts.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_page_has_every_call_and_no_link_into_nothing() {
    let page = super::page::page(
        &document(),
        crate::console::outside(),
        "http://localhost:8080/api/latest",
    );
    let html = askama::Template::render(&page).unwrap();
    let ids = values(&html, "id");
    let known: HashSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), known.len(), "ids are unique");
    for target in values(&html, "href")
        .iter()
        .filter_map(|href| href.strip_prefix('#'))
    {
        assert!(known.contains(target), "a link to #{target}");
    }
    for (name, operation) in operations() {
        assert!(
            known.contains(operation["operationId"].as_str().unwrap()),
            "{name}"
        );
    }
    let rotate = html.split("id=\"rotate_token\"").nth(1).unwrap();
    let line = "curl -H &#34;Authorization: Bearer $STANDPIPE_TOKEN&#34; -d &#39;{&#34;overlap&#34;:86400,&#34;expiration&#34;:86400}&#39;";
    assert!(rotate.contains(line), "{}", rotate.split("<pre").nth(1).unwrap());
}

#[test]
fn every_body_of_json_has_an_example() {
    for (name, operation) in operations() {
        let answers = operation["responses"].as_object().unwrap().values();
        for content in answers
            .chain([&operation["requestBody"]])
            .map(|told| &told["content"]["application/json"])
        {
            let any = content["schema"] == serde_json::json!({});
            assert!(
                content.is_null() || any || content["example"].is_object(),
                "{name}: {content}"
            );
        }
    }
}
