//! Whole bodies in, entries out: every accepted shape, and every kind of broken record among
//! good ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounds;
mod broken;
mod properties;
mod shapes;

use super::*;
use bytes::Bytes;

const JSON: Option<&str> = Some("application/json");
const NDJSON: Option<&str> = Some("application/x-ndjson");
const TEXT: Option<&str> = Some("text/plain; charset=utf-8");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn limits() -> Limits {
    Limits::default()
}

fn decode(
    body: &[u8],
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Vec<Entry>, Unreadable> {
    entries(&Bytes::copy_from_slice(body), content_type, limits).map(Iterator::collect)
}

fn read(body: &str, content_type: Option<&str>) -> Vec<Entry> {
    decode(body.as_bytes(), content_type, &limits()).unwrap()
}

fn unreadable(body: &[u8], content_type: Option<&str>) -> Unreadable {
    decode(body, content_type, &limits()).unwrap_err()
}

/// The message of a good entry, `!code` of a bad one.
fn word(entry: &Entry) -> String {
    match entry {
        Entry::Record(record) => record.message.to_string(),
        Entry::Bad(bad) => format!("!{}", bad.code),
    }
}

fn words(body: &str, content_type: Option<&str>) -> Vec<String> {
    let entries = read(body, content_type);
    for (place, entry) in entries.iter().enumerate() {
        let index = match entry {
            Entry::Record(record) => record.index,
            Entry::Bad(bad) => bad.index,
        };
        assert_eq!(index, place, "indexes follow the order");
    }
    entries.iter().map(word).collect()
}

fn record(body: &str) -> Record {
    match read(body, JSON).remove(0) {
        Entry::Record(record) => record,
        Entry::Bad(bad) => panic!("expected a record, found {bad:?}"),
    }
}

fn bad(body: &str, content_type: Option<&str>, place: usize) -> BadRecord {
    match read(body, content_type).remove(place) {
        Entry::Bad(bad) => bad,
        Entry::Record(record) => panic!("expected an error, found {record:?}"),
    }
}
