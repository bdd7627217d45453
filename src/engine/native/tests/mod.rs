//! The native engine against ONNX Runtime: random forests over awkward numbers, and damaged files.

mod damage;
mod forests;
mod operators;
mod spec;

use prost::Message;
use prost::bytes::Bytes;

use super::proto;
use crate::config::{Config, EngineKind};
use crate::engine::{EngineError, Engines, GraphContract, Model};
use crate::verdict::Member;

/// The engines of a machine that says nothing.
fn engines() -> Engines {
    let config = Config::load(None, std::iter::empty()).expect("the defaults are valid");
    Engines::new(config.engine)
}

fn model(
    engines: &Engines,
    kind: EngineKind,
    bytes: &Bytes,
    contract: &GraphContract<'_>,
) -> Result<Box<dyn Model>, EngineError> {
    let graph = engines.graph_on(kind, Member::Classifier, bytes.clone(), contract)?;
    graph.model()
}

/// A contract over the names that these tests use.
fn contract(
    input_width: usize,
    output_width: usize,
    absent: Option<f32>,
) -> GraphContract<'static> {
    GraphContract {
        file: "test.onnx",
        input: "x",
        input_width,
        output: "y",
        output_width,
        absent,
    }
}

/// A file with these nodes, from `x` of float32 `[N, input_width]` to `y` of `[N, output_width]`.
fn file(
    nodes: Vec<proto::Node>,
    constants: Vec<proto::Tensor>,
    input_width: usize,
    output_width: usize,
) -> Bytes {
    let graph = proto::Graph {
        node: nodes,
        name: "test".into(),
        initializer: constants,
        input: vec![matrix("x", input_width)],
        output: vec![matrix("y", output_width)],
    };
    let set = |domain: &str, version| proto::OperatorSet {
        domain: domain.into(),
        version,
    };
    let model = proto::Model {
        graph: Some(graph),
        opset_import: vec![set("", 17), set("ai.onnx.ml", 3)],
        ..proto::Model::default()
    };
    // The field of the file's own version is not read by the engine, and so not in its messages.
    let mut bytes = vec![8, 8];
    bytes.extend(model.encode_to_vec());
    bytes.into()
}

fn matrix(name: &str, width: usize) -> proto::ValueInfo {
    let dim = |value| proto::Dimension {
        value,
        parameter: None,
    };
    proto::ValueInfo {
        name: name.into(),
        kind: Some(proto::Type {
            tensor: Some(proto::TensorType {
                element: proto::data_type::FLOAT,
                shape: Some(proto::Shape {
                    dim: vec![dim(None), dim(Some(width as i64))],
                }),
            }),
        }),
    }
}

fn node(operator: &str, domain: &str, inputs: &[&str], outputs: &[&str]) -> proto::Node {
    let texts = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    proto::Node {
        input: texts(inputs),
        output: texts(outputs),
        op_type: operator.into(),
        domain: domain.into(),
        ..proto::Node::default()
    }
}

fn ints(name: &str, ints: Vec<i64>) -> proto::Attribute {
    proto::Attribute {
        name: name.into(),
        ints,
        kind: proto::attribute_kind::INTS,
        ..proto::Attribute::default()
    }
}

fn floats(name: &str, floats: Vec<f32>) -> proto::Attribute {
    proto::Attribute {
        name: name.into(),
        floats,
        kind: proto::attribute_kind::FLOATS,
        ..proto::Attribute::default()
    }
}

fn strings<'a>(name: &str, strings: impl IntoIterator<Item = &'a str>) -> proto::Attribute {
    let strings = strings.into_iter();
    proto::Attribute {
        name: name.into(),
        strings: strings.map(|s| s.as_bytes().to_vec().into()).collect(),
        kind: proto::attribute_kind::STRINGS,
        ..proto::Attribute::default()
    }
}

fn int(name: &str, i: i64) -> proto::Attribute {
    proto::Attribute {
        name: name.into(),
        i,
        kind: proto::attribute_kind::INT,
        ..proto::Attribute::default()
    }
}

fn float(name: &str, f: f32) -> proto::Attribute {
    proto::Attribute {
        name: name.into(),
        f,
        kind: proto::attribute_kind::FLOAT,
        ..proto::Attribute::default()
    }
}

fn string(name: &str, s: &str) -> proto::Attribute {
    proto::Attribute {
        name: name.into(),
        s: s.as_bytes().to_vec().into(),
        kind: proto::attribute_kind::STRING,
        ..proto::Attribute::default()
    }
}
