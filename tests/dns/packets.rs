//! Packets octet by octet, and what becomes of those that are none.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use testkit::{Engine, TestApp};

use super::dig::with_names;

const PATIENCE: Duration = Duration::from_secs(30);

/// A question by hand: about `name`, of type `kind`.
pub(super) fn question(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut packet = id.to_be_bytes().to_vec();
    packet.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        packet.push(u8::try_from(label.len()).unwrap());
        packet.extend(label.as_bytes());
    }
    packet.push(0);
    packet.extend(kind.to_be_bytes());
    packet.extend([0, 1]);
    packet
}

/// The code in an answer's head.
pub(super) fn code(answer: &[u8]) -> u8 {
    answer[3] & 0x0f
}

/// Whether an answer says that it was cut.
pub(super) fn is_cut(answer: &[u8]) -> bool {
    answer[2] & 2 != 0
}

/// A client by UDP.
pub(super) struct Client(UdpSocket);

impl Client {
    pub(super) fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server).unwrap();
        Self(socket)
    }

    pub(super) fn send(&self, packet: &[u8]) {
        self.0.send(packet).unwrap();
    }

    pub(super) fn answer_within(&self, patience: Duration) -> Option<Vec<u8>> {
        self.0.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).ok()?;
        Some(buffer[..length].to_vec())
    }
}

async fn start() -> Option<TestApp> {
    let builder = with_names(TestApp::builder(Engine::Sqlite))?;
    Some(
        builder
            .configure(|config| config.dns.responses_per_second = 0)
            .start()
            .await,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_question_gets_an_error_or_nothing() {
    let Some(app) = start().await else { return };
    let client = Client::new(app.addresses().dns.unwrap());
    let good = question(1, "db.example.com", 6);
    let mut answer = question(2, "db.example.com", 6);
    answer[2] |= 0x80;
    // Nothing is said to these: the first answer is the one to the good question.
    for nothing in [[].as_slice(), &[0], &good[..11], &answer] {
        client.send(nothing);
    }
    client.send(&good);
    let first = client.answer_within(PATIENCE).unwrap();
    assert_eq!((&first[..2], code(&first)), (&good[..2], 0));

    let mut two = good.clone();
    two[5] = 2;
    let mut loops = good.clone();
    loops[12..14].copy_from_slice(&[0xc0, 12]);
    let mut beyond = good.clone();
    beyond[12] = 63;
    let mut many = good.clone();
    many[11] = 255;
    for faulty in [&good[..12], &good[..good.len() - 1], &two, &loops, &beyond, &many] {
        client.send(faulty);
        let told = client.answer_within(PATIENCE).unwrap();
        assert_eq!((code(&told), &told[..2]), (1, &good[..2]), "{faulty:02x?}");
        assert!(told.len() <= faulty.len().max(12), "no more than was sent");
    }
}

/// The next answer: its id and its code.
fn next(stream: &mut TcpStream) -> (u16, u8) {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer).unwrap();
    (u16::from_be_bytes([answer[0], answer[1]]), code(&answer))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_by_tcp_come_in_pieces_and_in_a_row() {
    let Some(app) = start().await else { return };
    let connect = || {
        let stream = TcpStream::connect(app.addresses().dns.unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    };
    let framed = |id| {
        let question = question(id, "db.example.com", 2);
        [
            &u16::try_from(question.len()).unwrap().to_be_bytes(),
            question.as_slice(),
        ]
        .concat()
    };
    let mut stream = connect();
    for octet in framed(1) {
        stream.write_all(&[octet]).unwrap();
    }
    assert_eq!(next(&mut stream), (1, 0));
    stream
        .write_all(&(2..12).flat_map(framed).collect::<Vec<_>>())
        .unwrap();
    for id in 2..12 {
        assert_eq!(next(&mut stream), (id, 0));
    }
    // No question is as long as this; one that is cut off ends with its connection.
    for end in [[0xff, 0xff, 0, 0].as_slice(), &[0, 0]] {
        let mut stream = connect();
        stream.write_all(end).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
}
