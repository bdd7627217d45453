//! A site whose own rules alone decide, a labelled file that they judge, and `logtriage evaluate` on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Rules that no log sets off, and that alone decide: verdicts that no change of the bundle moves.
pub const RULES: &str = "\
rules:
  - {id: zq-floor, title: t, category: critical, confidence: 0.92, floor: true, any: ['zqfloor']}
  - {id: zq-critical, title: t, category: critical, confidence: 0.83, floor: false, any: ['zqcritical']}
  - {id: zq-suspicious, title: t, category: suspicious, confidence: 0.72, any: ['zqsuspicious']}
  - {id: zq-routine, title: t, category: routine, confidence: 0.87, any: ['zqroutine']}
  - {id: zq-noise, title: t, category: noise, confidence: 0.97, any: ['^zqnoise$']}
";

/// Label, message, group, source. In the order of forward scores: 0.95, twice 0.89, thrice 0.81, 0.5
/// where nobody votes, twice 0.09, 0.02.
pub const LINES: [[&str; 4]; 10] = [
    ["critical", "zqfloor", "a", "alpha"],
    ["critical", "zqcritical", "a", "alpha"],
    ["suspicious", "zqcritical <b>&\u{1b}[2J", "b", "alpha"],
    ["critical", "zqsuspicious", "b", "alpha"],
    ["suspicious", "zqsuspicious", "c", "beta"],
    ["routine", "zqsuspicious", "c", "beta"],
    ["critical", "zqz", "d", "beta"],
    ["routine", "zqroutine", "d", "beta"],
    ["routine", "zqroutine", "e", "beta"],
    ["noise", "zqnoise", "e", "beta"],
];

pub struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    pub fn new() -> Site {
        let directory = tempfile::tempdir().expect("a directory");
        let site = Site { directory };
        let packs = site.path("packs");
        std::fs::create_dir(&packs).expect("a directory");
        std::fs::write(packs.join("zq.yaml"), RULES).expect("rules");
        let config = format!(
            "rules: {{packs: [{packs:?}]}}\ndecision: {{min_confidence: 0.0, weights: \
             {{rules: 1.0, classifier: 0.0, anomaly: 0.0}}}}\n"
        );
        std::fs::write(site.path("site.yaml"), config).expect("a configuration");
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn file(&self, text: &str) -> String {
        std::fs::write(self.path("lines.ndjson"), text).expect("lines");
        self.path("lines.ndjson").display().to_string()
    }

    pub fn lines(&self) -> String {
        self.file(&LINES.map(line).join("\n"))
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let config = self.path("site.yaml").display().to_string();
        run(
            &[&["evaluate", "--config", &config], arguments].concat(),
            "",
        )
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&good(output)).expect("JSON")
    }
}

pub fn line([label, message, group, source]: [&str; 4]) -> String {
    // The last member would set off the floor if it were judged.
    json!({"message": message, "label": label, "group": group, "source": source, "was": "zqfloor"})
        .to_string()
}

pub fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    let command = command.args(arguments).env_remove("LOGTRIAGE_CONFIG");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // A command that reads no input may be gone already.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().expect("it ends")
}

pub fn good(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
pub fn close(found: &Value, expected: f64) {
    let number = found.as_f64().expect("a number");
    assert!(
        (number - expected).abs() < 1e-6,
        "{number}, expected {expected}"
    );
}
