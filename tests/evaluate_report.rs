//! What `logtriage evaluate` shows and what it keeps to itself, the page, and what it refuses.

mod common;

use common::labelled::{LINES, Site, close, good, line, run};
use serde_json::Value;

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
