//! The configuration and the site's own files, and what of a change can take effect at once.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::volume::Look;
use crate::config::{CompliancePacks, Config, ConfigError};

/// Reads the configuration again.
pub type Reread = Box<dyn Fn() -> Result<Config, ConfigError> + Send>;

/// How long the files must have been left alone: an editor writes in several steps.
const QUIET: Duration = Duration::from_secs(1);

/// Watches the site's files.
pub(super) struct Site {
    file: Option<PathBuf>,
    reread: Reread,
    /// What holds.
    pub(super) config: Config,
    /// What the files looked like when they were last acted on.
    acted_on: Look,
    /// What they looked like last, and since when.
    seen: (Look, Instant),
}

/// What has changed.
pub(super) enum Change {
    /// Nothing, or nothing yet.
    Nothing,
    /// Something may have; look again then.
    At(Instant),
    /// The files have come to rest: this is what they say.
    Read(Box<Result<Config, ConfigError>>),
}

impl Site {
    pub(super) fn new(file: Option<PathBuf>, config: Config, reread: Reread) -> Site {
        let look = Look::at(&paths(file.as_ref(), &config));
        Site {
            file,
            reread,
            config,
            acted_on: look,
            seen: (look, Instant::now()),
        }
    }

    /// Everything that is watched.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        paths(self.file.as_ref(), &self.config)
    }

    /// Whether the files have changed since they were acted on, and come to rest.
    pub(super) fn look(&mut self, now: Instant) -> Change {
        let look = Look::at(&self.paths());
        if look == self.acted_on {
            self.seen = (look, now);
            return Change::Nothing;
        }
        if look != self.seen.0 {
            self.seen = (look, now);
        }
        let due = self.seen.1 + QUIET;
        if now < due {
            return Change::At(due);
        }
        self.acted_on = look;
        Change::Read(Box::new((self.reread)()))
    }

    /// Takes a configuration as what holds. What changed since it was read is found at the next look;
    /// other paths look different in any case.
    pub(super) fn accept(&mut self, config: Config) {
        let before = self.paths();
        self.config = config;
        let after = self.paths();
        if before != after {
            self.acted_on = Look::at(&after);
        }
    }
}

fn paths(file: Option<&PathBuf>, config: &Config) -> Vec<PathBuf> {
    let compliance = config.rules.compliance.iter();
    let compliance = compliance.filter_map(|packs| match packs {
        CompliancePacks::Builtin => None,
        CompliancePacks::Dir(directory) => Some(directory),
    });
    file.into_iter()
        .chain(&config.rules.packs)
        .chain(compliance)
        .chain(&config.models.must_forward)
        .cloned()
        .collect()
}

/// The sections of which something changed that takes effect only at the next start.
pub(super) fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let same_models = {
        let must_forward = old.models.must_forward.clone();
        let mut models = new.models.clone();
        models.must_forward = must_forward;
        models == old.models
    };
    let sections = [
        ("server", old.server == new.server),
        ("operations", old.operations == new.operations),
        ("models", same_models),
        ("engine", old.engine == new.engine),
        ("batch", old.batch == new.batch),
        ("cache", old.cache == new.cache),
        ("feedback", old.feedback == new.feedback),
        ("shutdown", old.shutdown == new.shutdown),
        ("log.format", old.log.format == new.log.format),
    ];
    let changed = sections.iter().filter(|(_, same)| !same);
    changed.map(|(name, _)| *name).collect()
}
