//! The commands as a shell sees them: the real binary, real files, exit codes.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const LINES: &str = "\
Jan  2 03:04:05 web1 sshd[311]: Failed password for invalid user admin from 203.0.113.9 port 52344 ssh2
{\"message\":\"connection accepted\",\"id\":\"a1\",\"source\":\"db\"}

2026-01-02T03:04:05Z host kernel: Kernel panic - not syncing: Fatal exception in interrupt
";

fn logtriage() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("LOGTRIAGE_CONFIG");
    command
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = spawn(arguments);
    let mut stdin = child.stdin.take().expect("piped");
    stdin
        .write_all(input.as_bytes())
        .expect("the program reads its input");
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

fn spawn(arguments: &[&str]) -> Child {
    let mut command = logtriage();
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn ndjson(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|l| serde_json::from_str(l).expect("a JSON line"))
        .collect()
}

#[test]
fn ndjson_has_one_verdict_a_record_and_a_summary() {
    let output = run(&["classify"], LINES);
    let rows = ndjson(&output);
    assert_eq!(rows.len(), 3, "blank lines are no records");
    assert_eq!(rows[0]["category"], "suspicious");
    assert_eq!(rows[1]["id"], "a1");
    assert_eq!(rows[2]["category"], "critical");
    assert_eq!(rows[2]["forward"], true);
    let summary = text(&output.stderr);
    assert!(
        summary.contains("3 records") && summary.contains("critical"),
        "{summary}"
    );
}

#[test]
fn only_names_the_categories_that_are_written() {
    let rows = ndjson(&run(&["classify", "--only", "critical", "--quiet"], LINES));
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["index"], 2,
        "the index is the record's place in the input"
    );
}

#[test]
fn json_is_one_document_and_names_the_bundle() {
    let output = run(
        &["classify", "--format", "json", "--explain", "--quiet"],
        LINES,
    );
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(document["results"].as_array().map(Vec::len), Some(3));
    assert!(
        document["model"]["digest"]
            .as_str()
            .is_some_and(|d| d.starts_with("sha256:"))
    );
    let explanation = &document["results"][0]["explanation"];
    assert_eq!(explanation["votes"].as_array().map(Vec::len), Some(3));
    assert!(
        explanation["input"]["normalized"]
            .as_str()
            .is_some_and(|t| t.contains("<ip4>"))
    );
    assert!(
        explanation["rules"]
            .as_array()
            .is_some_and(|r| !r.is_empty()),
        "{explanation}"
    );
    assert!(output.stderr.is_empty(), "quiet is quiet");
}

#[test]
fn table_has_a_row_a_record() {
    let output = run(&["classify", "--format", "table", "--quiet"], LINES);
    let table = text(&output.stdout);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(
        table.contains("critical") && table.contains("Kernel panic"),
        "{table}"
    );
}

