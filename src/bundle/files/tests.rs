//! Real directories, links as the kubelet writes them, and files that claim what they are not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;

fn default_bundle() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles/default")
}

fn copy_bundle(to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for (name, bytes) in BUILT_IN {
        fs::write(to.join(name), bytes).expect("a file");
    }
}

/// A copy of the default bundle in a plain directory.
fn plain() -> (TempDir, Origin) {
    let directory = TempDir::new().expect("a temporary directory");
    copy_bundle(directory.path());
    let origin = Origin::Directory(directory.path().to_owned());
    (directory, origin)
}

/// A volume as the kubelet writes it.
struct Volume(TempDir);

impl Volume {
    fn new() -> Volume {
        let volume = Volume(TempDir::new().expect("a temporary directory"));
        volume.publish("..2026_01_01_00_00_00.1");
        for (name, _) in BUILT_IN {
            let target = Path::new(GENERATION).join(name);
            symlink(target, volume.path(name)).expect("a link");
        }
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn origin(&self) -> Origin {
        Origin::Directory(self.0.path().to_owned())
    }

    /// A further generation becomes the one that counts, and the one before goes.
    fn publish(&self, generation: &str) {
        let before = fs::read_link(self.path(GENERATION));
        copy_bundle(&self.path(generation));
        symlink(generation, self.path("..data_tmp")).expect("a link");
        fs::rename(self.path("..data_tmp"), self.path(GENERATION)).expect("a rename");
        if let Ok(before) = before {
            fs::remove_dir_all(self.0.path().join(before)).expect("the old generation goes");
        }
    }
}

const GENERATION: &str = "..data";

fn refusal(origin: &Origin) -> BundleError {
    match Contents::read(origin) {
        Ok(_) => panic!("a spoiled bundle was read"),
        Err(error) => error,
    }
}

/// Makes the manifest claim another size of a file.
fn claim(directory: &Path, name: &str, size: u64) {
    let path = directory.join(MANIFEST);
    let bytes = fs::read(&path).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    manifest["files"][name]["size"] = size.into();
    fs::write(path, manifest.to_string()).expect("a manifest");
}

#[test]
fn every_origin_gives_the_same_bundle() {
    let (_directory, plain) = plain();
    let volume = Volume::new();
    let memory = plain.store().expect("a good bundle");
    assert_eq!(
        memory.files()["classifier.onnx.zst"].slice(..4),
        [0x28u8, 0xb5, 0x2f, 0xfd].as_slice()
    );
    assert!(memory.size() < 900_000, "{}", memory.size());
    let memory = Origin::Memory(Arc::new(memory));
    let expected = Contents::read(&Origin::Builtin).expect("the built-in bundle");
    for origin in [plain, volume.origin(), memory] {
        let found = Contents::read(&origin).expect("the same bundle");
        assert_eq!(found.digest(), expected.digest());
        assert_eq!(found.files, expected.files, "{origin}");
        let digest = manifest_digest(&origin).expect("a manifest");
        assert_eq!(digest, expected.digest());
    }
}

#[test]
fn a_kept_bundle_does_not_follow_its_origin() {
    let (directory, origin) = plain();
    let kept = origin.store().expect("a good bundle");
    fs::remove_dir_all(directory.path()).expect("it goes");
    assert_eq!(refusal(&origin).code(), "missing_file");
    let kept = Origin::Memory(Arc::new(kept));
    assert_eq!(kept.to_string(), origin.to_string());
    let again = kept.store().expect("as good as it was");
    assert_eq!(Origin::Memory(Arc::new(again)), kept);
}

#[test]
fn a_volume_that_moves_on_while_it_is_read_is_refused_as_changed() {
    let volume = Volume::new();
    let origin = volume.origin();
    let outcome = origin.within(|files| {
        files.manifest()?;
        volume.publish("..2026_01_01_00_01_00.2");
        // The old generation is gone by now: without the second look this would be a missing file.
        files.read("rules.yaml", Bound::Most(LARGEST_FILE))
    });
    let error = outcome.expect_err("two generations");
    assert_eq!(error.code(), "changed_while_read", "{error}");
    assert!(error.to_string().contains("..2026_01_01_00_01_00.2"));
    assert!(error.may_be_incomplete());
    assert!(Contents::read(&origin).is_ok(), "the next look finds all");
}

#[test]
fn a_directory_that_is_replaced_while_it_is_read_is_refused_as_changed() {
    let parent = TempDir::new().expect("a temporary directory");
    let path = |name: &str| parent.path().join(name);
    copy_bundle(&path("one"));
    copy_bundle(&path("two"));
    symlink("one", path("link")).expect("a link");
    let by_link = Origin::Directory(path("link")).within(|files| {
        symlink("two", path("link_tmp")).expect("a link");
        fs::rename(path("link_tmp"), path("link")).expect("a rename");
        files.manifest()
    });
    assert_eq!(by_link.expect_err("moved").code(), "changed_while_read");
    let in_place = Origin::Directory(path("one")).within(|files| {
        let manifest = files.manifest()?;
        fs::rename(path("one"), path("old")).expect("a rename");
        fs::rename(path("two"), path("one")).expect("a rename");
        Ok(manifest)
    });
    let error = in_place.expect_err("replaced");
    assert!(error.to_string().contains("in its place"), "{error}");
    let gone = Origin::Directory(path("one")).within(|files| {
        let manifest = files.manifest()?;
        fs::remove_dir_all(path("one")).expect("it goes");
        Ok(manifest)
    });
    assert_eq!(gone.expect_err("gone").code(), "changed_while_read");
}

#[test]
fn links_that_leave_the_directory_are_refused() {
    let (directory, origin) = plain();
    let path = directory.path().join("rules.yaml");
    fs::remove_file(&path).expect("removed");
    // The very file that belongs there, but from elsewhere.
    symlink(default_bundle().join("rules.yaml"), &path).expect("a link");
    let error = refusal(&origin);
    assert_eq!(error.code(), "outside_directory", "{error}");
    assert!(!error.may_be_incomplete());
    fs::remove_file(&path).expect("removed");
    symlink(Path::new("elsewhere"), &path).expect("a link to nothing");
    assert_eq!(refusal(&origin).code(), "missing_file");
    fs::write(directory.path().join("elsewhere"), BUILT_IN[4].1).expect("a file");
    assert!(Contents::read(&origin).is_ok(), "a link within is none");

    let volume = Volume::new();
    fs::remove_file(volume.path(GENERATION)).expect("removed");
    symlink(default_bundle(), volume.path(GENERATION)).expect("a link");
    assert_eq!(refusal(&volume.origin()).code(), "outside_directory");
}

#[test]
fn what_is_no_regular_file_is_refused_and_never_waited_for() {
    let (directory, origin) = plain();
    let path = directory.path().join("rules.yaml");
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a directory");
    assert!(refusal(&origin).to_string().contains("found a directory"));
    fs::remove_dir(&path).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo runs").success());
    let error = refusal(&origin);
    assert_eq!(error.code(), "unreadable_file");
    assert!(error.to_string().contains("a regular file"), "{error}");
}

#[test]
fn a_claim_above_the_bound_is_refused_before_anything_is_read() {
    let (directory, origin) = plain();
    claim(directory.path(), "classifier.onnx", 2 << 30);
    // If anything were read, the missing file would be the first to be met.
    fs::remove_file(directory.path().join("MODEL_CARD.md")).expect("removed");
    let error = refusal(&origin);
    assert_eq!(error.code(), "too_large");
    assert!(
        error.to_string().contains("files.classifier.onnx.size"),
        "{error}"
    );
    for name in ["classifier.onnx", "anomaly.onnx", "rules.yaml"] {
        claim(directory.path(), name, LARGEST_FILE);
    }
    let error = refusal(&origin);
    assert_eq!(error.code(), "too_large");
    assert!(error.to_string().contains("sum of all sizes"), "{error}");
    assert!(!error.may_be_incomplete());
}

#[test]
fn stored_files_above_their_bounds_are_never_read_whole() {
    let (directory, origin) = plain();
    let sparse = |name: &str, size: u64| {
        let file = fs::File::create(directory.path().join(name)).expect("a file");
        file.set_len(size).expect("a hole");
    };
    // Files of a terabyte, which take no room; whoever reads one does not come back.
    sparse("rules.yaml", 1 << 40);
    assert_eq!(refusal(&origin).code(), "wrong_size");
    fs::remove_file(directory.path().join("rules.yaml")).expect("removed");
    sparse("rules.yaml.zst", 1 << 40);
    assert_eq!(refusal(&origin).code(), "too_large");
    sparse(SIGNATURE, 1 << 40);
    let error = refusal(&origin);
    assert!(error.to_string().starts_with(SIGNATURE), "{error}");
    sparse(MANIFEST, 1 << 40);
    let error = refusal(&origin);
    assert_eq!(error.code(), "too_large");
    assert!(error.to_string().starts_with(MANIFEST), "{error}");
    assert!(manifest_digest(&origin).is_err());
}

#[test]
fn a_bomb_is_opened_up_to_its_claim_and_no_further() {
    let (directory, origin) = plain();
    let bomb = zstd::bulk::compress(&vec![b' '; 60 << 20], 19).expect("compressed");
    assert!(bomb.len() < 10_000);
    fs::write(directory.path().join("rules.yaml.zst"), &bomb).expect("a file");
    fs::remove_file(directory.path().join("rules.yaml")).expect("removed");
    let error = refusal(&origin);
    assert_eq!(error.code(), "wrong_size");
    assert!(error.to_string().contains("found more"), "{error}");
    fs::remove_file(directory.path().join(MANIFEST)).expect("removed");
    fs::write(directory.path().join("manifest.json.zst"), &bomb).expect("a file");
    assert_eq!(refusal(&origin).code(), "too_large");
}

#[test]
fn a_window_beyond_the_bound_is_refused() {
    let (directory, origin) = plain();
    let rules = BUILT_IN[4].1;
    let compress = |window| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
        encoder.window_log(window).expect("a window");
        std::io::Write::write_all(&mut encoder, rules).expect("compressed");
        let bytes = encoder.finish().expect("a frame");
        fs::write(directory.path().join("rules.yaml.zst"), bytes).expect("a file");
    };
    fs::remove_file(directory.path().join("rules.yaml")).expect("removed");
    compress(23);
    assert!(Contents::read(&origin).is_ok());
    compress(27);
    let error = refusal(&origin);
    assert!(error.to_string().contains("memory"), "{error}");
}

