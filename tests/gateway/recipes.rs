//! What the page of a workspace gives each client to paste: taken from the page, with the password in it, and run as it
//! stands, where the host name resolves and the authority was saved by the page's own line. Grafana is in no registry of
//! packages: its file is read as Grafana does, and what it says is connected to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use testkit::{Builder, Engine, TestApp, driver_directory, has};
use tokio::process::Command;

use super::world::World;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/gateway/drivers");
const MASK: &str = "</span><span class=\"mask\" data-mask>••••••••</span><span>";

/// A workspace, its page, and a home directory in which the authority is saved.
struct Desk {
    world: World,
    page: String,
    home: tempfile::TempDir,
}

impl Desk {
    async fn new(builder: Builder) -> Option<Self> {
        let mut world = World::new(builder).await?;
        let browser = world.app.signed_in(&world.owner.person).await;
        let page = browser.get("/workspace/dev").await.with_status(200).body;
        assert!(!page.contains(&world.owner.password), "it is masked");
        let home = tempfile::tempdir().unwrap();
        let host = format!("ana-dev.{}", world.app.app().settings().gateway_domain);
        fs::write(home.path().join("hosts"), format!("127.0.0.1 localhost {host}\n")).unwrap();
        fs::create_dir(home.path().join(".postgresql")).unwrap();
        fs::copy(world.app.ca(), home.path().join(".postgresql/root.crt")).unwrap();
        Some(Self { world, page, home })
    }

    /// What stands between `start` and the end of the code behind it, as the copy button copies it.
    fn code(&self, start: &str) -> String {
        let rest = self.page.split_once(start).expect(start).1;
        let code = rest.split_once("<code><span>").expect(start).1;
        let code = code.split_once("</span></code>").expect(start).0;
        assert_eq!(code.matches(MASK).count(), 1, "{code}");
        let entities = [
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&#60;", "<"),
            ("&#62;", ">"),
            ("&#38;", "&"),
        ];
        let text = code.replace(MASK, &self.world.owner.password);
        entities
            .iter()
            .fold(text, |text, (entity, plain)| text.replace(entity, plain))
    }

    fn recipe(&self, id: &str) -> String {
        self.code(&format!("id=\"client-{id}\""))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// `program`, with this home directory, and where the host name resolves. Mounts are its own alone.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        const RUN: &str = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";
        let mut command = Command::new("unshare");
        // Whoever is not root may mount where they are root in a namespace of their own.
        command.args(["--mount", "--map-root-user", "sh", "-c", RUN, "sh"]);
        command
            .arg(self.home.path().join("hosts"))
            .arg(program.as_ref())
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env_remove("PGPASSFILE")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// What a program printed that ended well.
async fn printed(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().await.expect("it runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}: {stdout}{stderr}");
    stdout.into_owned()
}

/// Holds what was printed to be a time.
#[track_caller]
fn is_now(printed: &str) {
    assert!(printed.contains("202"), "{printed}");
}

async fn desk(part: &str) -> Option<Desk> {
    if !has(part) {
        return None;
    }
    let desk = Desk::new(TestApp::builder(Engine::Sqlite)).await?;
    let may_mount = desk
        .command("true")
        .output()
        .await
        .is_ok_and(|output| output.status.success());
    if !may_mount {
        eprintln!(
            "went without: this user may not mount a file over /etc/hosts, so that the host name does not resolve"
        );
    }
    may_mount.then_some(desk)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql() {
    let Some(desk) = desk("psql").await else { return };
    let line = desk.code("<p class=\"line-label\" aria-hidden=\"true\">psql</p>");
    is_now(
        &printed(
            desk.command("sh")
                .args(["-c", &format!("{line} -XAt -c 'select now()'")]),
        )
        .await,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the shell is found as the run finds it")]
async fn pgcli() {
    let Some(desk) = desk("python").await else { return };
    let line = desk.code("<p class=\"line-label\" aria-hidden=\"true\">pgcli</p>");
    let pgcli = driver_directory().join("pgcli/bin");
    let path = format!("{}:{}", pgcli.display(), std::env::var("PATH").unwrap());
    let mut command = desk.command("sh");
    is_now(
        &printed(
            command
                .args(["-c", &format!("{line} -c 'select now()'")])
                .env("PATH", path),
        )
        .await,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jdbc() {
    let Some(desk) = desk("java").await else { return };
    for mode in ["require", "verify-full"] {
        let url = desk
            .recipe("jdbc")
            .replace("sslmode=require", &format!("sslmode={mode}"));
        let mut command = desk.command("java");
        command.arg(format!("-Duser.home={}", desk.home.path().display()));
        command.args([
            "-cp",
            "/usr/share/java/postgresql.jar",
            &format!("{CLIENTS}/Url.java"),
            &url,
        ]);
        is_now(&printed(&mut command).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    let Some(desk) = desk("python").await else { return };
    let program = desk.write("recipe.py", &desk.recipe("python"));
    is_now(
        &printed(
            desk.command(driver_directory().join("python/bin/python"))
                .arg(program),
        )
        .await,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node() {
    let Some(desk) = desk("node").await else { return };
    let program = desk.write("recipe.js", &desk.recipe("node"));
    let modules = driver_directory().join("node/node_modules");
    is_now(&printed(desk.command("node").arg(program).env("NODE_PATH", modules)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    let Some(desk) = desk("go").await else { return };
    desk.write("main.go", &desk.recipe("go"));
    let mut command = desk.command("go");
    command.args(["run", "main.go"]);
    // The driver is a package of the distribution, which is no module.
    command
        .env("GOPATH", "/usr/share/gocode")
        .env("GO111MODULE", "off");
    command
        .env("GOCACHE", driver_directory().join("go"))
        .env("CGO_ENABLED", "0");
    is_now(&printed(&mut command).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grafana() {
    let Some(desk) = desk("python").await else { return };
    let file = desk.write("standpipe.yaml", &desk.recipe("grafana"));
    let mut command = desk.command(driver_directory().join("dbt/bin/python"));
    is_now(&printed(command.arg(format!("{CLIENTS}/grafana.py")).arg(file)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dbt() {
    let Some(desk) = desk("python").await else { return };
    desk.write(".dbt/profiles.yml", &desk.recipe("dbt"));
    desk.write(
        "project/dbt_project.yml",
        "name: models\nversion: '1.0'\nconfig-version: 2\nprofile: standpipe\n",
    );
    desk.write("project/models/answer.sql", "select 6 * 7 as answer");
    let mut command = desk.command(driver_directory().join("dbt/bin/dbt"));
    command
        .args(["--no-use-colors", "run", "--project-dir"])
        .arg(desk.home.path().join("project"));
    command
        .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        .env("DO_NOT_TRACK", "1");
    let said = printed(&mut command).await;
    assert!(said.contains("PASS=1"), "{said}");
    let answer = desk.world.by_host().run("SELECT answer FROM public.answer").await;
    assert_eq!(answer.rows(), "42");
}
