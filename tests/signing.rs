//! Keys and signatures by the command line: made, checked, and refused.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::Copy;
use logtriage::bundle::{BundleError, Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::pipeline::Detail;
use logtriage::verdict::{Category, Reason};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    command
        .args(arguments)
        .env_remove("LOGTRIAGE_CONFIG")
        .env("LOGTRIAGE_SIGNING_PASSWORD", "a password for tests");
    command.output().expect("the binary runs")
}

fn good(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// A key pair of its own in a directory of its own.
struct Keys {
    directory: tempfile::TempDir,
}

impl Keys {
    fn make(arguments: &[&str]) -> Keys {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let keys = Keys { directory };
        let (public, secret) = (keys.public(), keys.secret());
        good(
            &[
                &["bundle", "keygen", "-p", &public, "-s", &secret],
                arguments,
            ]
            .concat(),
        );
        keys
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn public(&self) -> String {
        self.path("site.pub").display().to_string()
    }

    fn secret(&self) -> String {
        self.path("site.key").display().to_string()
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}

#[test]
fn a_signed_bundle_is_verified_and_one_that_changed_since_is_not() {
    for arguments in [&["--no-password"][..], &[]] {
        let keys = Keys::make(arguments);
        let copy = Copy::new();
        let bundle = copy.path("").display().to_string();
        let unsigned = refused(&["bundle", "verify", "--key", &keys.public(), &bundle]);
        assert!(unsigned.contains("by a trusted key"), "{unsigned}");
        good(&["bundle", "sign", &bundle, "-s", &keys.secret()]);
        let signature = text(&copy.path("manifest.json.minisig"));
        assert!(
            signature.contains("\tfile:manifest.json\thashed\n"),
            "{signature}"
        );
        let said = good(&["bundle", "verify", "--key", &keys.public(), &bundle]);
        assert!(said.contains("signed:   by the trusted key "), "{said}");
        let key = text(Path::new(&keys.public()));
        let key = key.lines().nth(1).expect("the key's line");
        let said = good(&["bundle", "inspect", "--json", "--key", key, &bundle]);
        assert!(said.contains("\"signed_by\": \""), "{said}");

        copy.manifest(|manifest| manifest["name"] = "mine".into());
        let said = refused(&["bundle", "verify", "--key", &keys.public(), &bundle]);
        assert!(said.contains("changed since"), "{said}");
        assert!(good(&["bundle", "verify", &bundle]).contains("not looked at"));
    }
}

#[test]
fn what_is_not_whole_is_not_signed() {
    let keys = Keys::make(&["--no-password"]);
    let copy = Copy::new();
    copy.write("MODEL_CARD.md", b"trust me");
    let bundle = copy.path("").display().to_string();
    let said = refused(&["bundle", "sign", &bundle, "-s", &keys.secret()]);
    assert!(said.contains("MODEL_CARD.md: expected"), "{said}");
    assert!(!copy.path("manifest.json.minisig").exists());
}

#[test]
fn a_secret_key_is_for_its_owner_and_is_never_written_over() {
    let keys = Keys::make(&[]);
    let secret = Path::new(&keys.secret()).to_owned();
    let mode = std::fs::metadata(&secret)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = text(&secret);
    let said = refused(&[
        "bundle",
        "keygen",
        "-p",
        &keys.public(),
        "-s",
        &keys.secret(),
    ]);
    assert!(said.contains("not written over"), "{said}");
    assert_eq!(text(&secret), before);
    // The wrong password, and a file that is no key.
    let copy = Copy::new();
    let bundle = copy.path("").display().to_string();
    let wrong = Command::new(env!("CARGO_BIN_EXE_logtriage"))
        .args(["bundle", "sign", &bundle, "-s", &keys.secret()])
        .env("LOGTRIAGE_SIGNING_PASSWORD", "another")
        .output();
    let wrong = wrong.expect("the binary runs");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("Wrong password"));
    let said = refused(&["bundle", "sign", &bundle, "-s", &keys.public()]);
    assert!(said.contains("expected a minisign secret key"), "{said}");
}

#[test]
fn a_rule_pack_is_signed_by_itself() {
    let keys = Keys::make(&["--no-password"]);
    let pack = keys.path("pack.yaml").display().to_string();
    std::fs::write(&pack, "pack: mine\n").expect("a file");
    good(&[
        "bundle",
        "sign",
        &pack,
        "-s",
        &keys.secret(),
        "--comment",
        "mine",
    ]);
    let signature = text(&keys.path("pack.yaml.minisig"));
    assert!(signature.contains("trusted comment: mine\n"), "{signature}");
    let key = logtriage::config::public_key(&keys.public()).expect("a public key");
    let trusted = logtriage::bundle::TrustedKeys::parse(&[key]).expect("a good key");
    let verify = |bytes: &[u8]| {
        let signature = Some(signature.as_bytes());
        logtriage::bundle::verify_detached("pack.yaml", bytes, signature, &trusted)
    };
    assert!(verify(b"pack: mine\n").is_ok());
    assert_eq!(
        verify(b"pack: other\n").expect_err("changed").code(),
        "bad_signature"
    );
}

#[test]
fn the_built_in_bundle_needs_no_signature() {
    let keys = Keys::make(&["--no-password"]);
    let said = good(&["bundle", "verify", "--key", &keys.public()]);
    assert!(said.contains("built in"), "{said}");
}

#[test]
fn a_wrong_key_and_a_missing_one_are_bad_usage() {
    for arguments in [
        &["bundle", "verify", "--key", "nowhere.pub"][..],
        &["bundle", "sign", "."],
    ] {
        assert_eq!(run(arguments).status.code(), Some(64), "{arguments:?}");
    }
}

#[test]
fn a_pack_of_the_site_votes_where_it_is_signed_and_only_raises_where_it_is_not() {
    let keys = Keys::make(&["--no-password"]);
    let packs = tempfile::tempdir().expect("a directory");
    let file = packs.path().join("site.yaml");
    let pack = "pack: site\nrules:\n  - {id: site-quiet, title: t, category: routine, confidence: 0.99, any: ['sealed cargo']}\n  - {id: site-loud, title: t, category: suspicious, confidence: 0.9, any: ['open hatch']}\n";
    std::fs::write(&file, pack).expect("a pack");
    let config = || {
        let said = [
            (
                "LOGTRIAGE__RULES__PACKS",
                packs.path().display().to_string(),
            ),
            ("LOGTRIAGE__MODELS__TRUSTED_KEYS", keys.public()),
            ("LOGTRIAGE__DECISION__WEIGHTS__RULES", "1".to_owned()),
            ("LOGTRIAGE__DECISION__WEIGHTS__CLASSIFIER", "0".to_owned()),
            ("LOGTRIAGE__DECISION__WEIGHTS__ANOMALY", "0".to_owned()),
        ];
        let said = said.map(|(name, value)| (name.to_owned(), value));
        Config::load(None, said.into_iter()).expect("valid")
    };
    let judge = |message: &str| {
        let loader = Loader::new(&config())?;
        let loaded = loader.load(&Origin::Builtin, Proof::Golden, false)?;
        let judged = loaded
            .snapshot
            .judge(0, &[common::record(0, message)], Detail::None);
        Ok::<_, BundleError>(judged[0].verdict.clone())
    };
    let unsigned = judge("sealed cargo 7").expect("unsigned packs load");
    assert_eq!(
        unsigned.reason,
        Reason::NoVote,
        "it does not vote: {unsigned:?}"
    );
    assert!(unsigned.forward);
    let raised = judge("open hatch 7").expect("unsigned packs load");
    assert_eq!(raised.category, Category::Suspicious);

    good(&[
        "bundle",
        "sign",
        &file.display().to_string(),
        "-s",
        &keys.secret(),
    ]);
    let signed = judge("sealed cargo 7").expect("a signed pack loads");
    assert_eq!(
        (signed.category, signed.forward),
        (Category::Routine, false)
    );

    std::fs::write(&file, pack.replace("0.99", "0.98")).expect("a pack");
    let error = judge("sealed cargo 7").expect_err("the signature is of another text");
    assert_eq!(error.code(), "bad_site_signature");
    assert!(error.to_string().contains("site.yaml"), "{error}");
}
