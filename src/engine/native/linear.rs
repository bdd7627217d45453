//! A linear model over the graph's input: for each output an intercept and one factor a column.

use super::attributes::Attributes;
use super::proto::Node;
use super::refusal::Refusal;
use super::sound::finite;
use crate::engine::Rows;

/// `LinearRegressor` of ai.onnx.ml.
#[derive(Debug)]
pub(super) struct Linear {
    /// The factors of one column stand together: a row visits the columns that it has.
    factors: Vec<f32>,
    intercepts: Vec<f32>,
    /// True where what is missing (NaN) counts as zero: an `Imputer` stands before it.
    fills: bool,
}

impl Linear {
    /// Reads the node over `width` columns.
    pub(super) fn read(node: &Node, width: usize, fills: bool) -> Result<Linear, Refusal> {
        let mut attributes = Attributes::of(node)?;
        let targets = attributes.int("targets")?.unwrap_or(1);
        let by_target = attributes.floats("coefficients")?;
        let intercepts = attributes.floats("intercepts")?;
        attributes.word("post_transform", &[("NONE", ())])?;
        attributes.end()?;
        let targets = usize::try_from(targets).unwrap_or(0);
        if targets == 0 || by_target.len() != targets.saturating_mul(width) {
            return Refusal::malformed(format!(
                "expected {width} coefficients for each of {targets} targets, found {}",
                by_target.len()
            ));
        }
        let intercepts = match intercepts {
            [] => vec![0.0; targets],
            all if all.len() == targets => all.to_vec(),
            all => {
                return Refusal::malformed(format!(
                    "expected {targets} intercepts, found {}",
                    all.len()
                ));
            }
        };
        let all = by_target.iter().chain(&intercepts).copied();
        finite("coefficients and intercepts", all)?;
        let by_column = (0..width).flat_map(|column| {
            let of_target = move |target: usize| by_target[target * width + column];
            (0..targets).map(of_target)
        });
        Ok(Linear {
            factors: by_column.collect(),
            intercepts,
            fills,
        })
    }

    /// Columns of the output.
    pub(super) fn targets(&self) -> usize {
        self.intercepts.len()
    }

    /// Replaces `out` by the scores. Columns are added in ascending order, those that are absent by
    /// zero left out, so a score depends neither on the batch nor on the form of its rows.
    pub(super) fn run(&self, rows: Rows<'_>, scratch: &mut Vec<f32>, out: &mut Vec<f32>) {
        out.clear();
        self.each_row(rows, scratch, |entries| {
            let start = out.len();
            out.extend_from_slice(&self.intercepts);
            let scores = &mut out[start..];
            for (column, value) in entries {
                for (score, factor) in scores.iter_mut().zip(self.factors_of(column)) {
                    *score += factor * value;
                }
            }
        });
    }

    /// Adds the absolute values of what makes each row's scores to the row's weight.
    pub(super) fn weights(&self, rows: Rows<'_>, weights: &mut [f32]) {
        let mut rest = weights.iter_mut();
        self.each_row(rows, &mut Vec::new(), |entries| {
            let Some(weight) = rest.next() else { return };
            *weight += self.intercepts.iter().map(|x| x.abs()).sum::<f32>();
            for (column, value) in entries {
                let parts = self.factors_of(column).iter().map(|f| (f * value).abs());
                *weight += parts.sum::<f32>();
            }
        });
    }

    fn factors_of(&self, column: usize) -> &[f32] {
        let targets = self.targets();
        &self.factors[column * targets..(column + 1) * targets]
    }

    /// Gives each row's columns that are not zero with their values, ascending.
    fn each_row(
        &self,
        rows: Rows<'_>,
        scratch: &mut Vec<f32>,
        mut row: impl FnMut(&mut dyn Iterator<Item = (usize, f32)>),
    ) {
        let zero = |value: f32| value == 0.0 || (self.fills && value.is_nan());
        if let Rows::Sparse(rows) = rows
            && zero(rows.absent())
        {
            for index in 0..rows.count() {
                let (columns, values) = rows.row(index);
                let entries = columns.iter().zip(values);
                let entries = entries.map(|(column, value)| (*column as usize, *value));
                row(&mut entries.filter(|(_, value)| !zero(*value)));
            }
            return;
        }
        match rows {
            Rows::Sparse(rows) => rows.write_dense(scratch),
            Rows::Dense(matrix) => {
                scratch.clear();
                scratch.extend(matrix.iter());
            }
        }
        for values in scratch.chunks_exact(rows.width().max(1)) {
            let entries = values.iter().copied().enumerate();
            row(&mut entries.filter(|(_, value)| !zero(*value)));
        }
    }
}

/// Reads an `Imputer` of ai.onnx.ml, of which only the one that makes zeros of NaN is known.
pub(super) fn read_imputer(node: &Node) -> Result<(), Refusal> {
    let mut attributes = Attributes::of(node)?;
    let imputed = attributes.floats("imputed_value_floats")?;
    let replaced = attributes.float("replaced_value_float")?;
    attributes.end()?;
    let of_nan = replaced.is_some_and(f32::is_nan);
    if of_nan && imputed == [0.0] {
        return Ok(());
    }
    Refusal::unsupported(format!(
        "Imputer from {replaced:?} to {imputed:?} (only NaN to 0 is known)"
    ))
}
