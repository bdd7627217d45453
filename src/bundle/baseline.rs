//! The manifest's baseline, checked: what drift is held against.

use std::time::Instant;

use super::BundleError;
use super::manifest;
use crate::pipeline::{Baseline, DECILES};
use crate::verdict::Category;

/// How far shares may be from a sum of 1: they are written with six digits.
const ROUNDING: f64 = 1e-3;

/// The baseline of a bundle that is loaded now.
pub(super) fn read(said: &manifest::Baseline) -> Result<Baseline, BundleError> {
    let shares = Category::ALL.map(|category| said.category_shares.get(&category).copied());
    let categories = shares.map(|share| share.unwrap_or(f64::NAN));
    let in_range = |share: &f64| (0.0..=1.0).contains(share);
    let sum: f64 = categories.iter().sum();
    if !categories.iter().all(in_range) || (sum - 1.0).abs() > ROUNDING {
        return Err(BundleError::setting(
            "baseline.category_shares",
            "a share of each of the four categories, 1 together",
            format!("{:?}", said.category_shares),
        ));
    }
    let deciles: Vec<f32> = said.score_deciles.iter().map(|d| *d as f32).collect();
    let ascending = deciles.windows(2).all(|pair| pair[0] <= pair[1]);
    let inside = said.score_deciles.iter().all(in_range);
    let deciles: Option<[f32; DECILES]> = deciles.try_into().ok();
    let Some(deciles) = deciles.filter(|_| ascending && inside) else {
        return Err(BundleError::setting(
            "baseline.score_deciles",
            "nine numbers from 0 to 1 in ascending order",
            format!("{:?}", said.score_deciles),
        ));
    };
    if !in_range(&said.unknown_token_rate) {
        return Err(BundleError::setting(
            "baseline.unknown_token_rate",
            "a number from 0 to 1",
            said.unknown_token_rate.to_string(),
        ));
    }
    Ok(Baseline {
        loaded: Instant::now(),
        categories,
        deciles,
        unknown_words: said.unknown_token_rate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> manifest::Baseline {
        let shares = Category::ALL.into_iter().zip([0.1, 0.2, 0.3, 0.4]);
        manifest::Baseline {
            category_shares: shares.collect(),
            score_deciles: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7, 0.9],
            unknown_token_rate: 0.125,
        }
    }

    fn share(baseline: &mut manifest::Baseline) -> &mut f64 {
        let share = baseline.category_shares.get_mut(&Category::Noise);
        share.expect("it is there")
    }

    #[test]
    fn a_good_baseline_is_read() {
        let baseline = read(&said()).expect("a good one");
        assert_eq!(baseline.categories, [0.1, 0.2, 0.3, 0.4]);
        for (confidence, tenth) in [(0.0, 0), (0.1, 0), (0.11, 1), (0.7, 6), (0.8, 8), (1.0, 9)] {
            assert_eq!(baseline.tenth(confidence), tenth, "{confidence}");
        }
    }

    #[test]
    fn bad_baselines_are_refused() {
        type Spoil = fn(&mut manifest::Baseline);
        let cases: [(Spoil, &str); 7] = [
            (|b| b.category_shares.clear(), "category_shares"),
            (|b| *share(b) = 0.5, "category_shares"),
            (|b| *share(b) = f64::NAN, "category_shares"),
            (|b| b.score_deciles.truncate(8), "score_deciles"),
            (|b| b.score_deciles.swap(0, 1), "score_deciles"),
            (|b| b.score_deciles[8] = 1.5, "score_deciles"),
            (|b| b.unknown_token_rate = -0.1, "unknown_token_rate"),
        ];
        for (spoil, key) in cases {
            let mut baseline = said();
            spoil(&mut baseline);
            let error = read(&baseline).expect_err(key).to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
