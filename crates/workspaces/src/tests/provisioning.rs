//! Making and dropping what a workspace needs, and doing so again.

use std::time::Duration;

use model::scram::Verifier;
use rustix::process::{Signal, kill_process};

use super::harness::{Home, Person, seeded, sqlstate, superuser, until};
use crate::{LocalServer, ProvisionError};

/// All that provisioning says of the cluster, as text.
async fn catalogs(server: &LocalServer, database: &str) -> Vec<String> {
    let session = superuser(server, database).await;
    let query = "SELECT d::text FROM (SELECT datname, datacl, datallowconn, datconnlimit, datdba::regrole FROM pg_database) d
        UNION ALL SELECT r::text FROM pg_authid r
        UNION ALL SELECT m.roleid::regrole || '>' || m.member::regrole FROM pg_auth_members m
        UNION ALL SELECT s::text FROM pg_db_role_setting s
        UNION ALL SELECT a::text FROM pg_default_acl a
        UNION ALL SELECT concat(nspname, nspacl) FROM pg_namespace WHERE $1 <> '' ORDER BY 1";
    session.list(query, "all").await.unwrap()
}

#[tokio::test]
async fn twice_is_once() {
    let home = Home::new();
    let server = home.ready().await;
    let ana = Person::new(1);
    server.managed().provision(&ana.plan).await.unwrap();
    let once = catalogs(&server, ana.database()).await;
    let login = ana.log_in(&server).await.unwrap();
    login.ask("CREATE TABLE t (id serial, v text)").await.unwrap();
    login.ask("DROP TABLE t").await.unwrap();
    server.managed().provision(&ana.plan).await.unwrap();
    assert_eq!(catalogs(&server, ana.database()).await, once);

    for _ in 0..2 {
        server
            .managed()
            .drop_workspace(ana.plan.workspace, &ana.plan.database)
            .await
            .unwrap();
        server.managed().drop_person(ana.plan.owner).await.unwrap();
    }
    until("the session is ended", || login.is_closed()).await;
    let left = catalogs(&server, "postgres").await.join("\n");
    assert!(!left.contains(ana.database()) && !left.contains("u_"), "{left}");
    server.stop().await;
}

