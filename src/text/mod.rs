//! From a body to normalised text and tokens: variable parts are masked, what means something stays.
//!
//! The trainer reads what this room writes (`logtriage features`) and the service runs the same
//! code, so a change here changes what models see: it must raise [`NORMALIZER_VERSION`] or
//! [`TOKENIZER_VERSION`], which a bundle's manifest states and a loader checks.

mod context;
mod fields;
mod mask;
mod network;
mod number;
mod timestamp;
mod tokens;

pub use mask::normalize;
pub use tokens::Tokenizer;

/// Version of the masks; a bundle trained on another version is refused.
pub const NORMALIZER_VERSION: u32 = 1;
/// Version of the tokens; a bundle trained on another version is refused. Since 2 the fields of a JSON body
/// are tokens too.
pub const TOKENIZER_VERSION: u32 = 2;
