//! A ConfigMap volume on a real file system, written as the kubelet's atomic writer does.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;

/// A mounted volume.
pub struct Volume {
    mount: TempDir,
    generations: usize,
}

impl Volume {
    /// An empty one, as before the ConfigMap is there.
    pub fn empty() -> Volume {
        Volume {
            mount: tempfile::tempdir().expect("a temporary directory"),
            generations: 0,
        }
    }

    /// One with these files.
    pub fn new(files: &[(String, Vec<u8>)]) -> Volume {
        let mut volume = Volume::empty();
        volume.publish(files);
        volume
    }

    pub fn path(&self) -> &Path {
        self.mount.path()
    }

    /// Writes a generation and makes it the one that counts: a new directory, the link `..data` in
    /// one rename, links of the names where they are new, and the old directory is removed. Returns
    /// the instant of the rename.
    pub fn publish(&mut self, files: &[(String, Vec<u8>)]) -> Instant {
        self.publish_spoiled(files, |_| {})
    }

    /// The same, with something done to the new directory before it counts.
    pub fn publish_spoiled(
        &mut self,
        files: &[(String, Vec<u8>)],
        spoil: impl FnOnce(&Path),
    ) -> Instant {
        self.generations += 1;
        let name = format!("..2026_11_25_08_00_00.{:09}", self.generations);
        let directory = self.path().join(&name);
        fs::create_dir(&directory).expect("a generation");
        for (name, bytes) in files {
            fs::write(directory.join(name), bytes).expect("a file");
        }
        spoil(&directory);
        let (data, new) = (self.path().join("..data"), self.path().join("..data_tmp"));
        let before = fs::read_link(&data).ok();
        symlink(&name, &new).expect("a link");
        fs::rename(&new, &data).expect("the swap");
        let renamed = Instant::now();
        self.link_names(files);
        if let Some(before) = before {
            fs::remove_dir_all(self.path().join(before)).expect("the old generation");
        }
        renamed
    }

    fn link_names(&self, files: &[(String, Vec<u8>)]) {
        let kept = |name: &str| files.iter().any(|(kept, _)| kept == name);
        for entry in fs::read_dir(self.path()).expect("the volume") {
            let name = entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text");
            if !name.starts_with("..") && !kept(&name) {
                fs::remove_file(self.path().join(name)).expect("a link");
            }
        }
        for (name, _) in files {
            let link = self.path().join(name);
            if fs::symlink_metadata(&link).is_err() {
                symlink(PathBuf::from("..data").join(name), link).expect("a link");
            }
        }
    }
}
