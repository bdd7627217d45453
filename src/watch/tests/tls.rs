//! Whom a fetch trusts: a private authority and nobody else, or the system's.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::fetch::{often, run};
use super::relay::Relay;
use crate::config::FetchConfig;

/// A private certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(params, key);
        Authority { issuer, pem }
    }

    /// What a server with a certificate for that name needs.
    fn vouch(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate that goes with its key");
        TlsAcceptor::from(Arc::new(config))
    }
}

fn trusting(path: &Path) -> FetchConfig {
    FetchConfig {
        ca_file: Some(path.to_owned()),
        ..often()
    }
}

fn at(relay: &Relay) -> String {
    format!("https://{}/bundle.tar.zst", relay.address)
}

#[tokio::test]
async fn a_private_authority_is_trusted_and_may_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    let authority = Authority::new();
    let relay = Relay::start(Some(authority.vouch("127.0.0.1"))).await;
    relay.serve("archive", "\"1\"");

    std::fs::write(&file, Authority::new().pem).expect("a file");
    let mut running = run(&at(&relay), trusting(&file));
    let (code, detail) = running.heard.trouble().await;
    assert_eq!(code, "fetch_failed");
    assert!(detail.contains("invalid peer certificate"), "{detail}");
    assert_eq!(relay.asked().len(), 0);

    std::fs::write(&file, &authority.pem).expect("a file");
    assert_eq!(running.heard.archive().await, "archive");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    let authority = Authority::new();
    std::fs::write(&file, &authority.pem).expect("a file");
    let relay = Relay::start(Some(authority.vouch("other.example"))).await;
    relay.serve("archive", "\"1\"");
    let mut running = run(&at(&relay), trusting(&file));
    let (_, detail) = running.heard.trouble().await;
    assert!(detail.contains("not valid for name"), "{detail}");
    assert_eq!(relay.asked().len(), 0);
}

#[tokio::test]
async fn the_system_does_not_know_a_private_authority() {
    let relay = Relay::start(Some(Authority::new().vouch("127.0.0.1"))).await;
    relay.serve("archive", "\"1\"");
    let mut running = run(&at(&relay), often());
    let (code, detail) = running.heard.trouble().await;
    assert_eq!(code, "fetch_failed");
    // Of a system without any authorities, as in a bare container, that is said.
    let said = detail.contains("UnknownIssuer") || detail.contains("models.fetch.ca_file");
    assert!(said, "{detail}");
    assert_eq!(relay.asked().len(), 0);
}

#[tokio::test]
async fn https_never_falls_back_to_http() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, Authority::new().pem).expect("a file");
    let relay = Relay::start(None).await;
    relay.serve("archive", "\"1\"");
    let mut running = run(&at(&relay), trusting(&file));
    let (code, detail) = running.heard.trouble().await;
    assert_eq!(code, "fetch_failed");
    assert!(
        detail.starts_with(&format!("GET {}: ", at(&relay))),
        "{detail}"
    );
    assert_eq!(relay.asked().len(), 0);
}

#[tokio::test]
async fn a_file_without_certificates_is_told_by_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, "no certificate").expect("a file");
    let mut running = run("https://127.0.0.1:1/b", trusting(&file));
    let (_, detail) = running.heard.trouble().await;
    let path = file.display();
    let said = format!("models.fetch.ca_file {path}: expected certificates in PEM, found none");
    assert_eq!(detail, said);
}
