//! A whole bundle in memory: the manifest, and every file that it lists, of its size and digest.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::BundleError;
use super::super::manifest::Manifest;
use super::{
    COMPRESSED, Files, LARGEST_BUNDLE, LARGEST_FILE, MANIFEST, MOST_FILES, Origin, SIGNATURE,
    StoredFiles, check_name, named_digest,
};

/// Files are kept for a rollback that may never come: small enough, and cheap to make.
const KEPT_LEVEL: i32 = 3;

/// A bundle's files, all of one generation.
pub(in crate::bundle) struct Contents {
    pub(in crate::bundle) manifest: Manifest,
    pub(in crate::bundle) manifest_bytes: Bytes,
    pub(in crate::bundle) signature: Option<Bytes>,
    /// True for the bundle built into the program.
    pub(in crate::bundle) built_in: bool,
    /// Every file that the manifest lists, uncompressed.
    pub(in crate::bundle) files: BTreeMap<String, Bytes>,
}

impl Contents {
    pub(in crate::bundle) fn read(origin: &Origin) -> Result<Contents, BundleError> {
        origin.within(|files| {
            let manifest_bytes = files.manifest()?;
            let signature = files.signature()?;
            let manifest = Manifest::parse(&manifest_bytes)?;
            // Every listed file is checked, those for people too: a bundle is served as it was made.
            let files = listed(files, &manifest)?;
            Ok(Contents {
                manifest,
                manifest_bytes,
                signature,
                built_in: *origin == Origin::Builtin,
                files,
            })
        })
    }

    /// `sha256:` and the digest of the manifest, by which the bundle is named.
    pub(in crate::bundle) fn digest(&self) -> String {
        named_digest(&self.manifest_bytes)
    }

    /// A file that another part of the manifest names.
    pub(in crate::bundle) fn listed(&self, name: &str) -> Result<Bytes, BundleError> {
        let names = || self.files.keys().map(String::as_str).collect::<Vec<_>>();
        self.files
            .get(name)
            .cloned()
            .ok_or_else(|| BundleError::Unlisted {
                file: name.to_owned(),
                found: names().join(", "),
            })
    }

    /// The files as they are kept.
    pub(in crate::bundle) fn store(&self, source: String) -> Result<StoredFiles, BundleError> {
        StoredFiles::new(source, self.stored(KEPT_LEVEL)?)
    }

    /// The manifest, its signature and all files that it lists, by their names.
    pub(in crate::bundle) fn plain(&self) -> BTreeMap<String, Bytes> {
        let mut plain = self.said();
        plain.extend(self.files.clone());
        plain
    }

    /// The manifest and its signature.
    fn said(&self) -> BTreeMap<String, Bytes> {
        let mut said = BTreeMap::from([(MANIFEST.to_owned(), self.manifest_bytes.clone())]);
        if let Some(signature) = &self.signature {
            said.insert(SIGNATURE.to_owned(), signature.clone());
        }
        said
    }

    /// The same by the names under which they are stored: the manifest and its signature plain, all
    /// others compressed.
    pub(in crate::bundle) fn stored(
        &self,
        level: i32,
    ) -> Result<BTreeMap<String, Bytes>, BundleError> {
        let mut stored = self.said();
        for (name, bytes) in &self.files {
            let compressed =
                zstd::bulk::compress(bytes, level).map_err(BundleError::unreadable(name))?;
            stored.insert(format!("{name}{COMPRESSED}"), compressed.into());
        }
        Ok(stored)
    }
}

/// Reads the files that the manifest lists, after a look at what it claims of them: nothing is read
/// for a manifest whose claims no bundle can meet.
fn listed(files: &Files<'_>, manifest: &Manifest) -> Result<BTreeMap<String, Bytes>, BundleError> {
    let entries = &manifest.files;
    if entries.len() > MOST_FILES {
        let found = entries.len().to_string();
        let what = "the number of files in manifest.json";
        return Err(BundleError::too_large(what, MOST_FILES as u64, found));
    }
    let mut sum = 0u64;
    for (name, entry) in entries {
        check_name(name)?;
        if name == MANIFEST || name == SIGNATURE || name.ends_with(COMPRESSED) {
            let expected = "neither the manifest, its signature nor a compressed file";
            return Err(BundleError::setting("files", expected, name.clone()));
        }
        if entry.size > LARGEST_FILE {
            let what = format!("files.{name}.size in manifest.json");
            let found = entry.size.to_string();
            return Err(BundleError::too_large(&what, LARGEST_FILE, found));
        }
        sum = sum.saturating_add(entry.size);
    }
    if sum > LARGEST_BUNDLE {
        let what = "the sum of all sizes in manifest.json";
        let found = sum.to_string();
        return Err(BundleError::too_large(what, LARGEST_BUNDLE, found));
    }
    let read = entries.iter().map(|(name, entry)| {
        let bytes = files.read_checked(name, entry)?;
        Ok((name.clone(), bytes))
    });
    read.collect()
}
