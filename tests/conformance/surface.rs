//! What holds for every client: the rest of the surface that the SDK can call, and how answers are written (contract §7).

use serde_json::{Value, json};
use testkit::both_engines;

use super::{client::Client, decode};

both_engines! {
    async fn what_the_sdk_sends_without_a_body(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let client = Client::new(&app).with(&app.bearer(&ana).await.token);
        let token = client.post_nothing("/user/ana/token").await.json("201 Created");
        decode::token(&token);
        let plain = token["token"].as_str().expect("the secret, this once");
        decode::user(&client.with(plain).get("/actor").await.json("200 OK"));
        let path = format!("/user/ana/token/{}", token["id"].as_str().unwrap());
        let off = client.send_json("PATCH", &path, r#"{"status":"inactive"}"#).await.json("200 OK");
        decode::token(&off);
        assert_eq!(off["status"], "inactive");
        assert!(off.get("token").is_none());
        client.delete(&path).await.nothing("204 No Content");
        let first = client.send_json("POST", "/user/ana/password", "{}").await.json("201 Created");
        decode::password(&first);
        let second = client.send_json("POST", "/user/ana/password", r#"{"expires_in_minutes":5}"#).await.json("201 Created");
        decode::password(&second);
        assert!(second["expires_at"].is_string() && first["$password"] != second["$password"]);
        // An avatar without a file, and without a boundary (§1.3): an error that decodes.
        let empty = client.send("POST", "/user/ana/avatar", Some(("multipart/form-data", ""))).await;
        empty.error("400 Bad Request");
        let reset = client.delete("/user/ana/avatar").await.json("201 Created");
        assert!(reset["avatar_url"].is_string());
    }

    async fn what_else_a_person_can_read(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let client = Client::new(&app).with(&app.bearer(&ana).await.token);
        decode::page(&client.get("/user?limit=100").await.json("200 OK"), decode::user);
        decode::page(&client.get("/identity?q=ana&limit=100").await.json("200 OK"), decode::identity);
        decode::page(&client.get("/actor/activity?limit=100").await.json("200 OK"), decode::audit_record);
        decode::page(&client.get("/user/ana/constraint?where=&limit=100").await.json("200 OK"), decode::constraint);
        decode::page(&client.get("/user/ana/usage?where=&limit=100").await.json("200 OK"), |_| {});
        let (emails, _) = decode::page(&client.get("/user/ana/email").await.json("200 OK"), decode::email);
        decode::email(&client.get(&format!("/user/ana/email/{}", emails[0]["id"].as_str().unwrap())).await.json("200 OK"));
        let updated = client.send_json("PATCH", "/user/ana", r#"{"display_name":"","url":"https://example.com"}"#).await.json("200 OK");
        decode::user(&updated);
        // Its whole object sent back changes nothing, fields that mean nothing here included.
        let back = client.send_json("PATCH", "/user/ana", &updated.to_string()).await;
        decode::user(&back.json("200 OK"));
        let gone = client.delete("/user/ana").await.json("200 OK");
        decode::user(&gone);
        client.get("/actor").await.error("401 Unauthorized");
    }

    async fn lists_mind_whatever_is_asked(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let client = Client::new(&app).with(&app.bearer(&ana).await.token);
        for (query, most) in [("limit=0", 1), ("limit=-5", 1), ("limit=1000", 100), ("next_token=", 25), ("where=&limit=2", 2), ("unknown=1", 25)] {
            let list = client.get(&format!("/user/ana/audit_log?{query}")).await.json("200 OK");
            let (items, _) = decode::page(&list, decode::audit_record);
            assert!(!items.is_empty() && items.len() <= most, "{query}");
        }
        let (_, next) = decode::page(&client.get("/user/ana/token?limit=1").await.json("200 OK"), decode::token);
        assert_eq!(next, None, "the last page says so");
    }

    async fn errors_decode_whoever_writes_them(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let client = Client::new(&app).with(&app.bearer(&ana).await.token);
        client.get("/nothing").await.error("404 Not Found");
        client.get("/user/ana/token/t_x").await.error("404 Not Found");
        client.send_json("PUT", "/actor", "{}").await.error("405 Method Not Allowed");
        client.send_json("PATCH", "/user/ana", "[").await.error("400 Bad Request");
        client.send_json("PATCH", "/user/ana/preferences", r#"{"communication_product_updates":true}"#).await.error("400 Bad Request");
        client.send_json("POST", "/user", r#"{"email":"b@example.com","handle":"bob"}"#).await.error("403 Forbidden");
        client.send_json("PATCH", "/user/ana", &format!(r#"{{"display_name":"{}"}}"#, "x".repeat(70_000))).await.error("413 Payload Too Large");
        client.get("/user/ana/password").await.json("200 OK");
        Client::new(&app).get("/actor").await.error("401 Unauthorized");
    }

    async fn both_base_paths_are_one(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let token = app.bearer(&ana).await.token;
        let client = Client::new(&app).with(&token);
        // As curl sends it (docs, §0.1).
        let latest = format!("GET /api/latest/actor HTTP/1.1\r\nHost: localhost:{}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nAuthorization: Bearer {token}\r\n\r\n", app.addresses().https.unwrap().port());
        let latest: Value = client.exchange(latest).await.json("200 OK");
        assert_eq!(latest, client.get("/actor").await.json("200 OK"));
        let document = client.exchange(format!("GET /api/latest/docs/openapi.json HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", app.addresses().https.unwrap().port())).await;
        assert_eq!(document.json("200 OK")["openapi"], json!("3.1.0"));
    }
}
