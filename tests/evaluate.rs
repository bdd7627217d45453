//! `logtriage evaluate`: every figure of a small file whose verdicts are known.

mod common;

use common::labelled::{Site, close, good, run};
use serde_json::{Value, json};

#[test]
fn every_figure_of_a_small_file() {
    let site = Site::new();
    let found = site.json(&[&site.lines()]);
    assert_eq!(found["lines"], 10);
    assert_eq!(
        found["labels"],
        json!({"critical": 4, "suspicious": 2, "routine": 3, "noise": 1})
    );
    assert_eq!(found["groups"], 5);
    assert_eq!(found["file"]["name"], "lines.ndjson");
    let expected = [[2, 1, 1, 0], [1, 1, 0, 0], [0, 1, 2, 0], [0, 0, 0, 1]];
    assert_eq!(found["confusion"], json!(expected));
    close(&found["voted"], 0.9);

    let figures = &found["figures"];
    close(
        &figures["macro_f1"],
        (4.0 / 7.0 + 0.4 + 2.0 / 3.0 + 1.0) / 4.0,
    );
    // 22 of 24 pairs: the routine line at 0.81 is below three of six, and ties with two.
    close(&figures["forward_auc"], 22.0 / 24.0);
    close(&figures["forwarded"], 0.7);
    // Nine and eight tenths: |1.89 - 2| and |3.4 - 3|; seven: |2.16 - 1|; nobody voted: 0.
    close(&figures["calibration_error"], (0.11 + 0.4 + 1.16) / 10.0);
    let classes = [
        ("critical", 2.0 / 3.0, 0.5, 4.0 / 7.0, 1.0),
        ("suspicious", 1.0 / 3.0, 0.5, 0.4, 1.0),
        ("routine", 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0),
        ("noise", 1.0, 1.0, 1.0, 0.0),
    ];
    for (name, precision, recall, f1, forwarded) in classes {
        let class = &figures["classes"][name];
        close(&class["precision"], precision);
        close(&class["recall"], recall);
        close(&class["f1"], f1);
        close(&class["forwarded"], forwarded);
    }
    // Room for two, three and five lines; ties count by the part that fits.
    let recalls = [
        (0.2, 1.5 / 4.0),
        (0.3, 2.0 / 4.0),
        (0.5, (2.0 + 2.0 / 3.0) / 4.0),
    ];
    for (point, (at, recall)) in recalls.into_iter().enumerate() {
        close(&figures["critical_recall"][point]["at"], at);
        close(&figures["critical_recall"][point]["recall"], recall);
    }
    let bins = &found["reliability"]["bins"];
    let lines: Vec<_> = (0..10).map(|at| bins[at]["lines"].as_u64()).collect();
    assert_eq!(lines, [1, 0, 0, 0, 0, 0, 0, 3, 4, 2].map(Some));
    close(&bins[8]["right"], 0.75);
    let roc = [
        [0.0, 0.0],
        [0.0, 1.0 / 6.0],
        [0.0, 0.5],
        [0.25, 5.0 / 6.0],
        [0.25, 1.0],
        [0.75, 1.0],
        [1.0, 1.0],
    ];
    for (at, [x, y]) in roc.into_iter().enumerate() {
        close(&found["curves"]["roc"][at][0], x);
        close(&found["curves"]["roc"][at][1], y);
    }
    assert_eq!(found["missing"], json!([]));
    assert_eq!(found.get("mistakes"), None);
}

