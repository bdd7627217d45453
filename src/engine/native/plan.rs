//! From a graph to the steps that give the one output that is read: what other outputs need is left
//! out, and what these steps need is known in full or refused.

use rustc_hash::FxHashMap;

use super::attributes::Attributes;
use super::ensemble::Ensemble;
use super::linear::{Linear, read_imputer};
use super::ops::{Op, Operand};
use super::proto::{self, Tensor};
use super::refusal::Refusal;
use super::walker::{WalkScratch, Walker};
use crate::engine::Rows;

/// The versions of the operator sets whose trees and operators are known.
const TREE_VERSIONS: std::ops::RangeInclusive<i64> = 1..=4;
const TREES: &str = "ai.onnx.ml";
const COMMON: &str = "";
/// The same, under the name that the standard also allows.
const COMMON_LONG: &str = "ai.onnx";

/// The steps of a graph, in order.
#[derive(Debug)]
pub(super) struct Plan {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    work: Work,
    /// Columns of the result.
    width: usize,
}

#[derive(Debug)]
enum Work {
    Trees(Box<Walker>),
    Linear(Linear),
    /// An operator over the results of earlier steps.
    Op(Op, Vec<usize>),
}

/// What a run writes into; it belongs to one model.
#[derive(Debug, Default)]
pub(super) struct PlanScratch {
    /// One a step: what a walk leaves behind belongs to its trees.
    walks: Vec<WalkScratch>,
    /// Rows written out in full for a linear model.
    matrix: Vec<f32>,
    /// The results of the steps.
    results: Vec<Vec<f32>>,
}

/// What a name of the graph stands for.
#[derive(Clone, Copy)]
enum Value<'a> {
    /// The graph's input, untouched.
    Input,
    /// The graph's input with zero for what is missing.
    Filled,
    Result(usize),
    Constant(&'a Tensor),
    /// An output of trees that is no matrix of float32.
    Label,
}

/// Where a graph begins and ends.
pub(super) struct Ends<'a> {
    pub(super) input: &'a str,
    pub(super) input_width: usize,
    pub(super) output: &'a str,
    /// What absent columns of sparse rows hold, where there will be any.
    pub(super) absent: Option<f32>,
}

impl Plan {
    pub(super) fn new(model: &proto::Model, ends: &Ends<'_>) -> Result<Plan, Refusal> {
        let Some(graph) = &model.graph else {
            return Refusal::malformed("expected a graph, found none");
        };
        check_sets(model)?;
        let mut builder = Builder {
            ends,
            values: FxHashMap::default(),
            steps: Vec::new(),
        };
        builder.name(ends.input, Value::Input)?;
        for tensor in &graph.initializer {
            builder.name(&tensor.name, Value::Constant(tensor))?;
        }
        for node in needed(graph, ends.output) {
            builder.add(node)?;
        }
        match builder.values.get(ends.output) {
            Some(Value::Result(last)) if *last + 1 == builder.steps.len() => Ok(Plan {
                steps: builder.steps,
            }),
            _ => Refusal::unsupported(format!(
                "a graph whose output {:?} no tree or operator gives",
                ends.output
            )),
        }
    }

    /// Columns of the output.
    pub(super) fn output_width(&self) -> usize {
        self.steps.last().map_or(0, |step| step.width)
    }

    /// For each row, the sum of the absolute values of its leaves.
    pub(super) fn leaf_weights(&self, rows: Rows<'_>) -> Vec<f32> {
        let mut weights = vec![0.0; rows.count()];
        for step in &self.steps {
            match &step.work {
                Work::Trees(walker) => walker.leaf_weights(rows, &mut weights),
                Work::Linear(linear) => linear.weights(rows, &mut weights),
                Work::Op(..) => {}
            }
        }
        weights
    }

