//! What a request may cost: sizes, bytes in flight, time, and what is not understood.

use serde_json::json;

use super::classify::compress;
use super::*;
use crate::http::inflight::Ledger;

#[tokio::test]
async fn a_body_above_the_limit_is_413() {
    let bench = bench_with(|service| service.limits.body_limit = 1000);
    let long = "x".repeat(1001);
    let answer = post(&bench.router, "/v1/classify", &[], long.into()).await;
    let problem = answer.problem(413);
    assert_eq!(problem["type"], "urn:logtriage:problem:too-large");
    assert!(
        problem["detail"]
            .as_str()
            .expect("a detail")
            .contains("server.body_limit")
    );
}

#[tokio::test]
async fn a_body_that_unfolds_above_the_limit_is_413() {
    let bench = bench_with(|service| service.limits.decompressed_limit = 1 << 20);
    let fits = json!([{"message": "x".repeat((1 << 20) - 20)}]).to_string();
    let bomb = json!([{"message": "x".repeat(4 << 20)}]).to_string();
    for encoding in ["gzip", "deflate", "zstd", "br"] {
        let headers = [("content-encoding", encoding)];
        let body = compress(encoding, fits.as_bytes());
        let answer = post(&bench.router, "/v1/classify", &headers, body.into()).await;
        assert_eq!(answer.status, 200, "{encoding}");
        let body = compress(encoding, bomb.as_bytes());
        let answer = post(&bench.router, "/v1/classify", &headers, body.into()).await;
        let problem = answer.problem(413);
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(
            detail.contains("server.decompressed_limit"),
            "{encoding}: {detail}"
        );
    }
    // Without an encoding the same limit holds.
    let answer = post(&bench.router, "/v1/classify", &[], bomb.into()).await;
    answer.problem(413);
}

#[tokio::test]
async fn a_flood_of_tiny_lines_is_charged_for_the_room_of_its_records() {
    let bench = bench_with(|service| service.ledger = Ledger::new(1 << 20));
    let lines = |count: usize| Body::from("a\n".repeat(count));
    let answer = post(&bench.router, "/v1/classify", &[], lines(100)).await;
    assert_eq!(answer.status, 200);
    // 200 kB on the wire, but a hundred times as much as records.
    let answer = post(&bench.router, "/v1/classify", &[], lines(100_000)).await;
    answer.problem(413);
}

#[tokio::test]
async fn bytes_in_flight_are_bounded() {
    let ledger = Ledger::new(10_000);
    let shared = ledger.clone();
    let bench = bench_with(move |service| service.ledger = shared);
    let body = || Body::from(json!([{"message": "x".repeat(4000)}]).to_string());

    let mut others = ledger.open();
    others.grow(8000).expect("room");
    let answer = post(&bench.router, "/v1/classify", &[], body()).await;
    answer.problem(429);
    assert_eq!(
        answer.headers["retry-after"], "4",
        "when the queue is drained"
    );
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_overload_total{reason=\"inflight_bytes\"} 1"));
    drop(others);
    let answer = post(&bench.router, "/v1/classify", &[], body()).await;
    assert_eq!(answer.status, 200);

    // What can never fit must not be told to come again.
    let large = "x".repeat(10_001);
    let answer = post(&bench.router, "/v1/classify", &[], large.into()).await;
    answer.problem(413);
    let bomb = compress("gzip", "x".repeat(20_000).as_bytes());
    let headers = [("content-encoding", "gzip")];
    post(&bench.router, "/v1/classify", &headers, bomb.into())
        .await
        .problem(413);
    assert_eq!(
        ledger.open().grow(10_000),
        Ok(()),
        "everything was given back"
    );
}

