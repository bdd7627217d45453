//! Changes while the service runs, in real directories: good ones are taken, bad ones change nothing but
//! what is told.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use common::Copy;
use common::service::{Service, answer, connect, get, is, post};
use common::volume::Volume;
use serde_json::{Value, json};

type Files = Vec<(String, Vec<u8>)>;

/// The default bundle under another version, with what a test does to it.
fn bundle(version: &str, spoil: impl FnOnce(&Copy)) -> Files {
    let copy = Copy::new();
    copy.manifest(|manifest| manifest["version"] = version.into());
    spoil(&copy);
    copy.files()
}

fn good(version: &str) -> Files {
    bundle(version, |_| {})
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn serve(directory: &Path, more: &[(&str, &str)]) -> Service {
    let usual = [
        ("LOGTRIAGE__MODELS__DIR", text(directory)),
        ("LOGTRIAGE__MODELS__SETTLE", "1s"),
    ];
    Service::start(&[&usual, more].concat())
}

fn serves<'a>(version: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |models| models["serving"]["version"] == version
}

fn refused<'a>(code: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |models| models["last_rejection"]["code"] == code
}

/// True once the metrics have the line: they are told of a change just after it serves.
fn metric(service: &Service, line: &str) -> bool {
    (0..100).any(|_| {
        let (_, text) = get(service.operations, "/metrics");
        let there = text.lines().any(|found| found == line);
        if !there {
            std::thread::sleep(Duration::from_millis(50));
        }
        there
    })
}

fn verdict(service: &Service, message: &str) -> Value {
    let body = json!([{ "message": message }]).to_string();
    let (head, answer) = post(service.data, "/v1/classify", &body);
    assert!(is(&head, 200), "{head}");
    answer["results"][0].clone()
}

fn is_degraded(verdict: &Value) -> bool {
    let flags = verdict["flags"].as_array().expect("flags");
    flags.contains(&json!("degraded"))
}

/// A request with a body to the operations port, and with further heads.
fn command(service: &Service, line: &str, heads: &str, body: &str) -> (String, String) {
    let mut stream = connect(service.operations);
    let length = body.len();
    let request =
        format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{heads}\r\n{body}");
    stream.write_all(request.as_bytes()).expect("sent");
    let (head, body) = answer(&mut stream);
    (head, body)
}

#[test]
fn a_bad_push_changes_nothing_but_an_alarm_and_the_next_good_one_serves() {
    let mut volume = Volume::new(&good("1"));
    let service = serve(volume.path(), &[]);
    let bad = bundle("2", |copy| {
        let mut model = copy.read("classifier.onnx");
        let middle = model.len() / 2;
        model[middle] ^= 1;
        copy.write("classifier.onnx", &model);
    });
    volume.publish(&bad);
    let models = service.models_when("it is refused", refused("wrong_digest"));
    assert_eq!(models["serving"]["version"], "1");
    assert_eq!(models["candidate"], Value::Null);
    let detail = models["last_rejection"]["detail"].as_str().expect("text");
    assert!(
        detail.contains("classifier.onnx: expected SHA-256"),
        "{detail}"
    );
    assert!(is(&get(service.operations, "/readyz").0, 200));
    assert!(!is_degraded(&verdict(&service, "disk failed")));
    assert!(metric(
        &service,
        "logtriage_model_swaps_total{result=\"rejected\"} 1"
    ));
    assert!(metric(
        &service,
        "logtriage_model_rejections_total{code=\"wrong_digest\"} 1"
    ));

    volume.publish(&good("3"));
    let models = service.models_when("it serves", serves("3"));
    assert_eq!(models["kept"][0]["version"], "1");
    assert!(metric(
        &service,
        "logtriage_model_swaps_total{result=\"promoted\"} 1"
    ));
    let (_, metrics) = get(service.operations, "/metrics");
    let infos = metrics
        .lines()
        .filter(|line| line.starts_with("logtriage_model_info{"));
    assert_eq!(infos.count(), 1, "the series of the old bundle is gone");
}