    /// Replaces `out` by the output of the graph.
    pub(super) fn run(&self, rows: Rows<'_>, scratch: &mut PlanScratch, out: &mut Vec<f32>) {
        scratch.results.resize_with(self.steps.len(), Vec::new);
        scratch
            .walks
            .resize_with(self.steps.len(), WalkScratch::default);
        for (number, step) in self.steps.iter().enumerate() {
            let (before, rest) = scratch.results.split_at_mut(number);
            // The last result is the output, and needs no place of its own.
            let result = if number + 1 == self.steps.len() {
                &mut *out
            } else {
                &mut rest[0]
            };
            match &step.work {
                Work::Trees(walker) => walker.run(rows, &mut scratch.walks[number], result),
                Work::Linear(linear) => linear.run(rows, &mut scratch.matrix, result),
                Work::Op(op, inputs) => {
                    let inputs: Vec<(&[f32], usize)> = inputs
                        .iter()
                        .map(|input| (before[*input].as_slice(), self.steps[*input].width))
                        .collect();
                    op.run(&inputs, rows.count(), result);
                }
            }
        }
    }
}

fn check_sets(model: &proto::Model) -> Result<(), Refusal> {
    if !model.functions.is_empty() {
        return Refusal::unsupported("functions of the model's own");
    }
    let trees = model.opset_import.iter().find(|set| set.domain == TREES);
    match trees {
        Some(set) if !TREE_VERSIONS.contains(&set.version) => {
            Refusal::unsupported(format!("{TREES} in version {}", set.version))
        }
        _ => Ok(()),
    }
}

/// The nodes that the output needs, in the order of the file, which is one in which they can run.
fn needed<'a>(graph: &'a proto::Graph, output: &'a str) -> Vec<&'a proto::Node> {
    let mut wanted = rustc_hash::FxHashSet::default();
    wanted.insert(output);
    let mut nodes: Vec<&proto::Node> = Vec::new();
    for node in graph.node.iter().rev() {
        if node
            .output
            .iter()
            .any(|name| wanted.contains(name.as_str()))
        {
            wanted.extend(node.input.iter().map(String::as_str));
            nodes.push(node);
        }
    }
    nodes.reverse();
    nodes
}

struct Builder<'a> {
    ends: &'a Ends<'a>,
    values: FxHashMap<&'a str, Value<'a>>,
    steps: Vec<Step>,
}

impl<'a> Builder<'a> {
    fn name(&mut self, name: &'a str, value: Value<'a>) -> Result<(), Refusal> {
        if self.values.insert(name, value).is_some() {
            return Refusal::malformed(format!("expected one value {name:?}, found two"));
        }
        Ok(())
    }

    fn add(&mut self, node: &'a proto::Node) -> Result<(), Refusal> {
        let operator = node.op_type.as_str();
        match (node.domain.as_str(), operator) {
            (TREES, "TreeEnsembleClassifier" | "TreeEnsembleRegressor") => self.add_trees(node),
            (TREES, "LinearRegressor") => self.add_linear(node),
            (TREES, "Imputer") => self.add_imputer(node),
            (COMMON | COMMON_LONG, "Constant") => {
                let mut attributes = Attributes::of(node)?;
                let tensor = attributes.tensor("value")?;
                attributes.end()?;
                match (tensor, node.output.as_slice()) {
                    (Some(tensor), [name]) => self.name(name, Value::Constant(tensor)),
                    _ => Refusal::malformed("expected Constant with a value and one output"),
                }
            }
            (COMMON | COMMON_LONG, _) => self.add_operator(node),
            (domain, _) => {
                Refusal::unsupported(format!("the operator {operator} of the domain {domain:?}"))
            }
        }
    }

