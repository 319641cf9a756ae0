//! A proxy that copies octets both ways and does nothing else: what `scripts/bench-gateway` compares with. It writes its
//! address to the file that it is given, and serves until it is stopped.
//!   proxy FILE TARGET        TARGET is HOST:PORT, or the path of a Unix socket

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};

async fn copy(mut client: TcpStream, mut server: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = client.set_nodelay(true);
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

async fn serve(client: TcpStream, target: String) -> io::Result<()> {
    if target.starts_with('/') {
        copy(client, UnixStream::connect(target).await?).await;
    } else {
        let server = TcpStream::connect(target).await?;
        server.set_nodelay(true)?;
        copy(client, server).await;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    let [file, target] = arguments.as_slice() else {
        return Ok(());
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    std::fs::write(file, listener.local_addr()?.to_string())?;
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(serve(client, target.clone()));
    }
}