#[test]
fn a_plain_copy_may_take_its_time_and_is_refused_only_where_it_stays_half_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |files: &[(String, Vec<u8>)]| {
        for (name, bytes) in files {
            fs::write(directory.path().join(name), bytes).expect("a file");
        }
    };
    write(&good("1"));
    let service = serve(directory.path(), &[]);
    // The manifest is written first, so that the rest does not fit it for a while.
    let rules = |version: &str| {
        let text = format!(
            "\n---\npack: more\nrules:\n  - {{id: more-probe, title: t, category: suspicious, confidence: 0.9, any: ['watch probe {version}']}}\n"
        );
        bundle(version, |copy| {
            copy.replace(
                "rules.yaml",
                &[copy.read("rules.yaml"), text.into_bytes()].concat(),
            );
        })
    };
    let slow = rules("2");
    let (manifest, rest): (Files, Files) = slow
        .into_iter()
        .partition(|(name, _)| name == "manifest.json");
    write(&manifest);
    let settling = |models: &Value| models["candidate"]["state"] == "settling";
    service.models_when("it looks half-written", settling);
    std::thread::sleep(Duration::from_millis(700));
    write(&rest[..2]);
    // The change gives it as much time again.
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(service.models()["last_rejection"], Value::Null);
    write(&rest);
    let models = service.models_when("it serves once it is whole", serves("2"));
    assert_eq!(
        models["last_rejection"],
        Value::Null,
        "a copy under way is no alarm"
    );

    let half = rules("3");
    write(
        &half
            .into_iter()
            .filter(|(name, _)| name == "manifest.json")
            .collect::<Files>(),
    );
    let models = service.models_when("it is refused in the end", |models| {
        models["last_rejection"]["code"].is_string()
    });
    assert_eq!(models["serving"]["version"], "2");
    assert!(metric(
        &service,
        "logtriage_model_swaps_total{result=\"rejected\"} 1"
    ));
}

#[test]
fn a_directory_that_is_emptied_unmounted_and_replaced_keeps_what_serves() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("models");
    let write = |files: &Files| {
        fs::create_dir(&directory).expect("a directory");
        for (name, bytes) in files {
            fs::write(directory.join(name), bytes).expect("a file");
        }
    };
    write(&good("1"));
    let service = serve(&directory, &[]);
    for entry in fs::read_dir(&directory).expect("a directory") {
        fs::remove_file(entry.expect("an entry").path()).expect("removed");
    }
    let models = service.models_when("an empty one is refused", refused("missing_file"));
    assert_eq!(models["serving"]["version"], "1");
    fs::remove_dir(&directory).expect("removed");
    std::thread::sleep(Duration::from_millis(100));
    assert!(is(&get(service.operations, "/readyz").0, 200));
    write(&good("2"));
    service.models_when("the new directory is seen", serves("2"));
}

#[test]
fn rules_weights_and_the_log_level_change_without_a_restart() {
    let site = tempfile::tempdir().expect("a directory");
    let (packs, file) = (
        site.path().join("packs"),
        site.path().join("logtriage.yaml"),
    );
    fs::create_dir(&packs).expect("a directory");
    let pack = |category: &str| {
        let text = format!(
            "pack: site\nrules:\n  - {{id: site-probe, title: t, category: {category}, confidence: 0.99, any: ['zorvex quillon']}}\n"
        );
        fs::write(packs.join("site.yaml"), text).expect("a pack");
    };
    let configure = |more: &str| {
        let text = format!("rules: {{packs: [{}]}}\n{more}", text(&packs));
        fs::write(&file, text).expect("a configuration");
    };
    pack("suspicious");
    configure("");
    let service = Service::start(&[("LOGTRIAGE_CONFIG", text(&file))]);
    let category = |service: &Service| verdict(service, "zorvex quillon")["category"].clone();
    assert_eq!(category(&service), "suspicious");
    let applied =
        |times: u32| format!("logtriage_model_swaps_total{{result=\"reconfigured\"}} {times}");
    let wait_for = |times: u32| {
        service.models_when("the change is applied", |_| {
            metric(&service, &applied(times))
        });
    };

    pack("critical");
    wait_for(1);
    assert_eq!(category(&service), "critical");

    // Without the rules' weight the models decide; the rule is a floor still.
    let before = verdict(&service, "zorvex quillon")["scores"].clone();
    configure("decision: {weights: {rules: 0, classifier: 1, anomaly: 1}}\nlog: {level: warn}\n");
    wait_for(2);
    assert_ne!(verdict(&service, "zorvex quillon")["scores"], before);

    let disable = |ids: &str| {
        let text = format!("rules: {{packs: [{}], disable: [{ids}]}}\n", text(&packs));
        fs::write(&file, text).expect("a configuration");
    };
    disable("'site-*'");
    wait_for(3);
    assert_ne!(category(&service), "critical", "the rule is left out");
    disable("site-prob");
    let models = service.models_when("the unknown id is refused", refused("bad_rules"));
    let detail = models["last_rejection"]["detail"].as_str().expect("text");
    assert!(detail.contains("did you mean `site-probe`?"), "{detail}");
    configure("");
    wait_for(4);
    assert_eq!(category(&service), "critical");

    configure("decision: {weights: {rules: -1}}\n");
    let models = service.models_when("it is refused", refused("bad_configuration"));
    let detail = models["last_rejection"]["detail"].as_str().expect("text");
    assert!(detail.contains("decision.weights"), "{detail}");
    fs::write(packs.join("site.yaml"), "pack: site\nrules:\n  - {id: x}\n").expect("a pack");
    configure("");
    let models = service.models_when("the pack is refused", refused("bad_site_rules"));
    let detail = models["last_rejection"]["detail"].as_str().expect("text");
    assert!(detail.contains("site.yaml"), "{detail}");
    assert_eq!(category(&service), "critical", "the rule of before");
    assert!(is(&get(service.operations, "/readyz").0, 200));
}

