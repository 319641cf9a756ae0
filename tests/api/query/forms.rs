//! Every form in which clients send a statement, and every way in which they name the format.

use serde_json::{Value, json};
use testkit::both_engines;

use super::world::{QUERY, World};

const FORM: &str = "application/x-www-form-urlencoded";

both_engines! {
    async fn every_form_of_a_request_is_answered(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bearer = &world.bearer;
        let post = async |path: &str, content_type: &str, body: &str| {
            bearer.post_as(path, content_type, body.as_bytes().to_vec()).await
        };
        let by_id = format!(
            "/api/v0/user/{}/workspace/{}/query",
            world.workspace["identity_id"].as_str().unwrap(),
            world.workspace["id"].as_str().unwrap()
        );
        let answers = [
            bearer.get(&format!("{QUERY}?sql=select%201%20as%20n")).await,
            bearer.get(&format!("{by_id}?sql=select+1+as+n")).await,
            bearer.get(&format!("{QUERY}/data.json?sql=select+1+as+n")).await,
            post(QUERY, FORM, "sql=select+1+as+n").await,
            post(&format!("{QUERY}/my-file.json"), FORM, "sql=select 1 as n").await,
            post(QUERY, "application/json", "{\"sql\":\"select 1 as n\"}\n").await,
            // What Pipes' SDK sends.
            post(QUERY, "application/json", "select 1 as n").await,
            post(QUERY, "application/json", "\"select 1 as n\"").await,
            bearer.post_nothing(&format!("{QUERY}/data.json?sql=select+1+as+n")).await,
            post(QUERY, "text/plain", "select 1 as n").await,
            post(QUERY, "application/sql; charset=utf-8", "select 1 as n;\n").await,
        ];
        for (n, answer) in answers.into_iter().enumerate() {
            let answer = answer.with_status(200);
            assert_eq!(answer.header("content-type"), "application/json", "{n}");
            assert_eq!(
                answer.json(),
                json!({"items": [{"n": 1}], "columns": [{"name": "n", "data_type": "int4"}],
                       "command": "SELECT", "row_count": 1}),
                "{n}"
            );
        }
    }

    async fn the_format_is_chosen_in_three_ways(builder) {
        let Some(world) = World::new(builder).await else { return };
        let (csv, markdown) = ("n\r\n1\r\n", "| n |\n| ---: |\n| 1 |\n");
        let get = async |path: &str, accept: &str| {
            let path = format!("{QUERY}{path}sql=select+1+as+n");
            let answer = world.bearer.get_with(&path, "accept", accept).await.with_status(200);
            (answer.header("content-type").to_owned(), answer.body)
        };
        for (path, accept) in [("/data.csv?", "application/json"), ("?content_type=csv&", "application/json"),
                               ("?content_type=text/csv&", "*/*"), ("?", "text/csv")] {
            let (content_type, body) = get(path, accept).await;
            assert!(content_type.starts_with("text/csv"), "{path} {content_type}");
            assert_eq!(body, csv, "{path}");
        }
        for (path, accept) in [("/a.b.md?content_type=csv&", "text/csv"), ("?content_type=md&", "*/*"), ("?", "text/markdown")] {
            let (content_type, body) = get(path, accept).await;
            assert!(content_type.starts_with("text/markdown"), "{path} {content_type}");
            assert_eq!(body, markdown, "{path}");
        }
        let zipped = world.bearer.get(&format!("{QUERY}/data.csv.gz?sql=select+1+as+n")).await.with_status(200);
        assert_eq!(zipped.header("content-type"), "application/gzip");
        let mut unzipped = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&zipped.bytes[..]), &mut unzipped).unwrap();
        assert_eq!(unzipped, csv);
        for path in ["/data.xml?", "/data?", "?content_type=xml&"] {
            let path = format!("{QUERY}{path}sql=select+1+as+n");
            let detail = world.bearer.get(&path).await.with_status(400).json()["detail"].to_string();
            assert!(detail.contains("json, csv or md"), "{detail}");
        }
    }

    async fn statements_that_change_something_say_what(builder) {
        let Some(world) = World::new(builder).await else { return };
        let done = async |sql: &str| {
            let answer = world.ask(sql).await.with_status(200).json();
            (answer["command"].as_str().unwrap().to_owned(), answer["row_count"].as_u64().unwrap(), answer["items"].clone())
        };
        let nothing = || Value::Array(Vec::new());
        assert_eq!(done("create table t (n int)").await, ("CREATE TABLE".to_owned(), 0, nothing()));
        assert_eq!(done("insert into t select generate_series(1, 7)").await, ("INSERT".to_owned(), 7, nothing()));
        assert_eq!(done("update t set n = n + 1 where n > 5").await, ("UPDATE".to_owned(), 2, nothing()));
        assert_eq!(
            done("delete from t where n = 8 returning n").await,
            ("DELETE".to_owned(), 1, json!([{"n": 8}]))
        );
        assert_eq!(done("select count(*) from t").await, ("SELECT".to_owned(), 1, json!([{"count": 6}])));
        assert_eq!(done("vacuum t").await.0, "VACUUM");
        assert_eq!(done("show timezone").await, ("SHOW".to_owned(), 1, json!([{"TimeZone": "UTC"}])));
    }

    async fn columns_of_one_name_are_told_apart(builder) {
        let Some(world) = World::new(builder).await else { return };
        let answer = world.ask("select 1 as a, 2 as a, 3 as a_1, 4 as a").await.with_status(200).json();
        assert_eq!(answer["items"], json!([{"a": 1, "a_2": 2, "a_1": 3, "a_3": 4}]));
        assert_eq!(answer["columns"][1], json!({"name": "a_2", "data_type": "int4", "original_name": "a"}));
        assert_eq!(answer["columns"][2], json!({"name": "a_1", "data_type": "int4"}));
    }
}
