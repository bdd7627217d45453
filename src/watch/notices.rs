//! Wakes the keeper when the kernel says that something changed. A poll finds it too, only later, so
//! nothing is lost where a file system gives no notice.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// Notices of some directories.
pub(super) struct Notices {
    /// None where the kernel gives none.
    watcher: Option<RecommendedWatcher>,
    places: Vec<PathBuf>,
}

impl Notices {
    /// Calls `wake` at each change of these places: directories, and the directories of files. The
    /// parents of directories are looked at as well, for a directory may be replaced.
    pub(super) fn of(paths: &[PathBuf], wake: impl Fn() + Send + 'static) -> Notices {
        let handler = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                wake();
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| {
                tracing::warn!(%error, "the kernel gives no notice of changed files; they are polled");
            })
            .ok();
        let parents = paths.iter().filter_map(|path| path.parent());
        let parents = parents.filter(|parent| !parent.as_os_str().is_empty());
        let mut places: Vec<PathBuf> = parents.map(Path::to_owned).collect();
        places.extend(paths.iter().filter(|path| path.is_dir()).cloned());
        places.sort();
        places.dedup();
        let mut notices = Notices { watcher, places };
        notices.renew();
        notices
    }

    /// Looks at the places that are there now: one that was replaced is another place to the kernel.
    pub(super) fn renew(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for place in &self.places {
            if let Err(error) = watcher.watch(place, RecursiveMode::NonRecursive) {
                tracing::debug!(%error, place = %place.display(), "no notice of changes here now");
            }
        }
    }
}

/// Reading is no change, and the keeper itself reads.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
