//! `docs/metrics.md`, made of the table, and a test that says when it is stale.

use std::fmt::Write;
use std::path::Path;

use super::Metrics;
use super::drift::SIGNALS;
use super::feedback::FeedbackRefusal;
use super::labels::{Check, FLAGS, MODELS, Overload, REASONS, RELEASES, STAGES};
use super::metrics::Table;
use super::swaps::RESULTS;
use crate::verdict::{Category, Member};

/// Set, the test writes the page instead of comparing it.
const WRITE: &str = "LOGTRIAGE_WRITE_DOCS";

const INTRODUCTION: &str = "\
# Metrics

Written from the table in `src/telemetry/metrics.rs` by `make docs-metrics`; do not edit. A test fails
when it is stale.

`GET /metrics` on the operations port answers in Prometheus' text format, or as OpenMetrics 1.0 where
`Accept` prefers that. Both write a bucket's `le` alike: a whole number has a decimal point (`le=\"1.0\"`)
and a small one an exponent (`le=\"2.5e-05\"`).

Labels have few values, all known beforehand: routes and not paths, never a source, an id or a part of a
message. Only `model_info` names what the operator chose, and has one series at a time. What counts by a
label whose values stand below is there from the start, at zero.
";

/// What was asked of the earlier systems, and what answers it here.
const EARLIER: &[(&str, &str, &str)] = &[
    (
        "model loaded",
        "`logtriage_model_info` names the bundle that serves; there always is one. Where the configured \
         one was refused at the start, the built-in one stands in.",
        "logtriage_stand_in == 0",
    ),
    (
        "inference time by engine",
        "A run is one batch, so this is the time of a batch by what runs it.",
        "histogram_quantile(0.99, sum by (le, member, engine) \
         (rate(logtriage_inference_duration_seconds_bucket[5m])))",
    ),
    (
        "model size",
        "The graph alone, uncompressed.",
        "sum(logtriage_model_size_bytes)",
    ),
    (
        "inference totals by status: success",
        "Runs that gave an answer, by member. Records are counted by `logtriage_records_total`.",
        "sum by (member) (rate(logtriage_inference_duration_seconds_count[5m])) \
         - sum by (member) (rate(logtriage_inference_errors_total[5m]))",
    ),
    (
        "inference totals by status: failure",
        "Meanwhile `logtriage_member_degraded` is 1, and the other members judge.",
        "sum by (member) (rate(logtriage_inference_errors_total[5m]))",
    ),
    (
        "EPS reduction",
        "The share of records that need not reach the SIEM; the same of \
         `logtriage_record_bytes_total` is what a bill by volume sees.",
        "1 - sum(rate(logtriage_records_total{forward=\"true\"}[5m])) \
         / sum(rate(logtriage_records_total[5m]))",
    ),
    (
        "fail-open events",
        "Records answered without a judgement, or while a stand-in serves; all of them are forwarded.",
        "sum(rate(logtriage_verdict_flags_total{flag=\"fail_open\"}[5m]))",
    ),
    (
        "compliance bypasses",
        "Records that a framework claims: judged like others and always forwarded. Those that skip the \
         models (`compliance.skip_models`) have the reason `compliance`.",
        "sum(rate(logtriage_verdict_flags_total{flag=\"compliance\"}[5m]))",
    ),
    (
        "false negatives reported",
        "Feedback on records that were not forwarded and should have been.",
        "sum(increase(logtriage_feedback_total{judged=~\"routine|noise\",correct=~\"critical|suspicious\"}[1d]))",
    ),
];

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## The service\n\n| name | type | labels | meaning |\n|---|---|---|---|\n");
    for row in Table::ROWS {
        let labels: Vec<String> = row.labels.iter().map(|l| format!("`{l}`")).collect();
        line(
            &mut page,
            row.name,
            row.kind,
            &labels.join(", "),
            row.help.trim(),
        );
    }
    page.push_str("\n## Labels\n\n| label | of | values |\n|---|---|---|\n");
    for (label, of, values) in labels() {
        let values: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
        let values = values.join(", ");
        page.push_str(&format!("| `{label}` | {of} | {values} |\n"));
    }
    page.push_str("\n## The process\n\n| name | type | meaning |\n|---|---|---|\n");
    for (name, kind, help) in process() {
        page.push_str(&format!("| `{name}` | {kind} | {help} |\n"));
    }
    page.push_str("\n## What answers the metrics of the earlier systems\n\n");
    for (asked, answer, query) in EARLIER {
        page.push_str(&format!("- **{asked}**: {answer}\n\n      {query}\n\n"));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn line(page: &mut String, name: &str, kind: &str, labels: &str, help: &str) {
    // A string takes all that is written.
    let _ = writeln!(page, "| `{name}` | {kind} | {labels} | {help} |");
}

fn labels() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let second = |pairs: &[(_, &'static str)]| pairs.iter().map(|pair| pair.1).collect();
    vec![
        (
            "category",
            "records, bytes",
            Category::ALL.map(Category::as_str).to_vec(),
        ),
        ("forward", "records, bytes", vec!["false", "true"]),
        (
            "stage",
            "`stage_duration_seconds`",
            STAGES.iter().map(|s| s.1).collect(),
        ),
        ("member", "models", MODELS.to_vec()),
        (
            "reason",
            "`verdict_reason_total`",
            REASONS.iter().map(|r| r.1).collect(),
        ),
        ("flag", "`verdict_flags_total`", second(&FLAGS)),
        (
            "reason",
            "`batch_released_total`",
            RELEASES.iter().map(|r| r.1).collect(),
        ),
        (
            "reason",
            "`overload_total`",
            Overload::ALL.map(Overload::label).to_vec(),
        ),
        (
            "reason",
            "`feedback_rejected_total`",
            FeedbackRefusal::ALL.map(FeedbackRefusal::label).to_vec(),
        ),
        (
            "judged, correct",
            "`feedback_total`",
            Category::ALL.map(Category::as_str).to_vec(),
        ),
        ("signal", "`drift_psi`", SIGNALS.to_vec()),
        (
            "member",
            "`drift_abstention_rate`",
            Member::ALL.map(Member::as_str).to_vec(),
        ),
        ("result", "`model_swaps_total`", RESULTS.to_vec()),
        ("result", "`vote_cache_total`", vec!["hit", "miss"]),
        (
            "check",
            "`ready`",
            [Check::Accepting, Check::Verdict]
                .map(Check::as_str)
                .to_vec(),
        ),
    ]
}

/// Name, kind and meaning of what the library tells of the process.
fn process() -> Vec<(String, &'static str, String)> {
    let families = Metrics::new().expect("distinct names").gather();
    let own = families
        .iter()
        .filter(|family| family.name().starts_with("process_"));
    own.map(|family| {
        let kind = super::exposition::kind(family).expect("a known kind");
        (family.name().to_owned(), kind, family.help().to_owned())
    })
    .collect()
}

#[test]
fn the_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let page = page();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &page).expect("docs is there");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/metrics.md is stale; `make docs-metrics` writes it"
    );
}

#[test]
fn queries_name_what_is_there() {
    let known = |name: &str| {
        let ends = ["", "_bucket", "_count", "_sum"];
        let is = |row: &str| ends.iter().any(|end| name.strip_suffix(end) == Some(row));
        Table::ROWS.iter().any(|row| is(row.name))
    };
    for (asked, answer, query) in EARLIER {
        let text = format!("{answer} {query}");
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.starts_with("logtriage_")) {
            assert!(
                known(name),
                "{name}, which answers {asked}, is not in the table"
            );
        }
    }
}

#[test]
fn every_row_says_what_it_means_in_a_unit() {
    for row in Table::ROWS {
        let help = row.help.trim();
        assert!(help.ends_with('.'), "{}: {help}", row.name);
        assert_eq!(
            row.name.ends_with("_total"),
            row.kind == "counter",
            "{}",
            row.name
        );
    }
}
