//! Level tokens of free text, and names of severities.

use super::*;

#[test]
fn level_tokens_in_the_usual_places() {
    for (line, expected) in [
        ("ERROR something broke", 3),
        ("error: something broke", 3),
        ("Warning: low space", 4),
        ("[ERROR] something", 3),
        ("[warn] something", 4),
        ("2026-01-02 03:04:05,123 WARN  [main] c.e.App - text", 4),
        (
            "2026-01-02 03:04:05.123  INFO 1 --- [main] c.e.App : text",
            6,
        ),
        ("2026-01-02 03:04:05,123 - my.module - ERROR - text", 3),
        ("CRITICAL:root:text", 2),
        ("INFO:     Started server", 6),
        ("2026-01-02T03:04:05Z\tinfo\tmsg", 6),
        ("2026-01-02T03:04:05.123456Z  WARN crate::module: text", 4),
        ("[2026-01-02T03:04:05Z ERROR crate] text", 3),
        (
            "[Wed Oct 11 14:32:52.123 2025] [core:error] [pid 1] text",
            3,
        ),
        ("[Wed Oct 11 14:32:52 2025] [notice] text", 5),
        (
            "2026/01/02 03:04:05 [error] 298#298: *1093 open() failed",
            3,
        ),
        (
            "2026-01-02 03:04:05.311 UTC [8824] root@db FATAL:  password authentication failed",
            2,
        ),
        (
            "2026-01-02 03:04:05.311 CET [8824] LOG:  checkpoint starting",
            6,
        ),
        (
            "2026-01-02T03:04:05.116872Z 14 [Warning] [MY-010055] [Server] text",
            4,
        ),
        ("2026-01-02  5:13:13 8 [Note] text", 6),
        ("[2026-01-02 03:04:05.500 +02:00] [INF] [19] text", 6),
        ("W, [2026-01-02T03:04:05.245316 #1]  WARN -- : text", 4),
        ("[2026-01-02 03:04:05] local.ERROR: text", 3),
        ("(W) 2026-01-02T03:04:05 - text", 4),
        (
            "2026/01/02 03:04:05 ...auth.go:200:SignInPost() [E] text",
            3,
        ),
        ("03-17 16:13:38.811  1702  2395 E WindowManager: text", 3),
        ("2015-05-13T12:00:00.000+0000 E NETWORK  [conn1] text", 3),
        (
            "time=\"2026-01-02T03:04:05Z\" level=warning msg=text and more",
            4,
        ),
        ("2026-01-02 03:04:05|Warn|Auth|text", 4),
        (
            "10-Oct-2025 13:55:36.123 SEVERE [main] org.apache.X text",
            3,
        ),
        ("17/06/09 20:10:40 INFO executor.Backend: text", 6),
        ("[2026-01-02 03:04:05,000: WARNING/MainProcess] text", 4),
        ("[2026-01-02 03:04:05 +0000] [123] [INFO] Booting", 6),
        ("PHP Fatal error:  Uncaught", 2),
        ("npm ERR! code ENOENT", 3),
        ("crit: Host[6] text", 2),
        ("12345:M 01 Jan 2026 00:00:00.000 # text", 4),
        ("12345:M 01 Jan 2026 00:00:00.000 * text", 5),
        ("system,error,critical login failure for user admin", 2),
        ("panic: runtime error", 0),
        ("2026-01-02 03:04:05 myhost ERROR text", 3),
    ] {
        level(line, Some(expected));
    }
}

#[test]
fn words_in_the_text_are_no_levels() {
    for line in [
        "Critical update installed",
        "user said ERROR: x",
        "Connection closed by error handler",
        "login of user [error] failed",
        "2026-01-02 03:04:05 user bob said FATAL: x",
        "2026-01-02 03:04:05 bob debug: x",
        "Login failed for user level=debug",
        "alert raised by sensor",
        "log rotated",
        "note taken",
        "Kernel panic - not syncing",
        "",
        "  ",
        "x",
    ] {
        level(line, None);
    }
}

#[test]
fn names_of_severities() {
    for (name, expected) in [
        ("EMERG", 0),
        ("panic", 0),
        ("Alert", 1),
        ("crit", 2),
        ("Critical", 2),
        ("FATAL", 2),
        ("err", 3),
        ("Error", 3),
        ("WARN", 4),
        ("Warning", 4),
        ("notice", 5),
        ("info", 6),
        ("Informational", 6),
        ("debug", 7),
        ("TRACE", 7),
        ("Verbose", 7),
        (" error ", 3),
        ("very-high", 2),
        ("low", 6),
    ] {
        assert_eq!(
            Severity::from_name(name).map(Severity::level),
            Some(expected),
            "{name}"
        );
    }
    for name in ["", "none", "x", "errors", "a name that is far too long"] {
        assert_eq!(Severity::from_name(name), None, "{name}");
    }
    assert_eq!(Severity::new(8), None);
}

#[test]
fn blank_and_padded_messages() {
    check("", (Format::Plain, None, None, ""));
    check(" \n", (Format::Plain, None, None, " \n"));
    check(
        "\u{feff}  [ERROR] x\r\n\0",
        (Format::Plain, None, Some(3), "[ERROR] x"),
    );
}