#[test]
fn what_the_operator_wants_forwarded_is_no_bundle_rule_or_weight_to_keep_back() {
    const LINE: &str = "vault unsealed by operator key 3";
    let site = tempfile::tempdir().expect("a directory");
    let (lines, packs, file) = (
        site.path().join("must.ndjson"),
        site.path().join("packs"),
        site.path().join("logtriage.yaml"),
    );
    fs::create_dir(&packs).expect("a directory");
    let pack = |category: &str, confidence: f32| {
        let text = format!(
            "pack: site\nrules:\n  - {{id: site-vault, title: t, category: {category}, confidence: {confidence}, any: ['vault unsealed']}}\n"
        );
        fs::write(packs.join("site.yaml"), text).expect("a pack");
    };
    let configure = |weights: &str| {
        let text = format!(
            "models: {{must_forward: {}}}\nrules: {{packs: [{}]}}\ndecision: {{min_confidence: 0, weights: {weights}}}\n",
            text(&lines),
            text(&packs)
        );
        fs::write(&file, text).expect("a configuration");
    };
    fs::write(
        &lines,
        format!(
            "{{\"message\":\"kernel panic\"}}\n\n{}\n",
            json!({"message": LINE})
        ),
    )
    .expect("lines");
    pack("suspicious", 0.6);
    configure("{rules: 1, classifier: 0, anomaly: 0}");
    let mut volume = Volume::new(&good("1"));
    let service = serve(volume.path(), &[("LOGTRIAGE_CONFIG", text(&file))]);
    assert_eq!(verdict(&service, LINE)["forward"], true);

    // A rule that was changed.
    pack("routine", 0.95);
    let failed = refused("must_forward_failed");
    let models = service.models_when("the rule is refused", &failed);
    let detail = models["last_rejection"]["detail"].as_str().expect("text");
    assert!(
        detail.contains("must.ndjson, line 3") && detail.contains(LINE),
        "{detail}"
    );
    assert_eq!(
        verdict(&service, LINE)["forward"],
        true,
        "the rule of before"
    );
    pack("suspicious", 0.6);
    let applied = "logtriage_model_swaps_total{result=\"reconfigured\"} 1";
    service.models_when("the rule is back", |_| metric(&service, applied));

    // A weight, with which a rule of the bundle that was never asked decides.
    let rule = "\n---\npack: more\nrules:\n  - {id: more-vault, title: t, category: routine, confidence: 0.9, any: ['vault unsealed']}\n";
    let candidate = bundle("2", |copy| {
        copy.replace(
            "rules.yaml",
            &[copy.read("rules.yaml"), rule.as_bytes().to_vec()].concat(),
        );
    });
    let rejected_at = service.models()["last_rejection"]["time"].clone();
    std::thread::sleep(Duration::from_millis(1100));
    volume.publish(&candidate);
    let models = service.models_when("the bundle is refused", |models| {
        failed(models) && models["last_rejection"]["time"] != rejected_at
    });
    assert_eq!(models["serving"]["version"], "1");
    assert!(
        models["last_rejection"]["digest"]
            .as_str()
            .expect("a digest")
            .starts_with("sha256:")
    );
    volume.publish(&good("3"));
    service.models_when("a good one serves", serves("3"));

    let rejections = "logtriage_model_rejections_total{code=\"must_forward_failed\"}";
    assert!(metric(&service, &format!("{rejections} 2")));
    configure("{rules: 0, classifier: 1, anomaly: 0}");
    service.models_when("the weight is refused", |_| {
        metric(&service, &format!("{rejections} 3"))
    });
    assert_eq!(verdict(&service, LINE)["forward"], true);
    fs::write(&lines, "no json\n").expect("lines");
    let models = service.models_when("the lines are refused", refused("bad_must_forward"));
    let detail = models["last_rejection"]["detail"].as_str().expect("text");
    assert!(detail.contains("line 1"), "{detail}");
}

