//! Figures against values worked out by hand, and what holds of them whatever the scores are.

use proptest::prelude::*;

use super::*;
use Category::{Critical, Noise, Routine, Suspicious};

const AT: [f64; 2] = [0.2, 0.5];

fn figures(labels: &[Category], predicted: &[Category], scores: &[f64]) -> Figures {
    let ranking = Ranking::new(scores);
    let sample = Sample {
        labels,
        predicted,
        ranking: &ranking,
        decided: None,
    };
    sample.figures(&AT, |_| 1)
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!(
        (found - expected).abs() < 1e-12,
        "{found}, expected {expected}"
    );
}

#[test]
fn classes_by_hand() {
    let labels = [Critical, Critical, Critical, Suspicious, Routine, Noise];
    let predicted = [Critical, Critical, Suspicious, Suspicious, Routine, Routine];
    let found = figures(&labels, &predicted, &[0.5; 6]);
    let class = |category: Category| &found.classes[&category];
    close(class(Critical).precision, 1.0);
    close(class(Critical).recall, 2.0 / 3.0);
    close(class(Critical).f1, 0.8);
    close(class(Suspicious).precision, 0.5);
    close(class(Suspicious).recall, 1.0);
    close(class(Routine).f1, 2.0 / 3.0);
    close(class(Noise).recall, 0.0);
    assert_eq!(class(Noise).precision, None, "nothing was judged noise");
    close(class(Noise).f1, 0.0);
    close(found.macro_f1, (0.8 + 2.0 / 3.0 + 2.0 / 3.0 + 0.0) / 4.0);
    assert_eq!((found.forwarded, found.calibration_error), (None, None));
}

#[test]
fn area_and_recalls_by_hand_with_ties() {
    // Pairs of one to forward and one other: 0.9 beats three, 0.5 ties with one and beats two.
    let labels = [Critical, Suspicious, Routine, Noise, Noise];
    let found = figures(&labels, &labels, &[0.9, 0.5, 0.5, 0.1, 0.0]);
    close(found.forward_auc, 5.5 / 6.0);

    let mut labels = [Routine; 10];
    labels[..2].copy_from_slice(&[Critical; 2]);
    let scores = [0.9, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0];
    let found = figures(&labels, &labels, &scores);
    // Room for two of ten: one critical line above, one place for four tied lines, one of them critical.
    close(found.critical_recall[0].recall, (1.0 + 0.25) / 2.0);
    close(found.critical_recall[1].recall, 1.0);
}

#[test]
fn a_verdict_is_forwarded_and_as_sure_as_it_says() {
    let labels = [Critical, Critical, Routine, Noise];
    let predicted = [Critical, Routine, Routine, Noise];
    let ranking = Ranking::new(&[0.9, 0.2, 0.1, 0.0]);
    let sample = Sample {
        labels: &labels,
        predicted: &predicted,
        ranking: &ranking,
        decided: Some(Decided {
            forwarded: &[true, true, true, false],
            confidence: &[0.75, 0.5, 0.75, 1.0],
        }),
    };
    let found = sample.figures(&[1.0], |_| 1);
    close(found.forwarded, 0.75);
    close(found.classes[&Critical].forwarded, 1.0);
    close(found.classes[&Noise].forwarded, 0.0);
    assert_eq!(found.classes[&Suspicious].forwarded, None);
    // (2 * |0.75 - 1| + |0.5 - 0| + |1 - 1|) / 4
    close(found.calibration_error, 0.25);
    close(found.critical_recall[0].recall, 1.0);
    // The last line twice, the second not at all.
    let weights = [1, 0, 1, 2];
    let weighed = sample.figures(&[0.5], |place| weights[place]);
    close(weighed.forwarded, 0.5);
    close(weighed.macro_f1, 1.0);
    close(weighed.critical_recall[0].recall, 1.0);
}

#[test]
fn one_class_gives_what_it_can() {
    let found = figures(&[Routine; 3], &[Routine, Routine, Noise], &[0.1, 0.2, 0.3]);
    close(found.macro_f1, 0.8);
    assert_eq!(found.forward_auc, None);
    assert_eq!(found.critical_recall[0].recall, None);
    let none = figures(&[], &[], &[]);
    assert_eq!((none.macro_f1, none.forward_auc), (None, None));
}

/// A category, a verdict and a score of few values, so that there are ties.
fn lines() -> impl Strategy<Value = Vec<(Category, Category, u8)>> {
    let category = || (0..4_usize).prop_map(|at| Category::ALL[at]);
    prop::collection::vec((category(), category(), 0..12_u8), 1..60)
}

proptest! {
    #[test]
    fn figures_stay_in_bounds_and_follow_the_order_of_scores_alone(lines in lines()) {
        let labels: Vec<Category> = lines.iter().map(|line| line.0).collect();
        let predicted: Vec<Category> = lines.iter().map(|line| line.1).collect();
        let scores: Vec<f64> = lines.iter().map(|line| f64::from(line.2)).collect();
        let found = figures(&labels, &predicted, &scores);
        found.map::<()>(|figure| {
            assert!(figure.is_none_or(|value| (0.0..=1.0).contains(&value)), "{found:?}");
            None
        });
        let stretched: Vec<f64> = scores.iter().map(|score| (score / 3.0).exp() - 7.0).collect();
        prop_assert_eq!(&figures(&labels, &predicted, &stretched), &found);
        let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
        let turned = figures(&labels, &predicted, &turned).forward_auc;
        prop_assert_eq!(turned.is_some(), found.forward_auc.is_some());
        if let (Some(turned), Some(area)) = (turned, found.forward_auc) {
            prop_assert!((turned + area - 1.0).abs() < 1e-12, "{} {}", turned, area);
        }
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order(lines in lines()) {
        let labels: Vec<Category> = lines.iter().map(|line| line.0).collect();
        let scores: Vec<f64> = lines.iter().map(|line| f64::from(line.2)).collect();
        let (mut won, mut pairs) = (0.0, 0_u32);
        for (a, x) in labels.iter().zip(&scores) {
            for (b, y) in labels.iter().zip(&scores) {
                if *a <= Suspicious && *b > Suspicious {
                    pairs += 1;
                    won += if x > y { 1.0 } else if x == y { 0.5 } else { 0.0 };
                }
            }
        }
        match figures(&labels, &labels, &scores).forward_auc {
            None => prop_assert_eq!(pairs, 0),
            Some(area) => prop_assert!((area - won / f64::from(pairs)).abs() < 1e-12),
        }
    }
}
