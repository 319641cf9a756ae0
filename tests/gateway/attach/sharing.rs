//! Two people, one server that was attached: attach, share, connect, list the connections, take back.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Bearer, both_engines, until};

use super::{PATIENCE, WORKSPACES, World};
use crate::{
    api::export::files,
    gateway::{members::Guest, world::Session},
};

const MEMBERS: &str = "/api/latest/user/ana/workspace/sales/member";
const CONNECTIONS: &str = "/api/latest/user/ana/workspace/sales/connection";
/// Sessions that the server itself knows of.
const THERE: &str = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reporting' AND datname = 'sales'";
/// By then every connection is ended (security A.6).
const SOON: Duration = Duration::from_secs(5);

async fn items(bearer: &Bearer, path: &str) -> Vec<Value> {
    let answer = bearer.get(path).await.with_status(200).json();
    answer["items"].as_array().unwrap().clone()
}

async fn enter(world: &World, guest: &Guest, database: &str) -> Result<Session, tokio_postgres::Error> {
    let gateway = world.app.addresses().gateway;
    Session::open(gateway, &guest.person.handle, database, &guest.password).await
}

/// A table of the archive that somebody is given of their account.
async fn exported(guest: &Bearer, handle: &str, table: &str) -> Value {
    let path = format!("/api/latest/user/{handle}/export");
    let files = files(&guest.get(&path).await.with_status(200).bytes);
    assert!(!files.to_string().contains("reporting-secret"));
    serde_json::from_str(files[format!("{table}.json")].as_str().unwrap()).unwrap()
}

both_engines! {
    async fn two_people_share_a_server_that_was_attached(builder) {
        // So that the server's own list of sessions is that of ours.
        let builder = builder.configure(|config| config.gateway.warm_seconds = 0);
        let Some(mut world) = World::new(builder).await else { return };
        let made = world.attach(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        let database = made["database_name"].as_str().unwrap().to_owned();
        let bob = Guest::new(&world.app, "bob").await;
        let (anas_browser, bobs_browser) = (world.app.signed_in(&world.person).await, world.app.signed_in(&bob.person).await);
        let refused = enter(&world, &bob, &database).await.err().unwrap();
        assert!(refused.as_db_error().is_some(), "not yet: {refused}");

        // A reader could write with a credential that may: it cannot be promised, so it is not given.
        let reader = json!({ "handle": "bob", "role": "reader" });
        world.bearer.post(MEMBERS, reader).await.with_status(400);
        let access = world.bearer.post(MEMBERS, json!({ "handle": "bob", "role": "operator" })).await.with_status(201).json();
        assert_eq!((&access["role"], &access["status"]), (&json!("operator"), &json!("accepted")));
        let shared = items(&bob.bearer, "/api/latest/actor/workspace").await;
        assert_eq!((&shared[0]["handle"], &shared[0]["role"], &shared[0]["identity"]["handle"]), (&json!("sales"), &json!("operator"), &json!("ana")));
        assert!(!shared[0].to_string().contains("reporting-secret"));

        // Each with a password of their own, both as the role of the credential.
        let own = world.psql(&made).await.run("SELECT current_user, count(*) FROM orders").await;
        assert_eq!(own.rows(), "reporting|1000");
        let (bobs, bobs_too) = (enter(&world, &bob, &database).await.unwrap(), enter(&world, &bob, &database).await.unwrap());
        assert_eq!(bobs.ask("SELECT current_user").await.unwrap(), "reporting");
        let query = bob.bearer.post(&format!("{WORKSPACES}/sales/query"), json!({ "sql": "SELECT max(n) FROM orders" })).await;
        assert!(query.with_status(200).body.contains("1000"));
        bob.bearer.patch(&format!("{WORKSPACES}/sales"), json!({ "attach": { "url": world.url("reporting", "x", "") } })).await.with_status(403);

        // Both are told of it in what is kept of them, and in what goes with the account.
        let guests = exported(&world.bearer, "ana", "workspace_members").await;
        assert_eq!((&guests[0]["user_handle"], &guests[0]["workspace"], &guests[0]["role"]), (&json!("bob"), &json!("sales"), &json!("operator")));
        let owned = exported(&world.bearer, "ana", "workspaces").await;
        assert_eq!(owned[0]["attached_to"], format!("localhost:{}/sales", world.cluster.port));
        let seen = exported(&bob.bearer, "bob", "shared_workspaces").await;
        assert_eq!((&seen[0]["owner"], &seen[0]["workspace"], &seen.as_array().unwrap().len()), (&json!("ana"), &json!("sales"), &1));
        for (browser, facts) in [
            (&anas_browser, ["Workspace sales is given up. Its server stays as it is.", "1 person whom you let in loses access."]),
            (&bobs_browser, ["There is no workspace to delete.", "You lose access to 1 workspace of others."]),
        ] {
            let page = browser.get("/settings/advanced/delete-account").await.with_status(200);
            for fact in facts {
                assert!(page.body.contains(fact), "{fact}");
            }
        }

        let open = items(&world.bearer, CONNECTIONS).await;
        assert_eq!(open.iter().filter(|row| row["user_handle"] == "bob").count(), 2, "{open:?}");
        let seen = items(&bob.bearer, CONNECTIONS).await;
        assert!(seen.iter().all(|row| row["user_handle"] == "bob") && seen.len() == 2, "{seen:?}");
        let one = seen[0]["id"].as_str().unwrap();
        world.bearer.delete(&format!("{CONNECTIONS}/{one}")).await.with_status(204);
        until("one of two is ended there", PATIENCE, async || (world.cluster.run("sales", THERE).await == "1").then_some(())).await;

        let busy = tokio::spawn(async move {
            let (first, second) = tokio::join!(bobs.ask("SELECT pg_sleep(60)"), bobs_too.ask("SELECT pg_sleep(60)"));
            first.is_err() && second.is_err()
        });
        world.bearer.delete(&format!("{MEMBERS}/bob")).await.with_status(200);
        assert!(tokio::time::timeout(SOON, busy).await.expect("ended in time").unwrap());
        until("and there", SOON, async || (world.cluster.run("sales", THERE).await == "0").then_some(())).await;
        assert!(enter(&world, &bob, &database).await.is_err(), "nor a next one");
        assert_eq!(items(&bob.bearer, "/api/latest/actor/workspace").await, Vec::<Value>::new());
        bob.bearer.get(CONNECTIONS).await.with_status(404);
        let own = world.psql(&made).await.run("SELECT 1").await;
        assert_eq!(own.rows(), "1", "the owner goes on");
    }
}
