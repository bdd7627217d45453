//! The one thread that promotes: it takes orders, looks at the source, and acts on one thing at a time.
//!
//! Whatever came meanwhile, the newest wins: a directory is looked at as it is when its turn comes, and
//! of several bundles that were found only the last one counts.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::notices::Notices;
use super::orders::{Inbox, Keeper, Order};
use super::site::{Change, Reread, Site, needs_restart};
use super::volume::Look;
use crate::bundle::{Considered, Origin, Promoter};
use crate::config::Config;
use crate::telemetry;

/// How often everything is looked at without a notice.
const POLL: Duration = Duration::from_secs(5);
/// After a notice, for those that follow it at once: a volume changes in several steps.
const LULL: Duration = Duration::from_millis(5);

/// Where bundles come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: the built-in one serves.
    Builtin,
    /// A directory, looked at by the keeper itself.
    Directory(PathBuf),
    /// Others find them and tell.
    Told,
}

/// The running keeper.
pub struct Keeping {
    orders: Sender<Order>,
    thread: JoinHandle<()>,
}

/// What the keeper starts from.
pub struct Start {
    /// Proves and promotes.
    pub promoter: Promoter,
    /// Where bundles come from.
    pub source: Source,
    /// What was told before, if anything.
    pub first: Option<Origin>,
    /// The file of the configuration, if there is one.
    pub file: Option<PathBuf>,
    /// The configuration that holds.
    pub config: Config,
    /// Reads it again.
    pub reread: Reread,
}

impl Keeping {
    /// Starts the keeper's thread.
    ///
    /// # Errors
    /// The system's word where a thread cannot be made.
    pub fn start(keeper: &Keeper, inbox: Inbox, start: Start) -> std::io::Result<Keeping> {
        let orders = keeper.orders();
        let notify = keeper.orders();
        let wake = move || {
            // Nobody listens once the process ends.
            let _ = notify.send(Order::Look);
        };
        let mut desk = Desk::new(start);
        let thread = std::thread::Builder::new().name("keeper".to_owned());
        let thread = thread.spawn(move || {
            let mut notices = Notices::of(&desk.places(), wake);
            desk.work(&inbox.0, &mut notices);
        })?;
        Ok(Keeping { orders, thread })
    }

    /// Ends the thread, after what it does now. Blocks.
    pub fn join(self) {
        let _ = self.orders.send(Order::End);
        if self.thread.join().is_err() {
            tracing::error!("the keeper panicked");
        }
    }
}

/// What the keeper works with.
struct Desk {
    promoter: Promoter,
    source: Source,
    site: Site,
    settle: Duration,
    /// The last bundle that was found, and how many were by then.
    told: (u64, Option<Origin>),
    /// What was acted on last.
    done: Option<Seen>,
    /// What looks half-written, and since when.
    pending: Option<(Seen, Instant)>,
}

/// Tells one state of a source from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Looked(Look),
    Told(u64),
}

impl Desk {
    fn new(start: Start) -> Desk {
        let settle = start.config.models.settle;
        let mut desk = Desk {
            promoter: start.promoter,
            source: start.source,
            site: Site::new(start.file, start.config, start.reread),
            settle,
            told: (0, start.first),
            done: None,
            pending: None,
        };
        if !desk.promoter.must_look_again() {
            desk.done = desk.see().map(|(_, seen)| seen);
        }
        desk
    }

    fn places(&self) -> Vec<PathBuf> {
        let mut places = self.site.paths();
        if let Source::Directory(directory) = &self.source {
            places.push(directory.clone());
        }
        places
    }

    fn work(&mut self, inbox: &Receiver<Order>, notices: &mut Notices) {
        let mut polled = Instant::now();
        let mut due = polled;
        loop {
            let by = due.min(polled + POLL);
            let left = by.saturating_duration_since(Instant::now());
            match inbox.recv_timeout(left) {
                Ok(Order::Look) => std::thread::sleep(LULL),
                Ok(order) => {
                    if self.obey(order) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(order) = inbox.try_recv() {
                if self.obey(order) {
                    return;
                }
            }
            let now = Instant::now();
            if now >= polled + POLL {
                notices.renew();
                polled = now;
            }
            let later = now + 2 * POLL;
            let site = self.look_at_site(now).unwrap_or(later);
            let source = self.look_at_source(now).unwrap_or(later);
            due = site.min(source);
        }
    }

    /// True where it is the last order.
    fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Look => {}
            Order::End => return true,
            Order::Found(origin) => self.told = (self.told.0 + 1, Some(origin)),
            Order::Trouble(rejection) => self.promoter.tell_refused(rejection),
            Order::RollBack(target, reply) => {
                let _ = reply.send(self.promoter.roll_back(&target));
            }
            Order::Release(reply) => {
                self.promoter.release();
                self.look_afresh();
                let _ = reply.send(());
            }
            Order::Reload(reply) => {
                self.look_afresh();
                let _ = reply.send(());
            }
        }
        false
    }

    fn look_afresh(&mut self) {
        (self.done, self.pending) = (None, None);
        self.look_at_source(Instant::now());
    }

    /// What the source has now.
    fn see(&self) -> Option<(Origin, Seen)> {
        match &self.source {
            Source::Builtin => None,
            Source::Directory(directory) => {
                let seen = Seen::Looked(Look::at_bundle(directory));
                Some((Origin::Directory(directory.clone()), seen))
            }
            Source::Told => {
                let (count, origin) = &self.told;
                Some((origin.clone()?, Seen::Told(*count)))
            }
        }
    }

    /// Acts on what the source has, where that is new. Says when to look again, if soon.
    fn look_at_source(&mut self, now: Instant) -> Option<Instant> {
        let (origin, seen) = self.see()?;
        if self.done == Some(seen) {
            self.pending = None;
            return None;
        }
        let since = match self.pending {
            Some((pending, since)) if pending == seen => since,
            _ => now,
        };
        let settled = now >= since + self.settle;
        let is_current = || match (&origin, seen) {
            (Origin::Directory(directory), Seen::Looked(look)) => {
                Look::at_bundle(directory) == look
            }
            _ => true,
        };
        match self.promoter.consider(&origin, settled, &is_current) {
            Considered::Incomplete(error) => {
                if self.pending.is_none_or(|(pending, _)| pending != seen) {
                    tracing::info!(source = %origin, detail = %error, "a bundle looks half-written");
                }
                self.pending = Some((seen, since));
                return Some(since + self.settle);
            }
            Considered::Superseded => {
                self.pending = None;
                return Some(now);
            }
            Considered::Same => {
                // The source says itself what somebody had pinned.
                self.promoter.release();
            }
            Considered::Promoted | Considered::Refused => {}
        }
        (self.done, self.pending) = (Some(seen), None);
        None
    }

    /// Acts on changed settings and site files, once they have come to rest.
    fn look_at_site(&mut self, now: Instant) -> Option<Instant> {
        match self.site.look(now) {
            Change::Nothing => None,
            Change::At(due) => Some(due),
            Change::Read(read) => {
                match *read {
                    Ok(config) => self.apply(config),
                    Err(error) => self.promoter.refuse_change(
                        "the configuration",
                        "bad_configuration",
                        error.to_string(),
                    ),
                }
                None
            }
        }
    }

    fn apply(&mut self, config: Config) {
        let sections = needs_restart(&self.site.config, &config);
        if !sections.is_empty() {
            tracing::warn!(
                sections = sections.join(", "),
                "settings changed that take effect only at the next start"
            );
        }
        if self.promoter.reconfigure(&config) {
            telemetry::change_logs(&config.log);
            self.site.accept(config);
        }
    }
}
