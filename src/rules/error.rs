//! Everything that can be wrong with rule packs, said so that the author finds the place.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Where in which file something stands: `sshd.yaml:12:5: rule 3 (sshd-failed-password)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file (or the name the text was given under).
    pub file: String,
    /// Line and column, from 1, where they are known.
    pub at: Option<(usize, usize)>,
    /// The rule's place in its list, from 1.
    pub position: Option<usize>,
    /// The rule's id, where it could be read.
    pub id: Option<String>,
    /// The table in whose rows `position` counts, for a rule that is a row.
    pub table: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(table) = &self.table {
            match self.position {
                Some(position) => write!(f, ": row {position} of table {table}")?,
                None => write!(f, ": table {table}")?,
            }
            return match &self.id {
                Some(id) => write!(f, " ({id})"),
                None => Ok(()),
            };
        }
        match (self.position, &self.id) {
            (Some(position), Some(id)) => write!(f, ": rule {position} ({id})"),
            (Some(position), None) => write!(f, ": rule {position}"),
            (None, Some(id)) => write!(f, ": rule {id}"),
            (None, None) => Ok(()),
        }
    }
}

/// Why packs could not become a set of rules.
#[derive(Debug, Error)]
pub enum RuleError {
    /// A file or directory of packs could not be read.
    #[error("cannot read rule packs from {}: {cause}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said; part of the message, so not its source as well.
        cause: std::io::Error,
    },
    /// A directory held no pack at all.
    #[error("no rule pack in {}: expected files that end in .yaml or .yml", path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// The text is not YAML, or not a pack, or a value in it is out of range.
    #[error("{place}: {detail}")]
    Invalid {
        /// Where.
        place: Box<Place>,
        /// What was expected and what was found.
        detail: String,
    },
    /// Two rules share an id.
    #[error("{second}: the id is taken by {first}; ids are unique over all packs")]
    Duplicate {
        /// The rule that has the id.
        first: Box<Place>,
        /// The rule that wants it too.
        second: Box<Place>,
    },
    /// `disable` names a rule that does not exist.
    #[error("rules.disable names `{id}`, which no pack has{}", did_you_mean(nearest.as_deref()))]
    UnknownDisabled {
        /// The id that was asked for.
        id: String,
        /// The nearest id there is.
        nearest: Option<String>,
    },
}

impl RuleError {
    pub(super) fn invalid(place: Place, detail: impl Into<String>) -> RuleError {
        RuleError::Invalid {
            place: Box::new(place),
            detail: detail.into(),
        }
    }
}

/// The tail of a message about an unknown name.
pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The known name most like `name`, if any is alike enough to be worth a hint.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
