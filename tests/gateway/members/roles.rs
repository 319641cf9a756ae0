//! What each role may do, and what everybody sees of it.

use serde_json::{Value, json};
use testkit::both_engines;

use super::{
    super::world::{Owner, World, refusal, state},
    Guest, MEMBERS, PATIENCE,
};

/// The SQLSTATE of what `guest` tries; nothing where it works.
async fn tries(world: &World, guest: &Guest, sql: &str) -> String {
    let session = guest.connect(world).await.expect("a session");
    session
        .ask(sql)
        .await
        .map_or_else(|error| state(&error), |_| String::new())
}

both_engines! {
    async fn a_reader_reads_and_an_operator_writes(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        let owner = world.connect().await;
        owner.ask("CREATE TABLE kept (n int GENERATED ALWAYS AS IDENTITY, t text); INSERT INTO kept (t) VALUES ('one')").await.unwrap();
        world.share(&bob, "reader").await;
        // Made afterwards: nobody grants anything by hand.
        owner.ask("CREATE TABLE later AS SELECT 7 AS n; CREATE VIEW seen AS SELECT * FROM later").await.unwrap();

        let me = bob.bearer.get("/api/latest/actor").await.json()["id"].clone();
        assert_eq!(json!(bob.by_host(&world).run("SELECT current_user").await.rows()), me);
        let reader = bob.connect(&world).await.unwrap();
        assert_eq!(json!(reader.ask("SELECT session_user").await.unwrap()), me);
        for (sql, answer) in [("SELECT t FROM kept", "one"), ("SELECT n FROM later", "7"), ("SELECT n FROM seen", "7")] {
            assert_eq!(reader.ask(sql).await.unwrap(), answer, "{sql}");
        }
        let (insert, create) = ("INSERT INTO kept (t) VALUES ('two')", "CREATE TABLE mine (n int)");
        for sql in [insert, "UPDATE kept SET t = 'x'", "DELETE FROM later", "TRUNCATE kept", create, "DROP TABLE kept", "CREATE SCHEMA s"] {
            assert_eq!(tries(&world, &bob, sql).await, "42501", "{sql}");
        }
        let workspace = world.owner.workspace["id"].as_str().unwrap();
        for group in ["owner", "operator"] {
            assert_eq!(tries(&world, &bob, &format!("SET ROLE \"{workspace}_{group}\"")).await, "42501");
        }

        world.owner.bearer.patch(&bob.path(), json!({"role": "operator"})).await.with_status(200);
        let access = world.accepted(&bob).await;
        assert_eq!((&access["role"], &access["version_id"]), (&json!("operator"), &json!(2)));
        assert_eq!(world.groups(&bob).await, "operator");
        for sql in [insert, "UPDATE kept SET t = 'x'", "DELETE FROM later", "TRUNCATE later"] {
            assert_eq!(tries(&world, &bob, sql).await, "", "{sql}");
        }
        for sql in [create, "DROP TABLE kept", "CREATE SCHEMA s", &format!("SET ROLE \"{workspace}_owner\"")] {
            assert_eq!(tries(&world, &bob, sql).await, "42501", "{sql}");
        }
        // Over the API as over the wire.
        let rows = bob.query("SELECT current_user::text AS me, count(*) AS n FROM kept").await.with_status(200).json();
        assert_eq!(rows["items"], json!([{"me": me, "n": 2}]));
        bob.query("CREATE TABLE mine (n int)").await.with_status(400);
        // The sessions that were open when bob became more are his still.
        assert_eq!(reader.ask("SELECT 1").await.unwrap(), "1");
    }

    async fn only_the_owner_does_what_is_the_owners(builder) {
        let Some(world) = World::new(builder).await else { return };
        let (bob, cid) = (Guest::new(&world.app, "bob").await, Guest::new(&world.app, "cid").await);
        world.share(&cid, "reader").await;
        let workspace = "/api/latest/user/ana/workspace/dev";
        for role in ["reader", "operator"] {
            match role {
                "reader" => world.share(&bob, role).await,
                _ => {
                    world.owner.bearer.patch(&bob.path(), json!({"role": role})).await.with_status(200);
                    world.accepted(&bob).await;
                }
            }
            let own = bob.bearer.get(workspace).await.with_status(200).json();
            assert_eq!(own["id"], world.owner.workspace["id"]);
            let owners = [
                bob.bearer.patch(workspace, json!({"handle": "mine"})).await,
                bob.bearer.delete(workspace).await,
                bob.bearer.post(&format!("{workspace}/command"), json!({"command": "reboot"})).await,
                bob.bearer.post(MEMBERS, json!({"handle": "cid", "role": "operator"})).await,
                bob.bearer.patch(&bob.path(), json!({"role": "operator"})).await,
                bob.bearer.get(&format!("{workspace}/audit_log")).await,
                bob.bearer.get(&format!("{workspace}/db_log")).await,
                bob.bearer.get(&format!("{workspace}/usage")).await,
                bob.bearer.get(&format!("{workspace}/process")).await,
            ];
            for answer in owners {
                let refused = answer.with_status(403).json();
                assert_eq!(refused["type"], "workspace_role", "{role}: {refused}");
            }
            // Others who were let in are not there for him.
            bob.bearer.get(&cid.path()).await.with_status(404);
            bob.bearer.delete(&cid.path()).await.with_status(404);
            let seen = bob.bearer.get(MEMBERS).await.with_status(200).json();
            assert_eq!(seen["items"].as_array().unwrap().len(), 1);
            assert_eq!((&seen["items"][0]["user_handle"], &seen["items"][0]["role"]), (&json!("bob"), &json!(role)));
        }
        // Of the owner's account there is nothing else to see.
        for path in ["/api/latest/user/ana", "/api/latest/user/ana/workspace", "/api/latest/user/ana/token"] {
            bob.bearer.get(path).await.with_status(404);
        }
        let all = world.owner.bearer.get(&format!("{MEMBERS}?limit=1")).await.with_status(200).json();
        assert_eq!(all["items"][0]["user_handle"], "cid", "the first who was let in is the first");
        let next = format!("{MEMBERS}?limit=1&next_token={}", all["next_token"].as_str().unwrap());
        let rest = world.owner.bearer.get(&next).await.with_status(200).json();
        assert_eq!((&rest["items"][0]["user_handle"], rest.get("next_token")), (&json!("bob"), None));
    }

    async fn a_shared_workspace_is_in_the_lists_of_both(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let made = world.owner.bearer.post(MEMBERS, json!({"handle": "bob", "role": "reader"})).await.with_status(201).json();
        assert_eq!((&made["status"], &made["user_handle"], &made["scope"], &made["version_id"]), (&json!("pending"), &json!("bob"), &json!("workspace"), &json!(1)));
        assert_eq!((&made["workspace_id"], &made["workspace_handle"]), (&world.owner.workspace["id"], &json!("dev")));
        assert!(made["user"].get("token_min_issued_at").is_none() && !made.to_string().contains("@"), "{made}");
        let list = bob.bearer.get("/api/v0/actor/workspace").await.with_status(200).json();
        let seen = |n: usize| (list["items"][n]["identity"]["handle"].clone(), list["items"][n]["role"].clone(), list["items"][n]["handle"].clone());
        assert_eq!(seen(0), (json!("ana"), json!("reader"), json!("dev")));
        assert_eq!(seen(1), (json!("bob"), json!("owner"), json!("dev")));
        assert_eq!(list["items"][0]["workspace"]["created_by"]["handle"], "ana");
        let by_id = format!("/api/v0/user/{}/workspace/{}", list["items"][0]["identity_id"].as_str().unwrap(), list["items"][0]["workspace_id"].as_str().unwrap());
        let by_id = bob.bearer.get(&by_id).await.with_status(200).json();
        assert_eq!(by_id, list["items"][0]["workspace"]);
        assert_eq!(bob.bearer.get("/api/v0/user/bob/workspace").await.json()["items"].as_array().unwrap().len(), 1, "it is not his own");
        let page = bob.bearer.get("/api/v0/actor/workspace?limit=1").await.json();
        let next = format!("/api/v0/actor/workspace?limit=1&next_token={}", page["next_token"].as_str().unwrap());
        assert_eq!(bob.bearer.get(&next).await.json()["items"][0]["identity"]["handle"], "bob");

        let mail = world.app.mailbox.next("bob@example.com").await;
        assert!(mail.head.contains("You were given access to a workspace"), "{}", mail.head);
        for fact in ["ana let you into the workspace dev", "/workspace/ana-dev", "ana-dev."] {
            assert!(mail.text.contains(fact), "{fact}: {}", mail.text);
        }
        assert!(!mail.text.contains("127.0.0.1"), "an owner's address is nobody else's business");

        // Both logs have it, by ids alone.
        for (bearer, path) in [(&world.owner.bearer, "/api/v0/user/ana/audit_log"), (&bob.bearer, "/api/v0/user/bob/audit_log")] {
            let log = bearer.get(path).await.json();
            let record = log["items"].as_array().unwrap().iter().find(|row| row["action_type"] == "workspace.member.create").expect("a record");
            assert_eq!((&record["actor_handle"], &record["target_id"], &record["data"]["role"]), (&json!("ana"), &world.owner.workspace["id"], &json!("reader")));
            assert_eq!(record["data"]["member_id"], made["user_id"]);
        }
    }

    async fn connections_say_who_came(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "operator").await;
        bob.by_host(&world).run("SELECT 1").await.rows();
        bob.query("SELECT 1").await.with_status(200);
        let opened = |log: Value| -> Vec<Value> {
            let is_open = |row: &&Value| row["action_type"] == "workspace.connection.open" && row["actor_handle"] == "bob";
            log["items"].as_array().unwrap().iter().filter(is_open).cloned().collect()
        };
        for (bearer, handle) in [(&world.owner.bearer, "ana"), (&bob.bearer, "bob")] {
            let log = opened(bearer.get(&format!("/api/v0/user/{handle}/audit_log")).await.json());
            assert_eq!(log.len(), 2, "{handle}");
            assert_eq!(log[0]["target_id"], world.owner.workspace["id"]);
        }
        let ended = testkit::until("it is logged", PATIENCE, async || {
            let log = world.owner.bearer.get("/api/latest/user/ana/workspace/dev/db_log").await.json();
            log["items"].as_array().unwrap().iter().find(|row| row["actor_handle"] == "bob").cloned()
        }).await;
        assert_eq!(ended["application_name"], "psql");
    }

    async fn whoever_cannot_be_let_in_is_not(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        assert_eq!(refusal(bob.connect(&world).await).0, "3D000");
        let refused = async |handle: &str, role: &str| {
            let answer = world.owner.bearer.post(MEMBERS, json!({"handle": handle, "role": role})).await;
            (answer.status, answer.json()["type"].clone(), answer.json()["validation_errors"][0]["location"].clone())
        };
        for handle in ["nobody", "", "no body", "%00", "u_00000000000000000000"] {
            assert_eq!(refused(handle, "reader").await, (400, json!("invalid"), json!("handle")), "{handle}");
        }
        assert_eq!(refused("ana", "reader").await, (400, json!("invalid"), json!("handle")));
        for role in ["", "owner", "admin", "Reader"] {
            assert_eq!(refused("bob", role).await, (400, json!("invalid"), json!("role")), "{role}");
        }
        world.share(&bob, "reader").await;
        assert_eq!(refused("bob", "operator").await.1, "member_exists");
        world.owner.bearer.patch(&bob.path(), json!({"role": "owner"})).await.with_status(400);
        for path in ["nobody", "ana", "%00", "u_00000000000000000000"] {
            world.owner.bearer.patch(&format!("{MEMBERS}/{path}"), json!({"role": "reader"})).await.with_status(404);
            world.owner.bearer.delete(&format!("{MEMBERS}/{path}")).await.with_status(404);
        }
        // By id as by handle.
        let id = bob.bearer.get("/api/v0/actor").await.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(world.owner.bearer.get(&format!("{MEMBERS}/{id}")).await.with_status(200).json()["user_handle"], "bob");
    }
}
