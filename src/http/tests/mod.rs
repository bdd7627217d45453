//! The two ports through their routers and through real sockets, with a judge made for the test.

mod classify;
mod limits;
mod older;
mod operations;
mod sockets;
mod stack;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::config::Config;
use crate::pipeline::{Baseline, Explanation, Identity, Judgement, MatchedRule, Signs};
use crate::verdict::{Category, Flag, Reason, Scores, Verdict};

/// Judges by words of the message, so that a test says what it wants, and takes requests of so many
/// records at most.
struct WordJudge(usize, Arc<Baseline>);

impl WordJudge {
    fn new(most: usize) -> WordJudge {
        let baseline = Baseline {
            loaded: Instant::now(),
            categories: [0.0, 0.5, 0.5, 0.0],
            deciles: [0.75; 9],
            unknown_words: 0.25,
        };
        WordJudge(most, Arc::new(baseline))
    }
}

impl Judge for WordJudge {
    fn ticket(&self) -> Ticket {
        Ticket::default()
    }

    fn judge(
        &self,
        _ticket: Ticket,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
    ) -> Answer<'_> {
        Box::pin(async move {
            let says = |word: &str| records.iter().any(|r| r.message.contains(word));
            if says("overload") {
                let retry_after = Duration::from_millis(1500);
                let full = crate::batch::Full::Records;
                return Err(Overloaded { full, retry_after });
            }
            if says("slow") {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            assert!(!says("panic"), "the judge was told to panic");
            assert!(deadline > Instant::now());
            let judgements = records.iter().map(|r| verdict(&r.message, detail));
            Ok(Judged {
                judgements: judgements.collect(),
                model: Arc::new(identity()),
                baseline: Arc::clone(&self.1),
            })
        })
    }

    fn look(&self, _: &mut Ticket, least: Room, _most: usize) -> Result<(), Overloaded> {
        let full = crate::batch::Full::Records;
        let retry_after = Duration::from_millis(2500);
        let fits = least.records <= self.0;
        fits.then_some(()).ok_or(Overloaded { full, retry_after })
    }

    fn drained_in(&self) -> Duration {
        Duration::from_millis(3500)
    }
}

fn identity() -> Identity {
    Identity {
        name: "default".to_owned(),
        version: "2026.11.1".to_owned(),
        digest: "sha256:00".to_owned(),
    }
}

fn verdict(message: &str, detail: Detail) -> Judgement {
    let suspicious = message.contains("Failed password");
    let category = if suspicious {
        Category::Suspicious
    } else {
        Category::Routine
    };
    let rule = MatchedRule {
        id: "sshd-failed-password".to_owned(),
        title: "Failed password".to_owned(),
        category,
        confidence: 0.75,
        floor: false,
        tags: Vec::new(),
    };
    let explanation = Explanation {
        sentence: "a rule matched".to_owned(),
        votes: Vec::new(),
        rules: if suspicious { vec![rule] } else { Vec::new() },
        input: None,
        terms: Vec::new(),
        numeric: Vec::new(),
    };
    Judgement {
        verdict: Verdict {
            category,
            confidence: 0.75,
            forward: suspicious,
            reason: Reason::Ensemble,
            flags: if suspicious {
                vec![Flag::Degraded]
            } else {
                Vec::new()
            },
            scores: Scores::peaked(category, 0.75),
            compliance: Vec::new(),
        },
        explanation: (detail != Detail::None).then_some(explanation),
        signs: Some(Signs {
            abstained: [!suspicious, false, true],
            unknown_words: Some(0.5),
        }),
    }
}

/// A service, and what a test may want to look at or to change.
struct Bench {
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
    router: Router,
}

fn bench() -> Bench {
    bench_with(|_| {})
}

fn bench_with(change: impl FnOnce(&mut Service)) -> Bench {
    let config = Config::load(None, std::iter::empty()).expect("the defaults are valid");
    let metrics = Arc::new(Metrics::new().expect("distinct names"));
    let lifecycle = Lifecycle::default();
    let (counts, phase) = (Arc::clone(&metrics), lifecycle.clone());
    let mut service = Service::new(
        Box::new(WordJudge::new(usize::MAX)),
        counts,
        phase,
        &config.server,
    );
    change(&mut service);
    Bench {
        metrics,
        lifecycle,
        router: data_router(Arc::new(service)),
    }
}

/// An answer, read to its end.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON answer")
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The problem document of an error answer, checked for its form.
    fn problem(&self, status: u16) -> Value {
        let problem = self.json();
        assert_eq!(self.status.as_u16(), status, "{problem}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(
                problem[member].is_string(),
                "{member} is missing in {problem}"
            );
        }
        problem
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answered {
    let response = router
        .clone()
        .oneshot(request)
        .await
        .expect("routers answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answered {
        status: parts.status,
        headers: parts.headers,
        // A copy, because an answer is held against the limits until its bytes are dropped.
        body: Bytes::copy_from_slice(&body),
    }
}

async fn post(router: &Router, path: &str, headers: &[(&str, &str)], body: Body) -> Answered {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    ask(router, request.body(body).expect("a request")).await
}

async fn get(router: &Router, path: &str) -> Answered {
    ask(
        router,
        Request::get(path).body(Body::empty()).expect("a request"),
    )
    .await
}
