//! Who is connected now: listed by those who may see it, and ended, in whichever replica.

use std::time::Duration;

use app::Peer;
use serde_json::{Value, json};
use testkit::{Bearer, Engine, TestApp, both_engines, until};
use tokio::time::{Instant, sleep, timeout};

use super::{
    members::Guest,
    world::{World, refusal},
};

const LIST: &str = "/api/latest/user/ana/workspace/dev/connection";
const ALL: &str = "/api/latest/user/ana/connection";
const SOON: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

async fn listed(bearer: &Bearer, path: &str) -> Vec<Value> {
    let answer = bearer.get(path).await.with_status(200).json();
    answer["items"].as_array().unwrap().clone()
}

/// The list, once it has the state `state` in it.
async fn with_state(bearer: &Bearer, state: &str) -> Value {
    until("the state shows", PATIENCE, async || {
        let list = listed(bearer, LIST).await;
        list.into_iter().find(|row| row["state"] == state)
    })
    .await
}

/// Who asks there.
pub(super) fn peer() -> Peer {
    Peer {
        ip: "192.0.2.1".parse().unwrap(),
        user_agent: "another replica".to_owned(),
        request_id: "r_00000000000000000000".to_owned(),
    }
}

both_engines! {
    async fn open_connections_are_listed_and_ended_one_by_one(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bearer = &world.owner.bearer;
        assert_eq!(listed(bearer, LIST).await, Vec::<Value>::new());
        let (idle, other) = (world.connect().await, world.connect().await);
        idle.ask("SELECT repeat('x', 5000)").await.unwrap();
        let row = until("its octets are counted", PATIENCE, async || {
            let list = listed(bearer, LIST).await;
            list.into_iter().find(|row| row["bytes_out"].as_i64().unwrap() > 5000)
        }).await;
        assert_eq!((&row["user_handle"], &row["application_name"], &row["client_ip"], &row["tls"]), (&json!("ana"), &json!("a session"), &json!("127.0.0.1"), &json!(false)));
        assert_eq!((&row["identity_handle"], &row["workspace_handle"], &row["via"], &row["state"]), (&json!("ana"), &json!("dev"), &json!("gateway"), &json!("idle")));
        assert!(row["bytes_in"].as_i64().unwrap() > 20);
        other.ask("BEGIN").await.unwrap();
        with_state(bearer, "idle in transaction").await;
        let busy = tokio::spawn(async move { other.ask("SELECT pg_sleep(600)").await });
        with_state(bearer, "active").await;
        assert_eq!(listed(bearer, ALL).await.len(), 2);
        let first = bearer.get(&format!("{ALL}?limit=1")).await.json();
        let next = format!("{ALL}?limit=1&next_token={}", first["next_token"].as_str().unwrap());
        let second = bearer.get(&next).await.with_status(200).json();
        assert!(second.get("next_token").is_none() && second["items"][0]["id"] != first["items"][0]["id"]);

        let id = row["id"].as_str().unwrap();
        bearer.delete(&format!("{LIST}/{id}")).await.with_status(204);
        assert_eq!(idle.ended().await, "57P01");
        until("it is gone from the list", PATIENCE, async || (listed(bearer, LIST).await.len() == 1).then_some(())).await;
        bearer.delete(&format!("{LIST}/{id}")).await.with_status(404);
        let log = bearer.get("/api/latest/user/ana/audit_log").await.json();
        assert_eq!((&log["items"][0]["action_type"], &log["items"][0]["data"]["connection_id"]), (&json!("workspace.connection.end"), &json!(id)));

        assert_eq!(bearer.delete(ALL).await.with_status(200).json(), json!({"ended": 1}));
        assert!(busy.await.unwrap().is_err());
        assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1", "new ones are welcome");
    }

    async fn a_guest_sees_and_ends_their_own_alone(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        let stranger = Guest::new(&world.app, "eve").await;
        world.share(&bob, "reader").await;
        let (owners, bobs, bobs_too) = (world.connect().await, bob.connect(&world).await.unwrap(), bob.connect(&world).await.unwrap());
        let all = listed(&world.owner.bearer, LIST).await;
        assert_eq!(all.iter().filter(|row| row["user_handle"] == "bob").count(), 2);
        assert_eq!(all.len(), 3);
        let own = listed(&bob.bearer, LIST).await;
        assert!(own.len() == 2 && own.iter().all(|row| row["user_handle"] == "bob"), "{own:?}");
        assert_eq!(listed(&bob.bearer, "/api/latest/user/bob/connection").await.len(), 2);
        stranger.bearer.get(LIST).await.with_status(404);
        let of_owner = all.iter().find(|row| row["user_handle"] == "ana").unwrap()["id"].as_str().unwrap().to_owned();
        bob.bearer.delete(&format!("{LIST}/{of_owner}")).await.with_status(404);
        stranger.bearer.delete(&format!("/api/latest/user/eve/connection/{of_owner}")).await.with_status(404);
        let of_bob = own[0]["id"].as_str().unwrap();
        world.owner.bearer.delete(&format!("{LIST}/{of_bob}")).await.with_status(204);
        assert_eq!(bobs.ended().await, "57P01");
        assert_eq!(bob.bearer.delete(LIST).await.with_status(200).json(), json!({"ended": 1}));
        assert_eq!(bobs_too.ended().await, "57P01");
        assert_eq!(owners.ask("SELECT 1").await.unwrap(), "1");
        let again = bob.connect(&world).await.unwrap();
        world.owner.bearer.delete(LIST).await.with_status(200);
        assert_eq!(again.ended().await, "57P01");
        assert_eq!(owners.ended().await, "57P01");
    }

    async fn the_console_lists_and_ends_them_of_one_workspace_and_of_all(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        let person = world.owner.person.clone();
        let (owner, guest) = (world.app.signed_in(&person).await, world.app.signed_in(&bob.person).await);
        world.share(&bob, "reader").await;
        let (owners, bobs, bobs_too) = (world.connect().await, bob.connect(&world).await.unwrap(), bob.connect(&world).await.unwrap());
        let (all, one) = ("/workspaces/connections", "/workspace/dev/connections");
        let count = |page: &str, handle| page.matches(&format!("End the connection of {handle},")).count();
        let seen = owner.get(all).await.with_status(200).body;
        assert_eq!((count(&seen, "ana"), count(&seen, "bob")), (1, 2), "{seen}");
        assert!(seen.contains(r#"href="/workspace/dev""#) && owner.get("/").await.body.contains(all));
        let seen = guest.get(all).await.with_status(200).body;
        assert_eq!((count(&seen, "ana"), count(&seen, "bob")), (0, 2), "{seen}");
        assert!(seen.contains(r#"href="/workspace/ana-dev""#) && guest.get("/").await.body.contains(all));

        let list = listed(&world.owner.bearer, LIST).await;
        let ids = |handle| list.iter().filter(|row| row["user_handle"] == handle).map(|row| row["id"].as_str().unwrap()).collect::<Vec<_>>();
        let (of_owner, of_bob) = (ids("ana")[0], ids("bob")[0]);
        guest.submit(all, &format!("{all}/{of_owner}/end"), &[]).await.with_status(404);
        guest.submit(all, &format!("{all}/{of_bob}/end"), &[]).await.with_status(303);
        assert_eq!(bobs.ended().await, "57P01");
        assert_eq!(bobs_too.ask("SELECT 1").await.unwrap(), "1");
        guest.submit(all, &format!("{all}/end-all"), &[]).await.with_status(303);
        assert_eq!(bobs_too.ended().await, "57P01");
        assert_eq!(owners.ask("SELECT 1").await.unwrap(), "1");
        owner.submit(one, &format!("{one}/end-all"), &[]).await.with_status(303);
        assert_eq!(owners.ended().await, "57P01");
        until("nobody is there", PATIENCE, async || owner.get(all).await.body.contains("Nobody is connected").then_some(())).await;
    }

    async fn a_rotation_ends_open_connections_where_it_is_asked_to(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let kept = world.connect().await;
        world.owner.rotate().await;
        assert_eq!(kept.ask("SELECT 1").await.unwrap(), "1");
        let made = world.owner.bearer.post("/api/latest/user/ana/password", json!({"end_connections": true})).await.with_status(201).json();
        assert_eq!(kept.ended().await, "57P01");
        assert_eq!(refusal(world.try_connect(world.owner.database(), &world.owner.password).await).0, "28P01");
        world.owner.password = made["$password"].as_str().unwrap().to_owned();
        let kept = world.connect().await;
        let page = "/settings/profile/password/rotate";
        let person = world.owner.person.clone();
        let browser = world.app.signed_in(&person).await;
        browser.submit(page, page, &[("end_connections", "yes")]).await.with_status(303);
        assert_eq!(kept.ended().await, "57P01");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_replica_lists_and_ends_what_is_open_in_the_others() {
    let Some(world) = World::new(TestApp::builder(Engine::Postgres)).await else {
        return;
    };
    let bob = Guest::new(&world.app, "bob").await;
    world.share(&bob, "operator").await;
    let (session, other) = (world.connect().await, bob.connect(&world).await.unwrap());
    let token = world.owner.bearer.token.clone();
    // Another replica: it shares nothing with the server but the store.
    let ended = world
        .app
        .elsewhere(move |app| async move {
            let actor = app.authenticate_bearer(&token, peer()).await.unwrap();
            let list = timeout(PATIENCE, async {
                loop {
                    let first = app::Page::first(10);
                    let page = app.list_connections(&actor, None, first).await.unwrap();
                    if page.connections.len() == 2 {
                        return page.connections;
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            })
            .await
            .expect("the other replica's connections show");
            let owners = list.iter().find(|one| one.user.handle.as_str() == "ana").unwrap();
            assert_eq!(
                (owners.row.application_name.as_str(), owners.row.via.as_str()),
                ("a session", "gateway")
            );
            app.end_connection(&actor, None, &owners.row.id).await.unwrap();
            Instant::now()
        })
        .await;
    assert_eq!(session.ended().await, "57P01");
    assert!(ended.elapsed() < SOON, "{:?}", ended.elapsed());
    assert_eq!(other.ask("SELECT 1").await.unwrap(), "1");

    // Access that another replica takes back.
    let token = world.owner.bearer.token.clone();
    let ended = world
        .app
        .elsewhere(move |app| async move {
            let actor = app.authenticate_bearer(&token, peer()).await.unwrap();
            app.delete_member(&actor, "ana", "dev", "bob").await.unwrap();
            Instant::now()
        })
        .await;
    assert_eq!(other.ended().await, "57P01");
    assert!(ended.elapsed() < SOON, "{:?}", ended.elapsed());
    assert_eq!(refusal(bob.connect(&world).await).0, "3D000");
}