#[tokio::test]
async fn what_is_not_understood_is_415_and_what_is_broken_400() {
    let bench = bench();
    for headers in [
        [("content-type", "application/msgpack")],
        [("content-type", "application/x-protobuf")],
        [("content-encoding", "compress")],
    ] {
        let answer = post(&bench.router, "/v1/classify", &headers, "[]".into()).await;
        answer.problem(415);
    }
    let headers = [("content-encoding", "gzip")];
    let answer = post(&bench.router, "/v1/classify", &headers, "no gzip".into()).await;
    answer.problem(400);
}

#[tokio::test]
async fn a_full_queue_is_429_with_whole_seconds() {
    let bench = bench();
    let answer = post(&bench.router, "/v1/classify", &[], "[\"overload\"]".into()).await;
    let problem = answer.problem(429);
    assert_eq!(problem["type"], "urn:logtriage:problem:overloaded");
    assert_eq!(answer.headers["retry-after"], "2");
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_overload_total{reason=\"queue\"} 1"));
}

#[tokio::test]
async fn what_the_queue_has_no_room_for_is_refused_unread() {
    let bench = bench_with(|service| service.judge = Box::new(WordJudge::new(10)));
    let broken = |bytes: usize| {
        let length = bytes.to_string();
        // Whoever reads it finds no record in it.
        let body = Body::from("[".repeat(bytes));
        Request::post("/v1/classify")
            .header("content-length", length)
            .header("content-type", "application/json")
            .body(body)
            .expect("a request")
    };
    let answer = ask(&bench.router, broken(20_000)).await;
    answer.problem(429);
    assert_eq!(answer.headers["retry-after"], "3");
    ask(&bench.router, broken(2_000)).await.problem(400);
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_overload_total{reason=\"queue\"} 1"));
}

#[tokio::test]
async fn stacked_codings_are_charged_for_what_lies_between() {
    let bench = bench_with(|service| service.ledger = Ledger::new(1 << 20));
    let body = json!([{"message": "x".repeat(600_000)}]).to_string();
    let once = compress("gzip", body.as_bytes());
    let twice = compress("zstd", &once);
    for (encoding, body, status) in [("gzip", once, 200), ("gzip, zstd", twice, 413)] {
        let headers = [("content-encoding", encoding)];
        let answer = post(&bench.router, "/v1/classify", &headers, body.into()).await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_an_answer_tells_beside_the_verdict_is_charged() {
    let bench = bench_with(|service| service.ledger = Ledger::new(150_000));
    let lines = || Body::from("a line to judge\n".repeat(100));
    let answer = post(&bench.router, "/v1/classify", &[], lines()).await;
    assert_eq!(answer.status, 200);
    let older = post(&bench.router, "/classify/batch", &[], lines()).await;
    older.problem(413);
    let explained = post(&bench.router, "/v1/classify?explain=true", &[], lines()).await;
    explained.problem(413);
}

#[tokio::test]
async fn an_answer_is_charged_and_in_flight_until_it_is_sent() {
    let bench = bench_with(|service| service.ledger = Ledger::new(60_000));
    let body = || Body::from("a line to judge\n".repeat(20));
    for path in ["/v1/classify", "/classify/batch"] {
        let request = Request::post(path).body(body()).expect("a request");
        let answer = bench.router.clone().oneshot(request).await;
        let answer = answer.expect("routers answer");
        assert_eq!(answer.status(), 200);
        let ended = |wait: Duration| tokio::time::timeout(wait, bench.lifecycle.idle());
        let soon = Duration::from_millis(20);

        let large = || Body::from("x".repeat(56_000));
        let refused = post(&bench.router, "/v1/classify", &[], large()).await;
        assert_eq!(refused.status, 429, "the answer that nobody reads is held");
        assert!(ended(soon).await.is_err(), "and in flight");

        let sent = answer.into_body().collect().await.expect("a body");
        let refused = post(&bench.router, "/v1/classify", &[], large()).await;
        assert_eq!(refused.status, 429, "its bytes are not dropped yet");
        drop(sent);
        let taken = post(&bench.router, "/v1/classify", &[], large()).await;
        assert_eq!(taken.status, 200);
        assert!(ended(soon).await.is_ok());
    }
}