#[tokio::test]
async fn a_second_workspace_sets_the_verifier_again() {
    let home = Home::new();
    let server = home.ready().await;
    let (old, mut new) = (Person::new(1), Person::new(2));
    server.managed().provision(&old.plan).await.unwrap();
    new.plan.owner = old.plan.owner;
    new.plan.owner_verifier = Verifier::new(&new.password, &seeded(5));
    server.managed().provision(&new.plan).await.unwrap();
    let refused = old.log_in(&server).await.err().unwrap();
    assert_eq!(sqlstate(&refused), "28P01");
    for database in [old.database(), new.database()] {
        new.log_in_to(&server, database).await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn half_done_work_is_completed() {
    let home = Home::new();
    let server = home.ready().await;
    let control = superuser(&server, "postgres").await;
    let ana = Person::new(1);
    let (name, owner) = (ana.database(), ana.plan.owner);
    // After each of these a job may have been killed.
    control.run(&format!("CREATE ROLE {owner}")).await.unwrap();
    control
        .run(&format!("CREATE ROLE \"{}_reader\"", ana.plan.workspace))
        .await
        .unwrap();
    server.managed().provision(&ana.plan).await.unwrap();
    for broken in [
        format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
        format!("UPDATE pg_database SET datconnlimit = -2, datallowconn = false WHERE datname = '{name}'"),
    ] {
        control.run(&broken).await.unwrap();
        server.managed().provision(&ana.plan).await.unwrap();
        ana.log_in(&server).await.unwrap().ask("SELECT 1").await.unwrap();
    }
    control
        .run(&format!(
            "UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{name}'"
        ))
        .await
        .unwrap();
    server
        .managed()
        .drop_workspace(ana.plan.workspace, &ana.plan.database)
        .await
        .unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_kill_in_the_middle_is_repaired_by_doing_it_again() {
    let home = Home::new();
    let server = home.ready().await;
    for (seed, delay) in [(10, 2), (20, 20), (30, 45), (40, 80), (50, 120)] {
        let person = Person::new(seed);
        let job = {
            let (server, plan) = (server.clone(), person.plan.clone());
            tokio::spawn(async move { server.managed().provision(&plan).await })
        };
        tokio::time::sleep(Duration::from_millis(delay)).await;
        kill_process(home.postmaster_pid(), Signal::KILL).unwrap();
        if let Err(error) = job.await.unwrap() {
            assert!(matches!(error, ProvisionError::Unavailable(_)), "{error:?}");
        }
        until("the supervisor notices", || server.socket().is_none()).await;
        server.ready().await.unwrap();
        server.managed().provision(&person.plan).await.unwrap();
        let login = person.log_in(&server).await.unwrap();
        login.ask("CREATE TABLE t AS SELECT 1").await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn many_at_once() {
    let home = Home::new();
    let server = home.ready().await;
    let mut jobs = tokio::task::JoinSet::new();
    for seed in [10, 60, 110, 160] {
        let (server, mut person) = (server.clone(), Person::new(seed));
        person.plan.owner = Person::new(1).plan.owner;
        jobs.spawn(async move { server.managed().provision(&person.plan).await });
    }
    for done in jobs.join_all().await {
        done.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_name_touches_no_other_workspace() {
    let home = Home::new();
    let server = home.ready().await;
    let (ana, mut bob) = (Person::new(1), Person::new(2));
    server.managed().provision(&ana.plan).await.unwrap();
    bob.plan.database = ana.plan.database.clone();
    let refusals = [
        server.managed().provision(&bob.plan).await,
        server
            .managed()
            .drop_workspace(bob.plan.workspace, &bob.plan.database)
            .await,
    ];
    for refused in refusals {
        assert!(matches!(refused, Err(ProvisionError::Rejected(_))), "{refused:?}");
    }
    ana.log_in(&server).await.unwrap();
    server.stop().await;
    let unavailable = server.managed().provision(&ana.plan).await;
    assert!(
        matches!(unavailable, Err(ProvisionError::Unavailable(_))),
        "{unavailable:?}"
    );
}

#[tokio::test]
async fn a_person_who_goes_leaves_their_work_to_the_workspace() {
    let home = Home::new();
    let server = home.ready().await;
    let (ana, bob) = (Person::new(1), Person::new(2));
    server.managed().provision(&ana.plan).await.unwrap();
    server.managed().provision(&bob.plan).await.unwrap();
    let login = bob.log_in(&server).await.unwrap();
    login.ask("CREATE TABLE bobs AS SELECT 7 AS n").await.unwrap();
    // Ana becomes the second owner of Bob's workspace.
    let grant = format!("GRANT \"{}_owner\" TO {}", bob.plan.workspace, ana.plan.owner);
    superuser(&server, "postgres").await.run(&grant).await.unwrap();

    server.managed().drop_person(bob.plan.owner).await.unwrap();
    assert!(login.is_closed());
    assert_eq!(sqlstate(&bob.log_in(&server).await.err().unwrap()), "28P01");
    let heiress = ana.log_in_to(&server, bob.database()).await.unwrap();
    assert_eq!(heiress.ask("SELECT n FROM bobs").await.unwrap(), ["7"]);
    heiress.ask("ALTER TABLE bobs ADD COLUMN m int").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn ending_connections() {
    let home = Home::new();
    let server = home.ready().await;
    let (ana, bob) = (Person::new(1), Person::new(2));
    server.managed().provision(&ana.plan).await.unwrap();
    server.managed().provision(&bob.plan).await.unwrap();
    let one = ana.log_in(&server).await.unwrap();
    let two = ana.log_in(&server).await.unwrap();
    let other = bob.log_in(&server).await.unwrap();
    assert_eq!(server.managed().end_connections(ana.plan.owner).await, Ok(2));
    until("both are closed", || one.is_closed() && two.is_closed()).await;
    assert_eq!(server.managed().end_connections(ana.plan.owner).await, Ok(0));
    other.ask("SELECT 1").await.unwrap();
    ana.log_in(&server).await.unwrap();
    server.stop().await;
}
