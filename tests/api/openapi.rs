//! What others make of the API's document.

use std::path::Path;

use testkit::{Engine, TestApp};
use tokio::process::Command;

/// `scripts/openapi-check` installs the validators and the generators.
#[tokio::test]
async fn validators_take_it_and_clients_are_made_of_it() {
    let app = TestApp::builder(Engine::Sqlite).token_cap(10).start().await;
    let ana = app.create_user("ana").await;
    let token = app.bearer(&ana).await.token;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/openapi-check");
    let base = format!("http://{}/api/latest", app.addresses().http);
    let output = Command::new(script)
        .args([&base, "ana", &token])
        .output()
        .await
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
