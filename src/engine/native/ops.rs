//! The few operators that exporters put around trees, on matrices of float32.

use super::attributes::Attributes;
use super::finish::{logistic, softmax};
use super::proto::{Node, Tensor, data_type};
use super::refusal::Refusal;

/// An operator of one matrix, or of matrices of equal height.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Op {
    /// The matrix as it is.
    Same,
    Neg,
    Exp,
    Sigmoid,
    /// Over the columns.
    Softmax,
    /// With a constant: one number, or one a column.
    WithConstant {
        arithmetic: Arithmetic,
        constant: Vec<f32>,
        constant_first: bool,
    },
    /// Of two matrices of one shape.
    OfTwo(Arithmetic),
    /// Side by side.
    Concat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

impl Arithmetic {
    fn of(self, a: f32, b: f32) -> f32 {
        match self {
            Arithmetic::Add => a + b,
            Arithmetic::Sub => a - b,
            Arithmetic::Mul => a * b,
            Arithmetic::Div => a / b,
        }
    }
}

/// What stands at an input of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand<'a> {
    /// A matrix of this many columns.
    Matrix(usize),
    Constant(&'a Tensor),
}

/// An operator and the number of columns that it gives.
pub(super) type Shaped = (Op, usize);

impl Op {
    /// The operators that are known.
    pub(super) const NAMES: &[&str] = &[
        "Identity", "Neg", "Exp", "Sigmoid", "Cast", "Softmax", "Concat", "Reshape", "Add", "Sub",
        "Mul", "Div",
    ];