#[test]
fn passthrough_answers_each_line_before_the_next_one_comes() {
    use std::io::{BufRead, BufReader};
    let mut child = spawn(&["classify", "--passthrough", "--quiet"]);
    let mut stdin = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped"));
    for line in LINES.lines().filter(|l| !l.is_empty()) {
        writeln!(stdin, "{line}").expect("written");
        let mut answer = String::new();
        // Were it held back until the input ends, this would wait for ever.
        answers.read_line(&mut answer).expect("an answer");
        match line.strip_prefix('{') {
            Some(_) => {
                let object: Value =
                    serde_json::from_str(&answer).expect("the object with its verdict");
                assert!(object["logtriage"]["category"].is_string(), "{answer}");
                let bare = line.strip_suffix('}').expect("an object");
                assert!(answer.starts_with(bare), "not a byte is changed: {answer}");
            }
            None => assert!(
                answer.trim_end().ends_with(line) && answer.contains("forward\t"),
                "{answer}"
            ),
        }
    }
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn bad_usage_and_bad_configuration_are_64_and_a_missing_file_is_1() {
    let cases: [(&[&str], i32, &str); 5] = [
        (&["classify", "--format", "xml"], 64, "xml"),
        (&["classify", "--only", "urgent"], 64, "urgent"),
        (&["serve", "--config", "/nowhere.yaml"], 64, "/nowhere.yaml"),
        (&["classify", "/nowhere.log"], 1, "/nowhere.log"),
        (&["classify", "--bundle", "/nowhere"], 1, "manifest.json"),
    ];
    for (arguments, code, says) in cases {
        let output = run(arguments, "");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).contains(says),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
    let site = logtriage()
        .args(["classify"])
        .env("LOGTRIAGE__RULES__PACKS", "/nowhere")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert_eq!(site.status.code(), Some(64), "{}", text(&site.stderr));
    let unknown = logtriage()
        .args(["config", "check"])
        .env("LOGTRIAGE__SERVER__BODY_LIMITS", "1MiB")
        .output()
        .expect("it runs");
    assert_eq!(unknown.status.code(), Some(64));
    assert!(
        text(&unknown.stderr).contains("server.body_limit"),
        "the nearest key is named"
    );
}

#[test]
fn a_missing_library_matters_only_to_who_asks_for_it_and_says_what_to_do() {
    let classify = |kind: &str| {
        logtriage()
            .args(["classify"])
            .env("LOGTRIAGE__ENGINE__LIBRARY", "/nowhere/libonnxruntime.so")
            .env("LOGTRIAGE__ENGINE__MEMBERS__ANOMALY", kind)
            .stdin(Stdio::null())
            .output()
            .expect("it runs")
    };
    assert_eq!(classify("auto").status.code(), Some(0));
    let output = classify("onnxruntime");
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(
        message.contains("/nowhere/libonnxruntime.so") && message.contains("make onnxruntime"),
        "{message}"
    );
}

#[test]
fn bundle_verify_proves_a_bundle_and_compares_the_engines() {
    let output = run(&["bundle", "verify", "default", "--engines"], "");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for expected in [
        "golden:   ",
        "graph:    classifier has the declared shapes, runs on native",
        "engines:  classifier agrees",
        "engines:  anomaly agrees",
        "0 changes of the highest score",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let none = tempfile::tempdir().expect("a temporary directory");
    let refused = logtriage()
        .args(["bundle", "verify"])
        .arg(none.path())
        .output()
        .expect("it runs");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("manifest.json"));
}

#[test]
fn bundle_inspect_shows_the_graphs_own_metadata() {
    let output = run(&["bundle", "inspect", "--json"], "");
    let bundle: Value = serde_json::from_slice(&output.stdout).expect("a JSON document");
    assert_eq!(bundle["proof"], "golden samples passed");
    assert!(
        bundle["models"]["classifier"]["graph"]["producer"].is_string(),
        "{bundle:#}"
    );
    assert!(text(&run(&["bundle", "inspect"], "").stdout).contains("classifier.onnx"));
}

#[test]
fn two_hundred_thousand_lines_in_constant_memory() {
    let mut child = spawn(&["classify", "--quiet", "--only", "critical"]);
    let mut stdin = child.stdin.take().expect("piped");
    let output = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || std::io::copy(&mut { output }, &mut std::io::sink()));
    let mut peaks = Vec::new();
    for block in 0..10 {
        for n in 0..20_000 {
            let id = block * 20_000 + n;
            writeln!(
                stdin,
                "Jan  2 03:04:05 web{} app[{id}]: request {id} served in {n} ms",
                n % 97
            )
            .expect("written");
        }
        peaks.push(peak_kib(&child));
    }
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
    reader
        .join()
        .expect("the reader ends")
        .expect("all output was read");
    let (first, last) = (peaks[0], peaks[9]);
    assert!(
        last <= first + 8 * 1024,
        "peak memory grew from {first} KiB after 20,000 lines to {last} KiB after 200,000"
    );
}

/// Peak resident memory so far.
fn peak_kib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(
        PathBuf::from("/proc")
            .join(child.id().to_string())
            .join("status"),
    );
    let status = status.expect("a running process");
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM:"))
        .expect("a peak");
    line.split_whitespace()
        .nth(1)
        .expect("a figure")
        .parse()
        .expect("a number")
}

#[test]
fn passthrough_changes_no_byte_of_a_line() {
    let odd = "{\"message\":\"x\",\"big\":12345678901234567890123,\"f\":1.10,\"d\":1,\"d\":2,\"u\":\"\\u00e9\"}";
    let output = run(
        &["classify", "--passthrough", "--quiet"],
        &format!("{odd}\n\n{{}}\nplain\n"),
    );
    let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    assert!(
        lines[0].starts_with(odd.strip_suffix('}').expect("an object")),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1], "", "a blank line is copied");
    assert!(lines[2].starts_with("{\"logtriage\":{"), "{}", lines[2]);
    assert!(lines[3].ends_with("\tplain"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}
