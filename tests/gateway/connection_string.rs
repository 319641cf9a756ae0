//! The connection string of the console, in `psql`: by host name over TLS, and by database name.

use testkit::{Psql, TestApp, both_engines};

use super::world::World;

const PAGE_MASK: &str = "<span class=\"mask\" data-mask>";

/// The two connection strings on the page: by host name, and by database name.
async fn strings(world: &mut World) -> [String; 2] {
    let app: &mut TestApp = &mut world.app;
    let browser = app.signed_in(&world.owner.person).await;
    let page = browser.get("/workspace/dev").await.with_status(200);
    assert!(!page.body.contains(&world.owner.password), "it is masked");
    let mut found = page
        .body
        .match_indices("<code><span>postgresql://")
        .map(|(at, _)| {
            let line = page.body[at..].split("</code>").next().unwrap();
            let (before, rest) = line.split_once(PAGE_MASK).unwrap();
            let after = rest.split_once("<span>").unwrap().1;
            let text = |part: &str| {
                part.replace("<code>", "")
                    .replace("<span>", "")
                    .replace("</span>", "")
                    .replace("&#38;", "&")
            };
            format!("{}{}{}", text(before), world.owner.password, text(after))
        });
    [
        found.next().expect("one by host name"),
        found.next().expect("one by database name"),
    ]
}

both_engines! {
    async fn as_the_page_shows_it_it_opens_the_workspace(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let [by_host, by_name] = strings(&mut world).await;
        let (domain, port) = (&world.app.app().settings().gateway_domain, world.app.addresses().gateway.port());
        let place = format!("@ana-dev.{domain}:{port}/{}?sslmode=", world.owner.database());
        assert!(by_host.contains(&place), "{by_host}");
        assert!(by_name.contains(&format!("@localhost:{port}/{}", world.owner.database())), "{by_name}");
        // This machine need not resolve names below localhost; `psql` is told where they lead.
        let ca = world.app.ca();
        let strict = by_host.replace("sslmode=require", "sslmode=verify-full");
        for url in [
            format!("{by_host}&hostaddr=127.0.0.1"),
            format!("{strict}&hostaddr=127.0.0.1&sslrootcert={}", ca.display()),
            by_name.clone(),
            format!("{by_name}?sslmode=disable"),
        ] {
            assert_eq!(Psql::new(&url).run("SELECT 6 * 7").await.rows(), "42", "{url}");
        }
        let other = strict.replace("ana-dev.", "elsewhere.ana-dev.");
        let refused = Psql::new(format!("{other}&hostaddr=127.0.0.1&sslrootcert={}", ca.display())).run("SELECT 1").await;
        assert!(!refused.ok && refused.err.contains("does not match host name"), "{}", refused.err);
    }
}

both_engines! {
    async fn tables_are_made_described_and_copied_both_ways(builder) {
        let Some(world) = World::new(builder).await else { return };
        let directory = tempfile::tempdir().unwrap();
        for (psql, table) in [(world.by_host(), "by_host"), (world.by_name(), "by_name")] {
            let (read, written) = (directory.path().join("in.csv"), directory.path().join("out.csv"));
            let rows: String = (0..5_000).map(|n| format!("{n},grüße {n}\n")).collect();
            std::fs::write(&read, &rows).unwrap();
            let script = format!(
                "CREATE TABLE {table} (id int PRIMARY KEY, word text NOT NULL);\n\
                 \\t off\n\
                 \\d {table}\n\
                 \\t on\n\
                 \\copy {table} FROM '{}' CSV\n\
                 \\copy (SELECT * FROM {table} ORDER BY id) TO '{}' CSV\n\
                 SELECT count(*) FROM {table};\n",
                read.display(),
                written.display(),
            );
            let printed = psql.run(&script).await.rows();
            assert!(printed.contains("id|integer||not null|"), "{printed}");
            assert!(printed.contains(&format!("\"{table}_pkey\" PRIMARY KEY, btree (id)")), "{printed}");
            assert!(printed.ends_with("5000"), "{printed}");
            assert_eq!(std::fs::read_to_string(&written).unwrap(), rows);
        }
        let both = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_stat_user_tables";
        assert_eq!(world.by_host().run(both).await.rows(), "by_host by_name", "two doors, one room");
    }

    async fn without_a_database_the_host_name_decides(builder) {
        let Some(world) = World::new(builder).await else { return };
        let by_host = world.by_host().url;
        for database in ["postgres", "ana", "steampipe"] {
            let url = by_host.replace(&format!("/{}?", world.owner.database()), &format!("/{database}?"));
            assert_eq!(Psql::new(url).run("SELECT current_database()").await.rows(), world.owner.database());
        }
        let bound = Psql::new(format!("{by_host}&channel_binding=require"));
        assert_eq!(bound.run("SELECT 1").await.rows(), "1");
    }
}
