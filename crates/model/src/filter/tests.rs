//! The grammar, its refusals, and what no text may do.

use proptest::prelude::*;

use super::*;

static COLUMNS: [Column; 4] = [
    Column {
        name: "state",
        kind: Kind::Text,
        source: "state",
    },
    Column {
        name: "created_at",
        kind: Kind::Time,
        source: "created_at",
    },
    Column {
        name: "size",
        kind: Kind::Number,
        source: "size",
    },
    Column {
        name: "data",
        kind: Kind::Json,
        source: "data",
    },
];

const NOW: i64 = 1_795_588_000_000_000;

fn now() -> Timestamp {
    crate::time::from_micros(NOW)
}

fn ok(text: &str) -> Filter {
    parse(text, &COLUMNS, now())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .unwrap()
}

fn refused(text: &str) -> String {
    parse(text, &COLUMNS, now()).unwrap_err().to_string()
}

fn test(column: usize, check: Check) -> Filter {
    Filter::Test(Test {
        operand: Operand {
            column: &COLUMNS[column],
            path: Vec::new(),
        },
        check,
    })
}

fn state(value: &str) -> Filter {
    Filter::equal(&COLUMNS[0], value)
}

fn since(text: &str) -> String {
    match ok(&format!("created_at >= {text}")) {
        Filter::Test(Test {
            check: Check::Compare(_, Value::Time(at)),
            ..
        }) => at.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn blank_text_is_no_filter() {
    assert_eq!(parse("", &COLUMNS, now()), Ok(None));
    assert_eq!(parse(" \n\t", &COLUMNS, now()), Ok(None));
}

#[test]
fn every_documented_operator_is_read() {
    for (sign, comparison) in [
        ("=", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<>", Comparison::NotEqual),
        ("<", Comparison::Less),
        ("<=", Comparison::AtMost),
        (">", Comparison::Greater),
        (">=", Comparison::AtLeast),
    ] {
        let text = Value::Text("o'clock".to_owned());
        assert_eq!(
            ok(&format!("state {sign} 'o''clock'")),
            test(0, Check::Compare(comparison, text))
        );
        let number = Value::Number(-7);
        assert_eq!(
            ok(&format!("size{sign}-7")),
            test(2, Check::Compare(comparison, number))
        );
    }
    for (text, negated, ignore_case) in [
        ("like", false, false),
        ("not like", true, false),
        ("ILIKE", false, true),
        ("NOT ilike", true, true),
    ] {
        let check = Check::Like {
            pattern: "token.%".to_owned(),
            ignore_case,
            negated,
        };
        assert_eq!(ok(&format!("\"state\" {text} 'token.%'")), test(0, check));
    }
    let values = || ["a", "b"].map(|text| Value::Text(text.to_owned())).into();
    let within = |negated| Check::In {
        values: values(),
        negated,
    };
    assert_eq!(ok("state in ('a','b')"), test(0, within(false)));
    assert_eq!(ok("state not in ('a', 'b')"), test(0, within(true)));
    assert_eq!(ok("created_at is null"), test(1, Check::Null { negated: false }));
    assert_eq!(ok("data is not null"), test(3, Check::Null { negated: true }));
}

#[test]
fn and_binds_before_or_and_parentheses_before_both() {
    let (a, b, c) = (|| state("a"), || state("b"), || state("c"));
    assert_eq!(
        ok("state='a' or state='b' and state='c'"),
        Filter::Any(vec![a(), Filter::All(vec![b(), c()])])
    );
    assert_eq!(
        ok("(state='a' or state='b') and not state='c'"),
        Filter::All(vec![Filter::Any(vec![a(), b()]), Filter::Not(Box::new(c()))])
    );
    assert_eq!(ok("((state='a'))"), a());
}

#[test]
fn facts_in_json_are_texts() {
    let Filter::Test(Test { operand, check }) = ok("data -> 'after' ->> 'display_name' = 'Ana'") else {
        panic!()
    };
    assert_eq!(operand.path, ["after", "display_name"]);
    assert_eq!(
        check,
        Check::Compare(Comparison::Equal, Value::Text("Ana".to_owned()))
    );
    for bare in ["5", "true", "false"] {
        let Filter::Test(Test { check, .. }) = ok(&format!("data ->> 'n' = {bare}")) else {
            panic!()
        };
        assert_eq!(
            check,
            Check::Compare(Comparison::Equal, Value::Text(bare.to_owned()))
        );
    }
}

#[test]
fn times_are_read_as_people_write_them() {
    assert_eq!(since("'2026-11-24'"), "2026-11-24T00:00:00Z");
    assert_eq!(since("'2026-11-24 10:00'"), "2026-11-24T10:00:00Z");
    assert_eq!(since("'2026-11-24T10:00:00+02:00'"), "2026-11-24T08:00:00Z");
    assert_eq!(since("now()"), "2026-11-25T06:26:40Z");
    assert_eq!(since("current_timestamp"), "2026-11-25T06:26:40Z");
    for (interval, at) in [
        ("1 hr", "2026-11-25T05:26:40Z"),
        ("7 days", "2026-11-18T06:26:40Z"),
        ("2 weeks", "2026-11-11T06:26:40Z"),
        ("1 month", "2026-10-25T06:26:40Z"),
        ("1 day 12 hours", "2026-11-23T18:26:40Z"),
        ("1year", "2025-11-25T06:26:40Z"),
    ] {
        assert_eq!(since(&format!("now() - interval '{interval}'")), at);
    }
    assert_eq!(
        since("now() - interval '1 day' + interval '1 day'"),
        "2026-11-25T06:26:40Z"
    );
}

#[test]
fn refusals_say_where_and_what_to_do() {
    for (text, said) in [
        (
            "colour = 'red'",
            "At character 1: There is no such column here. There are: state, created_at, size, data.",
        ),
        ("state = red", "At character 9: Write the text in single quotes."),
        (
            "state = 'ä' and colour = 1",
            "At character 17: There is no such column",
        ),
        ("state = 'red", "At character 9: This text has no end."),
        ("\"state = 'red'", "At character 1: This name has no end."),
        ("state", "At character 6: After the column goes one of"),
        (
            "state = 'a' state = 'b'",
            "At character 13: Join conditions with and or or",
        ),
        (
            "state = 'a' and",
            "At character 16: A condition begins with a column",
        ),
        ("(state = 'a'", "At character 13: Close the parenthesis."),
        ("state in 'a'", "At character 10: Write the values in parentheses"),
        ("state in ()", "At character 11: Write the text in single quotes."),
        (
            "state in ('a' 'b')",
            "At character 15: Separate values with commas",
        ),
        ("state is 'a'", "At character 10: Write is null or is not null."),
        (
            "state like 5",
            "At character 12: Write the pattern in single quotes",
        ),
        ("state like 'a\\'", "At character 12: A backslash stands before"),
        ("created_at like 'a%'", "At character 17: like is for texts."),
        ("created_at > 'tomorrow'", "At character 14: Write a time as"),
        ("created_at > now", "At character 17: Write a time as"),
        (
            "created_at > now() - '1 day'",
            "At character 22: Write interval before it",
        ),
        (
            "created_at > now() - interval '1 fortnight'",
            "At character 31: Write an interval as",
        ),
        (
            "created_at > now() - interval '99999 years'",
            "At character 31: Write an interval as",
        ),
        (
            "created_at > now() + interval '9999 years'",
            "At character 31: Write an interval as",
        ),
        ("size = '5'", "At character 8: Write a whole number"),
        (
            "size = 99999999999999999999",
            "At character 8: Write a whole number",
        ),
        ("data = 'x'", "At character 1: data is a JSON object."),
        ("data ->> 'n' > 5", "At character 16: A fact is compared as text"),
        ("state ->> 'a' = 'b'", "At character 7: state is no JSON object"),
        ("data ->> a = 'b'", "At character 10: Write the name of the fact"),
        ("data ->> '$.a' = 'b'", "At character 10: The name of a fact"),
        ("data ->> '' = 'b'", "At character 10: The name of a fact"),
        (
            "state = 'a'; drop table users",
            "At character 12: A filter is one condition.",
        ),
        ("state = 'a' -- x", "At character 13: Join conditions"),
        (
            "state = 'a\0'",
            "At character 11: This character cannot be searched for.",
        ),
        ("1 = 1", "At character 1: A condition begins with a column"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(said), "{text}: {error}");
    }
}

#[test]
fn sizes_are_limited() {
    let deep = |n: usize| format!("{}state='a'{}", "(".repeat(n), ")".repeat(n));
    ok(&deep(MAX_DEPTH - 1));
    assert!(refused(&deep(MAX_DEPTH)).contains("nested too deep"));
    assert!(refused(&format!("{}state='a'", "not ".repeat(400))).contains("nested too deep"));
    let many = |n: usize| vec!["state='a'"; n].join(" or ");
    ok(&many(MAX_TESTS));
    assert!(refused(&many(MAX_TESTS + 1)).contains("too many conditions"));
    let list = |n: usize| format!("state in ({})", vec!["'a'"; n].join(","));
    ok(&list(MAX_VALUES));
    assert!(refused(&list(MAX_VALUES + 1)).contains("too many values"));
    assert!(refused(&format!("state like '{}'", "a".repeat(MAX_PATTERN + 1))).contains("too long"));
    assert!(refused(&"(".repeat(MAX_LENGTH + 1)).contains("too long"));
}

/// Pieces that a text is likely to be read from.
const PIECES: [&str; 36] = [
    "state",
    "created_at",
    "size",
    "data",
    "\"state\"",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "like",
    "ilike",
    "->>",
    "->",
    "=",
    "<>",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "(",
    ")",
    ",",
    "'a'",
    "'%_\\\\'",
    "''",
    "5",
    "-1.5",
    "now()",
    "- interval '1 day'",
    "+ interval '3 months'",
    "'2026-11-24'",
    "true",
    "ä;",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text, &COLUMNS, now());
    }

    #[test]
    fn no_mix_of_pieces_panics(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        let text = pieces.join(" ");
        if let Err(error) = parse(&text, &COLUMNS, now()) {
            prop_assert!(error.at <= text.chars().count());
            prop_assert!(error.message.ends_with('.'), "{}", error.message);
        }
    }

    #[test]
    fn any_text_can_be_searched_for(text in "[^\0]{0,60}") {
        let quoted = text.replace('\'', "''");
        prop_assert_eq!(ok(&format!("state = '{quoted}'")), state(&text));
    }
}
