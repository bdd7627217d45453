//! Tokens that callers must show, each in a file of its own.

use std::path::PathBuf;

use serde::Serialize;

use super::error::ConfigError;
use super::reader::{Reader, invalid};

/// The file of a token. It is read at each use, so that the token can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// The file that `key` names, if any; it must hold a token already.
    pub(super) fn of(
        reader: &Reader<'_>,
        key: &'static str,
    ) -> Result<Option<TokenFile>, ConfigError> {
        let token = reader.path(key)?.map(TokenFile);
        if let (Some(token), Some(given)) = (&token, reader.given(key))
            && let Err(error) = token.read()
        {
            let found = format!("{}: {error}", token.0.display());
            return Err(invalid(key, given, "a file that holds a token", &found));
        }
        Ok(token)
    }

    /// The token, without white space around it.
    ///
    /// # Errors
    /// Where the file cannot be read or is empty.
    pub fn read(&self) -> std::io::Result<String> {
        let text = std::fs::read_to_string(&self.0)?;
        match text.trim() {
            "" => Err(std::io::Error::other(
                "expected a token, found an empty file",
            )),
            token => Ok(token.to_owned()),
        }
    }
}
