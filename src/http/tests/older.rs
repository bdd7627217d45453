//! The shapes of the earlier service.

use serde_json::json;

use super::*;

#[tokio::test]
async fn one_record_in_the_older_shape() {
    let bench = bench();
    let body = json!({
        "message": "Failed password for root from 10.0.0.1 port 22 ssh2",
        "source": "sshd", "timestamp": "2026-11-22T00:00:00Z", "metadata": {"host": "web1"},
    });
    let answer = post(&bench.router, "/classify", &[], body.to_string().into()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "category": "suspicious",
            "confidence": 0.75,
            "model": "default@2026.11.1",
            "probabilities": {"critical": 0.083333336, "suspicious": 0.75, "routine": 0.083333336,
                              "noise": 0.083333336},
            "explanation": {"reason": "ensemble", "matched_rules": ["sshd-failed-password"],
                            "flags": ["degraded"], "forward": true},
        })
    );
}

#[tokio::test]
async fn exactly_one_record_is_expected() {
    let bench = bench();
    for body in ["[]", "[\"a\",\"b\"]", "[5]", "{\"logs\":[]}"] {
        let headers = [("content-type", "application/json")];
        let answer = post(&bench.router, "/classify", &headers, body.into()).await;
        assert_eq!(answer.status, 400, "{body}");
        answer.problem(400);
    }
}

#[tokio::test]
async fn a_batch_in_the_older_shape() {
    let body = json!({"logs": [{"message": "session opened"}, 5, {"message": "b"}]}).to_string();
    let answer = post(&bench().router, "/classify/batch", &[], body.into()).await;
    let json = answer.json();
    assert_eq!(json["total_logs"], 3);
    assert!(json["processing_time_ms"].is_number());
    let results = &json["results"];
    assert_eq!(results[0]["category"], "routine");
    assert_eq!(results[0]["explanation"]["matched_rules"], json!([]));
    assert_eq!(results[1]["error"]["code"], "not_a_record");
    assert_eq!(results[1]["forward"], true);
    assert_eq!(results[2]["model"], "default@2026.11.1");
}
