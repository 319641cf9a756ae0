//! What a person can reach from inside a workspace: the workspace, and nothing of the machine, of the cluster or of
//! others.

use std::collections::BTreeMap;

use testkit::both_engines;

use super::{
    backends::world as operators_world,
    world::{Owner, Session, World, state},
};

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

/// What PostgreSQL lets everybody do, and that ends at the workspace's own walls.
async fn nothing_reaches_a_neighbour(world: &World, bob: &Owner, ana: &Session, theirs: &Session) {
    // The same advisory lock is another one in another database.
    ana.ask("SELECT pg_advisory_lock(42)").await.unwrap();
    assert_eq!(theirs.ask("SELECT pg_try_advisory_lock(42)").await.unwrap(), "t");

    // A message reaches who listens in the same database.
    let hers = world.by_name().url;
    let listening = world.app.psql_by_name(&bob.person, &bob.workspace, &bob.password);
    let told = listening
        .run(&format!(
            "LISTEN told;\n\\! psql -X -q '{hers}' -c \"NOTIFY told, 'from ana'\"\nNOTIFY told, 'from bob';\nSELECT 1;\n"
        ))
        .await
        .rows();
    assert!(told.contains("from bob") && !told.contains("from ana"), "{told}");

    // A large object is a thing of its database.
    let object = ana.ask("SELECT lo_from_bytea(0, 'hers')").await.unwrap();
    let looked = theirs
        .ask(&format!("SELECT lo_get({object})"))
        .await
        .err()
        .unwrap();
    assert_eq!(state(&looked), "42704");

    // Not even their own other session's temporary tables are read by name.
    let second = world.connect().await;
    second
        .ask("CREATE TEMP TABLE kept AS SELECT 1 AS n")
        .await
        .unwrap();
    let schema = second
        .ask("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
        .await
        .unwrap();
    let looked = ana
        .ask(&format!("SELECT * FROM {schema}.kept"))
        .await
        .err()
        .unwrap();
    assert!(["0A000", "42501"].contains(&state(&looked).as_str()), "{looked}");

    // Names that shadow the system's deceive their owner alone: what Standpipe does, it does by the system's.
    ana.ask("CREATE TABLE traces (who text)").await.unwrap();
    ana.ask(
        "CREATE FUNCTION public.pg_database_size(oid) RETURNS bigint LANGUAGE plpgsql SECURITY INVOKER AS
         $$ BEGIN INSERT INTO traces VALUES (current_user); RETURN 1; END $$",
    )
    .await
    .unwrap();
    ana.ask("ALTER ROLE CURRENT_USER SET search_path = public, pg_catalog")
        .await
        .unwrap();
    let usage = world
        .owner
        .bearer
        .get("/api/latest/user/ana/usage")
        .await
        .with_status(200)
        .json();
    assert_eq!(usage["items"].as_array().map(Vec::len), Some(1), "{usage}");
    assert_eq!(ana.ask("SELECT count(*) FROM traces").await.unwrap(), "0");

    // Nothing is left behind that holds locks when its session is gone.
    let prepared = world.by_name().run("BEGIN; PREPARE TRANSACTION 'held'").await;
    assert!(prepared.err.contains("55000"), "{}", prepared.err);

    // Replication is no way past the gateway.
    let url = format!("{}&replication=database", world.by_name().url);
    let refused = testkit::Psql::new(url).run("IDENTIFY_SYSTEM").await;
    assert!(
        !refused.ok && refused.err.contains("replication"),
        "{}",
        refused.err
    );

    // And a neighbour's database is refused at the door.
    let refused = world
        .try_connect(bob.database(), &world.owner.password)
        .await
        .err()
        .unwrap();
    assert_eq!(state(&refused), "3D000");
}

/// Tries to get out of `ana`'s workspace; `keeper` is the role that manages the server.
async fn a_workspace_is_all(world: &World, keeper: &str) {
    let bob = Owner::new(&world.app, "bob").await;
    let theirs = bobs_session(world, &bob).await;
    theirs
        .ask("CREATE TABLE secret AS SELECT 'hers not' AS word")
        .await
        .unwrap();
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
    ana.ask(&format!(
        "GRANT CONNECT ON DATABASE {} TO PUBLIC",
        world.owner.database()
    ))
    .await
    .unwrap();
    assert_eq!(ana.ask(open_to_all).await.unwrap(), "f");

    let refused: &[(String, &str)] = &[
        // Others' workspaces, and the cluster's own databases.
        (
            format!("ALTER DATABASE {} SET work_mem = '1MB'", bob.database()),
            "42501",
        ),
        (format!("DROP DATABASE {}", bob.database()), "42501"),
        (
            format!("ALTER DATABASE {} RENAME TO mine", world.owner.database()),
            "42501",
        ),
        (format!("DROP DATABASE {}", world.owner.database()), "42501 55006"),
        ("SELECT * FROM secret".into(), "42P01"),
        (
            "SELECT pg_catalog.dblink('dbname=postgres', 'SELECT 1')".into(),
            "42883",
        ),
        ("CREATE EXTENSION dblink".into(), "42501 58P01 0A000"),
        ("CREATE EXTENSION postgres_fdw".into(), "42501 58P01 0A000"),
        ("CREATE EXTENSION file_fdw".into(), "42501 58P01 0A000"),
        ("CREATE EXTENSION adminpack".into(), "42501 58P01 0A000"),
        (
            "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p".into(),
            "42501",
        ),
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
        (format!("SET ROLE {keeper}"), "42501"),
        ("SET ROLE standpipe_owner".into(), "42501"),
        ("SET ROLE pg_execute_server_program".into(), "42501"),
        (format!("SET SESSION AUTHORIZATION {their_role}"), "42501"),
        (format!("SET SESSION AUTHORIZATION {keeper}"), "42501"),
        (format!("GRANT {keeper} TO {own_role}"), "42501"),
        (format!("ALTER ROLE {keeper} PASSWORD 'mine'"), "42501"),
        ("ALTER ROLE standpipe_owner LOGIN".into(), "42501"),
        ("GRANT standpipe_owner TO CURRENT_USER".into(), "42501"),
        (
            format!("ALTER DEFAULT PRIVILEGES FOR ROLE {their_role} GRANT ALL ON TABLES TO PUBLIC"),
            "42501",
        ),
        (format!("REASSIGN OWNED BY {their_role} TO CURRENT_USER"), "42501"),
        (format!("DROP OWNED BY {their_role}"), "42501"),
        (
            format!("ALTER DATABASE {} SET search_path = x", world.owner.database()),
            "42501",
        ),
        (
            format!("ALTER DATABASE {} CONNECTION LIMIT -1", world.owner.database()),
            "42501",
        ),
        (
            format!("ALTER DATABASE {} OWNER TO CURRENT_USER", world.owner.database()),
            "42501",
        ),
        (
            format!("COMMENT ON DATABASE {} IS 'mine'", world.owner.database()),
            "42501",
        ),
        (
            format!("ALTER DATABASE {} SET work_mem = '1MB'", bob.database()),
            "42501",
        ),
        (
            format!("GRANT CONNECT ON DATABASE {} TO PUBLIC", bob.database()),
            "42501",
        ),
        // What others would run into: names before the system's, code that runs for them.
        ("CREATE SCHEMA mine".into(), "42501"),
        ("CREATE SCHEMA pg_mine".into(), "42501 42939"),
        (
            "CREATE FUNCTION pg_catalog.now_too() RETURNS int LANGUAGE sql AS 'SELECT 1'".into(),
            "42501",
        ),
        ("CREATE TABLE pg_catalog.mine (n int)".into(), "42501"),
        ("CREATE TABLE information_schema.mine (n int)".into(), "42501"),
        ("ALTER SCHEMA public OWNER TO CURRENT_USER".into(), "42501"),
        ("DROP SCHEMA public CASCADE".into(), "42501"),
        ("UPDATE pg_database SET datallowconn = true".into(), "42501"),
        ("DELETE FROM pg_class".into(), "42501"),
        ("DO $$ BEGIN LOCK TABLE pg_authid; END $$".into(), "42501"),
        ("CREATE CAST (text AS bytea) WITHOUT FUNCTION".into(), "42501"),
        ("CREATE FOREIGN DATA WRAPPER f".into(), "42501"),
        (
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw".into(),
            "42501 42704",
        ),
        ("CREATE PUBLICATION p FOR ALL TABLES".into(), "42501"),
        (
            "CREATE ACCESS METHOD m TYPE TABLE HANDLER heap_tableam_handler".into(),
            "42501",
        ),
        (
            "CREATE TABLE shared (n int) TABLESPACE pg_global".into(),
            "42501 22023",
        ),
        ("SELECT dblink_connect('dbname=postgres')".into(), "42883"),
        ("SELECT lo_get(16384)".into(), "42704"),
        // The machine.
        ("COPY (SELECT 1) TO PROGRAM 'true'".into(), "42501"),
        (
            "CREATE TEMP TABLE p (w text); COPY p FROM PROGRAM 'id'".into(),
            "42501",
        ),
        (
            "CREATE TEMP TABLE f (w text); COPY f FROM '/etc/passwd'".into(),
            "42501",
        ),
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
        (
            "CREATE FUNCTION run(text) RETURNS int AS 'libc', 'system' LANGUAGE c".into(),
            "42501",
        ),
        ("CREATE LANGUAGE plpython3u".into(), "42501 0A000 58P01"),
        (
            "CREATE FUNCTION sh() RETURNS int AS $$ $$ LANGUAGE internal".into(),
            "42501",
        ),
        // The server.
        ("ALTER SYSTEM SET work_mem = '1GB'".into(), "42501"),
        ("SELECT pg_reload_conf()".into(), "42501"),
        ("SELECT pg_rotate_logfile()".into(), "42501"),
        ("SELECT pg_switch_wal()".into(), "42501"),
        ("SELECT pg_promote()".into(), "42501 55000"),
        ("SELECT pg_backup_start('x')".into(), "42501"),
        ("SELECT pg_create_restore_point('x')".into(), "42501"),
        ("SELECT pg_stat_reset()".into(), "42501"),
        (
            "SELECT pg_create_logical_replication_slot('s', 'test_decoding')".into(),
            "42501",
        ),
        ("SELECT pg_create_physical_replication_slot('s')".into(), "42501"),
        ("CHECKPOINT".into(), "42501"),
        ("SET temp_file_limit = -1".into(), "42501"),
        ("SET session_replication_role = replica".into(), "42501"),
        ("SET session_preload_libraries = 'x'".into(), "42501"),
        ("SET log_statement = 'all'".into(), "42501"),
        (
            "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()".into(),
            "42501 42883",
        ),
        // Secrets, and others' sessions.
        ("SELECT rolpassword FROM pg_authid".into(), "42501"),
        ("SELECT * FROM pg_shadow".into(), "42501"),
        ("SELECT * FROM pg_user_mapping".into(), "42501"),
        ("SELECT * FROM pg_statistic".into(), "42501"),
        (format!("SELECT pg_terminate_backend({their_pid})"), "42501"),
        (format!("SELECT pg_cancel_backend({their_pid})"), "42501"),
        (
            format!("SELECT pg_log_backend_memory_contexts({their_pid})"),
            "42501",
        ),
    ];
    let mut wrong = BTreeMap::new();
    for (statement, states) in refused {
        let state = ana
            .ask(statement)
            .await
            .map_or_else(|error| state(&error), |_| "no error".to_owned());
        if !states.split(' ').any(|one| one == state) {
            wrong.insert(statement.clone(), state);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        theirs.ask("SELECT word FROM secret").await.unwrap(),
        "hers not",
        "and he goes on"
    );

    // Of PostgreSQL's own processes it says, with a warning, that they are nobody's session.
    let own = "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE usename IS NULL";
    for pid in ana.ask(own).await.unwrap().split(' ') {
        let ended = ana.ask(&format!("SELECT pg_terminate_backend({pid})")).await;
        let ended = ended.unwrap_or_else(|error| state(&error));
        assert!(["f", "42501"].contains(&ended.as_str()), "{ended}");
    }

    let seen =
        format!("SELECT coalesce(string_agg(query, ''), '') FROM pg_stat_activity WHERE pid = {their_pid}");
    assert_eq!(ana.ask(&seen).await.unwrap(), "<insufficient privilege>");
    let names = "SELECT string_agg(name, ' ') FROM (SELECT datname AS name FROM pg_database \
                 UNION ALL SELECT rolname FROM pg_roles) AS names";
    let names = ana.ask(names).await.unwrap();
    // What is random may have three letters of a name in it, but is not one.
    let random = [
        own_role.as_str(),
        their_role.as_str(),
        group.as_str().trim_end_matches("_owner"),
        their_group.as_str().trim_end_matches("_owner"),
        world.owner.database(),
        bob.database(),
    ];
    let rest = random
        .iter()
        .fold(names.clone(), |rest, name| rest.replace(name, ""));
    for name in ["ana", "bob", "dev"] {
        let is_word = names
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|word| word == name);
        assert!(!is_word && !rest.contains(name), "names say nothing: {names}");
    }
    let powers = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    assert_eq!(ana.ask(powers).await.unwrap(), "f");
    let member = "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') AND rolname <> current_user";
    assert_eq!(ana.ask(member).await.unwrap(), group);
    assert!(refused.len() >= 100, "{}", refused.len());
    nothing_reaches_a_neighbour(world, &bob, &ana, &theirs).await;
}

both_engines! {
    async fn a_workspace_is_all_that_its_person_can_reach(builder) {
        let Some(world) = World::new(builder).await else { return };
        a_workspace_is_all(&world, "standpipe").await;
    }

    async fn the_operators_server_is_as_tight_as_our_own(builder) {
        let Some((_cluster, world)) = operators_world(builder).await else { return };
        a_workspace_is_all(&world, "keeper").await;
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
