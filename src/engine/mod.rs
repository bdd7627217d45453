//! Engines: what runs a bundle's ONNX files. Rows of float32 in, rows of float32 out.
//!
//! Trees run on the native engine ([`native`]), every other graph on ONNX Runtime, whose library is
//! loaded only then; `choice` decides, member by member.

mod choice;
mod library;
pub mod native;
mod onnxruntime;
mod rows;

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

pub use choice::{Engines, Graph};
pub use rows::{Rows, SparseBatch, SparseRows};

/// Why an engine could not load or run a model.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The native library is nowhere.
    #[error(
        "expected the ONNX Runtime library (1.24 or newer), found none; looked at: {}; run `make onnxruntime` once, which installs it, \
         or set engine.library or ORT_DYLIB_PATH to libonnxruntime.so",
        .looked_at.join(", ")
    )]
    LibraryMissing {
        /// Every path tried.
        looked_at: Vec<String>,
    },
    /// The native library is there and does not load.
    #[error(
        "cannot load the ONNX Runtime library {path}: {detail}; it must be version 1.24 or newer for this machine"
    )]
    LibraryBroken {
        /// The path tried.
        path: String,
        /// The loader's words.
        detail: String,
    },
    /// A graph does not load.
    #[error("{file}: the engine {engine} does not load the graph: {detail}")]
    Load {
        /// The bundle's file.
        file: String,
        /// The engine.
        engine: &'static str,
        /// The engine's words.
        detail: String,
    },
    /// A graph that the one engine that is allowed does not run.
    #[error("{file}: the native engine does not run {what}; set {key} to auto or onnxruntime")]
    Unsupported {
        /// The bundle's file.
        file: String,
        /// The operator, attribute or value.
        what: String,
        /// The configuration key that allows no other engine.
        key: &'static str,
    },
    /// A graph is not the one that the manifest describes.
    #[error("{file}: expected {expected}, found {found}")]
    Shape {
        /// The bundle's file.
        file: String,
        /// What the manifest demands.
        expected: String,
        /// What the graph has.
        found: String,
    },
    /// Rows that are no matrix.
    #[error("expected rows of the model's width, found others: {0}")]
    Rows(String),
    /// A run failed.
    #[error("{file}: the model failed on a batch of {batch}: {detail}")]
    Run {
        /// The bundle's file.
        file: String,
        /// Rows in the batch.
        batch: usize,
        /// What went wrong.
        detail: String,
    },
}

/// What a graph must look like to serve as a member.
#[derive(Clone, Copy, Debug)]
pub struct GraphContract<'a> {
    /// The bundle's file, for messages.
    pub file: &'a str,
    /// The input's name; float32 `[N, input_width]`.
    pub input: &'a str,
    /// Columns of the input.
    pub input_width: usize,
    /// The output that is read; float32 `[N, output_width]`.
    pub output: &'a str,
    /// Columns of that output.
    pub output_width: usize,
    /// What absent columns of sparse rows will hold; `None` where rows will be dense.
    pub absent: Option<f32>,
}

impl GraphContract<'_> {
    /// Name and width of the `input` or the `output`.
    fn side(&self, side: &str) -> (&str, usize) {
        match side {
            "input" => (self.input, self.input_width),
            _ => (self.output, self.output_width),
        }
    }

    /// The refusal of a graph whose `input` or `output` is another than this.
    fn shape(&self, side: &str, found: String) -> EngineError {
        let (name, width) = self.side(side);
        EngineError::Shape {
            file: self.file.to_owned(),
            expected: format!("an {side} {name:?} of float32 [N, {width}]"),
            found,
        }
    }
}

/// One loaded model. It is owned by one worker at a time.
pub trait Model: Send {
    /// Runs rows of the declared input width, one a record, and replaces `out` by as many rows of
    /// the declared output width, one after another.
    fn run(&mut self, rows: Rows<'_>, out: &mut Vec<f32>) -> Result<(), EngineError>;

    /// What runs it, for status and logs.
    fn info(&self) -> &ModelInfo;
}

/// What is known of a loaded model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelInfo {
    /// The engine that runs it: `native` or `onnxruntime`.
    pub engine: &'static str,
    /// Why that engine.
    pub engine_reason: String,
    /// The execution provider that is asked first.
    pub provider: &'static str,
    /// What the graph says of itself.
    pub graph: GraphInfo,
}

/// A graph's own metadata.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct GraphInfo {
    /// What wrote it.
    pub producer: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
    /// Its version number.
    pub version: Option<i64>,
    /// Further keys.
    pub custom: BTreeMap<String, String>,
    /// Inputs as `name: type`.
    pub inputs: Vec<String>,
    /// Outputs as `name: type`.
    pub outputs: Vec<String>,
}
