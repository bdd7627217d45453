//! `POST /v1/classify`: forms of bodies and answers.

use std::io::Write;

use serde_json::json;

use super::*;

const FAILED: &str = "Failed password for root from 10.0.0.1 port 22 ssh2";

#[tokio::test]
async fn a_batch_is_answered_in_order_with_ids() {
    let body = json!([
        {"id": "a", "message": FAILED},
        {"id": 7, "message": "session opened"},
        {"message": "session closed"},
    ]);
    let headers = [("content-type", "application/json")];
    let answer = post(
        &bench().router,
        "/v1/classify",
        &headers,
        body.to_string().into(),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    let json = answer.json();
    assert_eq!(
        json["results"][0],
        json!({
            "id": "a", "index": 0, "category": "suspicious", "confidence": 0.75, "forward": true,
            "reason": "ensemble", "flags": ["degraded"],
            "scores": {"critical": 0.083333336, "suspicious": 0.75, "routine": 0.083333336,
                       "noise": 0.083333336},
        })
    );
    assert_eq!(json["results"][1]["id"], 7);
    assert_eq!(json["results"][1]["category"], "routine");
    assert_eq!(json["results"][2]["index"], 2);
    assert!(json["results"][2].get("id").is_none());
    assert_eq!(json["model"], json!(identity()));
    assert!(json["took_ms"].as_f64().is_some_and(|took| took >= 0.0));
}

#[tokio::test]
async fn a_bad_record_keeps_its_place_among_good_ones() {
    let bench = bench();
    let body = json!([{"message": FAILED}, 5, {"id": "c", "message": "x"}]).to_string();
    let answer = post(&bench.router, "/v1/classify", &[], body.into()).await;
    assert_eq!(answer.status, 200);
    let results = &answer.json()["results"];
    assert_eq!(results[0]["category"], "suspicious");
    assert_eq!(results[1]["error"]["code"], "not_a_record");
    assert!(results[1]["error"]["detail"].is_string());
    assert_eq!(results[1]["index"], 1);
    assert_eq!(results[1]["forward"], true);
    assert_eq!(results[2]["id"], "c");
    let metrics = bench.metrics.render().expect("text");
    assert!(metrics.contains("logtriage_records_rejected_total{reason=\"not_a_record\"} 1"));
    assert!(metrics.contains("category=\"suspicious\",forward=\"true\"} 1"));
    assert!(metrics.contains("logtriage_verdict_flags_total{flag=\"degraded\"} 1"));
}

#[tokio::test]
async fn ndjson_is_answered_where_it_is_asked_for() {
    let body = json!([{"id": "a", "message": FAILED}, 5]).to_string();
    let headers = [("accept", "application/x-ndjson")];
    let answer = post(&bench().router, "/v1/classify", &headers, body.into()).await;
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let lines = answer
        .text()
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"));
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["id"], "a");
    assert_eq!(lines[1]["error"]["code"], "not_a_record");
    assert_eq!(lines[2]["model"], json!(identity()));
    assert!(lines[2]["took_ms"].is_number());
    assert!(answer.text().ends_with('\n'));
}

#[tokio::test]
async fn plain_lines_and_ndjson_are_read() {
    let bench = bench();
    for (content_type, body) in [
        (Some("text/plain"), format!("{FAILED}\nsession opened\n")),
        (
            Some("application/x-ndjson"),
            format!("{{\"message\":\"{FAILED}\"}}\n\"x\"\n"),
        ),
        (None, format!("{FAILED}\nsession opened\n")),
    ] {
        let headers = content_type.map(|t| ("content-type", t));
        let answer = post(
            &bench.router,
            "/v1/classify",
            headers.as_slice(),
            body.into(),
        )
        .await;
        assert_eq!(answer.status, 200, "{content_type:?}");
        let results = answer.json()["results"]
            .as_array()
            .expect("results")
            .clone();
        assert_eq!(results.len(), 2, "{content_type:?}");
        assert_eq!(results[0]["category"], "suspicious");
    }
}

#[tokio::test]
async fn every_content_encoding_is_undone() {
    let bench = bench();
    let plain = json!([{"message": FAILED}]).to_string().into_bytes();
    for encoding in ["identity", "gzip", "deflate", "zstd", "br"] {
        let headers = [("content-encoding", encoding)];
        let body = compress(encoding, &plain);
        let answer = post(&bench.router, "/v1/classify", &headers, body.into()).await;
        assert_eq!(answer.status, 200, "{encoding}");
        assert_eq!(
            answer.json()["results"][0]["category"],
            "suspicious",
            "{encoding}"
        );
    }
}

pub(super) fn compress(encoding: &str, plain: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match encoding {
        "gzip" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
            writer.write_all(plain).expect("written");
            writer.finish().expect("finished")
        }
        "deflate" => {
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), level);
            writer.write_all(plain).expect("written");
            writer.finish().expect("finished")
        }
        "zstd" => zstd::encode_all(plain, 3).expect("compressed"),
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &plain[..], &mut out, &Default::default()).expect("brotli");
            out
        }
        _ => plain.to_vec(),
    }
}

#[tokio::test]
async fn explanations_come_where_asked_and_only_for_a_hundred() {
    let bench = bench();
    let one = json!([{"message": FAILED}]).to_string();
    let answer = post(
        &bench.router,
        "/v1/classify?explain=true",
        &[],
        one.clone().into(),
    )
    .await;
    let explanation = &answer.json()["results"][0]["explanation"];
    assert_eq!(explanation["rules"][0]["id"], "sshd-failed-password");
    let answer = post(
        &bench.router,
        "/v1/classify?explain=false",
        &[],
        one.clone().into(),
    )
    .await;
    assert!(answer.json()["results"][0].get("explanation").is_none());

    for (records, status) in [(100, 200), (101, 400)] {
        let body = Value::from(vec![json!({"message": "x"}); records]).to_string();
        let answer = post(&bench.router, "/v1/classify?explain=true", &[], body.into()).await;
        assert_eq!(answer.status, status, "{records}");
        if status == 400 {
            let problem = answer.problem(400);
            assert_eq!(problem["type"], "urn:logtriage:problem:invalid-query");
            let detail = problem["detail"].as_str().expect("a detail");
            assert!(detail.contains("at most 100 records") && detail.contains("found 101"));
        }
    }
    let answer = post(&bench.router, "/v1/classify?explain=maybe", &[], one.into()).await;
    answer.problem(400);
}

#[tokio::test]
async fn a_body_of_which_nothing_can_be_read_is_a_problem_with_its_place() {
    let headers = [("content-type", "application/json")];
    let answer = post(
        &bench().router,
        "/v1/classify",
        &headers,
        "{\"message\": nope".into(),
    )
    .await;
    let problem = answer.problem(400);
    assert_eq!(problem["type"], "urn:logtriage:problem:invalid-body");
    assert!(problem["offset"].is_number(), "{problem}");
}

#[tokio::test]
async fn large_requests_are_worked_on_whole() {
    let records: Vec<Value> = (0..3000)
        .map(|i| json!({"id": i, "message": FAILED}))
        .collect();
    let body = Value::from(records).to_string();
    assert!(body.len() > 128 << 10);
    let answer = post(&bench().router, "/v1/classify", &[], body.into()).await;
    let json = answer.json();
    let results = json["results"].as_array().expect("results");
    assert_eq!(results.len(), 3000);
    assert!(
        results
            .iter()
            .enumerate()
            .all(|(i, r)| r["id"] == i && r["index"] == i)
    );
}
