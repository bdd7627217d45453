//! `logtriage evaluate`: every figure of a small file whose verdicts are known, the page, and what is
//! refused.

mod common;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Rules that no log sets off, and that alone decide: verdicts that no change of the bundle moves.
const RULES: &str = "\
rules:
  - {id: zq-floor, title: t, category: critical, confidence: 0.92, floor: true, any: ['zqfloor']}
  - {id: zq-critical, title: t, category: critical, confidence: 0.83, floor: false, any: ['zqcritical']}
  - {id: zq-suspicious, title: t, category: suspicious, confidence: 0.72, any: ['zqsuspicious']}
  - {id: zq-routine, title: t, category: routine, confidence: 0.87, any: ['zqroutine']}
  - {id: zq-noise, title: t, category: noise, confidence: 0.97, any: ['^zqnoise$']}
";

/// Label, message, group, source. In the order of forward scores: 0.95, twice 0.89, thrice 0.81, 0.5
/// where nobody votes, twice 0.09, 0.02.
const LINES: [[&str; 4]; 10] = [
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

struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    fn new() -> Site {
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

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, text: &str) -> String {
        std::fs::write(self.path("lines.ndjson"), text).expect("lines");
        self.path("lines.ndjson").display().to_string()
    }

    fn lines(&self) -> String {
        self.file(&LINES.map(line).join("\n"))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let config = self.path("site.yaml").display().to_string();
        run(
            &[&["evaluate", "--config", &config], arguments].concat(),
            "",
        )
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&good(output)).expect("JSON")
    }
}

fn line([label, message, group, source]: [&str; 4]) -> String {
    // The last member would set off the floor if it were judged.
    json!({"message": message, "label": label, "group": group, "source": source, "was": "zqfloor"})
        .to_string()
}

