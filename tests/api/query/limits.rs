//! How far a query goes: rows, time, size, and how many at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::both_engines;
use tokio::time::Instant;

use super::world::{QUERY, World};

fn items(answer: &Value) -> usize {
    answer["items"].as_array().unwrap().len()
}

both_engines! {
    async fn a_result_ends_after_so_many_rows(builder) {
        let Some(world) = World::new(builder.configure(|config| config.query.rows = 50)).await else { return };
        let whole = world.ask("select generate_series(1, 50)").await.with_status(200).json();
        assert_eq!((items(&whole), &whole["type"]), (50, &json!(null)));
        let part = world.ask("select generate_series(1, 51) as n").await.with_status(206);
        assert_eq!(part.header("x-query-cut"), "row_limit");
        let part = part.json();
        assert_eq!((items(&part), &part["row_count"]), (50, &json!(50)));
        assert_eq!(part["items"][49], json!({"n": 50}));
        assert_eq!((&part["type"], &part["title"], &part["status"]), (&json!("row_limit"), &json!("Partial Content"), &json!(206)));
        assert!(part["instance"].as_str().unwrap().starts_with("r_"));
        let csv = world.bearer.get(&format!("{QUERY}/data.csv?sql=select+generate_series(1,51)")).await.with_status(206);
        assert_eq!((csv.body.lines().count(), csv.header("x-query-cut")), (51, "row_limit"));
        // Kept, and all of it.
        world.ask("create table t (n int)").await.with_status(200);
        world.ask("insert into t select generate_series(1, 60) returning n").await.with_status(206);
        assert_eq!(world.value("select count(*) from t").await, 60);
    }

    async fn a_statement_ends_after_so_many_seconds(builder) {
        let Some(world) = World::new(builder.configure(|config| config.query.seconds = 1)).await else { return };
        let began = Instant::now();
        let part = world.ask("select pg_sleep(600)").await.with_status(206).json();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!((items(&part), &part["type"]), (0, &json!("time_limit")));
        assert_eq!(part["columns"][0]["name"], "pg_sleep");
        let first = "select n, pg_sleep(case when n > 3 then 600 else 0 end) from generate_series(1, 10) n";
        let part = world.ask(first).await.with_status(206).json();
        assert_eq!(items(&part), 3, "{part}");
        // What gives no rows has nothing to show, and has not happened.
        world.ask("create table t as select 1 as n").await.with_status(200);
        let late = world.ask("update t set n = 2 where pg_sleep(600) is not null").await.with_status(400).json();
        assert_eq!((&late["type"], &late["sqlstate"]), (&json!("sql_error"), &json!("57014")));
        assert_eq!(world.value("select n from t").await, 1);
        // A timeout of the person's own is an error like any other.
        let own = "select pg_sleep(600) from (select set_config('statement_timeout', '1', true)) s";
        assert!([206, 400].contains(&world.ask(own).await.status));
    }

    async fn a_result_has_a_size(builder) {
        let small = |config: &mut standpipe::Config| (config.query.result_mb, config.query.spool_mb) = (1, 1);
        let Some(world) = World::new(builder.configure(small)).await else { return };
        let part = world.ask("select repeat('x', 300000) as x from generate_series(1, 10)").await.with_status(206).json();
        assert_eq!((items(&part), &part["type"]), (3, &json!("size_limit")));
        assert_eq!(part["items"][2]["x"].as_str().unwrap().len(), 300_000);
        let long = "select n, repeat('x', case n when 2 then 17000000 else 1 end) as x from generate_series(1, 3) n";
        let part = world.ask(long).await.with_status(206).json();
        assert_eq!((&part["items"], &part["type"]), (&json!([{"n": 1, "x": "x"}]), &json!("row_too_large")));
        // Nothing is left of them in the data directory.
        let results = world.app.data_dir().join("results");
        assert_eq!(std::fs::read_dir(results).unwrap().count(), 0);
    }

    async fn results_that_are_no_small_ones_come_whole(builder) {
        let Some(world) = World::new(builder).await else { return };
        let sql = "select n, repeat(md5(n::text), 1000) as x from generate_series(1, 100) n";
        let rows = world.rows(sql).await;
        assert_eq!(rows.as_array().unwrap().len(), 100);
        assert!(rows.as_array().unwrap().iter().all(|row| row["x"].as_str().unwrap().len() == 32_000));
        let path = |file: &str| format!("{QUERY}/{file}?sql={}", sql.replace(' ', "+"));
        let csv = world.bearer.get(&path("all.csv")).await.with_status(200);
        let zipped = world.bearer.get(&path("all.csv.gz")).await.with_status(200);
        let mut unzipped = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&zipped.bytes[..]), &mut unzipped).unwrap();
        assert!(zipped.bytes.len() * 5 < csv.bytes.len());
        assert_eq!(unzipped, csv.body);
    }

    async fn a_hundred_at_once_are_all_answered_a_few_at_a_time(builder) {
        let few = |config: &mut standpipe::Config| (config.query.at_once, config.query.per_user) = (4, 3);
        let Some(world) = World::new(builder.configure(few)).await else { return };
        let sql = "select n.n, (select count(*) from pg_stat_activity where application_name = 'standpipe query') as at_once \
                   from (select pg_sleep(0.02)) s, (select ";
        let ask = async |n: usize| world.rows(&format!("{sql}{n} as n) n")).await;
        let answers = join_all((0..100).map(ask)).await;
        for (n, rows) in answers.iter().enumerate() {
            assert_eq!(rows[0]["n"], n);
            // A connection that has just ended may still be seen.
            assert!(rows[0]["at_once"].as_i64().unwrap() <= 6, "{rows}");
        }
        let connections = world.value("select count(*) from pg_stat_activity where application_name = 'standpipe query' and pid <> pg_backend_pid()");
        assert!(connections.await.as_i64().unwrap() <= 3, "none stays");
    }
}
