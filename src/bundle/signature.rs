//! Who made a bundle: minisign signatures (Ed25519) over the manifest, which holds the digest of every
//! file, and the earliest time at which a bundle may have been made.
//!
//! Verification is `minisign-verify`, which depends on nothing and checks every length; the `minisign`
//! crate, which also makes keys and signatures, only reads the ids of keys here.

use std::fmt;
use std::time::SystemTime;

use minisign_verify::{PublicKey, Signature};

use super::BundleError;
use super::files::{Contents, MANIFEST};
use crate::config::ModelsConfig;

/// The id of a key, shown as minisign shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId(u64);

impl KeyId {
    fn of(number: &[u8]) -> Option<KeyId> {
        let number = <[u8; 8]>::try_from(number).ok()?;
        Some(KeyId(u64::from_le_bytes(number)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// The public keys whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys {
    keys: Vec<(KeyId, PublicKey)>,
}

impl TrustedKeys {
    /// Keys as minisign writes them: base64, 56 characters.
    ///
    /// # Errors
    /// Where one is no such key.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<TrustedKeys, BundleError> {
        let parse = |text: &T| {
            let text = text.as_ref().trim();
            let id = minisign::PublicKey::from_base64(text).ok();
            let id = id.and_then(|key| KeyId::of(key.keynum()));
            id.zip(PublicKey::from_base64(text).ok())
                .ok_or_else(|| BundleError::TrustedKey {
                    found: text.to_owned(),
                })
        };
        let keys = texts.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(TrustedKeys { keys })
    }

    /// True where any bundle is trusted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that signed a manifest; `None` where no keys are configured, and so nothing is asked.
    ///
    /// # Errors
    /// Where there are keys, and no good signature by one of them.
    pub fn verify(
        &self,
        manifest: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Option<KeyId>, BundleError> {
        match signature {
            _ if self.is_empty() => Ok(None),
            Some(signature) => self.verify_file(MANIFEST, manifest, signature).map(Some),
            None => Err(BundleError::Unsigned {
                file: MANIFEST.to_owned(),
                keys: self.to_string(),
            }),
        }
    }

    fn verify_file(
        &self,
        file: &str,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<KeyId, BundleError> {
        let refuse = |expected: &str, found: String| BundleError::BadSignature {
            file: format!("{file}.minisig"),
            expected: expected.to_owned(),
            found,
        };
        let unreadable = |detail: String| refuse("a signature as minisign writes it", detail);
        let text = std::str::from_utf8(signature).map_err(|error| unreadable(error.to_string()))?;
        let id = minisign::SignatureBox::from_string(text)
            .map(|signature| KeyId::of(signature.keynum()))
            .map_err(|error| unreadable(error.to_string()))?;
        let signature = Signature::decode(text).map_err(|error| unreadable(error.to_string()))?;
        let of_id = self.keys.iter().filter(|(known, _)| Some(*known) == id);
        let mut known = None;
        for (id, key) in of_id {
            // Both forms are good: minisign signs a hash of the file, and did not in older versions.
            if key.verify(bytes, &signature, true).is_ok() {
                return Ok(*id);
            }
            known = Some(*id);
        }
        match (known, id) {
            (Some(known), _) => Err(refuse(
                &format!("what the key {known} signed"),
                format!("that {file}, the signature or its trusted comment was changed since"),
            )),
            (None, Some(id)) => Err(refuse(
                &format!("a signature by a trusted key ({self})"),
                format!("one by the key {id}"),
            )),
            (None, None) => Err(unreadable("one without the id of a key".to_owned())),
        }
    }
}

/// The ids of the keys.
impl fmt::Display for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.keys.iter().map(|(id, _)| id.to_string()).collect();
        f.write_str(&ids.join(", "))
    }
}

/// The key that signed a file which is no manifest, such as a rule pack of the site, in a signature of
/// its own (`FILE.minisig`).
///
/// # Errors
/// Where it is no good signature by one of the keys. Without keys nothing is good.
pub fn verify_detached(
    file: &str,
    bytes: &[u8],
    signature: Option<&[u8]>,
    keys: &TrustedKeys,
) -> Result<KeyId, BundleError> {
    match signature {
        Some(signature) => keys.verify_file(file, bytes, signature),
        None => Err(BundleError::Unsigned {
            file: file.to_owned(),
            keys: keys.to_string(),
        }),
    }
}

/// What a bundle must show before it is loaded.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys, one of which must have signed it; none are asked for where there are none.
    pub keys: TrustedKeys,
    /// The earliest time at which it may have been made: an older one was good once, and is played
    /// again.
    pub min_created: Option<SystemTime>,
}

impl Trust {
    /// As the configuration says.
    ///
    /// # Errors
    /// Where a key is none.
    pub fn of(models: &ModelsConfig) -> Result<Trust, BundleError> {
        Ok(Trust {
            keys: TrustedKeys::parse(&models.trusted_keys)?,
            min_created: models.min_created,
        })
    }

    /// Looks at a bundle that was read; gives the key that signed it. What is built into the program
    /// is as good as the program.
    pub(super) fn check(&self, contents: &Contents) -> Result<Option<KeyId>, BundleError> {
        if contents.built_in {
            return Ok(None);
        }
        let signature = contents.signature.as_deref();
        let id = self.keys.verify(&contents.manifest_bytes, signature)?;
        let Some(earliest) = self.min_created else {
            return Ok(id);
        };
        let said = &contents.manifest.created;
        let created = humantime::parse_rfc3339(said).map_err(|_| {
            let expected = "a time such as 2026-11-22T00:00:00Z, where models.min_created is set";
            BundleError::setting("created", expected, format!("{said:?}"))
        })?;
        if created < earliest {
            return Err(BundleError::Replayed {
                min_created: humantime::format_rfc3339(earliest).to_string(),
                created: humantime::format_rfc3339(created).to_string(),
            });
        }
        Ok(id)
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
