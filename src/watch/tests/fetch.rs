//! An archive behind a URL: versions, bounds, failures, credentials.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::super::Nudge;
use super::super::fetch;
use super::relay::{Relay, status};
use super::{Find, Heard, listener};
use crate::config::{FetchConfig, SourceUrl};

/// A source that runs, and all its strings.
pub(super) struct Running {
    pub(super) heard: Heard,
    nudge: Nudge,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

pub(super) fn config(interval: Duration) -> FetchConfig {
    FetchConfig {
        interval,
        ca_file: None,
        token_file: None,
    }
}

/// Looks as often as a test has patience for.
pub(super) fn often() -> FetchConfig {
    config(Duration::from_millis(20))
}

pub(super) fn run(url: &str, config: FetchConfig) -> Running {
    let url = SourceUrl::parse(url).expect("a URL");
    let (sink, heard) = listener();
    let nudge = Nudge::default();
    let (stop, stopped) = watch::channel(false);
    let nudged = nudge.clone();
    let task = tokio::spawn(async move {
        fetch::watch(&url, &config, sink, nudged, stopped).await;
    });
    Running {
        heard,
        nudge,
        stop,
        task,
    }
}

fn at(relay: &Relay) -> String {
    format!("http://{}/bundle.tar.zst", relay.address)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().expect("text"))
}

#[tokio::test]
async fn an_archive_is_told_once_and_again_when_its_version_changes() {
    let relay = Relay::start(None).await;
    relay.serve("first", "\"1\"");
    let mut running = run(&at(&relay), often());
    let found = Find::Archive(Bytes::from_static(b"first"));
    assert_eq!(running.heard.next().await, (at(&relay), found));
    let later = relay.asked_again(3).await;
    assert_eq!(text(&later, header::IF_NONE_MATCH), Some("\"1\""));
    assert_eq!(text(&later, header::ACCEPT_ENCODING), Some("identity"));
    assert_eq!(running.heard.try_next(), None);

    relay.serve("second", "\"2\"");
    assert_eq!(running.heard.archive().await, "second");
    let later = relay.asked_again(2).await;
    assert_eq!(text(&later, header::IF_NONE_MATCH), Some("\"2\""));
    assert_eq!(running.heard.try_next(), None);
}

#[tokio::test]
async fn servers_without_etags_are_asked_by_date_or_compared_by_content() {
    let relay = Relay::start(None).await;
    let date = "Wed, 21 Oct 2026 07:28:00 GMT";
    relay.answer(move |_| {
        let answer = Response::builder().header(header::LAST_MODIFIED, date);
        answer.body(Body::from("dated")).expect("an answer")
    });
    let mut running = run(&at(&relay), often());
    assert_eq!(running.heard.archive().await, "dated");
    let later = relay.asked_again(2).await;
    assert_eq!(text(&later, header::IF_MODIFIED_SINCE), Some(date));
    assert_eq!(text(&later, header::IF_NONE_MATCH), None);

    relay.answer(|_| Response::new(Body::from("plain")));
    assert_eq!(running.heard.archive().await, "plain");
    let later = relay.asked_again(3).await;
    assert_eq!(text(&later, header::IF_MODIFIED_SINCE), None);
    assert_eq!(running.heard.try_next(), None);
}

#[tokio::test]
async fn a_nudge_looks_at_once_and_tells_what_is_known() {
    let relay = Relay::start(None).await;
    relay.serve("archive", "\"1\"");
    let mut running = run(&at(&relay), config(Duration::from_secs(3600)));
    assert_eq!(running.heard.archive().await, "archive");
    running.nudge.nudge();
    assert_eq!(running.heard.archive().await, "archive");
    let asked = relay.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(text(&asked[1], header::IF_NONE_MATCH), None);
}

