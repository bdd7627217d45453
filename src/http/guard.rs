//! Who may do what not everybody may.
//!
//! The caller shows a token. Where none is configured only loopback is let in: somebody inside the pod, or
//! behind `kubectl port-forward`. A page in a browser on the same machine is neither, nor is whoever stands
//! behind a proxy there; what says that it comes from a page or through a proxy is refused.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, FORWARDED, HeaderName, ORIGIN};

use crate::bundle::sha256;
use crate::config::TokenFile;

use super::problem::{Kind, Problem};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What has to be shown.
pub(super) struct Guard<'a> {
    /// The configuration key of the token's file.
    pub(super) key: &'static str,
    pub(super) token: Option<&'a TokenFile>,
}

impl Guard<'_> {
    /// Lets a caller in, or says why not.
    pub(super) fn admit(
        &self,
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        let Some(token) = self.token else {
            return self.admit_loopback(peer, headers);
        };
        let expected = token.read().map_err(|error| {
            tracing::error!(%error, key = self.key, "the file of a token cannot be read");
            let detail = format!("the token of {} cannot be read", self.key);
            Problem::new(Kind::Internal, detail)
        })?;
        let said = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let said = said.and_then(|text| text.strip_prefix("Bearer "));
        // Digests are compared, so that time tells nothing of the token.
        let is_right = |said: &str| sha256(said.trim().as_bytes()) == sha256(expected.as_bytes());
        match said.map(is_right) {
            Some(true) => Ok(()),
            Some(false) => refuse(format!(
                "expected the token of {}, found another one",
                self.key
            )),
            None => refuse(format!(
                "expected authorization: Bearer and the token of {}",
                self.key
            )),
        }
    }

    fn admit_loopback(
        &self,
        peer: Option<Extension<Peer>>,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        let from_elsewhere = [ORIGIN, FORWARDED, X_FORWARDED_FOR];
        let loopback = peer.is_some_and(|Extension(Peer(address))| is_loopback(address.ip()));
        if loopback && !from_elsewhere.iter().any(|name| headers.contains_key(name)) {
            return Ok(());
        }
        refuse(format!(
            "expected a request from loopback, for no {} is configured; configure one, or use \
             kubectl port-forward",
            self.key
        ))
    }
}

fn refuse(detail: String) -> Result<(), Problem> {
    Err(Problem::new(Kind::Forbidden, detail))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
