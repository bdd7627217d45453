//! Model inputs: tf-idf columns from tokens, and numeric features from the raw body.

mod numeric;
mod tfidf;
mod tokens;

pub use numeric::{
    NUMERIC_NAMES, NUMERIC_VERSION, NUMERIC_WIDTH, NumericFeatures, numeric_features,
};
pub use tfidf::{Counts, Vectorizer, VectorizerError, VocabularyFile};
pub use tokens::{TokenSink, send_tokens};
