//! Nothing for strangers: no recursion, no transfer, no flood in another's name, no connection for nothing.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use testkit::{Engine, TestApp};

use super::{
    dig::{Dig, with_names},
    packets::{Client, code, is_cut, question},
};

const PATIENCE: Duration = Duration::from_secs(60);

async fn start(responses_per_second: u32) -> Option<TestApp> {
    let builder = with_names(TestApp::builder(Engine::Sqlite))?;
    let builder = builder.configure(|config| config.dns.responses_per_second = responses_per_second);
    Some(builder.start().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_ours_is_refused() {
    let Some(app) = start(0).await else { return };
    let dig = Dig(app.addresses().dns.unwrap());
    for question in [
        "example.com A",
        "www.example.org A",
        ". NS",
        "-c CH version.bind TXT",
        "-c CH -t TXT -q db.example.com",
    ] {
        let answer = dig.ask(question).await;
        assert_eq!(answer.status, "REFUSED", "{question}: {}", answer.text);
        assert!(answer.answer.is_empty() && answer.authority.is_empty());
        assert!(
            !answer.flags.contains("ra") && !answer.flags.contains("aa"),
            "{}",
            answer.text
        );
    }
    for transfer in [
        "db.example.com AXFR",
        "+tcp db.example.com IXFR=1",
        "+notcp db.example.com IXFR=1",
    ] {
        let refused = dig.ask(transfer).await;
        // By UDP dig says nothing of it.
        let told = refused.text.contains("Transfer failed.") || transfer.starts_with("+notcp");
        assert!(told && !refused.text.contains("SOA"), "{}", refused.text);
    }
    assert_eq!(
        dig.ask("+opcode=NOTIFY db.example.com SOA").await.status,
        "NOTIMP"
    );
    assert_eq!(
        dig.ask("+opcode=UPDATE db.example.com SOA").await.status,
        "NOTIMP"
    );
    assert_eq!(
        dig.ask("+edns=1 +noednsnegotiation db.example.com SOA")
            .await
            .status,
        "BADVERS"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_gets_few_answers_and_the_word_to_ask_by_tcp() {
    let Some(app) = start(10).await else { return };
    let client = Client::new(app.addresses().dns.unwrap());
    let asked = 200;
    let mut received = Vec::new();
    for id in 0..asked {
        client.send(&question(id, "nobody-here.db.example.com", 1));
        // One after the other, so that none is lost on the way; what is not answered is not waited for.
        received.extend(client.answer_within(Duration::from_millis(20)));
    }
    let (cut, whole): (Vec<_>, Vec<_>) = received.iter().partition(|answer| is_cut(answer));
    // In each second ten, however long this takes on a slow machine.
    assert!(
        whole.len() >= 10 && whole.len() < usize::from(asked),
        "{}",
        whole.len()
    );
    assert!(!cut.is_empty(), "some are told to ask by TCP");
    assert!(whole.len() + cut.len() < usize::from(asked), "some get nothing");
    assert!(
        cut.iter().all(|answer| answer.len() < 64),
        "what they get is small"
    );
    // By TCP nobody asks in another's name: dig goes there by itself.
    let dig = Dig(app.addresses().dns.unwrap());
    for _ in 0..20 {
        dig.ask("+tcp nobody-here.db.example.com A").await.is_no_name();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_few_and_short() {
    let Some(app) = start(0).await else { return };
    let server = app.addresses().dns.unwrap();
    let connect = || {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let asks = |stream: &mut TcpStream| {
        let question = question(7, "db.example.com", 6);
        let framed = [
            &u16::try_from(question.len()).unwrap().to_be_bytes(),
            question.as_slice(),
        ]
        .concat();
        let mut length = [0; 2];
        stream
            .write_all(&framed)
            .and_then(|()| stream.read_exact(&mut length))?;
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut answer).map(|()| answer)
    };
    let mut open: Vec<_> = (0..32).map(|_| connect()).collect();
    for stream in &mut open {
        assert_eq!(code(&asks(stream).unwrap()), 0);
    }
    let refused = asks(&mut connect()).unwrap_err();
    let ended = [
        ErrorKind::UnexpectedEof,
        ErrorKind::ConnectionReset,
        ErrorKind::BrokenPipe,
    ];
    assert!(ended.contains(&refused.kind()), "{refused}");
    // Who is in may ask again, and who says nothing more is let go.
    for stream in &mut open {
        let answered = asks(stream).unwrap();
        assert_eq!(code(&answered), 0);
    }
    for stream in &mut open {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection is closed");
    }
    assert_eq!(code(&asks(&mut connect()).unwrap()), 0);
}
