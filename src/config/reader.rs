//! The second stage's tools: text to typed values, each failure told with key, place and cure.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::error::ConfigError;
use super::given::{Given, Sayings, Text};
use super::{keys, size};

/// Longest duration: more is a slip of the pen, and this much can be added to any point in time
/// without running over.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads the values of one set of sayings.
pub(super) struct Reader<'a> {
    sayings: &'a Sayings,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sayings: &'a Sayings) -> Reader<'a> {
        Reader { sayings }
    }

    /// What is said of `key`, if anything.
    pub(super) fn given(&self, key: &'static str) -> Option<&'a Given> {
        debug_assert!(
            keys::find(key).is_some(),
            "{key} is not in the list of keys"
        );
        self.sayings.0.get(key)
    }

    /// The value of `key` as `read` understands it, or `None` where nothing is said.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(given) = self.given(key) else {
            return Ok(None);
        };
        let text = match &given.text {
            Text::One(text) => text.as_str(),
            Text::Many(_) => return Err(invalid(key, given, expected, "a list")),
        };
        let value = read(text.trim());
        value
            .map(Some)
            .ok_or_else(|| invalid(key, given, expected, text))
    }

    /// As [`Reader::optional`], with the value that holds where nothing is said.
    pub(super) fn or<T>(
        &self,
        key: &'static str,
        default: T,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        Ok(self.optional(key, expected, read)?.unwrap_or(default))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &self,
        key: &'static str,
        default: T,
        words: &[(&str, T)],
    ) -> Result<T, ConfigError> {
        self.or(key, default, &one_of(words), |text| choose(words, text))
    }

    /// A size in bytes, at least 1.
    pub(super) fn size(&self, key: &'static str, default: usize) -> Result<usize, ConfigError> {
        let expected = "a size of at least 1 byte such as 20MiB, 64KiB or 1048576";
        let at_least_one = |text: &str| size::parse(text).filter(|bytes| *bytes > 0);
        self.or(key, default, expected, at_least_one)
    }

    /// `auto`, or a size in bytes.
    pub(super) fn size_or_auto(
        &self,
        key: &'static str,
        auto: impl FnOnce() -> usize,
    ) -> Result<usize, ConfigError> {
        let expected = "auto, or a size of at least 1 byte such as 32MiB";
        let value = self.optional(key, expected, |text| match text {
            "auto" => Some(None),
            text => size::parse(text).filter(|bytes| *bytes > 0).map(Some),
        })?;
        Ok(value.flatten().unwrap_or_else(auto))
    }

    /// A whole number of at least 1.
    pub(super) fn count(
        &self,
        key: &'static str,
        default: NonZeroUsize,
    ) -> Result<NonZeroUsize, ConfigError> {
        let expected = "a whole number of at least 1";
        self.or(key, default, expected, |text| text.parse().ok())
    }

    /// `auto`, or a whole number of at least 1.
    pub(super) fn count_or_auto(
        &self,
        key: &'static str,
        auto: impl FnOnce() -> NonZeroUsize,
    ) -> Result<NonZeroUsize, ConfigError> {
        Ok(self.count_unless_auto(key)?.unwrap_or_else(auto))
    }

    /// As [`Reader::count_or_auto`] where `auto` is found out while the process runs: `None`.
    pub(super) fn count_unless_auto(
        &self,
        key: &'static str,
    ) -> Result<Option<NonZeroUsize>, ConfigError> {
        let expected = "auto, or a whole number of at least 1";
        let value = self.optional(key, expected, |text| match text {
            "auto" => Some(None),
            text => text.parse().ok().map(Some),
        })?;
        Ok(value.flatten())
    }

    /// A duration such as `5s`, up to [`LONGEST`]; a plain number is seconds.
    pub(super) fn duration(
        &self,
        key: &'static str,
        default: Duration,
        at_least: Duration,
    ) -> Result<Duration, ConfigError> {
        let least = humantime::format_duration(at_least);
        let most = humantime::format_duration(LONGEST);
        let expected = format!("a duration from {least} to {most} such as 5s or 250ms");
        self.or(key, default, &expected, |text| {
            let seconds = text.parse().ok().map(Duration::from_secs);
            let duration = seconds.or_else(|| humantime::parse_duration(text).ok())?;
            (at_least..=LONGEST).contains(&duration).then_some(duration)
        })
    }

    /// A number of [0, 1], or nothing.
    pub(super) fn share(&self, key: &'static str) -> Result<Option<f32>, ConfigError> {
        self.optional(key, "a number from 0 to 1", |text| {
            text.parse().ok().filter(|n| (0.0..=1.0).contains(n))
        })
    }

    /// A path, or nothing.
    pub(super) fn path(&self, key: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        self.optional(key, "a path", |text| Some(PathBuf::from(text)))
    }

    /// The items of a list, each as `read` understands it, or `None` where nothing is said.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(given) = self.given(key) else {
            return Ok(None);
        };
        let items = match &given.text {
            Text::One(text) => std::slice::from_ref(text),
            Text::Many(items) => items.as_slice(),
        };
        let read_item = |item: &String| {
            let value = read(item.trim());
            value.ok_or_else(|| invalid(key, given, expected, item))
        };
        items
            .iter()
            .map(read_item)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// The error for a value that is not what `expected` says.
pub(super) fn invalid(key: &str, given: &Given, expected: &str, found: &str) -> ConfigError {
    ConfigError::Invalid {
        key: key.to_owned(),
        origin: given.origin.clone(),
        expected: expected.to_owned(),
        found: format!("{found:?}"),
    }
}

/// "one of a, b, c".
pub(super) fn one_of<T>(words: &[(&str, T)]) -> String {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    format!("one of {}", names.join(", "))
}

/// The value of that word, in any case.
pub(super) fn choose<T: Copy>(words: &[(&str, T)], text: &str) -> Option<T> {
    let found = words
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value)
}