#[test]
fn names_that_are_no_plain_file_names_are_refused() {
    let (directory, origin) = plain();
    let names = ["../secret", "..data", "a/b", "rules.yaml/", "a\0b", ""];
    for name in names
        .into_iter()
        .chain([MANIFEST, SIGNATURE, "rules.yaml.zst"])
    {
        copy_bundle(directory.path());
        claim(directory.path(), name, 1);
        let mut manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(directory.path().join(MANIFEST)).expect("a manifest"))
                .expect("JSON");
        manifest["files"][name]["sha256"] = "0".into();
        fs::write(directory.path().join(MANIFEST), manifest.to_string()).expect("a manifest");
        let error = refusal(&origin);
        assert_eq!(error.code(), "bad_setting", "{name:?}: {error}");
    }
}

#[test]
fn files_of_a_config_map_may_be_compressed_or_not() {
    let mut files: BTreeMap<String, Bytes> = BUILT_IN
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes)))
        .collect();
    let rules = files.remove("rules.yaml").expect("rules");
    let packed = zstd::bulk::compress(&rules, 3).expect("compressed");
    files.insert("rules.yaml.zst".into(), packed.into());
    files.insert("README".into(), Bytes::from_static(b"not listed"));
    let stored = StoredFiles::new("configmap logs/models", files.clone()).expect("good names");
    let origin = Origin::Memory(Arc::new(stored));
    assert!(Contents::read(&origin).is_ok());
    files.remove("rules.yaml.zst");
    let stored = StoredFiles::new("configmap logs/models", files.clone()).expect("good names");
    let error = refusal(&Origin::Memory(Arc::new(stored)));
    assert_eq!(error.code(), "missing_file");
    assert!(
        error
            .to_string()
            .contains("configmap logs/models has MODEL_CARD.md, README"),
        "{error}"
    );
    files.insert("../rules.yaml".into(), rules);
    let error = StoredFiles::new("configmap logs/models", files).expect_err("a bad name");
    assert!(error.to_string().contains("../rules.yaml"), "{error}");
}

#[test]
fn a_manifest_says_what_is_wrong_with_it() {
    let (directory, origin) = plain();
    let text = String::from_utf8(BUILT_IN[0].1.to_vec()).expect("UTF-8");
    let cases = [
        (
            "{\"format\": 2, \"layers\": []}".to_owned(),
            "unknown_format",
            "found 2;",
        ),
        ("{}".to_owned(), "unknown_format", "found null"),
        (
            "{\"format\": \"1\"}".to_owned(),
            "unknown_format",
            "found \"1\"",
        ),
        (
            "{\"format\": 1".to_owned(),
            "unreadable_file",
            "manifest.json: ",
        ),
        (
            text.replace("0.45", "NaN"),
            "bad_setting",
            "every number to be finite, found NaN",
        ),
        (
            text.replace("0.45", "-Infinity"),
            "bad_setting",
            "every number to be finite",
        ),
        (
            text.replace("0.45", "1e39"),
            "bad_setting",
            "every number to be finite, found one too large for it (",
        ),
    ];
    for (manifest, code, says) in cases {
        fs::write(directory.path().join(MANIFEST), manifest).expect("a manifest");
        let error = refusal(&origin);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
}
