//! The shortest way through the API.

use serde_json::json;

testkit::both_engines! {
    async fn a_token_opens_the_api(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let actor = bearer.get("/api/latest/actor").await.with_status(200);
        assert_eq!(actor.json()["handle"], "ana");
        assert_eq!(bearer.get("/api/v0/actor").await.body, actor.body);

        let refused = app.anonymous().get("/api/latest/actor").await.with_status(401);
        assert_eq!(refused.header("content-type"), "application/json");
        assert_eq!(refused.json()["status"], 401);
    }

    async fn a_third_token_is_refused(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        bearer.post_nothing("/api/latest/user/ana/token").await.with_status(201);
        bearer.post("/api/latest/user/ana/token", json!({ "title": "CI" })).await.with_status(409);
    }

    async fn the_api_is_served_over_tls(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let token = app.bearer(&ana).await.token;
        let bearer = app.anonymous_over_tls().with_token(token);
        bearer.get("/api/latest/actor").await.with_status(200);
    }
}