#[tokio::test]
async fn a_failure_is_told_once_and_a_later_one_anew() {
    let relay = Relay::start(None).await;
    relay.answer(|_| status(StatusCode::INTERNAL_SERVER_ERROR));
    let mut running = run(&format!("{}?sig=s3cret", at(&relay)), often());
    let failed = (
        "fetch_failed",
        format!(
            "GET {}: expected 200, found 500 Internal Server Error",
            at(&relay)
        ),
    );
    assert_eq!(running.heard.trouble().await, failed);
    relay.asked_again(3).await;
    assert_eq!(running.heard.try_next(), None);

    relay.serve("archive", "\"1\"");
    assert_eq!(running.heard.archive().await, "archive");
    relay.answer(|_| status(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(running.heard.trouble().await, failed);
    // It recovers without news, and fails once more.
    relay.serve("archive", "\"1\"");
    relay.asked_again(2).await;
    relay.answer(|_| status(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(running.heard.trouble().await, failed);
}

#[tokio::test]
async fn nobody_there_is_told_without_the_query() {
    let relay = Relay::start(None).await;
    let url = at(&relay);
    drop(relay);
    sleep(Duration::from_millis(20)).await;
    let mut running = run(&format!("{url}?sig=s3cret"), often());
    let (code, detail) = running.heard.trouble().await;
    assert_eq!(code, "fetch_failed");
    assert!(detail.starts_with(&format!("GET {url}: ")), "{detail}");
    assert!(detail.contains("onnection refused"), "{detail}");
    assert!(!detail.contains("s3cret"), "{detail}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_place_is_named() {
    let (relay, other) = (Relay::start(None).await, Relay::start(None).await);
    let elsewhere = format!("http://{}/path?sig=s3cret", other.address);
    relay.answer(move |_| {
        let answer = Response::builder().status(302);
        let answer = answer.header(header::LOCATION, &elsewhere);
        answer.body(Body::empty()).expect("an answer")
    });
    let mut running = run(&at(&relay), often());
    let (_, detail) = running.heard.trouble().await;
    let end = "found 302 Found, a redirect to http://127.0.0.1; redirects are not followed, name \
               the final URL";
    assert!(detail.ends_with(end), "{detail}");
    relay.asked_again(2).await;
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    let relay = Relay::start(None).await;
    let part = || Bytes::from(vec![b'x'; 1 << 20]);
    let endless = move || stream::repeat_with(move || Ok::<_, std::io::Error>(part()));
    relay.answer(move |_| {
        let answer = Response::builder().header(header::CONTENT_LENGTH, (64 << 20) + 1);
        let body = Body::from_stream(endless());
        answer.body(body).expect("an answer")
    });
    let mut running = run(&at(&relay), often());
    let (code, detail) = running.heard.trouble().await;
    assert_eq!(code, "fetch_failed");
    let end = "expected an archive of at most 67108864 bytes, found 67108865";
    assert!(detail.ends_with(end), "{detail}");

    relay.answer(move |_| Response::new(Body::from_stream(endless())));
    let (_, detail) = running.heard.trouble().await;
    let end = "expected an archive of at most 67108864 bytes, found more";
    assert!(detail.ends_with(end), "{detail}");
}

#[tokio::test]
async fn an_archive_that_breaks_off_is_no_archive() {
    let relay = Relay::start(None).await;
    relay.answer(|_| {
        let sent = stream::once(async { Ok(Bytes::from_static(b"0123456789")) });
        // Later, so that what came before is on its way by then.
        let broken = stream::once(async {
            sleep(Duration::from_millis(50)).await;
            Err(std::io::Error::other("the relay broke"))
        });
        let answer = Response::builder().header(header::CONTENT_LENGTH, 100);
        let body = Body::from_stream(sent.chain(broken));
        answer.body(body).expect("an answer")
    });
    let mut running = run(&at(&relay), often());
    let (_, detail) = running.heard.trouble().await;
    assert!(
        detail.contains("the answer broke off after 10 bytes: "),
        "{detail}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_ends_is_left() {
    let relay = Relay::start(None).await;
    relay.answer(|_| {
        Response::new(Body::from_stream(
            stream::pending::<std::io::Result<Bytes>>(),
        ))
    });
    let mut running = run(&at(&relay), often());
    let (_, detail) = timeout(Duration::from_secs(300), running.heard.0.recv())
        .await
        .expect("in time")
        .map(|(_, find)| match find {
            Find::Trouble(code, detail) => (code, detail),
            other => panic!("expected a trouble, found {other:?}"),
        })
        .expect("a find");
    assert!(
        detail.contains("expected the whole archive within 30 s"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_token_is_read_anew_for_each_look() {
    let relay = Relay::start(None).await;
    relay.serve("archive", "\"1\"");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("token");
    let write = |token: &str| std::fs::write(&file, token).expect("a file");
    write("t0ken-a\n");
    let mut running = run(&at(&relay), with_token(&file));
    running.heard.archive().await;
    let asked = relay.asked();
    assert_eq!(
        text(&asked[0], header::AUTHORIZATION),
        Some("Bearer t0ken-a")
    );
    write("t0ken-b");
    let later = relay.asked_again(2).await;
    assert_eq!(text(&later, header::AUTHORIZATION), Some("Bearer t0ken-b"));

    let name = format!("models.fetch.token_file {}: ", file.display());
    write("t0ken\u{7f}c");
    let (_, detail) = running.heard.trouble().await;
    assert!(detail.contains("token of printable characters"), "{detail}");
    write(" \n");
    let (_, detail) = running.heard.trouble().await;
    assert_eq!(
        detail,
        format!("{name}expected a token as text, found none")
    );
    std::fs::remove_file(&file).expect("a file");
    let (code, detail) = running.heard.trouble().await;
    assert_eq!(code, "fetch_failed");
    assert!(
        detail.starts_with(&format!("{name}cannot be read: ")),
        "{detail}"
    );
    assert!(!detail.contains("t0ken-"), "{detail}");

    write("t0ken-d");
    let later = relay.asked_again(2).await;
    assert_eq!(text(&later, header::AUTHORIZATION), Some("Bearer t0ken-d"));
    relay.answer(|_| status(StatusCode::UNAUTHORIZED));
    let (_, detail) = running.heard.trouble().await;
    let end = "expected 200, found 401 Unauthorized; check models.fetch.token_file";
    assert!(detail.ends_with(end), "{detail}");
}

fn with_token(file: &Path) -> FetchConfig {
    FetchConfig {
        token_file: Some(file.to_owned()),
        ..often()
    }
}

#[tokio::test]
async fn a_user_in_the_url_is_sent_as_basic_authentication() {
    let relay = Relay::start(None).await;
    relay.serve("archive", "\"1\"");
    let url = format!("http://ann:s%20cret@{}/b?x=1", relay.address);
    let mut running = run(&url, often());
    let (source, _) = running.heard.next().await;
    assert_eq!(source, format!("http://{}/b", relay.address));
    let asked = relay.asked();
    // base64 of "ann:s cret"
    assert_eq!(
        text(&asked[0], header::AUTHORIZATION),
        Some("Basic YW5uOnMgY3JldA==")
    );
    assert_eq!(
        text(&asked[0], header::HOST),
        Some(&*relay.address.to_string())
    );
}

#[tokio::test]
async fn credentials_are_not_sent_unencrypted_whatever_the_configuration_let_through() {
    // 127.0.0.1 by another name: what is not known to be loopback is taken for the network.
    let relay = Relay::start(None).await;
    let url = format!("http://ann:s3cret@0.0.0.0:{}/b", relay.address.port());
    let mut running = run(&url, often());
    let (_, detail) = running.heard.trouble().await;
    assert!(
        detail.contains("expected https to send credentials over"),
        "{detail}"
    );
    assert_eq!(relay.asked().len(), 0);
}

#[tokio::test]
async fn a_source_ends_when_it_is_told_to() {
    let relay = Relay::start(None).await;
    relay.serve("archive", "\"1\"");
    // Once between two looks, once in the middle of one.
    for body in ["archive", ""] {
        if body.is_empty() {
            relay.answer(|_| {
                Response::new(Body::from_stream(
                    stream::pending::<std::io::Result<Bytes>>(),
                ))
            });
        }
        let running = run(&at(&relay), config(Duration::from_secs(3600)));
        relay.asked_again(1).await;
        running.stop.send_replace(true);
        let ended = timeout(Duration::from_secs(5), running.task).await;
        assert!(ended.is_ok(), "still running");
    }
}
