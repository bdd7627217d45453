//! The native engine: tree ensembles and linear models of ONNX, evaluated here, exactly as ONNX Runtime does.
//!
//! A graph is read (`proto`), cut down to what the output needs (`plan`), and its trees are brought
//! to one form (`ensemble`, `forest`) that two walks read: `sparse` for tf-idf rows, `dense` for
//! numbers. Sums of leaves are float32 in the order of the trees (`collect`), whatever the walk, so
//! equal rows have equal votes. What is not known in full is refused by its name (`refusal`).

mod attributes;
mod collect;
mod dense;
mod ensemble;
mod finish;
mod forest;
mod leaves;
mod linear;
mod ops;
mod plan;
mod proto;
mod refusal;
mod sound;
mod sparse;
#[cfg(test)]
mod tests;
mod walker;

use std::sync::Arc;

use prost::Message;
use prost::bytes::Bytes;

use super::{EngineError, GraphContract, GraphInfo, Model, ModelInfo, Rows};
use forest::MOST_COLUMNS;
use plan::{Ends, Plan, PlanScratch};
use proto::{TensorType, data_type};
pub use refusal::Refusal;
pub(in crate::engine) use sound::check as check_sound;

/// A graph that was read once and is shared by all workers.
#[derive(Clone, Debug)]
pub struct NativeGraph {
    plan: Arc<Plan>,
    file: Arc<str>,
    input_width: usize,
    info: GraphInfo,
}

/// Why the native engine did not load a graph.
#[derive(Debug)]
pub enum NotNative {
    /// It does not run it; the reason is for a person.
    Refused(Refusal),
    /// It is not the graph that the manifest describes.
    Shape(EngineError),
}

impl NativeGraph {
    /// Reads a graph and checks that it is the one that the manifest describes.
    ///
    /// # Errors
    /// Where the graph is not what the contract says, or not one that this engine runs in full.
    pub fn load(graph: Bytes, contract: &GraphContract<'_>) -> Result<NativeGraph, NotNative> {
        let model = proto::Model::decode(graph).map_err(|error| {
            NotNative::Refused(Refusal::Malformed(format!("not an ONNX file: {error}")))
        })?;
        check(&model, contract)?;
        let ends = Ends {
            input: contract.input,
            input_width: contract.input_width,
            output: contract.output,
            absent: contract.absent,
        };
        let plan = Plan::new(&model, &ends).map_err(NotNative::Refused)?;
        if plan.output_width() != contract.output_width {
            let found = format!("{} columns", plan.output_width());
            return Err(NotNative::Shape(contract.shape("output", found)));
        }
        Ok(NativeGraph {
            plan: Arc::new(plan),
            file: contract.file.into(),
            input_width: contract.input_width,
            info: describe(model),
        })
    }

    /// For each row, the sum of the absolute values of the leaves that it leads to: what a difference
    /// between two engines is measured by. For checks, not for the request path.
    pub fn leaf_weights(&self, rows: Rows<'_>) -> Vec<f32> {
        self.plan.leaf_weights(rows)
    }

    /// A model of one worker's own; only its scratch is.
    pub fn model(&self, reason: &str) -> Box<dyn Model> {
        Box::new(NativeModel {
            graph: self.clone(),
            scratch: PlanScratch::default(),
            info: ModelInfo {
                engine: "native",
                engine_reason: reason.to_owned(),
                provider: "cpu",
                graph: self.info.clone(),
            },
        })
    }
}

struct NativeModel {
    graph: NativeGraph,
    scratch: PlanScratch,
    info: ModelInfo,
}

impl Model for NativeModel {
    fn run(&mut self, rows: Rows<'_>, out: &mut Vec<f32>) -> Result<(), EngineError> {
        let failed = |detail: String| EngineError::Run {
            file: self.graph.file.to_string(),
            batch: rows.count(),
            detail,
        };
        if rows.width() != self.graph.input_width {
            return Err(failed(format!(
                "expected rows of {} columns, found {}",
                self.graph.input_width,
                rows.width()
            )));
        }
        self.graph.plan.run(rows, &mut self.scratch, out);
        match out.iter().find(|score| !score.is_finite()) {
            Some(bad) => Err(failed(format!("expected finite scores, found {bad}"))),
            None => Ok(()),
        }
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }
}

/// Input and output must be there, float32, and of the declared widths.
fn check(model: &proto::Model, contract: &GraphContract<'_>) -> Result<(), NotNative> {
    let Some(graph) = &model.graph else {
        let refusal = Refusal::Malformed("expected an ONNX file with a graph, found none".into());
        return Err(NotNative::Refused(refusal));
    };
    if contract.input_width == 0 || contract.input_width > MOST_COLUMNS {
        let refusal = Refusal::Unsupported(format!("{} columns", contract.input_width));
        return Err(NotNative::Refused(refusal));
    }
    // Older files list their constants among the inputs.
    let constants = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let inputs: Vec<&proto::ValueInfo> = graph
        .input
        .iter()
        .filter(|input| !constants(&input.name))
        .collect();
    let outputs: Vec<&proto::ValueInfo> = graph.output.iter().collect();
    check_side("input", &inputs, contract)?;
    check_side("output", &outputs, contract)?;
    if inputs.len() != 1 {
        let found = format!("{} inputs", inputs.len());
        return Err(NotNative::Shape(contract.shape("input", found)));
    }
    Ok(())
}

fn check_side(
    side: &'static str,
    outlets: &[&proto::ValueInfo],
    contract: &GraphContract<'_>,
) -> Result<(), NotNative> {
    let wrong = |found: String| Err(NotNative::Shape(contract.shape(side, found)));
    let (name, width) = contract.side(side);
    let Some(outlet) = outlets.iter().find(|outlet| outlet.name == name) else {
        let names: Vec<&str> = outlets.iter().map(|o| o.name.as_str()).collect();
        return wrong(format!("{side}s {names:?}"));
    };
    let Some(tensor) = outlet.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
        return wrong("no tensor".to_owned());
    };
    let dims = tensor.shape.as_ref().map(|shape| shape.dim.as_slice());
    let fits = match dims {
        Some([_, columns]) => match columns.value {
            Some(value) => value == width as i64,
            // What an output leaves open is computed below; an input has nothing else to go by.
            None => side == "output",
        },
        Some(_) => false,
        None => side == "output",
    };
    if tensor.element == data_type::FLOAT && fits {
        return Ok(());
    }
    wrong(tensor.describe())
}

fn describe(model: proto::Model) -> GraphInfo {
    let said = |text: String| (!text.is_empty()).then_some(text);
    let graph = model.graph.unwrap_or_default();
    let outlets = |list: &[proto::ValueInfo]| {
        let described = list.iter().map(|outlet| {
            let tensor = outlet.kind.as_ref().and_then(|kind| kind.tensor.as_ref());
            let kind = tensor.map_or_else(|| "no tensor".to_owned(), TensorType::describe);
            format!("{}: {kind}", outlet.name)
        });
        described.collect()
    };
    GraphInfo {
        producer: said(model.producer_name),
        name: said(graph.name),
        description: said(model.doc_string),
        domain: said(model.domain),
        version: model.model_version,
        custom: model
            .metadata_props
            .into_iter()
            .map(|entry| (entry.key, entry.value))
            .collect(),
        inputs: outlets(&graph.input),
        outputs: outlets(&graph.output),
    }
}
