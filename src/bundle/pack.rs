//! A bundle in one piece: an archive, or a ConfigMap. Equal bundles give equal bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ObjectMeta;
use tar::{Builder, Header};

use super::BundleError;
use super::files::{Contents, Origin};

/// The level of zstd: small, and read within the window that every reader here allows.
const LEVEL: i32 = 19;
/// What an API server takes in one ConfigMap: names and values, not counted in base64.
pub const LARGEST_CONFIG_MAP: usize = 1 << 20;

/// A bundle that was packed.
#[derive(Debug)]
pub struct Packed<T> {
    /// The bundle in one piece.
    pub form: T,
    /// `sha256:` and the digest of its manifest.
    pub digest: String,
    /// Bytes that it takes.
    pub size: usize,
}

/// Packs a bundle as a `.tar.zst` archive. Its files are held to the manifest first.
///
/// # Errors
/// Where the bundle cannot be read, or is not what its manifest says.
pub fn pack_archive(origin: &Origin) -> Result<Packed<Bytes>, BundleError> {
    let contents = Contents::read(origin)?;
    let archive = archive(&contents.plain()).map_err(BundleError::unreadable("the archive"))?;
    let packed = zstd::bulk::compress(&archive, LEVEL);
    let packed = packed.map_err(BundleError::unreadable("the archive"))?;
    Ok(Packed {
        digest: contents.digest(),
        size: packed.len(),
        form: packed.into(),
    })
}

/// Packs a bundle as a ConfigMap: the manifest and its signature as they are, every other file
/// compressed.
///
/// # Errors
/// As [`pack_archive`], and where it is larger than an API server takes.
pub fn pack_config_map(
    origin: &Origin,
    name: &str,
    namespace: Option<&str>,
) -> Result<Packed<ConfigMap>, BundleError> {
    let contents = Contents::read(origin)?;
    let files = contents.stored(LEVEL)?;
    let size = files
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if size > LARGEST_CONFIG_MAP {
        return Err(BundleError::PackedTooLarge {
            name: name.to_owned(),
            most: LARGEST_CONFIG_MAP,
            found: size,
            over: size - LARGEST_CONFIG_MAP,
        });
    }
    let keys = files.into_iter();
    let keys = keys.map(|(key, value)| (key, ByteString(value.into())));
    let form = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ObjectMeta::default()
        },
        binary_data: Some(keys.collect()),
        ..ConfigMap::default()
    };
    Ok(Packed {
        digest: contents.digest(),
        size,
        form,
    })
}

/// An archive in which nothing tells when, where or by whom it was made.
fn archive(files: &BTreeMap<String, Bytes>) -> std::io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        builder.append_data(&mut header, name, bytes.as_ref())?;
    }
    builder.into_inner()
}
