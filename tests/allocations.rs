//! In the steady state a record allocates nothing from body to verdict, apart from its answer.
//!
//! Formats whose fields have to be put together (structured data of RFC 5424, CEF's vendor and
//! product, members nested in JSON) allocate those names, and records with further fields beside
//! their message keep them as a tree; neither is asked for here.

use bytes::Bytes;
use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::pipeline::{Detail, Judgement};
use logtriage::record::{Entry, Limits, Record, entries};

const RECORDS: usize = 1_000;
/// Allocations for each chunk and body (lists of cases and answers, shared buffers), spread over
/// their records.
const SHARED: f64 = 0.1;

const LINES: [&str; 7] = [
    "<38>Jan  2 03:04:05 web1 sshd[77]: Accepted publickey for bob from 10.0.0.1 port 2222 ssh2",
    r#"203.0.1.0 - - [02/Jan/2026:03:04:05 +0000] "GET /item/1?page=1 HTTP/1.1" 200 1 "-" "Mozilla/5.0""#,
    r#"{"level":"info","ts":1767323045.2,"logger":"api","msg":"request done","path":"/v1/item/2"}"#,
    "I0102 03:04:05.000000 3 controller.go:3] Syncing pod default/web-3 on node-0",
    r#"ts=2026-01-02T03:04:05Z level=warn component=scheduler job=5 msg="retry after timeout" attempt=4"#,
    "2026-01-02 03:04:05,123 INFO com.example.Worker - done with it",
    "2026-01-02 03:04:05,123 ERROR com.example.Worker - grün \"quoted\"\tpart",
];

/// Allocations of one call a record, after a first call that lets buffers grow.
fn per_record(mut work: impl FnMut()) -> f64 {
    work();
    allocation_counter::measure(work).count_total as f64 / RECORDS as f64
}

fn read(body: &Bytes, content_type: &str) -> impl Iterator<Item = Entry> {
    entries(body, Some(content_type), &Limits::default()).expect("a readable body")
}

fn drain(entries: impl Iterator<Item = Entry>) {
    for entry in entries {
        std::hint::black_box(entry);
    }
}

/// What an answer holds on the heap: a list of flags, a list of claims, and their names.
fn answer_allocations(judgements: &[Judgement]) -> usize {
    let held = judgements.iter().map(|judgement| {
        let verdict = &judgement.verdict;
        let claims = verdict.compliance.len();
        usize::from(!verdict.flags.is_empty()) + usize::from(claims > 0) + claims
    });
    held.sum()
}

#[test]
fn a_record_allocates_nothing_beyond_its_answer() {
    // Without remembered votes, so that every record goes all the way.
    let setting = ("LOGTRIAGE__CACHE__ENABLED".to_owned(), "false".to_owned());
    let config = Config::load(None, std::iter::once(setting)).expect("a valid configuration");
    let loader = Loader::new(&config).expect("the engine loads");
    let loaded = loader.load(&Origin::Builtin, Proof::Skip, false);
    let snapshot = loaded.expect("the built-in bundle loads").snapshot;
    for line in LINES {
        let log = |id: usize| serde_json::json!({"id": format!("a{id}"), "message": line});
        let logs: Vec<serde_json::Value> = (0..RECORDS).map(log).collect();
        let json = Bytes::from(serde_json::json!({ "logs": logs }).to_string());
        let reading = per_record(|| drain(read(&json, "application/json")));
        assert!(reading <= SHARED, "reading {line:?}: {reading} allocations");

        let records: Vec<Record> = read(&json, "application/json")
            .map(|entry| match entry {
                Entry::Record(record) => record,
                Entry::Bad(bad) => panic!("{bad:?}"),
            })
            .collect();
        let answers = snapshot.judge(0, &records, Detail::None);
        let allowed = answer_allocations(&answers) as f64 / RECORDS as f64 + SHARED;
        let judging = per_record(|| {
            for chunk in records.chunks(250) {
                std::hint::black_box(snapshot.judge(0, chunk, Detail::None));
            }
        });
        assert!(
            judging <= allowed,
            "judging {line:?}: {judging} allocations, {allowed} allowed"
        );
    }
}
