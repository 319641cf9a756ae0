//! A wire between Standpipe and a PostgreSQL, which breaks in the ways that networks and servers break.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, sink},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

/// What becomes of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Pass,
    /// It is closed at once.
    Refuse,
    /// It is taken, and nothing is ever said.
    Hang,
    /// It is answered with what is no PostgreSQL.
    Babble,
    /// TLS is agreed to, and then there is none.
    BreakTls,
    /// Everything passes until the server has said this much.
    CutAfter(usize),
}

/// The wire; dropping it cuts it.
pub(super) struct Between {
    pub(super) port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    /// Cuts what is connected.
    cut: CancellationToken,
}

impl Between {
    /// A wire to the server at `port` of this machine.
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let between = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new(Mutex::new(State {
                mode: Mode::Pass,
                cut: CancellationToken::new(),
            })),
        };
        let state = Arc::clone(&between.state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mode, cut) = {
                    let state = state.lock().unwrap();
                    (state.mode, state.cut.clone())
                };
                tokio::spawn(async move {
                    tokio::select! {
                        () = cut.cancelled() => {}
                        () = serve(client, mode, ([127, 0, 0, 1], port).into()) => {}
                    }
                });
            }
        });
        between
    }

    /// What becomes of connections from now on; those of before go on.
    pub(super) fn set(&self, mode: Mode) {
        self.state.lock().unwrap().mode = mode;
    }

    /// Cuts what is connected, without a word.
    pub(super) fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        std::mem::take(&mut state.cut).cancel();
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.cut();
    }
}

async fn serve(mut client: TcpStream, mode: Mode, server: SocketAddr) {
    match mode {
        Mode::Refuse => {}
        Mode::Hang => {
            let _ = tokio::io::copy(&mut client, &mut sink()).await;
        }
        Mode::Babble => {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = tokio::io::copy(&mut client, &mut sink()).await;
        }
        Mode::BreakTls => {
            let mut asked = [0; 8];
            let _ = client.read_exact(&mut asked).await;
            let _ = client.write_all(b"S\x15\x03\x03 no TLS at all").await;
        }
        Mode::Pass => {
            let mut server = TcpStream::connect(server).await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
        Mode::CutAfter(octets) => {
            let server = TcpStream::connect(server).await.unwrap();
            let (mut from, mut to) = server.into_split();
            let (mut client_from, mut client_to) = client.into_split();
            let mut some = (&mut from).take(octets as u64);
            tokio::select! {
                _ = tokio::io::copy(&mut some, &mut client_to) => {}
                _ = tokio::io::copy(&mut client_from, &mut to) => {}
            }
        }
    }
}
