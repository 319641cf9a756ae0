//! The Query API in every form that is seen (contract §1.9), the SDK's SQL that calls itself JSON among them.

use serde_json::{Value, json};
use testkit::both_engines;

use super::client::Client;

const QUERY: &str = "/user/ana/workspace/dev/query";
const SQL: &str = "SELECT 1 + 1 AS n";

fn items(answer: &Value) -> &Value {
    assert!(
        answer.get("rows").is_none_or(|rows| !rows.is_array()),
        "an array of rows breaks the SDK"
    );
    &answer["items"]
}

both_engines! {
    async fn all_forms_are_one_query(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        app.create_workspace(&bearer, &ana, "dev").await;
        let client = Client::new(&app).with(&bearer.token);
        let in_url = "SELECT%201%20%2B%201%20AS%20n";
        let form = "application/x-www-form-urlencoded";
        let object = json!({"sql": SQL}).to_string();
        let two = json!([{"n": 2}]);
        for reply in [
            client.get(&format!("{QUERY}?sql={in_url}")).await,
            client.send("POST", QUERY, Some((form, "sql=SELECT+1+%2B+1+AS+n"))).await,
            client.send_json("POST", QUERY, &object).await,
            client.send("POST", QUERY, Some(("application/json", SQL))).await,
            client.post_nothing(&format!("{QUERY}/data.json?sql={in_url}")).await,
            client.get(&format!("{QUERY}/data.json?sql={in_url}")).await,
        ] {
            assert_eq!(items(&reply.json("200 OK")), &two);
        }
        let file = client.send("POST", &format!("{QUERY}/my-file.csv"), Some((form, "sql=SELECT+1+%2B+1+AS+n"))).await;
        assert_eq!(file.status, "200 OK");
        assert!(file.content_type.is_some_and(|kind| kind.starts_with("text/csv")));
        assert_eq!(file.body.lines().collect::<Vec<_>>(), ["n", "2"]);
        // The SDK asks for JSON whatever it wants; the address decides.
        let csv = client.get(&format!("{QUERY}?sql={in_url}&content_type=csv")).await;
        assert!(csv.content_type.is_some_and(|kind| kind.starts_with("text/csv")));
        client.get(&format!("{QUERY}?sql=SELEC")).await.error("400 Bad Request");
    }
}
