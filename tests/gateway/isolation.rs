//! What a person can reach from inside a workspace: the workspace, and nothing of the machine, of the cluster or of
//! others.

use std::collections::BTreeMap;

use testkit::both_engines;

use super::world::{Owner, Session, World, state};

async fn bobs_session(world: &World, bob: &Owner) -> Session {
    Session::open(
        world.app.addresses().gateway,
        "bob",
        bob.database(),
        &bob.password,
    )
    .await
    .unwrap()
}

both_engines! {
    async fn a_workspace_is_all_that_its_person_can_reach(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let theirs = bobs_session(&world, &bob).await;
        theirs.ask("CREATE TABLE secret AS SELECT 'hers not' AS word").await.unwrap();
        let (their_pid, their_role) = (
            theirs.ask("SELECT pg_backend_pid()").await.unwrap(),
            theirs.ask("SELECT current_user").await.unwrap(),
        );
        let ana = world.connect().await;
        let own_role = ana.ask("SELECT current_user").await.unwrap();
        let (group, their_group) = (
            format!("{}_owner", world.owner.workspace["id"].as_str().unwrap()),
            format!("{}_owner", bob.workspace["id"].as_str().unwrap()),
        );

        // PostgreSQL only warns of a grant that grants nothing.
        let open_to_all = "SELECT has_database_privilege('public', current_database(), 'CONNECT')";
        ana.ask(&format!("GRANT CONNECT ON DATABASE {} TO PUBLIC", world.owner.database())).await.unwrap();
        assert_eq!(ana.ask(open_to_all).await.unwrap(), "f");

        let refused: &[(String, &str)] = &[
            // Others' workspaces, and the cluster's own databases.
            (format!("ALTER DATABASE {} SET work_mem = '1MB'", bob.database()), "42501"),
            (format!("DROP DATABASE {}", bob.database()), "42501"),
            (format!("ALTER DATABASE {} RENAME TO mine", world.owner.database()), "42501"),
            (format!("DROP DATABASE {}", world.owner.database()), "42501 55006"),
            ("SELECT * FROM secret".into(), "42P01"),
            ("SELECT pg_catalog.dblink('dbname=postgres', 'SELECT 1')".into(), "42883"),
            ("CREATE EXTENSION dblink".into(), "42501 58P01 0A000"),
            ("CREATE EXTENSION postgres_fdw".into(), "42501 58P01 0A000"),
            ("CREATE EXTENSION file_fdw".into(), "42501 58P01 0A000"),
            ("CREATE EXTENSION adminpack".into(), "42501 58P01 0A000"),
            ("CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p".into(), "42501"),
            // Roles and databases.
            ("CREATE ROLE eve".into(), "42501"),
            ("CREATE USER eve SUPERUSER".into(), "42501"),
            ("CREATE DATABASE more".into(), "42501"),
            ("CREATE TABLESPACE t LOCATION '/tmp'".into(), "42501"),
            (format!("ALTER ROLE {own_role} SUPERUSER"), "42501"),
            (format!("ALTER ROLE {own_role} CREATEROLE"), "42501"),
            (format!("ALTER ROLE {own_role} CONNECTION LIMIT 1000"), "42501"),
            (format!("ALTER ROLE {own_role} RENAME TO eve"), "0A000"),
            (format!("ALTER ROLE {their_role} PASSWORD 'mine'"), "42501"),
            (format!("DROP ROLE {their_role}"), "42501"),
            (format!("GRANT {their_group} TO {own_role}"), "42501"),
            (format!("GRANT {group} TO {their_role}"), "42501"),
            (format!("GRANT pg_read_all_data TO {own_role}"), "42501"),
            (format!("SET ROLE {their_role}"), "42501"),
            (format!("SET ROLE {their_group}"), "42501"),
            ("SET ROLE standpipe".into(), "42501"),
            ("SET ROLE standpipe_owner".into(), "42501"),
            ("SET ROLE pg_execute_server_program".into(), "42501"),
            (format!("SET SESSION AUTHORIZATION {their_role}"), "42501"),
            ("SET SESSION AUTHORIZATION standpipe".into(), "42501"),
            // The machine.
            ("COPY (SELECT 1) TO PROGRAM 'true'".into(), "42501"),
            ("CREATE TEMP TABLE p (w text); COPY p FROM PROGRAM 'id'".into(), "42501"),
            ("CREATE TEMP TABLE f (w text); COPY f FROM '/etc/passwd'".into(), "42501"),
            ("COPY (SELECT 1) TO '/tmp/standpipe-isolation'".into(), "42501"),
            ("SELECT pg_read_file('/etc/passwd')".into(), "42501"),
            ("SELECT pg_read_file('PG_VERSION')".into(), "42501"),
            ("SELECT pg_read_binary_file('pg_hba.conf')".into(), "42501"),
            ("SELECT pg_stat_file('PG_VERSION')".into(), "42501"),
            ("SELECT pg_ls_dir('.')".into(), "42501"),
            ("SELECT pg_ls_logdir()".into(), "42501"),
            ("SELECT pg_ls_waldir()".into(), "42501"),
            ("SELECT pg_current_logfile()".into(), "42501"),
            ("SELECT * FROM pg_hba_file_rules".into(), "42501"),
            ("SELECT * FROM pg_file_settings".into(), "42501"),
            ("SELECT lo_import('/etc/passwd')".into(), "42501"),
            ("SELECT lo_export(1, '/tmp/standpipe-isolation')".into(), "42501"),
            ("LOAD '/tmp/x.so'".into(), "42501 58P01"),
            ("CREATE FUNCTION run(text) RETURNS int AS 'libc', 'system' LANGUAGE c".into(), "42501"),
            ("CREATE LANGUAGE plpython3u".into(), "42501 0A000 58P01"),
            ("CREATE FUNCTION sh() RETURNS int AS $$ $$ LANGUAGE internal".into(), "42501"),
            // The server.
            ("ALTER SYSTEM SET work_mem = '1GB'".into(), "42501"),
            ("SELECT pg_reload_conf()".into(), "42501"),
            ("SELECT pg_rotate_logfile()".into(), "42501"),
            ("SELECT pg_switch_wal()".into(), "42501"),
            ("SELECT pg_create_physical_replication_slot('s')".into(), "42501"),
            ("CHECKPOINT".into(), "42501"),
            ("SET temp_file_limit = -1".into(), "42501"),
            ("SET session_replication_role = replica".into(), "42501"),
            ("SET session_preload_libraries = 'x'".into(), "42501"),
            ("SET log_statement = 'all'".into(), "42501"),
            ("CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()".into(), "42501 42883"),
            // Secrets, and others' sessions.
            ("SELECT rolpassword FROM pg_authid".into(), "42501"),
            ("SELECT * FROM pg_shadow".into(), "42501"),
            ("SELECT * FROM pg_user_mapping".into(), "42501"),
            ("SELECT * FROM pg_statistic".into(), "42501"),
            (format!("SELECT pg_terminate_backend({their_pid})"), "42501"),
            (format!("SELECT pg_cancel_backend({their_pid})"), "42501"),
            (format!("SELECT pg_log_backend_memory_contexts({their_pid})"), "42501"),
        ];
        let mut wrong = BTreeMap::new();
        for (statement, states) in refused {
            let state = ana.ask(statement).await.map_or_else(|error| state(&error), |_| "no error".to_owned());
            if !states.split(' ').any(|one| one == state) {
                wrong.insert(statement.clone(), state);
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(theirs.ask("SELECT word FROM secret").await.unwrap(), "hers not", "and he goes on");

        // Of PostgreSQL's own processes it says, with a warning, that they are nobody's session.
        let own = "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE usename IS NULL";
        for pid in ana.ask(own).await.unwrap().split(' ') {
            let ended = ana.ask(&format!("SELECT pg_terminate_backend({pid})")).await;
            let ended = ended.unwrap_or_else(|error| state(&error));
            assert!(["f", "42501"].contains(&ended.as_str()), "{ended}");
        }

        let seen = format!("SELECT coalesce(string_agg(query, ''), '') FROM pg_stat_activity WHERE pid = {their_pid}");
        assert_eq!(ana.ask(&seen).await.unwrap(), "<insufficient privilege>");
        let databases = ana.ask("SELECT string_agg(datname, ' ') FROM pg_database").await.unwrap();
        let names = databases + ana.ask("SELECT string_agg(rolname, ' ') FROM pg_roles").await.unwrap().as_str();
        assert!(!names.contains("bob") && !names.contains("ana") && !names.contains("dev"), "names say nothing: {names}");
        let powers = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
        assert_eq!(ana.ask(powers).await.unwrap(), "f");
        let member = "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') AND rolname <> current_user";
        assert_eq!(ana.ask(member).await.unwrap(), group);
    }

    async fn settings_that_a_client_sends_along_open_nothing(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let their_role = bobs_session(&world, &bob).await.ask("SELECT current_user").await.unwrap();
        for options in [format!("-c%20role%3D{their_role}"), "-c%20role%3Dstandpipe".into(), "-c%20session_authorization%3Dstandpipe".into(), "-c%20session_replication_role%3Dreplica".into(), "-c%20temp_file_limit%3D-1".into()] {
            let psql = testkit::Psql::new(format!("{}&options={options}", world.by_name().url));
            let refused = psql.run("SELECT current_user").await;
            assert!(!refused.ok, "{options}: {}", refused.out);
        }
        let harmless = testkit::Psql::new(format!("{}&options=-c%20search_path%3Dpg_catalog%20-c%20statement_timeout%3D7s", world.by_host().url));
        assert_eq!(harmless.run("SHOW search_path; SHOW statement_timeout").await.rows(), "pg_catalog\n7s");
    }
}