#[test]
fn intervals_members_and_slices() {
    let site = Site::new();
    let lines = site.lines();
    let found = site.json(&[&lines, "--at", "10, 100%", "--bootstrap", "300"]);
    assert_eq!(found["bootstrap"], json!({"resamples": 300, "seed": 1}));
    let within = |path: &str| {
        let [low, high] = [0, 1].map(|end| {
            let end = found["intervals"]
                .pointer(path)
                .and_then(|ends| ends.get(end));
            end.and_then(Value::as_f64).expect(path)
        });
        let value = found["figures"].pointer(path).and_then(Value::as_f64);
        let value = value.expect(path);
        assert!(
            low <= value && value <= high && low < high,
            "{path}: {low} {value} {high}"
        );
    };
    for path in [
        "/macro_f1",
        "/forward_auc",
        "/forwarded",
        "/calibration_error",
        "/classes/critical/recall",
        "/critical_recall/0/recall",
    ] {
        within(path);
    }
    assert!(
        found["remarks"][0]
            .as_str()
            .is_some_and(|r| r.contains("5 groups"))
    );
    close(&found["figures"]["critical_recall"][0]["recall"], 0.25);
    assert_eq!(
        found["intervals"]["critical_recall"][1]["recall"],
        json!([1.0, 1.0])
    );

    // The rules alone decide: alone they are as good as the verdicts.
    let rules = &found["members"]["rules"];
    close(&rules["voted"], 0.9);
    assert_eq!(rules["macro_f1"], found["figures"]["macro_f1"]);
    assert_eq!(rules["confusion"], found["confusion"]);
    assert!(found["members"]["classifier"]["macro_f1"].is_f64());
    assert!(found["members"]["anomaly"]["forward_auc"].is_f64());

    assert_eq!(found["by"]["field"], "source");
    let [beta, alpha] = [0, 1].map(|at| &found["by"]["values"][at]);
    assert_eq!((&beta["name"], &beta["lines"]), (&json!("beta"), &json!(6)));
    assert_eq!(
        (&alpha["name"], &alpha["lines"]),
        (&json!("alpha"), &json!(4))
    );
    close(&alpha["macro_f1"], (2.0 / 3.0 + 0.0) / 2.0);
    assert_eq!(alpha["forward_auc"], Value::Null);
    close(&beta["forwarded"], 0.5);
    let other = site.json(&[&lines, "--by", "group", "--bootstrap", "0"]);
    assert_eq!(other["by"]["values"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        (&other["intervals"], &other["missing"]),
        (&Value::Null, &json!([]))
    );
}

/// The built-in bundle on ordinary lines, against what `classify` says of them; from standard input.
#[test]
fn lines_are_judged_as_classify_judges_them() {
    let golden = include_str!("../bundles/default/golden.jsonl");
    let mut records = String::new();
    let mut labelled = String::new();
    for (at, line) in golden.lines().enumerate() {
        let golden: Value = serde_json::from_str(line).expect("JSON");
        let mut given = json!({"message": golden["message"], "source": golden["source"]});
        records += &format!("{given}\n");
        given["label"] = ["critical", "suspicious", "routine", "noise"][at % 4].into();
        labelled += &format!("{given}\n");
    }
    let arguments = ["classify", "--quiet", "--format", "ndjson", "--bundle"];
    let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/bundles/default");
    let verdicts = good(run(&[&arguments[..], &[bundle]].concat(), &records));
    let found = ["evaluate", "--bundle", "default", "--format", "json", "-"];
    let found: Value = serde_json::from_str(&good(run(&found, &labelled))).expect("JSON");
    let mut confusion = [[0_u64; 4]; 4];
    let mut forwarded = 0;
    for (at, verdict) in verdicts.lines().enumerate() {
        let verdict: Value = serde_json::from_str(verdict).expect("JSON");
        let names = ["critical", "suspicious", "routine", "noise"];
        let judged = names.iter().position(|name| verdict["category"] == **name);
        confusion[at % 4][judged.expect("a category")] += 1;
        forwarded += u64::from(verdict["forward"] == true);
    }
    let lines = golden.lines().count();
    assert!(lines >= 20, "{lines} golden lines");
    assert_eq!(found["confusion"], json!(confusion));
    close(
        &found["figures"]["forwarded"],
        forwarded as f64 / lines as f64,
    );
    assert_eq!(found["file"]["name"], "-");
}
