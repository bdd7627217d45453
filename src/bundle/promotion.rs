//! Promotion: a candidate is read, proved beside what serves, and only then made to serve. One at a
//! time, off the request path; whatever fails changes nothing but what is told.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::files::{Contents, Origin, StoredFiles};
use super::load::{Loaded, Loader, Proof};
use super::news::{Herald, News};
use super::rollback::{RollbackError, Target};
use super::status::{CandidateState, Rejection};
use super::store::{About, Store};
use super::{BundleError, manifest_digest};
use crate::config::{Config, ModelsConfig, OnStartFailure};
use crate::pipeline::Identity;

/// What became of a candidate.
#[derive(Debug)]
pub enum Considered {
    /// It serves.
    Promoted,
    /// It is what serves already.
    Same,
    /// It was good, and a newer one is there already.
    Superseded,
    /// It looks half-written; nothing was told but that.
    Incomplete(BundleError),
    /// It was refused, and that was told.
    Refused,
}

/// Proves candidates and promotes them.
pub struct Promoter {
    store: Arc<Store>,
    loader: Loader,
    herald: Arc<dyn Herald>,
    keep: usize,
    /// True where the first bundle was not there, or looked half-written.
    must_look_again: bool,
}

impl Promoter {
    /// Loads what is to serve first: the bundle of `origin`, or the built-in one where none is named,
    /// and as a stand-in where the named one is refused and `models.on_start_failure` is `builtin`.
    ///
    /// # Errors
    /// A refused bundle where the configuration says `refuse`, or a built-in one that does not load.
    pub fn start(
        models: &ModelsConfig,
        loader: Loader,
        origin: Result<Option<Origin>, Rejection>,
        herald: Arc<dyn Herald>,
    ) -> Result<Promoter, BundleError> {
        let refused = match origin {
            Ok(None) => match first(&loader, &Origin::Builtin, false) {
                Ok(store) => return Ok(Promoter::over(store, loader, herald, models.keep)),
                Err(error) => (Origin::Builtin.to_string(), None, error),
            },
            Ok(Some(origin)) => match first(&loader, &origin, false) {
                Ok(store) => return Ok(Promoter::over(store, loader, herald, models.keep)),
                Err(error) => (origin.to_string(), manifest_digest(&origin).ok(), error),
            },
            Err(rejection) => return Promoter::stand_in(models, loader, herald, rejection, None),
        };
        let (source, digest, error) = refused;
        let rejection = Rejection::new(source, digest, error.code(), error.to_string());
        Promoter::stand_in(models, loader, herald, rejection, Some(error))
    }

    fn over(store: Store, loader: Loader, herald: Arc<dyn Herald>, keep: usize) -> Promoter {
        Promoter {
            store: Arc::new(store),
            loader,
            herald,
            keep,
            must_look_again: false,
        }
    }

    fn stand_in(
        models: &ModelsConfig,
        loader: Loader,
        herald: Arc<dyn Herald>,
        rejection: Rejection,
        error: Option<BundleError>,
    ) -> Result<Promoter, BundleError> {
        if models.on_start_failure == OnStartFailure::Refuse {
            return Err(error.unwrap_or(BundleError::NoSource {
                source_name: rejection.source,
                detail: rejection.detail,
            }));
        }
        let store = first(&loader, &Origin::Builtin, true)?;
        store.refuse(rejection.clone());
        herald.tell(&News::Refused(rejection));
        tracing::error!(
            "the built-in bundle stands in, and every record is flagged degraded and forwarded"
        );
        let must_look_again = error.is_none_or(|error| error.may_be_incomplete());
        Ok(Promoter {
            must_look_again,
            ..Promoter::over(store, loader, herald, models.keep)
        })
    }

    /// True where the bundle that was to serve first may be a good one by now.
    pub fn must_look_again(&self) -> bool {
        self.must_look_again
    }

    /// What serves.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Reads, proves and promotes the bundle of `origin`, unless it serves already. One that looks
    /// half-written is refused only where it has `settled`; one that `is_current` denies when it is
    /// proved makes room for a newer one.
    pub fn consider(
        &mut self,
        origin: &Origin,
        settled: bool,
        is_current: &dyn Fn() -> bool,
    ) -> Considered {
        let source = origin.to_string();
        let (digest, outcome) = match Contents::read(origin) {
            Ok(contents) => {
                let serving = self.store.current();
                let knowledge = serving.knowledge();
                if contents.digest() == knowledge.identity.digest && !knowledge.stand_in {
                    self.store.consider(None);
                    return Considered::Same;
                }
                self.prove(&source, contents, is_current)
            }
            Err(error) => (manifest_digest(origin).ok(), Err(error)),
        };
        match outcome {
            Ok(considered) => considered,
            Err(error) if error.may_be_incomplete() && !settled => {
                let state = CandidateState::Settling;
                self.store.consider(Some((&source, state)));
                Considered::Incomplete(error)
            }
            // What was looked at is not what is there now: only that would be refused, and once.
            Err(_) if !is_current() => {
                self.store.consider(None);
                Considered::Superseded
            }
            Err(error) => {
                self.refuse(source, digest, &error);
                Considered::Refused
            }
        }
    }

