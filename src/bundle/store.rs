//! The serving snapshot, and what people are told about it and about those before it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;

use super::files::StoredFiles;
use super::status::{
    CandidateState, CandidateStatus, KeptStatus, ModelStatus, ModelsStatus, Rejection,
    ServingStatus, timestamp,
};
use crate::pipeline::{Identity, Snapshot};

/// Holds the snapshot that serves, everything in it. Requests read nothing else here.
pub struct Store {
    serving: ArcSwap<Snapshot>,
    /// Changed together with `serving`, so that what is told fits what serves.
    book: Mutex<Book>,
}

struct Book {
    serving: About,
    kept: VecDeque<Kept>,
    candidate: Option<CandidateStatus>,
    /// Since when there has been one of that source.
    considered: Instant,
    rejection: Option<Rejection>,
}

/// What is known of a snapshot beside what it judges with.
pub(super) struct About {
    pub(super) source: String,
    pub(super) created: String,
    pub(super) signed_by: Option<String>,
    pub(super) load_time: Duration,
    /// When it began to serve.
    pub(super) since: SystemTime,
    /// Bytes: of all files, of the classifier's graph and of the anomaly detector's.
    pub(super) sizes: [u64; 3],
    /// True where somebody went back to it by hand.
    pub(super) pinned: bool,
    /// Its files, where it may have to serve again.
    pub(super) files: Option<Arc<StoredFiles>>,
}

/// An earlier bundle that can serve again.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) identity: Identity,
    pub(super) created: String,
    pub(super) files: Arc<StoredFiles>,
}

impl Store {
    pub(super) fn new(snapshot: Snapshot, about: About) -> Store {
        Store {
            serving: ArcSwap::from_pointee(snapshot),
            book: Mutex::new(Book {
                serving: about,
                kept: VecDeque::new(),
                candidate: None,
                considered: Instant::now(),
                rejection: None,
            }),
        }
    }

    /// A store over a snapshot that a test made.
    #[cfg(test)]
    pub(crate) fn holding(snapshot: Snapshot) -> Store {
        Store::new(
            snapshot,
            About {
                source: "test".into(),
                created: String::new(),
                signed_by: None,
                sizes: [0; 3],
                load_time: Duration::ZERO,
                since: SystemTime::UNIX_EPOCH,
                pinned: false,
                files: None,
            },
        )
    }

    /// The snapshot that serves now. A request takes it once and keeps it.
    pub fn current(&self) -> Arc<Snapshot> {
        self.serving.load_full()
    }

    /// Makes `snapshot` the one that serves; the one before it is kept as one of `keep` earlier ones,
    /// where its files are known. Requests that pinned it are still judged by it.
    pub(super) fn promote(&self, snapshot: Snapshot, about: About, keep: usize) {
        let mut book = self.lock();
        let before = self.serving.swap(Arc::new(snapshot));
        let after = Arc::clone(&self.serving.load().knowledge().identity);
        let about_before = std::mem::replace(&mut book.serving, about);
        if let Some(files) = about_before.files.filter(|_| !before.knowledge().stand_in) {
            book.kept.push_front(Kept {
                identity: (*before.knowledge().identity).clone(),
                created: about_before.created,
                files,
            });
        }
        let mut seen = vec![after.digest.clone()];
        book.kept.retain(|kept| {
            let new = !seen.contains(&kept.identity.digest);
            seen.push(kept.identity.digest.clone());
            new
        });
        book.kept.truncate(keep);
        book.candidate = None;
    }

    pub(super) fn refuse(&self, rejection: Rejection) {
        let mut book = self.lock();
        book.candidate = None;
        book.rejection = Some(rejection);
    }

    /// Tells what is looked at; `None` where nothing is.
    pub(super) fn consider(&self, candidate: Option<(&str, CandidateState)>) {
        let mut book = self.lock();
        let before = book.candidate.take();
        if before.as_ref().map(|before| before.source.as_str())
            != candidate.map(|(source, _)| source)
        {
            book.considered = Instant::now();
        }
        book.candidate = candidate.map(|(source, state)| match before {
            Some(same) if same.source == source && same.state == state => same,
            _ => CandidateStatus {
                source: source.to_owned(),
                state,
                since: timestamp(SystemTime::now()),
                age: Duration::ZERO,
            },
        });
    }

    pub(super) fn unpin(&self) {
        self.lock().serving.pinned = false;
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.lock().serving.pinned
    }

    /// The files of what serves; `None` for the built-in bundle.
    pub(super) fn files(&self) -> Option<Arc<StoredFiles>> {
        self.lock().serving.files.clone()
    }

    pub(super) fn kept(&self) -> Vec<Kept> {
        self.lock().kept.iter().cloned().collect()
    }

    /// What `GET /v1/models` says.
    pub fn status(&self) -> ModelsStatus {
        let book = self.lock();
        let snapshot = self.current();
        ModelsStatus {
            serving: book.serving.status(&snapshot),
            candidate: book.candidate.clone().map(|candidate| CandidateStatus {
                age: book.considered.elapsed(),
                ..candidate
            }),
            kept: book.kept.iter().map(Kept::status).collect(),
            last_rejection: book.rejection.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl About {
    fn status(&self, snapshot: &Snapshot) -> ServingStatus {
        let knowledge = snapshot.knowledge();
        let caches = match snapshot.cache() {
            Some(cache) => cache.status().map(Some),
            None => [None; 2],
        };
        let models = ["classifier", "anomaly"]
            .into_iter()
            .zip(snapshot.model_infos())
            .zip(snapshot.failures())
            .zip(snapshot.left_out())
            .zip(&self.sizes[1..])
            .zip(caches);
        ServingStatus {
            identity: (*knowledge.identity).clone(),
            created: self.created.clone(),
            source: self.source.clone(),
            since: timestamp(self.since),
            stand_in: knowledge.stand_in,
            pinned: self.pinned,
            signed_by: self.signed_by.clone(),
            load_seconds: self.load_time.as_secs_f64(),
            size_bytes: self.sizes[0],
            rules: knowledge.rules.len(),
            models: models
                .map(
                    |(((((member, info), failures), left_out), size), cache)| ModelStatus {
                        member,
                        info: info.clone(),
                        size_bytes: *size,
                        failures,
                        left_out,
                        cache,
                    },
                )
                .collect(),
        }
    }
}

impl Kept {
    fn status(&self) -> KeptStatus {
        KeptStatus {
            identity: self.identity.clone(),
            created: self.created.clone(),
            source: self.files.source().to_owned(),
        }
    }
}
