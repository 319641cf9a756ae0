//! Every type that PostgreSQL has: what its values are in JSON, that they can be read back, and that CSV is what `COPY`
//! writes.

use std::collections::BTreeSet;

use testkit::both_engines;

use super::world::{QUERY, World};

/// A type, a value of it, and the value in JSON; where that is left out it is the same text.
type Sample = (&'static str, &'static str, Option<&'static str>);

#[rustfmt::skip]
const SAMPLES: &[Sample] = &[
    ("bool", "t", Some("true")), ("bool", "f", Some("false")),
    ("int2", "-32768", Some("-32768")), ("int4", "2147483647", Some("2147483647")),
    ("int8", "9223372036854775807", Some("9223372036854775807")), ("oid", "4294967295", Some("4294967295")),
    ("float4", "1.5", Some("1.5")), ("float4", "NaN", Some("\"NaN\"")), ("float8", "0.1", Some("0.1")),
    ("float8", "1e300", Some("1e+300")), ("float8", "-0", Some("-0")), ("float8", "-Infinity", Some("\"-Infinity\"")),
    ("numeric", "12345678901234567890.0123456789", Some("12345678901234567890.0123456789")),
    ("numeric", "0.10", Some("0.10")), ("numeric", "NaN", Some("\"NaN\"")), ("numeric", "Infinity", Some("\"Infinity\"")),
    ("money", "1.50", Some("\"$1.50\"")),
    ("text", "é \"x\"\n\t\\", Some(r#""é \"x\"\n\t\\""#)), ("text", "", Some("\"\"")), ("text", "NULL", None), ("text", "{a,b}", None),
    ("varchar", "v,w", None), ("bpchar", "b ", None), ("name", "n", None), ("\"char\"", "c", None), ("cstring", "c", None),
    ("bytea", "\\x00ff", Some("\"\\\\x00ff\"")), ("json", r#"{"a": [1, null, "x"]}"#, Some(r#"{"a": [1, null, "x"]}"#)),
    ("jsonb", r#"{"b": 1.50, "a": {}}"#, Some(r#"{"a": {}, "b": 1.50}"#)), ("json", "null", Some("null")),
    ("jsonpath", "$.\"a\"", Some(r#""$.\"a\"""#)), ("xml", "<a>b</a>", None), ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", None),
    ("date", "2026-11-25", None), ("date", "0044-03-15 BC", None), ("date", "infinity", None),
    ("time", "10:20:30.5", None), ("timetz", "10:20:30+02", None), ("interval", "1 mon 2 days 03:04:05", None),
    ("timestamp", "2026-11-25 10:20:30.5", Some("\"2026-11-25T10:20:30.5\"")), ("timestamp", "-infinity", None),
    ("timestamptz", "2026-11-25 10:20:30+02", Some("\"2026-11-25T08:20:30Z\"")),
    ("timestamptz", "0044-03-15 00:00:00+00 BC", None), ("timestamptz", "12026-01-01 00:00:00+00", None),
    ("inet", "10.0.0.1/8", None), ("inet", "::1", None), ("cidr", "10.0.0.0/8", None), ("macaddr", "08:00:2b:01:02:03", None),
    ("macaddr8", "08:00:2b:01:02:03:04:05", None), ("bit", "1", None), ("varbit", "1010", None),
    ("point", "(1,2)", None), ("line", "{1,2,3}", None), ("lseg", "[(0,0),(1,1)]", None), ("box", "(1,1),(0,0)", None),
    ("path", "((0,0),(1,1))", None), ("polygon", "((0,0),(1,1),(1,0))", None), ("circle", "<(0,0),1>", None),
    ("tsvector", "'a' 'b':1", None), ("tsquery", "'a' & 'b'", None),
    ("int4range", "[1,3)", None), ("int8range", "[1,)", None), ("numrange", "(1.5,2.5]", None), ("daterange", "empty", None),
    ("tsrange", "[\"2026-01-01 00:00:00\",\"2026-01-02 00:00:00\")", Some(r#""[\"2026-01-01 00:00:00\",\"2026-01-02 00:00:00\")""#)),
    ("tstzrange", "(,\"2026-01-02 00:00:00+00\")", Some(r#""(,\"2026-01-02 00:00:00+00\")""#)),
    ("int4multirange", "{[1,3),[5,7)}", None), ("int8multirange", "{}", None), ("nummultirange", "{[1.5,2.5]}", None),
    ("datemultirange", "{[2026-01-01,2026-01-02)}", None), ("tsmultirange", "{}", None), ("tstzmultirange", "{}", None),
    ("xid", "7", None), ("cid", "7", None), ("tid", "(1,2)", None), ("xid8", "7", None), ("pg_lsn", "16/B374D848", None),
    ("txid_snapshot", "10:20:10,14", None), ("pg_snapshot", "10:20:10,14", None), ("refcursor", "c", None),
    ("regclass", "pg_class", None), ("regtype", "integer", None), ("regproc", "pg_sleep", None), ("regprocedure", "now()", None),
    ("regoper", "!~~", Some("\"!~~\"")), ("regoperator", "+(integer,integer)", None), ("regconfig", "english", None),
    ("regdictionary", "simple", None), ("regrole", "pg_monitor", None), ("regnamespace", "pg_catalog", None),
    ("regcollation", "\"C\"", Some(r#""\"C\"""#)), ("int2vector", "1 2", None), ("oidvector", "1 2", None),
    ("aclitem", "pg_monitor=r/pg_monitor", None),
];

/// Types whose values cannot be written in SQL, and one that is ambiguous without its arguments.
const UNWRITABLE: &[&str] = &[
    "gtsvector",
    "pg_node_tree",
    "pg_ndistinct",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_ddl_command",
    "char",
];
/// Types that have no arrays, no columns, or operators of their own only.
const NO_COLUMNS: &[&str] = &["cstring", "regoper"];

fn literal(kind: &str, value: &str) -> String {
    format!("E'{}'::{kind}", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn expected((_, value, json): &Sample) -> String {
    json.map_or_else(|| serde_json::to_string(value).unwrap(), str::to_owned)
}

fn samples() -> impl Iterator<Item = &'static Sample> {
    SAMPLES.iter().filter(|(kind, _, _)| !NO_COLUMNS.contains(kind))
}

both_engines! {
    async fn every_type_has_its_form_in_json(builder) {
        let Some(world) = World::new(builder).await else { return };
        let mut wrong = Vec::new();
        for sample in samples() {
            let (kind, value) = (sample.0, literal(sample.0, sample.1));
            let sql = format!("select {value} as v, null::{kind} as n, array[{value}, null] as a, array[[{value}], [null::{kind}]] as b");
            let answer = world.ask(&sql).await;
            let v = expected(sample);
            let row = format!(r#"{{"items":[{{"v":{v},"n":null,"a":[{v},null],"b":[[{v}],[null]]}}],"#);
            if !answer.body.starts_with(&row) {
                wrong.push(format!("{kind}: {row} but {}", answer.body));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn every_type_of_this_postgresql_is_tried(builder) {
        let Some(world) = World::new(builder).await else { return };
        let all = world.rows(
            "select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') \
             and typcategory <> 'A' and not exists (select from pg_type e where e.typarray = pg_type.oid)",
        ).await;
        let tried: BTreeSet<&str> = SAMPLES.iter().map(|(kind, _, _)| *kind).chain(UNWRITABLE.iter().copied()).collect();
        let missed: Vec<_> = all.as_array().unwrap().iter()
            .map(|row| row["typname"].as_str().unwrap())
            .filter(|name| !tried.contains(name) && !["int2vector", "oidvector"].contains(name))
            .collect();
        assert!(missed.is_empty(), "{missed:?}");
    }

    async fn every_value_can_be_read_back(builder) {
        let Some(world) = World::new(builder).await else { return };
        let mut wrong = Vec::new();
        for sample in samples() {
            let answer = world.ask(&format!("select {} as v", literal(sample.0, sample.1))).await.with_status(200);
            // The text of the value as it stands in the JSON: what is in the quotes of a text, else itself.
            let raw = answer.body.strip_prefix(r#"{"items":[{"v":"#).and_then(|rest| rest.split_once("}],\"columns\"")).unwrap().0;
            let is_json = ["json", "jsonb"].contains(&sample.0);
            let text = match serde_json::from_str::<serde_json::Value>(raw) {
                Ok(serde_json::Value::String(text)) if !is_json => text,
                _ => raw.to_owned(),
            };
            let same = format!("select {}::text = {}::text as same", literal(sample.0, &text), literal(sample.0, sample.1));
            if world.value(&same).await != true {
                wrong.push(format!("{} {text}", sample.0));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn csv_is_what_copy_writes_and_reads(builder) {
        let Some(world) = World::new(builder).await else { return };
        let values: Vec<_> = samples().enumerate().map(|(n, sample)| {
            let value = literal(sample.0, sample.1);
            format!("{value} as v{n}, null::{kind} as n{n}, array[{value}, null] as a{n}", kind = sample.0)
        }).collect();
        let sql = format!("select {}", values.join(", "));
        let csv = world.bearer.post_as(&format!("{QUERY}/all.csv"), "application/sql", sql.clone().into_bytes()).await.with_status(200).body;
        let password = world.app.password(&world.bearer, &world.person).await;
        let psql = world.app.psql_by_name(&world.person, &world.workspace, &password);
        let settings = "set timezone = 'UTC';";
        let copied = psql.run(&format!("{settings}\ncopy ({sql}) to stdout (format csv, header);")).await.rows();
        assert_eq!(csv.replace("\r\n", "\n").trim_end(), copied);
    }

    async fn types_of_ones_own_are_read_by_what_they_are(builder) {
        let Some(world) = World::new(builder).await else { return };
        for sql in [
            "create type mood as enum ('sad', 'fairly, \"ok\"')",
            "create type pair as (a int, b text)",
            "create domain size as int check (value > 0)",
            "create type span as range (subtype = float8)",
        ] {
            world.ask(sql).await.with_status(200);
        }
        let sql = "select 'sad'::mood as m, array['sad', 'fairly, \"ok\"', null]::mood[] as ms, row(1, 'x y')::pair as p, \
                   array[row(1, 'x')]::pair[] as ps, 7::size as s, array[7, 8]::size[] as ss, '[1.5,2)'::span as r, \
                   row(1, null) as anonymous, '{{(1,1),(0,0);(2,2),(0,0)}}'::box[] as boxes, '[3:4]={7,8}'::int[] as bounds, \
                   '{}'::int[] as empty";
        let answer = world.ask(sql).await.with_status(200);
        let row = r#"{"m":"sad","ms":["sad","fairly, \"ok\"",null],"p":"(1,\"x y\")","ps":["(1,x)"],"s":7,"ss":[7,8],"r":"[1.5,2)","anonymous":"(1,)","boxes":[["(1,1),(0,0)","(2,2),(0,0)"]],"bounds":[7,8],"empty":[]}"#;
        assert!(answer.body.contains(row), "{}", answer.body);
        let types: Vec<_> = answer.json()["columns"].as_array().unwrap().iter().map(|column| column["data_type"].clone()).collect();
        assert_eq!(types, ["mood", "mood[]", "pair", "pair[]", "int4", "size[]", "span", "record", "box[]", "int4[]", "int4[]"]);
    }

    async fn markdown_shows_every_type(builder) {
        let Some(world) = World::new(builder).await else { return };
        let sql = "select 1 as n, 'a|b' || E'\\n' || '<b>' as t, null::text as x, array[1, 2] as a";
        let answer = world.bearer.post_as(&format!("{QUERY}/t.md"), "text/plain", sql.as_bytes().to_vec()).await.with_status(200);
        assert_eq!(
            answer.body,
            "| n | t | x | a |\n| ---: | --- | --- | --- |\n| 1 | a\\|b<br>&lt;b> | NULL | {1,2} |\n"
        );
    }
}
