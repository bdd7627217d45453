//! Signatures of minisign itself, and every way in which one can be wrong.

use std::io::Cursor;
use std::time::Duration;

use minisign::KeyPair;

use super::super::files::Origin;
use super::*;

const MESSAGE: &[u8] = include_bytes!("../../tests/data/signing/message.txt");
const HASHED: &str = include_str!("../../tests/data/signing/message.txt.minisig");
const LEGACY: &str = include_str!("../../tests/data/signing/message.txt.legacy.minisig");
const PUBLIC: &str = include_str!("../../tests/data/signing/minisign.pub");

fn pair() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().expect("a key pair")
}

fn keys(pairs: &[&KeyPair]) -> TrustedKeys {
    let texts: Vec<String> = pairs.iter().map(|pair| pair.pk.to_base64()).collect();
    TrustedKeys::parse(&texts).expect("good keys")
}

fn sign(pair: &KeyPair, bytes: &[u8]) -> String {
    let signature = minisign::sign(None, &pair.sk, Cursor::new(bytes), Some("a comment"), None);
    signature.expect("a signature").to_string()
}

fn of_minisign() -> TrustedKeys {
    let line = PUBLIC.lines().nth(1).expect("the key's line");
    TrustedKeys::parse(&[line]).expect("a good key")
}

#[test]
fn what_minisign_signed_is_good_in_both_forms() {
    for signature in [HASHED, LEGACY] {
        let id = of_minisign().verify(MESSAGE, Some(signature.as_bytes()));
        let id = id.expect("a good signature").expect("a key");
        let said = PUBLIC.lines().next().expect("a comment");
        assert!(said.ends_with(&id.to_string()), "{said}: {id}");
        let windows = signature.replace('\n', "\r\n");
        let keys = of_minisign();
        assert!(verify_detached("m", MESSAGE, Some(windows.as_bytes()), &keys).is_ok());
    }
    assert!(LEGACY.contains("\nRW") && HASHED.contains("\nRU"));
}

#[test]
fn one_of_several_keys_is_enough() {
    let (one, two) = (pair(), pair());
    let both = keys(&[&one, &two]);
    for signer in [&one, &two] {
        let signature = sign(signer, MESSAGE);
        let id = both.verify(MESSAGE, Some(signature.as_bytes()));
        assert_eq!(id.expect("good"), KeyId::of(signer.pk.keynum()));
    }
}

#[test]
fn without_keys_nothing_is_asked_and_with_keys_a_signature_is() {
    let nobody = TrustedKeys::default();
    assert_eq!(nobody.verify(MESSAGE, None).expect("not asked"), None);
    assert_eq!(nobody.verify(MESSAGE, Some(b"x")).expect("not asked"), None);
    let error = of_minisign().verify(MESSAGE, None).expect_err("none");
    assert_eq!(error.code(), "unsigned");
    assert!(error.may_be_incomplete(), "it may be on its way");
    let id = of_minisign().to_string();
    assert!(error.to_string().contains(&id), "{error}");
    // For a file of its own nothing but a good signature will do.
    let error = verify_detached("pack.yaml", MESSAGE, None, &nobody).expect_err("none");
    assert!(error.to_string().contains("pack.yaml.minisig"), "{error}");
    assert!(verify_detached("pack.yaml", MESSAGE, Some(HASHED.as_bytes()), &nobody).is_err());
}

/// The good signature with the line `at` changed by `change`.
fn changed(at: usize, change: impl Fn(&str) -> String) -> String {
    let lines = HASHED.lines().enumerate();
    let changed = lines.map(|(place, line)| match place == at {
        true => change(line),
        false => line.to_owned(),
    });
    changed.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_wrong_signature_is_refused_for_its_own_reason() {
    let stranger = sign(&pair(), MESSAGE);
    let flip = |line: &str| {
        let mut text = line.to_owned().into_bytes();
        let at = text.len() - 20;
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).expect("still text")
    };
    let cases = [
        (stranger, "expected a signature by a trusted key ("),
        (changed(1, flip), "changed since"),
        (changed(2, |line| format!("{line}!")), "changed since"),
        (changed(3, flip), "changed since"),
        // Short ones, which a careless reader would look behind the end of.
        (changed(3, |line| line[..8].to_owned()), "as minisign"),
        (changed(3, |_| String::new()), "as minisign"),
        (changed(1, |line| line[..32].to_owned()), "as minisign"),
        (changed(1, |_| "%%%".to_owned()), "as minisign"),
        (changed(2, |_| "untrusted".to_owned()), "as minisign"),
        (HASHED.lines().take(2).collect(), "as minisign"),
        (String::new(), "as minisign"),
    ];
    for (signature, says) in cases {
        let error = of_minisign().verify(MESSAGE, Some(signature.as_bytes()));
        let error = error.expect_err(says);
        assert_eq!(error.code(), "bad_signature", "{error}");
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
    let other = of_minisign().verify(b"another manifest", Some(HASHED.as_bytes()));
    assert_eq!(other.expect_err("other bytes").code(), "bad_signature");
    let error = of_minisign().verify(MESSAGE, Some(&[0xff, 0xfe]));
    assert_eq!(error.expect_err("no text").code(), "bad_signature");
}

#[test]
fn a_key_that_is_none_is_refused() {
    let good = pair().pk.to_base64();
    for text in ["", "RW", &good[..55], &good.replace('R', "%"), PUBLIC] {
        let error = TrustedKeys::parse(&[text]).expect_err(text);
        assert_eq!(error.code(), "bad_configuration");
    }
}

#[test]
fn a_bundle_from_before_the_earliest_time_is_refused() {
    let mut contents = Contents::read(&Origin::Builtin).expect("the built-in bundle");
    let created = humantime::parse_rfc3339(&contents.manifest.created).expect("a time");
    let at = |min_created| Trust {
        min_created: Some(min_created),
        ..Trust::default()
    };
    let later = at(created + Duration::from_secs(1));
    assert!(later.check(&contents).is_ok(), "built in");
    contents.built_in = false;
    assert!(at(created).check(&contents).is_ok(), "not earlier");
    let error = later.check(&contents).expect_err("earlier");
    assert_eq!(error.code(), "replayed");
    assert!(!error.may_be_incomplete());
    let said = error.to_string();
    assert!(said.contains("2026-11-22T00:00:01Z") && said.contains("found 2026-11-22T00:00:00Z"));
    contents.manifest.created = "yesterday".into();
    let error = later.check(&contents).expect_err("no time");
    assert_eq!(error.code(), "bad_setting", "{error}");
    assert!(Trust::default().check(&contents).is_ok());
}