    fn prove(
        &mut self,
        source: &str,
        contents: Contents,
        is_current: &dyn Fn() -> bool,
    ) -> (Option<String>, Result<Considered, BundleError>) {
        let start = Instant::now();
        let digest = contents.digest();
        let state = CandidateState::Proving;
        self.store.consider(Some((source, state)));
        let proved = contents.store(source.to_owned()).and_then(|files| {
            let loaded = self.loader.load_contents(contents, Proof::Golden, false)?;
            Ok((files, loaded))
        });
        let outcome = proved.map(|(files, loaded)| {
            if !is_current() {
                self.store.consider(None);
                return Considered::Superseded;
            }
            let took = start.elapsed();
            let about = about(
                &loaded,
                source.to_owned(),
                Some(Arc::new(files)),
                took,
                false,
            );
            let identity = (*loaded.snapshot.knowledge().identity).clone();
            self.store.promote(loaded.snapshot, about, self.keep);
            self.herald.tell(&News::Promoted {
                identity,
                source: source.to_owned(),
                took,
            });
            Considered::Promoted
        });
        (Some(digest), outcome)
    }

    /// Applies the site's packs, lines and settings as they are now to the bundle that serves. What
    /// does not pass the proof changes nothing.
    pub fn reconfigure(&mut self, config: &Config) -> bool {
        let start = Instant::now();
        let serving = self.store.current();
        let stand_in = serving.knowledge().stand_in;
        let files = self.store.files();
        let origin = files.clone().map_or(Origin::Builtin, Origin::Memory);
        let renewed = self.loader.of_site(config).and_then(|loader| {
            let loaded = loader.load(&origin, Proof::Golden, stand_in)?;
            Ok((loader, loaded))
        });
        match renewed {
            Ok((loader, loaded)) => {
                let took = start.elapsed();
                let pinned = self.store.is_pinned();
                let about = about(&loaded, origin.to_string(), files, took, pinned);
                let identity = (*loaded.snapshot.knowledge().identity).clone();
                self.loader = loader;
                self.store.promote(loaded.snapshot, about, self.keep);
                self.herald.tell(&News::Reconfigured { identity, took });
                true
            }
            Err(error) => {
                let digest = Some(serving.knowledge().identity.digest.clone());
                self.refuse("the site's rules and settings".to_owned(), digest, &error);
                false
            }
        }
    }

    /// Makes an earlier bundle serve again, until the source has another one or it is released.
    ///
    /// # Errors
    /// Where it is not kept, or does not pass its proof any more.
    pub fn roll_back(&mut self, target: &Target) -> Result<Identity, RollbackError> {
        let start = Instant::now();
        let kept = target.among(&self.store.kept())?;
        let origin = Origin::Memory(Arc::clone(&kept.files));
        let loaded = self.loader.load(&origin, Proof::Golden, false);
        let loaded = loaded.map_err(|error| {
            let digest = Some(kept.identity.digest.clone());
            self.refuse(origin.to_string(), digest, &error);
            RollbackError::Refused(error)
        })?;
        let took = start.elapsed();
        let about = about(&loaded, origin.to_string(), Some(kept.files), took, true);
        let identity = (*loaded.snapshot.knowledge().identity).clone();
        let from = self.store.current().knowledge().identity.version.clone();
        self.store.promote(loaded.snapshot, about, self.keep);
        self.herald.tell(&News::RolledBack {
            identity: identity.clone(),
            from,
            took,
        });
        Ok(identity)
    }

    /// Lets a pinned bundle be replaced by what the source has.
    pub fn release(&self) {
        self.store.unpin();
    }

    /// Tells that something which is no bundle was refused, such as a configuration that cannot be
    /// read.
    pub fn refuse_change(&self, source: &str, code: &'static str, detail: String) {
        self.tell_refused(Rejection::new(source.to_owned(), None, code, detail));
    }

    fn refuse(&self, source: String, digest: Option<String>, error: &BundleError) {
        let rejection = Rejection::new(source, digest, error.code(), error.to_string());
        self.tell_refused(rejection);
    }

    /// Tells that something was refused.
    pub fn tell_refused(&self, rejection: Rejection) {
        self.store.refuse(rejection.clone());
        self.herald.tell(&News::Refused(rejection));
    }
}

/// Loads what serves first.
fn first(loader: &Loader, origin: &Origin, stand_in: bool) -> Result<Store, BundleError> {
    let start = Instant::now();
    let contents = Contents::read(origin)?;
    // The built-in bundle need not be kept: it is always there.
    let files = match origin {
        Origin::Builtin => None,
        Origin::Memory(files) => Some(Arc::clone(files)),
        Origin::Directory(_) => Some(Arc::new(contents.store(origin.to_string())?)),
    };
    let loaded = loader.load_contents(contents, Proof::Golden, stand_in)?;
    let about = about(&loaded, origin.to_string(), files, start.elapsed(), false);
    Ok(Store::new(loaded.snapshot, about))
}

fn about(
    loaded: &Loaded,
    source: String,
    files: Option<Arc<StoredFiles>>,
    load_time: Duration,
    pinned: bool,
) -> About {
    let manifest = &loaded.manifest;
    let members = &manifest.members;
    About {
        source,
        sizes: [
            manifest.files.values().map(|entry| entry.size).sum(),
            manifest.size_of(&members.classifier.file),
            manifest.size_of(&members.anomaly.file),
        ],
        created: manifest.created.clone(),
        signed_by: loaded.signed_by.clone(),
        load_time,
        since: SystemTime::now(),
        pinned,
        files,
    }
}
