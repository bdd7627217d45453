//! Bundles in one piece: equal bytes each time, and the same bundle when they are read again.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use bytes::Bytes;
use common::Copy;
use k8s_openapi::api::core::v1::ConfigMap;
use logtriage::bundle::{LARGEST_CONFIG_MAP, Origin, Proof, StoredFiles, manifest_digest};

fn pack(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    command.args(["bundle", "pack"]).args(arguments);
    command.output().expect("the binary runs")
}

fn good(arguments: &[&str]) -> Vec<u8> {
    let output = pack(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    output.stdout
}

/// The files of a ConfigMap as a watcher or a volume has them.
fn files_of(map: ConfigMap) -> BTreeMap<String, Bytes> {
    let keys = map.binary_data.unwrap_or_default().into_iter();
    keys.map(|(key, value)| (key, value.0.into())).collect()
}

fn copy_with_other_times() -> Copy {
    let copy = Copy::new();
    // Everything that a file system knows and a bundle does not.
    std::fs::remove_file(copy.path("rules.yaml")).expect("removed");
    copy.write(
        "rules.yaml",
        include_bytes!("../bundles/default/rules.yaml"),
    );
    copy.write("notes.txt", b"not listed");
    let compressed = zstd::encode_all(&copy.read("golden.jsonl")[..], 1).expect("compressed");
    copy.write("golden.jsonl.zst", &compressed);
    std::fs::remove_file(copy.path("golden.jsonl")).expect("removed");
    copy
}

#[test]
fn equal_bundles_pack_to_equal_bytes_and_load_back() {
    let copy = copy_with_other_times();
    let directory = copy.path("").display().to_string();
    let out = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| out.path().join(name).display().to_string();
    let digest = manifest_digest(&Origin::Builtin).expect("a manifest");

    for (bundle, name) in [("default", "a.tar.zst"), (&directory, "b.tar.zst")] {
        let said = good(&[bundle, "-o", &path(name)]);
        let said = String::from_utf8(said).expect("UTF-8");
        assert!(said.contains(&digest), "{said}");
    }
    let read = |name: &str| std::fs::read(path(name)).expect("a packed bundle");
    assert!(
        read("a.tar.zst") == read("b.tar.zst"),
        "the archives differ"
    );
    let archive = Origin::at(Path::new(&path("a.tar.zst"))).expect("an archive");
    assert_eq!(manifest_digest(&archive).expect("a manifest"), digest);
    assert!(common::load(&archive, Proof::Golden).is_ok());

    let map = ["--configmap", "models", "--namespace", "logs"];
    let printed = good(&[&["default"], &map[..]].concat());
    assert!(printed == good(&[&[directory.as_str()], &map[..]].concat()));
    good(&[&["default", "-o", &path("m.json")], &map[..]].concat());
    let from_json: ConfigMap = serde_json::from_slice(&read("m.json")).expect("JSON");
    let map: ConfigMap = serde_yaml::from_slice(&printed).expect("YAML");
    assert_eq!(map, from_json);
    assert_eq!(map.metadata.name.as_deref(), Some("models"));
    assert_eq!(map.metadata.namespace.as_deref(), Some("logs"));
    let files = files_of(map);
    let size: usize = files
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    assert!(size < LARGEST_CONFIG_MAP, "{size}");
    assert!(files.contains_key("manifest.json") && files.contains_key("rules.yaml.zst"));
    let stored = StoredFiles::new("configmap logs/models", files).expect("plain names");
    let map = Origin::Memory(Arc::new(stored));
    assert_eq!(manifest_digest(&map).expect("a manifest"), digest);
    assert!(common::load(&map, Proof::Golden).is_ok());
}

#[test]
fn the_signature_is_packed_as_well() {
    let copy = Copy::new();
    copy.write("manifest.json.minisig", b"a signature");
    let directory = copy.path("").display().to_string();
    let out = copy.path("out.tar.zst");
    good(&[&directory, "-o", &out.display().to_string()]);
    let archive = Origin::at(&out).expect("an archive");
    assert_eq!(
        archive.read("manifest.json.minisig").expect("it is there"),
        b"a signature".as_slice()
    );
    let printed = good(&[&directory, "--configmap", "models"]);
    let map: ConfigMap = serde_yaml::from_slice(&printed).expect("YAML");
    assert_eq!(
        files_of(map)["manifest.json.minisig"],
        b"a signature".as_slice()
    );
}

#[test]
fn what_is_not_whole_is_not_packed() {
    let copy = Copy::new();
    copy.write("MODEL_CARD.md", b"trust me");
    let out = copy.path("out.tar.zst");
    let directory = copy.path("").display().to_string();
    let output = pack(&[&directory, "-o", &out.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!out.exists());
}

#[test]
fn a_bundle_too_large_for_a_config_map_says_by_how_much() {
    let copy = Copy::new();
    let mut noise = Vec::new();
    let mut state = 1u64;
    while noise.len() < LARGEST_CONFIG_MAP {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend(state.to_le_bytes());
    }
    copy.replace("MODEL_CARD.md", &noise);
    let directory = copy.path("").display().to_string();
    let output = pack(&[&directory, "--configmap", "models"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    let number = |before: &str| -> usize {
        let rest = said.split(before).nth(1).expect(before);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    };
    let (found, over) = (
        number("found "),
        number(&format!("found {}: ", number("found "))),
    );
    assert_eq!(found - over, LARGEST_CONFIG_MAP, "{said}");
    assert!(over > 100_000, "{said}");
    // An archive has no such bound.
    good(&[
        &directory,
        "-o",
        &copy.path("out.tar.zst").display().to_string(),
    ]);
}

#[test]
fn names_that_no_api_server_takes_are_bad_usage() {
    for arguments in [
        &["default"][..],
        &["default", "--configmap", "My_Models"],
        &["default", "--configmap", "models", "--namespace", "a.b"],
        &["default", "-o", "x.tar.zst", "--namespace", "a"],
    ] {
        assert_eq!(pack(arguments).status.code(), Some(64), "{arguments:?}");
    }
}
