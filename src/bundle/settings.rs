//! The checks of a manifest that need no other file: settings that this program can serve.

use serde::Deserialize;

use super::BundleError;
use super::manifest::{FORMAT, Manifest};
use crate::features::{NUMERIC_VERSION, NUMERIC_WIDTH};
use crate::text::{NORMALIZER_VERSION, TOKENIZER_VERSION};
use crate::verdict::Category;

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(json: &[u8]) -> Result<Manifest, BundleError> {
        #[derive(Deserialize)]
        struct Form {
            #[serde(default)]
            format: serde_json::Value,
        }
        let refuse = |error| unreadable(json, &error);
        // The form is looked at first: a later form may have keys that this program cannot know.
        let form: Form = serde_json::from_slice(json).map_err(refuse)?;
        if form.format != FORMAT {
            return Err(BundleError::Format {
                expected: FORMAT,
                found: form.format.to_string(),
            });
        }
        let manifest: Manifest = serde_json::from_slice(json).map_err(refuse)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), BundleError> {
        expect(
            "text.normalizer",
            &NORMALIZER_VERSION,
            &self.text.normalizer,
        )?;
        expect("text.tokenizer", &TOKENIZER_VERSION, &self.text.tokenizer)?;
        expect("text.sublinear_tf", &true, &self.text.sublinear_tf)?;
        expect("text.norm", "l2", self.text.norm.as_str())?;
        expect("numeric.version", &NUMERIC_VERSION, &self.numeric.version)?;
        let anomaly = &self.members.anomaly;
        expect(
            "members.anomaly.input_width",
            &NUMERIC_WIDTH,
            &anomaly.input_width,
        )?;
        let mut labels = self.labels.clone();
        labels.sort();
        if labels != Category::ALL {
            return Err(BundleError::setting(
                "labels",
                "each of the four categories once",
                format!("{:?}", self.labels),
            ));
        }
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), BundleError> {
        let members = &self.members;
        let weights = [
            members.rules.weight,
            members.classifier.weight,
            members.anomaly.weight,
        ];
        let good =
            weights.iter().all(|w| w.is_finite() && *w >= 0.0) && weights.iter().any(|w| *w > 0.0);
        if !good {
            let what = "finite weights, none negative, not all zero";
            return Err(BundleError::setting(
                "members.*.weight",
                what,
                format!("{weights:?}"),
            ));
        }
        let temperature = members.classifier.calibration.temperature;
        if !(temperature.is_finite() && temperature > 0.0) {
            let what = "a number above 0";
            return Err(BundleError::setting(
                "members.classifier.calibration.temperature",
                what,
                temperature.to_string(),
            ));
        }
        let shares = [
            (
                "members.classifier.max_unknown",
                members.classifier.max_unknown,
            ),
            ("members.anomaly.threshold", members.anomaly.threshold),
            ("decision.min_confidence", self.decision.min_confidence),
            ("decision.noise_threshold", self.decision.noise_threshold),
        ];
        for (key, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(BundleError::setting(
                    key,
                    "a number from 0 to 1",
                    value.to_string(),
                ));
            }
        }
        // A wider one would prove nothing.
        if !(0.0..=1e-3).contains(&self.golden.tolerance) {
            let found = self.golden.tolerance.to_string();
            let expected = "a number from 0 to 0.001";
            return Err(BundleError::setting("golden.tolerance", expected, found));
        }
        let knots = &members.anomaly.calibration.knots;
        let ascending = knots.len() >= 2 && knots.windows(2).all(|pair| pair[0] <= pair[1]);
        if !ascending || knots.iter().any(|k| !k.is_finite()) {
            let what = "at least two finite numbers in ascending order";
            return Err(BundleError::setting(
                "members.anomaly.calibration.knots",
                what,
                format!("{} numbers", knots.len()),
            ));
        }
        self.check_curve()
    }

    /// Thresholds ascend, and a higher one catches and costs no more.
    fn check_curve(&self) -> Result<(), BundleError> {
        let curve = &self.decision.curve;
        let share = |value: f32| (0.0..=1.0).contains(&value);
        let sound = curve.iter().all(|at| {
            (0.0..=2.0).contains(&at.threshold) && share(at.critical_recall) && share(at.forwarded)
        });
        let steps = curve.windows(2).all(|pair| {
            pair[0].threshold < pair[1].threshold
                && pair[0].critical_recall >= pair[1].critical_recall
                && pair[0].forwarded >= pair[1].forwarded
        });
        if sound && steps {
            return Ok(());
        }
        Err(BundleError::setting(
            "decision.curve",
            "ascending thresholds with shares from 0 to 1 that do not rise",
            format!("{} points that are not", curve.len()),
        ))
    }
}

/// Some writers of JSON put numbers that are none into it, and mean it.
fn unreadable(json: &[u8], error: &serde_json::Error) -> BundleError {
    let line = json.split(|b| *b == b'\n').nth(error.line().max(1) - 1);
    let at = line.and_then(|line| line.get(error.column().max(1) - 1..));
    let words: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let is_none = |rest: &[u8]| words.iter().any(|word| rest.starts_with(word));
    let said = error.to_string();
    let found = if error.is_syntax() && at.is_some_and(is_none) {
        "NaN or Infinity"
    } else if said.starts_with("number out of range") {
        "one too large for it"
    } else {
        return BundleError::unreadable("manifest.json")(said);
    };
    BundleError::setting("every number", "finite", format!("{found} ({said})"))
}

fn expect<T: PartialEq + std::fmt::Debug + ?Sized>(
    key: &str,
    expected: &T,
    found: &T,
) -> Result<(), BundleError> {
    if expected == found {
        return Ok(());
    }
    Err(BundleError::setting(
        key,
        &format!("{expected:?}"),
        format!("{found:?}"),
    ))
}