    fn add_trees(&mut self, node: &'a proto::Node) -> Result<(), Refusal> {
        let operator = node.op_type.as_str();
        let [input] = node.input.as_slice() else {
            return Refusal::malformed(format!("expected one input of {operator}"));
        };
        if !matches!(self.value(node, input)?, Value::Input) {
            return Refusal::unsupported(format!(
                "{operator} over something else than the graph's input"
            ));
        }
        let width = self.ends.input_width;
        let walker = Walker::new(Ensemble::read(node, width)?, width, self.ends.absent);
        let step = Step {
            width: walker.output_width(),
            work: Work::Trees(Box::new(walker)),
        };
        let result = Value::Result(self.steps.len());
        self.steps.push(step);
        let outputs: &[(usize, Value<'a>)] = if operator == "TreeEnsembleClassifier" {
            &[(0, Value::Label), (1, result)]
        } else {
            &[(0, result)]
        };
        for (place, value) in outputs {
            if let Some(name) = node.output.get(*place).filter(|name| !name.is_empty()) {
                self.name(name, *value)?;
            }
        }
        Ok(())
    }

    fn add_linear(&mut self, node: &'a proto::Node) -> Result<(), Refusal> {
        let ([input], [output]) = (node.input.as_slice(), node.output.as_slice()) else {
            return Refusal::malformed("expected one input and one output of LinearRegressor");
        };
        let fills = match self.value(node, input)? {
            Value::Input => false,
            Value::Filled => true,
            _ => {
                let what = "LinearRegressor over something else than the graph's input";
                return Refusal::unsupported(what);
            }
        };
        let linear = Linear::read(node, self.ends.input_width, fills)?;
        self.steps.push(Step {
            width: linear.targets(),
            work: Work::Linear(linear),
        });
        self.name(output, Value::Result(self.steps.len() - 1))
    }

    fn add_imputer(&mut self, node: &'a proto::Node) -> Result<(), Refusal> {
        let ([input], [output]) = (node.input.as_slice(), node.output.as_slice()) else {
            return Refusal::malformed("expected one input and one output of Imputer");
        };
        if !matches!(self.value(node, input)?, Value::Input) {
            return Refusal::unsupported("Imputer over something else than the graph's input");
        }
        read_imputer(node)?;
        self.name(output, Value::Filled)
    }

    fn add_operator(&mut self, node: &'a proto::Node) -> Result<(), Refusal> {
        let operator = node.op_type.as_str();
        if !Op::NAMES.contains(&operator) {
            return Refusal::unsupported(format!("the operator {operator}"));
        }
        let [output] = node.output.as_slice() else {
            return Refusal::unsupported(format!("{operator} with several outputs"));
        };
        let values: Vec<Value<'a>> = node
            .input
            .iter()
            .map(|name| self.value(node, name))
            .collect::<Result<_, _>>()?;
        if let [Value::Input] = values.as_slice() {
            // The input is float32 already, so these leave it as it is.
            let (op, _) = Op::read(node, &[Operand::Matrix(self.ends.input_width)])?;
            if op == Op::Same {
                return self.name(output, Value::Input);
            }
        }
        let mut operands = Vec::with_capacity(values.len());
        let mut inputs = Vec::with_capacity(values.len());
        for value in &values {
            operands.push(match value {
                Value::Result(step) => {
                    inputs.push(*step);
                    Operand::Matrix(self.steps[*step].width)
                }
                Value::Constant(tensor) => Operand::Constant(tensor),
                Value::Input | Value::Filled => {
                    return Refusal::unsupported(format!("{operator} over the graph's input"));
                }
                Value::Label => {
                    return Refusal::unsupported(format!("{operator} over class labels"));
                }
            });
        }
        let (op, width) = Op::read(node, &operands)?;
        if inputs.is_empty() {
            return Refusal::unsupported(format!("{operator} over constants alone"));
        }
        let step = Step {
            work: Work::Op(op, inputs),
            width,
        };
        self.steps.push(step);
        self.name(output, Value::Result(self.steps.len() - 1))
    }

    fn value(&self, node: &proto::Node, name: &str) -> Result<Value<'a>, Refusal> {
        self.values.get(name).copied().ok_or_else(|| {
            Refusal::Malformed(format!(
                "expected a value {name:?} before the node {} that reads it, found none",
                node.op_type
            ))
        })
    }
}