#[test]
fn an_earlier_bundle_serves_again_until_the_source_has_another_or_it_is_released() {
    let mut volume = Volume::new(&good("1"));
    let service = serve(volume.path(), &[]);
    for version in ["2", "3", "4"] {
        volume.publish(&good(version));
        service.models_when("it serves", serves(version));
    }
    let post = |path: &str, body: &str| command(&service, &format!("POST {path}"), "", body);
    let state = |answer: (String, String)| -> Value {
        assert!(is(&answer.0, 200), "{answer:?}");
        serde_json::from_str(&answer.1).expect("JSON")
    };
    let (head, body) = post("/v1/models/rollback", r#"{"version":"1"}"#);
    assert!(is(&head, 409), "two are kept: {body}");
    assert!(body.contains("found default 3 (sha256:"), "{body}");

    let models = state(post("/v1/models/rollback", ""));
    assert_eq!(
        (&models["serving"]["version"], &models["serving"]["pinned"]),
        (&json!("3"), &json!(true))
    );
    assert!(metric(&service, "logtriage_model_pinned 1"));
    assert!(metric(
        &service,
        "logtriage_model_swaps_total{result=\"rolled_back\"} 1"
    ));
    let models = state(post("/v1/models/rollback", r#"{"version":"2"}"#));
    assert_eq!(models["serving"]["version"], "2");
    // Polls find the same generation as before: it stays.
    std::thread::sleep(Duration::from_millis(5500));
    assert_eq!(service.models()["serving"]["version"], "2");

    let models = state(post("/v1/models/rollback", r#"{"release":true}"#));
    assert_eq!(
        (&models["serving"]["version"], &models["serving"]["pinned"]),
        (&json!("4"), &json!(false))
    );
    assert!(metric(&service, "logtriage_model_pinned 0"));
    state(post("/v1/models/rollback", ""));
    volume.publish(&good("5"));
    let models = service.models_when("a new generation ends the pin", serves("5"));
    assert_eq!(models["serving"]["pinned"], false);
    // Applying an older bundle again is the ordinary way back.
    volume.publish(&good("1"));
    service.models_when("an older one serves", serves("1"));
    let models = state(post("/v1/models/reload", ""));
    assert_eq!(models["serving"]["version"], "1");
}

#[test]
fn verbs_that_change_something_need_the_token_or_loopback() {
    let site = tempfile::tempdir().expect("a directory");
    let file = site.path().join("token");
    fs::write(&file, "s3cret\n").expect("a token");
    let token = [("LOGTRIAGE__OPERATIONS__ADMIN_TOKEN_FILE", text(&file))];
    let service = Service::start(&token);
    let level = |service: &Service, heads: &str, level: &str| {
        let body = json!({ "level": level }).to_string();
        command(service, "PUT /v1/log-level", heads, &body)
    };
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    for (heads, status) in [
        (String::new(), 403),
        (bearer("other"), 403),
        (bearer("s3cret"), 200),
    ] {
        let (head, body) = level(&service, &heads, "warn");
        assert!(is(&head, status), "{heads}: {head} {body}");
    }
    for path in ["/v1/models/rollback", "/v1/models/reload"] {
        let (head, _) = command(&service, &format!("POST {path}"), "", "");
        assert!(is(&head, 403), "{path}: {head}");
    }
    fs::write(&file, "another").expect("a token");
    assert!(
        is(&level(&service, &bearer("s3cret"), "info").0, 403),
        "it was changed"
    );
    assert!(is(&level(&service, &bearer("another"), "info").0, 200));

    let open = Service::start(&[]);
    assert!(is(&level(&open, "", "debug").0, 200), "loopback");
    let (head, body) = level(&open, "", "loud");
    assert!(is(&head, 400) && body.contains("debug"), "{head} {body}");
    let from_page = "origin: http://example.com\r\n";
    assert!(
        is(&level(&open, from_page, "debug").0, 403),
        "a page in a browser"
    );
}

#[test]
fn a_pod_that_starts_on_a_bad_bundle_stands_in_and_serves_the_good_one_when_it_comes() {
    let bad = bundle("1", |copy| copy.write("rules.yaml", b"cut"));
    let mut volume = Volume::new(&bad);
    let service = serve(volume.path(), &[]);
    assert!(is(&get(service.operations, "/readyz").0, 200));
    let models = service.models();
    assert_eq!(models["serving"]["stand_in"], true);
    assert_eq!(models["last_rejection"]["code"], "wrong_size");
    let judged = verdict(&service, "connection from 10.0.0.1 closed");
    assert_eq!(judged["forward"], true);
    assert!(is_degraded(&judged));

    volume.publish(&good("2"));
    let models = service.models_when("the good one serves", serves("2"));
    assert_eq!(models["serving"]["stand_in"], false);
    assert_eq!(
        models["kept"],
        json!([]),
        "a stand-in is nothing to go back to"
    );
    assert!(!is_degraded(&verdict(&service, "disk failed")));

    let directory = volume.path().to_owned();
    volume.publish(&bad);
    let output = common::service::output(
        &["serve"],
        &[
            ("LOGTRIAGE__MODELS__DIR", text(&directory)),
            ("LOGTRIAGE__MODELS__ON_START_FAILURE", "refuse"),
            ("LOGTRIAGE__SERVER__LISTEN", "127.0.0.1:0"),
            ("LOGTRIAGE__OPERATIONS__LISTEN", "127.0.0.1:0"),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("rules.yaml: expected"), "{said}");
}

/// Serves what `archive` holds at the time, one request a connection, until the test ends.
fn relay(archive: std::sync::Arc<std::sync::Mutex<Vec<u8>>>) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut head);
            let body = archive.lock().expect("no panic").clone();
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
    });
    address
}

#[test]
fn an_archive_behind_a_url_is_fetched_proved_and_served() {
    let packed = |version: &str| {
        let copy = Copy::new();
        copy.manifest(|manifest| manifest["version"] = version.into());
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("bundle.tar.zst");
        let arguments =
            ["bundle", "pack", text(&copy.path("")), "-o", text(&file)].map(str::to_owned);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = common::service::output(&arguments, &[]);
        assert!(output.status.success(), "{output:?}");
        fs::read(file).expect("an archive")
    };
    let archive = std::sync::Arc::new(std::sync::Mutex::new(packed("1")));
    let url = format!("http://{}/bundle.tar.zst", relay(archive.clone()));
    let service = Service::start(&[
        ("LOGTRIAGE__MODELS__URL", &url),
        ("LOGTRIAGE__MODELS__FETCH__INTERVAL", "1s"),
        ("LOGTRIAGE__MODELS__SETTLE", "300ms"),
    ]);
    let models = service.models();
    assert_eq!(
        models["serving"]["version"], "1",
        "it serves from the start: {models:#}"
    );
    assert_eq!(models["serving"]["source"], url);

    let mut cut = packed("2");
    cut.truncate(cut.len() / 2);
    *archive.lock().expect("no panic") = cut;
    let models = service.models_when("a cut archive is refused", |models| {
        models["last_rejection"]["code"].is_string()
    });
    assert_eq!(models["serving"]["version"], "1");
    *archive.lock().expect("no panic") = packed("3");
    service.models_when("a whole one serves", serves("3"));
}
