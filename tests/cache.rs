//! A remembered vote is the vote that the model gives: verdicts with the cache equal those without,
//! bit for bit, however often a line comes back.

mod common;

use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::pipeline::{Detail, Judgement, Snapshot};
use logtriage::record::Record;

fn snapshot(cache: &str) -> Snapshot {
    let settings = [
        ("LOGTRIAGE__CACHE__ENABLED", cache),
        ("LOGTRIAGE__CACHE__ENTRIES", "2000"),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config::load(None, settings.into_iter()).expect("a valid configuration");
    let loader = Loader::new(&config).expect("the engine loads");
    let loaded = loader.load(&Origin::Builtin, Proof::Skip, false);
    loaded.expect("the built-in bundle loads").snapshot
}

/// Lines of a few kinds, each of them many times with other numbers and names in it.
fn records() -> Vec<Record> {
    let kinds = [
        "sshd[N]: Failed password for invalid user uN from 203.0.113.7 port N ssh2",
        "kernel: Out of memory: Killed process N (java) total-vm:Nk",
        r#"{"level":"info","msg":"request done","path":"/v1/item/N","took_ms":N}"#,
        "<34>Jan  2 03:04:05 host app[N]: zzqx yyqk",
        "health check ok",
    ];
    let line = |n: usize| kinds[n % kinds.len()].replace('N', &(n % 97).to_string());
    (0..3_000).map(|n| common::record(n, &line(n))).collect()
}

fn judge(snapshot: &Snapshot, records: &[Record]) -> Vec<Judgement> {
    let chunks = records.chunks(256);
    chunks
        .flat_map(|chunk| snapshot.judge(0, chunk, Detail::None))
        .collect()
}

#[test]
fn remembered_verdicts_are_the_models_own() {
    let records = records();
    let (plain, cached) = (snapshot("false"), snapshot("true"));
    let expected = judge(&plain, &records);
    for round in 0..3 {
        let found = judge(&cached, &records);
        for ((record, expected), found) in records.iter().zip(&expected).zip(found) {
            assert_eq!(found, *expected, "round {round}: {}", record.message);
        }
    }
    assert!(plain.cache().is_none());
    let status = cached.cache().expect("it is on").status();
    for member in status {
        assert!(member.hits > member.misses, "{member:?}");
        assert_eq!(member.hits + member.misses, 9_000);
        assert!((1..=2_000).contains(&member.entries), "{member:?}");
    }
}

#[test]
fn an_explanation_asks_the_models() {
    let cached = snapshot("true");
    let records = records();
    cached.judge(0, &records[..50], Detail::Full);
    cached.judge(0, &records[..50], Detail::Votes);
    let status = cached.cache().expect("it is on").status();
    assert_eq!(
        status.map(|s| (s.hits, s.misses, s.entries)),
        [(0, 0, 0); 2]
    );
}
