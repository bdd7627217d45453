//! Real sockets: keep-alive, HTTP/2, early refusal, and the end of a port.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

struct Port {
    address: std::net::SocketAddr,
    stop: watch::Sender<Option<tokio::time::Instant>>,
    task: JoinHandle<()>,
}

async fn open(bench: &Bench) -> Port {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = watch::channel(None);
    let task = tokio::spawn(serve(
        listener,
        bench.router.clone(),
        bench.lifecycle.clone(),
        stopped,
    ));
    Port {
        address,
        stop,
        task,
    }
}

async fn connect(port: &Port) -> TcpStream {
    TcpStream::connect(port.address)
        .await
        .expect("a connection")
}

fn classify(body: &str) -> String {
    let length = body.len();
    format!("POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// One answer with a declared length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let length: usize = length.expect("a length").parse().expect("a number");
            if body.len() >= length {
                return text;
            }
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.expect("bytes");
        assert!(count > 0, "the connection ended after {text}");
        read.extend_from_slice(&buffer[..count]);
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let port = open(&bench()).await;
    let mut stream = connect(&port).await;
    for _ in 0..3 {
        let request = classify("[\"Failed password for root\"]");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\"category\":\"suspicious\""));
    }
}

#[tokio::test]
async fn a_length_that_is_too_large_is_refused_before_the_body() {
    let port = open(&bench()).await;
    let mut stream = connect(&port).await;
    let head = "POST /v1/classify HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                content-length: 999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn the_body_limit_holds_without_a_declared_length() {
    let port = open(&bench_with(|service| service.limits.body_limit = 1000)).await;
    let head = "POST /v1/classify HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let piece = format!("190\r\n{}\r\n", "x".repeat(400));
    for (pieces, status) in [(2, "200"), (4, "413")] {
        let mut stream = connect(&port).await;
        let request = format!("{head}{}0\r\n\r\n", piece.repeat(pieces));
        stream.write_all(request.as_bytes()).await.expect("sent");
        let answer = answer(&mut stream).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let bench = bench_with(|service| service.body_timeout = Duration::from_millis(20));
    let port = open(&bench).await;
    let mut stream = connect(&port).await;
    let head = "POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// A new HTTP/2 connection that asks for the service's health on stream 1.
async fn ask_by_http_2(port: &Port) -> TcpStream {
    let mut stream = connect(port).await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // An empty SETTINGS frame.
    bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    // GET, http, the path and the authority, by HPACK's static table and plain literals.
    let mut block = vec![0x82, 0x86, 0x04, 10];
    block.extend(b"/v1/health");
    block.extend([0x01, 1, b'x']);
    let length = u8::try_from(block.len()).expect("short");
    // A HEADERS frame on stream 1 that ends both the headers and the stream.
    bytes.extend([0, 0, length, 1, 0x05, 0, 0, 0, 1]);
    bytes.extend(block);
    stream.write_all(&bytes).await.expect("sent");
    stream
}

/// The payload of the next frame of that type.
async fn frame(stream: &mut TcpStream, kind: u8) -> Vec<u8> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.expect("a frame");
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.expect("a payload");
        if head[3] == kind {
            return payload;
        }
    }
}

const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;

#[tokio::test]
async fn http_2_without_tls_is_served() {
    let port = open(&bench()).await;
    let mut stream = ask_by_http_2(&port).await;
    let block = frame(&mut stream, HEADERS).await;
    assert_eq!(block[0], 0x88, "the static table's entry for :status 200");
}

#[tokio::test]
async fn whoever_is_leaving_tells_its_connections_to_go() {
    let bench = bench();
    let port = open(&bench).await;
    let (mut first, mut second) = (connect(&port).await, ask_by_http_2(&port).await);
    frame(&mut second, HEADERS).await;
    let request = classify("[\"x\"]");
    first.write_all(request.as_bytes()).await.expect("sent");
    let before = answer(&mut first).await;
    assert!(!before.contains("connection: close"), "{before}");

    bench.lifecycle.enter(Phase::Leaving);
    first.write_all(request.as_bytes()).await.expect("sent");
    let after = answer(&mut first).await;
    assert!(after.starts_with("HTTP/1.1 200 OK\r\n"), "{after}");
    assert!(after.contains("connection: close"), "{after}");
    assert_eq!(first.read(&mut [0; 10]).await.expect("an end"), 0);
    let payload = frame(&mut second, GOAWAY).await;
    assert_eq!(payload[4..8], [0; 4], "no error");
    // Others are still served, as the delay wants it.
    let mut third = connect(&port).await;
    third.write_all(request.as_bytes()).await.expect("sent");
    assert!(answer(&mut third).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn the_end_waits_for_what_is_in_flight_and_closes_the_idle() {
    let bench = bench();
    let port = open(&bench).await;
    let (mut idle, mut busy) = (connect(&port).await, connect(&port).await);
    idle.write_all(classify("[\"x\"]").as_bytes())
        .await
        .expect("sent");
    answer(&mut idle).await;
    busy.write_all(classify("[\"slow\"]").as_bytes())
        .await
        .expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;

    let by = tokio::time::Instant::now() + Duration::from_secs(10);
    port.stop.send_replace(Some(by));
    let said = answer(&mut busy).await;
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
    assert_eq!(idle.read(&mut [0; 10]).await.expect("an end"), 0);
    assert_eq!(busy.read(&mut [0; 10]).await.expect("an end"), 0);
    port.task.await.expect("the task ends");
    assert!(TcpStream::connect(port.address).await.is_err());
}

#[tokio::test]
async fn the_end_cuts_what_takes_too_long() {
    let bench = bench();
    let port = open(&bench).await;
    let mut busy = connect(&port).await;
    busy.write_all(classify("[\"slow\"]").as_bytes())
        .await
        .expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    port.stop.send_replace(Some(tokio::time::Instant::now()));
    port.task.await.expect("the task ends");
    assert_eq!(busy.read(&mut [0; 10]).await.unwrap_or(0), 0);
    bench.lifecycle.idle().await;
}
