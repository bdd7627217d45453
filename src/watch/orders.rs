//! What the keeper can be told, and by whom: sources, verbs, the kernel's notices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Nudge, Sink};
use crate::bundle::{BundleError, Identity, Origin, Rejection, RollbackError, StoredFiles, Target};

/// What the keeper is told to do.
pub(super) enum Order {
    /// Something may have changed.
    Look,
    /// A source has found a bundle.
    Found(Origin),
    /// A source has found something that is none, or cannot be read.
    Trouble(Rejection),
    RollBack(Target, oneshot::Sender<Result<Identity, RollbackError>>),
    Release(oneshot::Sender<()>),
    Reload(oneshot::Sender<()>),
    End,
}

/// Gives the keeper orders. Clones give them to the same one.
#[derive(Clone)]
pub struct Keeper {
    orders: Sender<Order>,
    nudge: Nudge,
}

/// What the keeper was told and has not acted on.
pub struct Inbox(pub(super) Receiver<Order>);

impl Keeper {
    pub(super) fn orders(&self) -> Sender<Order> {
        self.orders.clone()
    }

    /// A keeper that can be told things before it runs.
    ///
    /// A reload nudges the sources that tell it things.
    pub fn new(nudge: Nudge) -> (Keeper, Inbox) {
        let (orders, receiver) = mpsc::channel();
        (Keeper { orders, nudge }, Inbox(receiver))
    }

    /// Makes an earlier bundle serve again. `None` where the process is ending.
    pub async fn roll_back(&self, target: Target) -> Option<Result<Identity, RollbackError>> {
        self.ask(|reply| Order::RollBack(target, reply)).await
    }

    /// Lets the source decide again what serves.
    pub async fn release(&self) -> Option<()> {
        self.ask(Order::Release).await
    }

    /// Looks at the source as if it had changed. For a directory the answer comes when that is done,
    /// other sources are only told to look.
    pub async fn reload(&self) -> Option<()> {
        self.nudge.nudge();
        self.ask(Order::Reload).await
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).ok()?;
        answer.await.ok()
    }

    fn found(&self, source: &str, files: Result<StoredFiles, BundleError>) {
        let order = match files {
            Ok(files) => Order::Found(Origin::Memory(Arc::new(files))),
            Err(error) => Order::Trouble(Rejection::new(
                source.to_owned(),
                None,
                error.code(),
                error.to_string(),
            )),
        };
        // Nobody listens once the process ends.
        let _ = self.orders.send(order);
    }
}

impl Sink for Keeper {
    fn files(&self, source: &str, files: BTreeMap<String, Bytes>) {
        self.found(source, StoredFiles::new(source, files));
    }

    fn archive(&self, source: &str, bytes: Bytes) {
        self.found(source, StoredFiles::from_archive(source, &bytes));
    }

    fn trouble(&self, source: &str, code: &'static str, detail: String) {
        let rejection = Rejection::new(source.to_owned(), None, code, detail);
        let _ = self.orders.send(Order::Trouble(rejection));
    }
}

impl Inbox {
    /// The first bundle that a source finds, or what hinders it, within `patience`.
    pub fn first(&self, patience: Duration) -> Option<Result<Origin, Rejection>> {
        let by = Instant::now() + patience;
        loop {
            let left = by.saturating_duration_since(Instant::now());
            match self.0.recv_timeout(left).ok()? {
                Order::Found(origin) => return Some(Ok(origin)),
                Order::Trouble(rejection) => return Some(Err(rejection)),
                _ => {}
            }
        }
    }
}
