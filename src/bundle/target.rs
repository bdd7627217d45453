//! From what a site wants to reach to the threshold of the bundle's curve that reaches it.

use super::BundleError;
use super::manifest::TradeOff;
use crate::config::Target;

/// The forward score from which records are forwarded: for a recall the highest threshold that reaches
/// it, for a share the lowest that keeps it.
pub(super) fn threshold(curve: &[TradeOff], target: Target) -> Result<f32, BundleError> {
    let (Some(lowest), Some(highest)) = (curve.first(), curve.last()) else {
        return Err(BundleError::Target {
            expected: "a bundle with a curve (decision.curve in its manifest)".to_owned(),
            found: "none; take decision.target out, or make the bundle anew".to_owned(),
        });
    };
    match target {
        Target::CriticalRecall(share) => {
            let reached = curve.iter().rev().find(|at| at.critical_recall >= share);
            reached.map(|at| at.threshold).ok_or_else(|| {
                let most = lowest.critical_recall;
                refuse("critical_recall", "most", most, share)
            })
        }
        Target::MaxForward(share) => {
            let kept = curve.iter().find(|at| at.forwarded <= share);
            kept.map(|at| at.threshold)
                .ok_or_else(|| refuse("max_forward", "least", highest.forwarded, share))
        }
    }
}

fn refuse(key: &str, end: &str, reachable: f32, asked: f32) -> BundleError {
    BundleError::Target {
        expected: format!(
            "{key} of at {end} {reachable}, which is what the bundle's curve reaches"
        ),
        found: asked.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Vec<TradeOff> {
        let point = |(threshold, critical_recall, forwarded)| TradeOff {
            threshold,
            critical_recall,
            forwarded,
        };
        [(0.1, 0.99, 0.5), (0.3, 0.95, 0.2), (0.5, 0.9, 0.1)]
            .map(point)
            .to_vec()
    }

    #[test]
    fn a_recall_takes_the_highest_threshold_that_reaches_it() {
        let at = |share| threshold(&curve(), Target::CriticalRecall(share)).expect("reachable");
        assert_eq!(at(0.95), 0.3);
        assert_eq!(at(0.96), 0.1);
        assert_eq!(at(0.0), 0.5);
    }

    #[test]
    fn a_share_takes_the_lowest_threshold_that_keeps_it() {
        let at = |share| threshold(&curve(), Target::MaxForward(share)).expect("reachable");
        assert_eq!(at(0.2), 0.3);
        assert_eq!(at(0.19), 0.5);
        assert_eq!(at(1.0), 0.1);
    }

    #[test]
    fn what_no_point_reaches_is_refused_with_what_can_be_had() {
        let said = |curve: &[TradeOff], target| {
            let error = threshold(curve, target).expect_err("out of reach");
            error.to_string()
        };
        let recall = said(&curve(), Target::CriticalRecall(1.0));
        assert!(
            recall.contains("critical_recall of at most 0.99"),
            "{recall}"
        );
        let share = said(&curve(), Target::MaxForward(0.05));
        assert!(share.contains("max_forward of at least 0.1"), "{share}");
        let without = said(&[], Target::MaxForward(0.2));
        assert!(
            without.contains("expected a bundle with a curve"),
            "{without}"
        );
    }
}
