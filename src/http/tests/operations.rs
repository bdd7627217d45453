//! The operations port.

use serde_json::json;

use super::*;
use crate::batch::{Load, Room};
use crate::bundle::{CandidateState, CandidateStatus, ModelStatus, ModelsStatus, ServingStatus};
use crate::engine::{GraphInfo, ModelInfo};
use crate::pipeline::CacheStatus;
use crate::watch::{Keeper, Nudge};

fn router(lifecycle: &Lifecycle) -> Router {
    router_with(lifecycle, Pulse::default(), status)
}

fn router_with(lifecycle: &Lifecycle, pulse: Pulse, models: fn() -> ModelsStatus) -> Router {
    let operations = Operations {
        models: Box::new(models),
        metrics: Arc::new(Metrics::new().expect("distinct names")),
        lifecycle: lifecycle.clone(),
        progress: Progress::default(),
        pulse,
        load: Box::new(|| Load {
            queued: Room {
                records: 42,
                bytes: 4200,
            },
            oldest: Duration::from_millis(250),
            held: 50,
            judged: 7,
            rehearsed: 0,
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
    for (path, checks) in [
        ("/livez", &["progress"][..]),
        ("/readyz", &["accepting", "verdict"]),
        ("/startupz", &["verdict"]),
    ] {
        assert_eq!(get(&router, path).await.text(), "ok\n");
        let answer = get(&router, &format!("{path}?verbose")).await;
        let lines: Vec<&str> = answer.text().lines().collect();
        assert_eq!(lines.len(), checks.len() + 1, "{lines:?}");
        for (line, check) in lines.iter().zip(checks) {
            let time = line.strip_prefix(&format!("[+] {check} ok ("));
            let time = time.and_then(|time| time.strip_suffix(" ms)"));
            let time: f64 = time.unwrap_or(line).parse().expect("milliseconds");
            assert!((0.0..1000.0).contains(&time), "{line}");
        }
        assert_eq!(lines.last(), Some(&"ok"));
    }

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

/// A way of a record on which nothing comes back.
struct Stuck;

impl Way for Stuck {
    fn judged(&self) -> u64 {
        7
    }

    fn try_line(&self, _: tokio::time::Instant) -> Trial<'_> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn what_gives_no_verdict_is_not_ready_but_live() {
    let pulse = Pulse::default();
    let (_stop, stopped) = tokio::sync::oneshot::channel();
    tokio::spawn(pulse.clone().keep(Stuck, stopped));
    let router = router_with(&Lifecycle::default(), pulse, status);
    assert_eq!(get(&router, "/readyz").await.status, 200);
    tokio::time::sleep(Duration::from_secs(11)).await;
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, 503);
    let told = "[-] verdict: lines of our own were not judged in time, and no others were\n";
    assert_eq!(answer.text(), told, "only what fails is told");
    let answer = get(&router, "/readyz?verbose").await;
    assert!(answer.text().starts_with("[+] accepting ok ("));
    assert!(
        answer.text().ends_with(" were (5000.000 ms)\n"),
        "{}",
        answer.text()
    );
    assert_eq!(get(&router, "/startupz").await.status, 503);
    assert_eq!(get(&router, "/livez").await.status, 200);
    let metrics = get(&router, "/metrics").await;
    for line in [
        "logtriage_ready{check=\"accepting\"} 1\n",
        "logtriage_ready{check=\"verdict\"} 0\n",
    ] {
        assert!(metrics.text().contains(line), "{line}");
    }
}

/// A stand-in whose classifier is left out, while a bundle is looked at.
fn degraded() -> ModelsStatus {
    let mut models = status();
    models.serving.stand_in = true;
    let model = |member, left_out, size_bytes| ModelStatus {
        member,
        info: ModelInfo {
            engine: "native",
            engine_reason: String::new(),
            provider: "cpu",
            graph: GraphInfo::default(),
        },
        size_bytes,
        failures: 1,
        left_out,
        cache: Some(CacheStatus {
            entries: 5,
            hits: 30,
            misses: 12,
        }),
    };
    models.serving.models = vec![model("classifier", true, 1000), model("anomaly", false, 10)];
    models.candidate = Some(CandidateStatus {
        source: "a directory".to_owned(),
        state: CandidateState::Settling,
        since: "2026-11-22T00:00:00Z".to_owned(),
        age: Duration::from_millis(1500),
    });
    models
}

#[tokio::test]
async fn what_serves_is_told_as_it_is_at_the_scrape() {
    let router = router_with(&Lifecycle::default(), Pulse::default(), degraded);
    get(&router, "/metrics").await;
    let metrics = get(&router, "/metrics").await;
    for line in [
        "logtriage_stand_in 1\n",
        "logtriage_member_degraded{member=\"classifier\"} 1\n",
        "logtriage_member_degraded{member=\"anomaly\"} 0\n",
        "logtriage_model_size_bytes{member=\"classifier\"} 1000\n",
        "logtriage_model_size_bytes{member=\"anomaly\"} 10\n",
        "logtriage_model_candidate_age_seconds 1.5\n",
        "logtriage_vote_cache_total{member=\"anomaly\",result=\"hit\"} 30\n",
        "logtriage_vote_cache_total{member=\"anomaly\",result=\"miss\"} 12\n",
        "logtriage_vote_cache_entries{member=\"anomaly\"} 5\n",
        "logtriage_cpu_limit_cores ",
        "logtriage_memory_limit_bytes ",
    ] {
        assert!(
            metrics.text().contains(line),
            "{line} in {}",
            metrics.text()
        );
    }
    let well = get(&self::router(&Lifecycle::default()), "/metrics").await;
    for line in [
        "logtriage_stand_in 0\n",
        "logtriage_model_candidate_age_seconds 0\n",
    ] {
        assert!(well.text().contains(line), "{line}");
    }
}

#[tokio::test]
async fn open_metrics_is_answered_to_who_asks_for_it() {
    let router = router(&Lifecycle::default());
    let asked =
        Request::get("/metrics").header("accept", "application/openmetrics-text;version=1.0.0");
    let answer = ask(&router, asked.body(Body::empty()).expect("a request")).await;
    assert_eq!(
        answer.headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"));
    for line in [
        "# TYPE logtriage_records counter\n",
        "\nlogtriage_records_total{category=\"noise\",forward=\"true\"} 0\n",
        "# TYPE logtriage_model info\n",
        "# UNIT process_cpu_seconds seconds\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
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
