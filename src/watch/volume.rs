//! A directory of a bundle, as a volume that the kubelet writes or as anybody's: has it changed?

use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The kubelet's link to the generation that counts.
const GENERATION: &str = "..data";

/// What a place looked like. Places that look alike have not changed in between: a write changes size
/// or time of a file, a replacement its inode, and a new generation of a volume is another directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look(u64);

impl Look {
    /// What a bundle's directory looks like: the generation that counts and every file in it.
    pub(super) fn at_bundle(directory: &Path) -> Look {
        let generation = directory.join(GENERATION);
        let base = if fs::symlink_metadata(&generation).is_ok() {
            generation
        } else {
            directory.to_owned()
        };
        // One generation, followed once. Where it leads also tells an unmounted volume from an empty one.
        let base = base.canonicalize();
        let mut hasher = DefaultHasher::new();
        base.as_ref().ok().hash(&mut hasher);
        if let Ok(base) = base {
            hash_directory(&base, &mut hasher);
        }
        Look(hasher.finish())
    }

    /// What files, and the files in directories, look like, links followed.
    pub(super) fn at(paths: &[PathBuf]) -> Look {
        let mut hasher = DefaultHasher::new();
        for path in paths {
            path.hash(&mut hasher);
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => hash_directory(path, &mut hasher),
                found => hash_file(found.as_ref().ok(), &mut hasher),
            }
        }
        Look(hasher.finish())
    }
}

fn hash_directory(directory: &Path, hasher: &mut DefaultHasher) {
    hash_identity(fs::metadata(directory).as_ref().ok(), hasher);
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        name.hash(hasher);
        hash_file(fs::metadata(directory.join(&name)).as_ref().ok(), hasher);
    }
}

/// Not its time, which changes with every file that comes and goes, also one that does not count.
fn hash_identity(metadata: Option<&Metadata>, hasher: &mut DefaultHasher) {
    metadata.map(|m| (m.dev(), m.ino())).hash(hasher);
}

fn hash_file(metadata: Option<&Metadata>, hasher: &mut DefaultHasher) {
    hash_identity(metadata, hasher);
    let written = metadata.filter(|m| m.is_file());
    written
        .map(|m| (m.len(), m.mtime(), m.mtime_nsec()))
        .hash(hasher);
}