    /// Reads the operator of a node.
    pub(super) fn read(node: &Node, operands: &[Operand<'_>]) -> Result<Shaped, Refusal> {
        let mut attributes = Attributes::of(node)?;
        let shaped = match (node.op_type.as_str(), operands) {
            ("Identity", [Operand::Matrix(width)]) => (Op::Same, *width),
            ("Neg", [Operand::Matrix(width)]) => (Op::Neg, *width),
            ("Exp", [Operand::Matrix(width)]) => (Op::Exp, *width),
            ("Sigmoid", [Operand::Matrix(width)]) => (Op::Sigmoid, *width),
            ("Cast", [Operand::Matrix(width)]) => {
                let to = attributes.int("to")?.unwrap_or(0);
                if to != i64::from(data_type::FLOAT) {
                    return Refusal::unsupported(format!("Cast to the type {to}"));
                }
                (Op::Same, *width)
            }
            ("Softmax", [Operand::Matrix(width)]) => {
                over_columns(node, &mut attributes)?;
                (Op::Softmax, *width)
            }
            ("Concat", all) => {
                over_columns(node, &mut attributes)?;
                (Op::Concat, concat_width(all)?)
            }
            ("Reshape", [Operand::Matrix(width), Operand::Constant(shape)]) => {
                reshape(shape, *width)?;
                (Op::Same, *width)
            }
            (name, [first, second]) if arithmetic(name).is_some() => {
                let arithmetic = arithmetic(name).unwrap_or(Arithmetic::Add);
                of_two(node, arithmetic, *first, *second)?
            }
            (name, _) => {
                return Refusal::unsupported(format!("{name} with inputs of this kind"));
            }
        };
        attributes.end()?;
        Ok(shaped)
    }

    /// Computes the operator over `rows` rows into `out`.
    pub(super) fn run(&self, inputs: &[(&[f32], usize)], rows: usize, out: &mut Vec<f32>) {
        out.clear();
        let (first, width) = inputs[0];
        match self {
            Op::Same => out.extend_from_slice(first),
            Op::Neg => out.extend(first.iter().map(|x| -x)),
            Op::Exp => out.extend(first.iter().map(|x| x.exp())),
            Op::Sigmoid => out.extend(first.iter().map(|x| logistic(*x))),
            Op::Softmax => {
                out.extend_from_slice(first);
                out.chunks_exact_mut(width).for_each(softmax);
            }
            Op::WithConstant {
                arithmetic,
                constant,
                constant_first,
            } => {
                for (x, c) in first.iter().zip(constant.iter().cycle()) {
                    let (a, b) = if *constant_first { (*c, *x) } else { (*x, *c) };
                    out.push(arithmetic.of(a, b));
                }
            }
            Op::OfTwo(arithmetic) => {
                let pairs = first.iter().zip(inputs[1].0);
                out.extend(pairs.map(|(a, b)| arithmetic.of(*a, *b)));
            }
            Op::Concat => {
                for row in 0..rows {
                    for (matrix, width) in inputs {
                        out.extend_from_slice(&matrix[row * width..(row + 1) * width]);
                    }
                }
            }
        }
    }
}

fn arithmetic(name: &str) -> Option<Arithmetic> {
    Some(match name {
        "Add" => Arithmetic::Add,
        "Sub" => Arithmetic::Sub,
        "Mul" => Arithmetic::Mul,
        "Div" => Arithmetic::Div,
        _ => return None,
    })
}

fn of_two(
    node: &Node,
    arithmetic: Arithmetic,
    first: Operand<'_>,
    second: Operand<'_>,
) -> Result<Shaped, Refusal> {
    let (width, constant, constant_first) = match (first, second) {
        (Operand::Matrix(a), Operand::Matrix(b)) if a == b => {
            return Ok((Op::OfTwo(arithmetic), a));
        }
        (Operand::Matrix(width), Operand::Constant(c)) => (width, c, false),
        (Operand::Constant(c), Operand::Matrix(width)) => (width, c, true),
        _ => {
            return Refusal::unsupported(format!("{} of two different shapes", node.op_type));
        }
    };
    let constant = floats(constant)?;
    // Whatever the rank: one number, or one a column in the last dimension.
    let fits = constant.1.iter().rev().skip(1).all(|d| *d == 1) && constant.1.len() <= 2;
    if !fits || (constant.0.len() != 1 && constant.0.len() != width) {
        return Refusal::unsupported(format!(
            "{} of {width} columns with a constant of the shape {:?}",
            node.op_type, constant.1
        ));
    }
    let op = Op::WithConstant {
        arithmetic,
        constant: constant.0,
        constant_first,
    };
    Ok((op, width))
}

fn concat_width(operands: &[Operand<'_>]) -> Result<usize, Refusal> {
    let widths = operands.iter().map(|operand| match operand {
        Operand::Matrix(width) => Ok(*width),
        Operand::Constant(_) => Refusal::unsupported("Concat with a constant"),
    });
    let width = widths.sum::<Result<usize, Refusal>>()?;
    if width == 0 {
        return Refusal::malformed("expected Concat of at least one matrix, found none");
    }
    Ok(width)
}

fn over_columns(node: &Node, attributes: &mut Attributes<'_>) -> Result<(), Refusal> {
    // Absent, the axis means the columns of a matrix in every version that has a default.
    match attributes.int("axis")? {
        None if node.op_type == "Softmax" => Ok(()),
        Some(1 | -1) => Ok(()),
        other => Refusal::unsupported(format!("{} with the axis {other:?}", node.op_type)),
    }
}

/// A shape that leaves a matrix of `width` columns as it is.
fn reshape(shape: &Tensor, width: usize) -> Result<(), Refusal> {
    let numbers = integers(shape)?;
    match numbers.as_slice() {
        [-1 | 0, columns] if *columns == width as i64 || *columns == 0 => Ok(()),
        [0, -1] => Ok(()),
        other => Refusal::unsupported(format!("Reshape of {width} columns to {other:?}")),
    }
}

/// The numbers of a float32 tensor, and its dimensions.
fn floats(tensor: &Tensor) -> Result<(Vec<f32>, &[i64]), Refusal> {
    expect_type(tensor, data_type::FLOAT)?;
    let values: Vec<f32> = if tensor.raw_data.is_empty() {
        tensor.float_data.clone()
    } else {
        let (chunks, _) = tensor.raw_data.as_chunks::<4>();
        chunks.iter().map(|b| f32::from_le_bytes(*b)).collect()
    };
    expect_length(tensor, values.len())?;
    Ok((values, &tensor.dims))
}

fn integers(tensor: &Tensor) -> Result<Vec<i64>, Refusal> {
    expect_type(tensor, data_type::INT64)?;
    let values: Vec<i64> = if tensor.raw_data.is_empty() {
        tensor.int64_data.clone()
    } else {
        let (chunks, _) = tensor.raw_data.as_chunks::<8>();
        chunks.iter().map(|b| i64::from_le_bytes(*b)).collect()
    };
    expect_length(tensor, values.len())?;
    Ok(values)
}

fn expect_type(tensor: &Tensor, expected: i32) -> Result<(), Refusal> {
    if tensor.data_location != 0 {
        return Refusal::unsupported(format!("the tensor {:?} in another file", tensor.name));
    }
    if tensor.data_type == expected {
        return Ok(());
    }
    Refusal::unsupported(format!(
        "a constant {:?} of {} where {} is known",
        tensor.name,
        data_type::name(tensor.data_type),
        data_type::name(expected)
    ))
}

fn expect_length(tensor: &Tensor, found: usize) -> Result<(), Refusal> {
    let mut expected: i64 = 1;
    for dim in &tensor.dims {
        expected = expected.saturating_mul(*dim);
    }
    if expected > 0 && expected == found as i64 {
        return Ok(());
    }
    Refusal::malformed(format!(
        "expected {expected} numbers in the constant {:?}, found {found}",
        tensor.name
    ))
}
