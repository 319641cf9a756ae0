//! What exists is answered, and what changes shows in the next answer.

use std::time::Duration;

use serde_json::json;
use testkit::{Bearer, Builder, Person, TestApp, both_engines, has};

use super::dig::{Dig, with_names};

/// A server, `ana`, and `dig`.
struct World {
    app: TestApp,
    ana: Person,
    bearer: Bearer,
    dig: Dig,
}

impl World {
    async fn new(builder: Builder) -> Option<Self> {
        let builder = with_names(builder).filter(|_| has("postgres"))?;
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let dig = Dig(app.addresses().dns.expect("names are served"));
        Some(Self {
            app,
            ana,
            bearer,
            dig,
        })
    }

    async fn is_there(&self, label: &str) {
        let line = format!("{label}.db.example.com. 60 IN A 192.0.2.1");
        self.dig
            .ask(&format!("{label}.db.example.com A"))
            .await
            .is(&[&line]);
    }

    async fn is_gone(&self, label: &str) {
        self.dig
            .ask(&format!("{label}.db.example.com A"))
            .await
            .is_no_name();
    }

    async fn patch_workspace(&self, owner: &str, handle: &str, change: serde_json::Value) {
        let path = format!("/api/v0/user/{owner}/workspace/{handle}");
        self.bearer.patch(&path, change).await.with_status(200);
    }
}

both_engines! {
    async fn names_come_change_and_go_with_the_next_answer(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.is_gone("ana-dev").await;
        world.app.create_workspace(&world.bearer, &world.ana, "dev").await;
        world.is_there("ana-dev").await;
        world.is_gone("ana-prod").await;
        world.is_gone("eve-dev").await;

        world.patch_workspace("ana", "dev", json!({ "handle": "prod" })).await;
        world.is_gone("ana-dev").await;
        world.is_there("ana-prod").await;

        world.app.clock.advance(Duration::from_secs(2 * 24 * 60 * 60));
        let renamed = world.bearer.patch("/api/v0/user/ana", json!({ "handle": "ana-bee" })).await;
        renamed.with_status(200);
        world.is_gone("ana-prod").await;
        world.is_there("ana-bee-prod").await;

        // What is off keeps its name, and the gateway says that it is off.
        world.patch_workspace("ana-bee", "prod", json!({ "desired_state": "disabled" })).await;
        world.is_there("ana-bee-prod").await;
        world.app.app().admin_set_user_active("ana-bee", false).await.unwrap();
        world.is_there("ana-bee-prod").await;
        world.app.app().admin_set_user_active("ana-bee", true).await.unwrap();

        let path = "/api/v0/user/ana-bee/workspace/prod";
        world.bearer.delete(path).await.with_status(204);
        world.is_gone("ana-bee-prod").await;
    }

    async fn the_names_of_a_deleted_account_are_gone(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.app.create_workspace(&world.bearer, &world.ana, "dev").await;
        world.is_there("ana-dev").await;
        world.app.app().admin_delete_user("ana").await.unwrap();
        world.is_gone("ana-dev").await;
    }

    async fn each_type_by_udp_and_tcp_and_however_it_is_spelled(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.app.create_workspace(&world.bearer, &world.ana, "dev").await;
        for how in ["+notcp", "+tcp", "+noedns", "+norecurse", "+bufsize=4096"] {
            let ask = async |question: &str| world.dig.ask(&format!("{how} {question}")).await;
            ask("ana-dev.db.example.com AAAA").await.is(&["ana-dev.db.example.com. 60 IN AAAA 2001:db8::1"]);
            ask("aNA-deV.dB.exaMPle.com A").await.is(&["aNA-deV.dB.exaMPle.com. 60 IN A 192.0.2.1"]);
            let none = ask("ana-dev.db.example.com MX").await;
            none.is(&[]);
            none.says_start();
            ask("db.example.com NS").await.is(&["db.example.com. 60 IN NS ns.db.example.com."]);
            ask("ns.db.example.com A").await.is(&["ns.db.example.com. 60 IN A 192.0.2.1"]);
            ask("ana-dev.db.example.com ANY").await.is(&["ana-dev.db.example.com. 60 IN HINFO \"RFC8482\" \"\""]);
            ask("www.ana-dev.db.example.com A").await.is_no_name();
            ask("-q ana_dev.db.example.com A").await.is_no_name();
            ask("-q *.db.example.com A").await.is_no_name();
        }
        let large = world.dig.ask("+bufsize=4096 db.example.com SOA").await;
        assert!(large.text.contains("; EDNS: version: 0, flags:; udp: 1232"), "{}", large.text);
    }

    async fn a_store_that_does_not_answer_is_no_missing_name(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.app.create_workspace(&world.bearer, &world.ana, "dev").await;
        world.app.tamper("ALTER TABLE workspaces RENAME TO elsewhere").await;
        assert_eq!(world.dig.ask("ana-dev.db.example.com A").await.status, "SERVFAIL");
        // What needs no store is answered.
        assert_eq!(world.dig.ask("db.example.com SOA").await.status, "NOERROR");
        world.app.tamper("ALTER TABLE elsewhere RENAME TO workspaces").await;
        world.is_there("ana-dev").await;
    }
}
