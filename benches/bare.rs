//! A handler of axum alone with a constant body as long as that of `GET /api/v0/actor`: what `scripts/bench-api` compares
//! with. It writes its address to the file that it is given, and serves until it is stopped.

use axum::{Router, routing::get};
use tokio::net::TcpListener;

const BODY: &str = r#"{"id":"u_d3p5m2d2k3fj8q0q1hq0","handle":"bench","tenant_id":"t_00000000000000000000","status":"accepted","avatar_url":"http://localhost:8080/api/v0/identity/u_d3p5m2d2k3fj8q0q1hq0/avatar?v=0","created_at":"2026-11-24T12:00:00Z","version_id":1}"#;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let Some(file) = std::env::args()
        .nth(1)
        .filter(|argument| !argument.starts_with("--"))
    else {
        return Ok(());
    };
    let json = [("content-type", "application/json")];
    let router = Router::new().route("/", get(async move || (json, BODY)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    std::fs::write(file, listener.local_addr()?.to_string())?;
    axum::serve(listener, router).await
}
