//! The operations port.

use serde_json::json;

use super::*;
use crate::batch::{Load, Room};
use crate::bundle::{ModelsStatus, ServingStatus};
use crate::watch::{Keeper, Nudge};

fn router(lifecycle: &Lifecycle) -> Router {
    let operations = Operations {
        models: Box::new(status),
        metrics: Arc::new(Metrics::new().expect("distinct names")),
        lifecycle: lifecycle.clone(),
        progress: Progress::default(),
        load: Box::new(|| Load {
            queued: Room {
                records: 42,
                bytes: 4200,
            },
            oldest: Duration::from_millis(250),
            held: 50,
            judged: 7,
        }),
        keeper: Keeper::new(Nudge::default()).0,
        admin_token: None,
    };
    operations_router(Arc::new(operations))
}

fn status() -> ModelsStatus {
    ModelsStatus {
        serving: ServingStatus {
            identity: identity(),
            created: "2026-11-22T00:00:00Z".to_owned(),
            source: "built-in".to_owned(),
            since: "2026-11-22T00:00:00Z".to_owned(),
            stand_in: false,
            pinned: false,
            signed_by: None,
            load_seconds: 0.1,
            size_bytes: 1_500_000,
            rules: 200,
            models: Vec::new(),
        },
        candidate: None,
        kept: Vec::new(),
        last_rejection: None,
    }
}

#[tokio::test]
async fn probes_follow_the_phase() {
    let lifecycle = Lifecycle::default();
    let router = router(&lifecycle);
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(get(&router, path).await.status, 200, "{path}");
    }
    let answer = get(&router, "/readyz?verbose").await;
    assert_eq!(answer.text(), "[+] accepting ok\nok\n");

    lifecycle.enter(Phase::Leaving);
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.text(), "[-] accepting: the process is ending\n");
    assert_eq!(
        get(&router, "/livez").await.status,
        200,
        "leaving is no reason to be killed"
    );
    let metrics = get(&router, "/metrics").await;
    assert!(
        metrics
            .text()
            .contains("logtriage_ready{check=\"accepting\"} 0")
    );
}

#[tokio::test]
async fn metrics_version_and_models() {
    let router = router(&Lifecycle::default());
    let metrics = get(&router, "/metrics").await;
    assert_eq!(
        metrics.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    for line in [
        "logtriage_queue_records 42",
        "logtriage_queue_bytes 4200",
        "logtriage_queue_oldest_age_seconds 0.25",
    ] {
        assert!(metrics.text().contains(line), "{line}");
    }
    let info =
        "logtriage_model_info{digest=\"sha256:00\",name=\"default\",version=\"2026.11.1\"} 1";
    assert!(metrics.text().contains(info));
    let metrics = get(&router, "/metrics").await;
    assert!(
        metrics
            .text()
            .contains("logtriage_http_requests_total{code=\"200\",route=\"metrics\"} 1")
    );

    let version = get(&router, "/version").await.json();
    assert_eq!(
        version,
        json!({"name": "logtriage", "version": env!("CARGO_PKG_VERSION")})
    );
    let models = get(&router, "/v1/models").await.json();
    assert_eq!(models["serving"]["name"], "default");
    get(&router, "/v1/classify").await.problem(404);
}
