//! The shortest way to a workspace.

use testkit::has;

testkit::both_engines! {
    async fn psql_opens_a_workspace(builder) {
        if !has("postgres") || !has("psql") {
            return;
        }
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let workspace = app.create_workspace(&bearer, &ana, "dev").await;
        let password = app.password(&bearer, &ana).await;
        for psql in [
            app.psql_by_host(&ana, &workspace, &password),
            app.psql_by_name(&ana, &workspace, &password),
        ] {
            assert_eq!(psql.run("SELECT 6 * 7").await.rows(), "42");
            let refused = testkit::Psql::new(psql.url.replace(&password, "wrong")).run("SELECT 1").await;
            assert!(!refused.ok && refused.err.contains("password authentication failed"), "{}", refused.err);
        }
    }
}
