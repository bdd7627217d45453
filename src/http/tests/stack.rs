//! What every request passes through, the routes as a whole, and the API document.

use super::*;
use crate::http::routes::Route;

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let bench = bench();
    let problem = get(&bench.router, "/nope").await.problem(404);
    assert!(
        problem["detail"]
            .as_str()
            .expect("a detail")
            .contains("/nope")
    );
    let answer = get(&bench.router, "/v1/classify").await;
    answer.problem(405);
    assert_eq!(answer.headers["allow"], "POST");
    let answer = post(&bench.router, "/v1/health", &[], Body::empty()).await;
    answer.problem(405);
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_http_requests_total{code=\"404\",route=\"other\"} 1"));
    assert!(metrics.contains("logtriage_http_requests_total{code=\"405\",route=\"classify\"} 1"));
}

#[tokio::test]
async fn health_is_200_until_the_drain() {
    let bench = bench();
    for phase in [Phase::Serving, Phase::Leaving] {
        bench.lifecycle.enter(phase);
        assert_eq!(get(&bench.router, "/v1/health").await.status, 200);
        let head = Request::head("/v1/health")
            .body(Body::empty())
            .expect("a request");
        let answer = ask(&bench.router, head).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.is_empty());
    }
    bench.lifecycle.enter(Phase::Draining);
    get(&bench.router, "/v1/health").await.problem(503);
    let head = Request::head("/v1/health").body(Body::empty());
    let head = ask(&bench.router, head.expect("a request")).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (503, 0));
    let overload = "logtriage_overload_total{reason=\"draining\"}";
    let metrics = bench.metrics.render().expect("text");
    assert!(!metrics.contains(&format!("{overload} 1")), "{metrics}");
    let answer = post(&bench.router, "/v1/classify", &[], "[\"x\"]".into()).await;
    answer.problem(503);
    assert_eq!(answer.headers["connection"], "close");
    assert_eq!(answer.headers["retry-after"], "2");
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains(&format!("{overload} 1")), "{metrics}");
}

#[tokio::test]
async fn a_panic_is_500_and_counted() {
    let bench = bench();
    let answer = post(&bench.router, "/v1/classify", &[], "[\"panic\"]".into()).await;
    let problem = answer.problem(500);
    assert!(!problem.to_string().contains("told to panic"), "{problem}");
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_http_requests_total{code=\"500\",route=\"classify\"} 1"));
    assert!(
        metrics.contains("logtriage_http_request_duration_seconds_count{route=\"classify\"} 1")
    );
    bench.lifecycle.idle().await;
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted_and_not_waited_for() {
    let bench = bench();
    let asking = post(&bench.router, "/v1/classify", &[], "[\"slow\"]".into());
    let gone = tokio::time::timeout(Duration::from_millis(50), asking).await;
    assert!(gone.is_err());
    bench.lifecycle.idle().await;
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_http_requests_total{code=\"499\",route=\"classify\"} 1"));
}

#[tokio::test]
async fn sane_request_ids_are_echoed() {
    let bench = bench();
    let long = "x".repeat(129);
    for (id, echoed) in [
        ("req-1/a.b", true),
        ("a b", false),
        ("{evil}", false),
        (&long, false),
    ] {
        let headers = [("x-request-id", id)];
        let answer = post(&bench.router, "/v1/classify", &headers, "[\"x\"]".into()).await;
        let found = answer
            .headers
            .get("x-request-id")
            .map(|v| v.to_str().expect("text"));
        assert_eq!(found, echoed.then_some(id));
    }
}

#[tokio::test]
async fn the_api_document_covers_every_route_and_type() {
    let answer = get(&bench().router, "/openapi.json").await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let document = answer.json();
    let paths = document["paths"].as_object().expect("paths");
    for (_, path, _) in Route::ALL {
        assert!(paths.contains_key(path), "{path} is not in the document");
    }
    assert_eq!(
        paths.len(),
        Route::ALL.len(),
        "the document has a path that does not exist"
    );
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for schema in [
        "ClassifyAnswer",
        "JudgedRecord",
        "UnreadRecord",
        "Verdict",
        "Problem",
    ] {
        let expected = schema != "Verdict";
        assert_eq!(schemas.contains_key(schema), expected, "{schema}");
    }
    let text = answer.text();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(
            schemas.contains_key(name),
            "{name} is referred to and not described"
        );
    }
}