fn run(arguments: &[&str], input: &str) -> Output {
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

fn good(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
fn close(found: &Value, expected: f64) {
    let number = found.as_f64().expect("a number");
    assert!(
        (number - expected).abs() < 1e-6,
        "{number}, expected {expected}"
    );
}

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

#[test]
fn text_and_page_show_no_message_unless_asked() {
    let site = Site::new();
    let (lines, html) = (site.lines(), site.path("page.html"));
    let out = html.display().to_string();
    let text = good(site.run(&[&lines, "--html", &out]));
    let page = std::fs::read_to_string(&html).expect("the page");
    let row = "critical        4  0.667 (";
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed(&text).contains(&squeezed(row)), "{text}");
    assert!(squeezed(&text).contains("forward AUC 0.917"), "{text}");
    assert!(page.contains("<td class=\"number\">0.917</td>"));
    for shown in [&text, &page] {
        assert!(!shown.contains("zq"), "no message was asked for: {shown}");
    }
    let note = "labels <of> a test";
    let text = good(site.run(&[&lines, "--html", &out, "--mistakes", "2", "--note", note]));
    let page = std::fs::read_to_string(&html).expect("the page");
    assert!(text.contains(note) && page.contains("labels &lt;of&gt; a test"));
    // The surest mistake is the third line, and of two equal ones the fourth goes before the sixth.
    assert!(
        text.contains("zqcritical <b>& [2J") && text.contains("zqsuspicious"),
        "{text}"
    );
    assert_eq!(text.matches("zq").count(), 2, "two were asked for: {text}");
    assert!(page.contains("zqcritical &lt;b&gt;&amp; [2J"));
    assert!(!text.contains('\u{1b}') && !page.contains('\u{1b}'));
}

#[test]
fn the_page_has_each_plot_and_loads_nothing() {
    let site = Site::new();
    let html = site.path("page.html");
    let out = html.display().to_string();
    good(site.run(&[&site.lines(), "--html", &out, "--mistakes", "3"]));
    let page = std::fs::read_to_string(&html).expect("the page");
    check_page(&page);
    for (plot, element, least) in [
        ("confusion", "<rect ", 16),
        ("volume", "<circle ", 2),
        ("reliability", "<circle ", 4),
        ("roc", "<polyline ", 2),
    ] {
        let drawn = figure(&page, plot);
        let count = drawn.matches(element).count();
        assert!(count >= least, "{plot}: {count} of {element}");
        assert!(drawn.contains("viewBox="), "{plot} has no size");
    }
    let again = site.path("again.html");
    good(site.run(&[
        &site.lines(),
        "--html",
        &again.display().to_string(),
        "--mistakes",
        "3",
    ]));
    assert_eq!(std::fs::read_to_string(&again).expect("the page"), page);
}

#[test]
fn the_sample_page_is_such_a_page() {
    let page = include_str!("../docs/evaluation.html");
    check_page(page);
    for plot in ["confusion", "volume", "reliability", "roc"] {
        assert!(figure(page, plot).contains("<svg"), "{plot}");
    }
    assert!(
        page.contains("held out"),
        "the page says what its lines are"
    );
}

/// Every element is closed in its turn, and nothing is asked of a network.
#[track_caller]
fn check_page(page: &str) {
    for outside in [
        "http://", "https://", "src=", "href=", "url(", "@import", "<script", "<link",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
    let (_, body) = page.split_once("<body>").expect("a body");
    let mut open = vec!["body"];
    for tag in body.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').expect("an end of the tag");
        let name = inside.split([' ', '\n', '/']).find(|part| !part.is_empty());
        let name = name.expect("a name");
        if inside.starts_with('/') {
            if let Some(last) = open.pop() {
                assert_eq!(last, name, "closed in its turn");
            }
        } else if !inside.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

/// One figure of the page.
fn figure<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("<figure id=\"{name}\">"))
        .expect(name);
    rest.split_once("</figure>").expect("its end").0
}

#[test]
fn one_class_says_what_it_does_not_give() {
    let site = Site::new();
    let html = site.path("page.html");
    let out = html.display().to_string();
    let lines = site.file(r#"{"message":"zqroutine","label":"routine"}"#);
    let found = site.json(&[&lines, "--html", &out]);
    close(&found["figures"]["macro_f1"], 1.0);
    assert_eq!(found["figures"]["forward_auc"], Value::Null);
    assert_eq!(found["curves"]["roc"], Value::Null);
    let missing = found["missing"].as_array().expect("a list");
    let why = |figure: &str| {
        let of = missing
            .iter()
            .find(|m| m["figure"].as_str().is_some_and(|f| f.contains(figure)));
        of.and_then(|m| m["why"].as_str()).expect(figure).to_owned()
    };
    assert!(why("forward AUC").contains("no line is labelled critical or suspicious"));
    assert!(why("critical recall").contains("no line is labelled critical"));
    assert!(why("precision of noise").contains("no line was judged noise"));
    assert!(why("confidence intervals").contains("one group"));
    let page = std::fs::read_to_string(&html).expect("the page");
    check_page(&page);
    assert!(figure(&page, "roc").contains("Cannot be drawn"));
    assert!(figure(&page, "volume").contains("Cannot be drawn"));
    let text = good(site.run(&[&lines]));
    assert!(text.contains("Cannot be had of these lines"), "{text}");
    for shown in [&text, &page, &found.to_string()] {
        assert!(!shown.contains("NaN") && !shown.contains("inf"), "{shown}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_its_exit_code() {
    let site = Site::new();
    let [good_line, ..] = LINES.map(line);
    let bad = [
        (
            "{\"message\":\"m\"}",
            "expected a label, one of critical, suspicious, routine, noise, found none",
        ),
        (
            "{\"message\":\"m\",\"label\":\"urgent\"}",
            "found \"urgent\"",
        ),
        ("no json", "expected one JSON object, found none"),
    ];
    for (line, expected) in bad {
        let file = site.file(&format!("{good_line}\n\n{line}\n{good_line}\n"));
        let output = site.run(&[&file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("lines.ndjson: line 3: ") && said.contains(expected),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
    let lines = site.file("\n\n");
    let output = site.run(&[&lines]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("expected at least one labelled line, found none"),
        "{said}"
    );
    let lines = site.lines();
    let missing = site.path("missing").display().to_string();
    assert_eq!(site.run(&[&missing]).status.code(), Some(1));
    let nowhere = format!("{missing}/page.html");
    assert_eq!(
        site.run(&[&lines, "--html", &nowhere]).status.code(),
        Some(1)
    );
    let usages: [&[&str]; 6] = [
        &[],
        &[&lines, "--at", "0"],
        &[&lines, "--at", "20,120"],
        &[&lines, "--format", "xml"],
        &[&lines, "--bootstrap", "-1"],
        &[&lines, "--config", &missing],
    ];
    for usage in usages {
        assert_eq!(
            run(&[&["evaluate"], usage].concat(), "").status.code(),
            Some(64),
            "{usage:?}"
        );
    }
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
