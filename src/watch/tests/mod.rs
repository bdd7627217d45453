//! The sources against real servers, and what the tests of this room share.

mod configmap;
mod fetch;
mod nudge;
mod relay;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Sink;

/// What a sink was told.
#[derive(Debug, PartialEq)]
pub(super) enum Find {
    Files(BTreeMap<String, Bytes>),
    Archive(Bytes),
    Trouble(&'static str, String),
}

/// A sink that passes on what it is told, with the source.
struct Listener(mpsc::UnboundedSender<(String, Find)>);

/// What a sink was told, in order.
pub(super) struct Heard(mpsc::UnboundedReceiver<(String, Find)>);

pub(super) fn listener() -> (Arc<dyn Sink>, Heard) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Arc::new(Listener(sender)), Heard(receiver))
}

impl Listener {
    fn pass(&self, source: &str, find: Find) {
        // A test that is over listens no more.
        let _ = self.0.send((source.to_owned(), find));
    }
}

impl Sink for Listener {
    fn files(&self, source: &str, files: BTreeMap<String, Bytes>) {
        self.pass(source, Find::Files(files));
    }

    fn archive(&self, source: &str, bytes: Bytes) {
        self.pass(source, Find::Archive(bytes));
    }

    fn trouble(&self, source: &str, code: &'static str, detail: String) {
        self.pass(source, Find::Trouble(code, detail));
    }
}

impl Heard {
    /// The next find and its source, which must come.
    pub(super) async fn next(&mut self) -> (String, Find) {
        let next = timeout(Duration::from_secs(20), self.0.recv()).await;
        next.expect("a find within the time").expect("a sink")
    }

    pub(super) async fn archive(&mut self) -> Bytes {
        match self.next().await.1 {
            Find::Archive(bytes) => bytes,
            other => panic!("expected an archive, found {other:?}"),
        }
    }

    /// Code and detail of the next find, which must be a trouble.
    pub(super) async fn trouble(&mut self) -> (&'static str, String) {
        match self.next().await.1 {
            Find::Trouble(code, detail) => (code, detail),
            other => panic!("expected a trouble, found {other:?}"),
        }
    }

    pub(super) fn try_next(&mut self) -> Option<Find> {
        self.0.try_recv().ok().map(|(_, find)| find)
    }
}
