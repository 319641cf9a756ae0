//! Whatever somebody sends as `where`: a filter, nothing, or a sentence that says where it went wrong. Never a panic,
//! and never a filter beyond its limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::filter::{Column, Filter, Kind, MAX_DEPTH, MAX_TESTS, parse};

static COLUMNS: [Column; 4] = [
    Column {
        name: "action_type",
        kind: Kind::Text,
        source: "action_type",
    },
    Column {
        name: "created_at",
        kind: Kind::Time,
        source: "created_at",
    },
    Column {
        name: "sequence",
        kind: Kind::Number,
        source: "sequence",
    },
    Column {
        name: "data",
        kind: Kind::Json,
        source: "data",
    },
];

fuzz_target!(|text: &str| {
    match parse(text, &COLUMNS, model::time::from_micros(1_795_588_000_000_000)) {
        Ok(Some(filter)) => {
            let (depth, tests) = size(&filter);
            assert!(depth <= 2 * MAX_DEPTH + 1 && (1..=MAX_TESTS).contains(&tests));
        }
        Ok(None) => assert!(text.trim().is_empty()),
        Err(error) => assert!(error.at <= text.chars().count() && error.message.ends_with('.')),
    }
});

/// How deep a filter goes, and how many tests it has.
fn size(filter: &Filter) -> (usize, usize) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts
            .iter()
            .map(size)
            .fold((1, 0), |(depth, tests), (d, t)| (depth.max(d + 1), tests + t)),
        Filter::Not(part) => {
            let (depth, tests) = size(part);
            (depth + 1, tests)
        }
        Filter::Test(_) => (1, 1),
    }
}
