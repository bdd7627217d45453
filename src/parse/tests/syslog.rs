//! Headers of syslog, and what stands inside of them.

use super::*;

#[test]
fn rfc5424() {
    let fields = check(
        r#"<165>1 2003-10-11T22:14:15.003Z host1 evntslog 77 ID47 [ex@32473 iut="3" q="a\"]b"][x y="z"] An event"#,
        (Format::Syslog, Some("evntslog"), Some(5), "An event"),
    );
    let expected = [
        ("hostname", "host1"),
        ("appname", "evntslog"),
        ("procid", "77"),
        ("msgid", "ID47"),
        ("ex@32473.iut", "3"),
        ("ex@32473.q", "a\"]b"),
        ("x.y", "z"),
    ];
    has(&fields, &expected);
    assert_eq!(fields.len(), expected.len());
    let bom = "<34>1 - - su - - - \u{feff}'su root' failed";
    check(
        bom,
        (Format::Syslog, Some("su"), Some(2), "'su root' failed"),
    );
    check(
        "1 2024-01-02T03:04:05+01:00 h app - - - no priority",
        (Format::Syslog, Some("app"), None, "no priority"),
    );
    check(
        "83 <34>1 2003-10-11T22:14:15.003Z h su - ID47 - counted frame",
        (Format::Syslog, Some("su"), Some(2), "counted frame"),
    );
    // Nothing but structured data: that is the message then.
    check(
        r#"<13>1 - h app - - [a b="c"]"#,
        (Format::Syslog, Some("app"), Some(5), r#"[a b="c"]"#),
    );
    // Broken structured data belongs to the message.
    let fields = check(
        r#"<13>1 - h app - - [a b="c] text"#,
        (Format::Syslog, Some("app"), Some(5), r#"[a b="c] text"#),
    );
    assert_eq!(fields.len(), 2);
}

#[test]
fn rfc3164() {
    let su = "'su root' failed for lonvick on /dev/pts/8";
    let fields = check(
        &format!("<34>Oct 11 22:14:15 mymachine su: {su}"),
        (Format::Syslog, Some("su"), Some(2), su),
    );
    has(&fields, &[("hostname", "mymachine"), ("appname", "su")]);
    let sshd: Expected<'_> = (
        Format::Syslog,
        Some("sshd"),
        None,
        "Failed password for root",
    );
    for header in [
        "Jan  2 03:04:05 web1 sshd[812]: ",
        "Jan 02 03:04:05 sshd[812]: ",
        "Jan  2 2026 03:04:05 web1 sshd[812]: ",
        "2026-01-02T03:04:05.123456+01:00 web1 sshd[812]: ",
        "2026-01-02T03:04:05Z web1 sshd[812]: ",
        "2026-01-02 03:04:05 web1 sshd[812]: ",
        "2026-01-02T03:04:05.123456+01:00 web1 sshd: ",
        "Jan  2 03:04:05 gw gw sshd[812]: ",
        "Jan  2 03:04:05 2001:db8::1 sshd: ",
        "sshd[812]: ",
    ] {
        check(&format!("{header}Failed password for root"), sshd);
    }
    for header in [
        "<38>sshd[812]: ",
        "<38>sshd: ",
        "<38>2026-01-02T03:04:05Z web1 sshd: ",
        "<38> Jan  2 03:04:05 sshd: ",
    ] {
        check(
            &format!("{header}x"),
            (Format::Syslog, Some("sshd"), Some(6), "x"),
        );
    }
    check(
        "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
        (Format::Syslog, None, Some(5), "Use the BFG!"),
    );
    check(
        "<13>no header at all",
        (Format::Syslog, None, Some(5), "no header at all"),
    );
    check("<13>", (Format::Syslog, None, Some(5), "<13>"));
    check(
        "Jan  2 03:04:05 h /usr/sbin/cron[1]: (root) CMD (x)",
        (Format::Syslog, Some("cron"), None, "(root) CMD (x)"),
    );
    check(
        "<192>not a priority",
        (Format::Plain, None, None, "<192>not a priority"),
    );
    check(
        "Jan  2 03:04:05 h su[1]:",
        (Format::Syslog, Some("su"), None, "Jan  2 03:04:05 h su[1]:"),
    );
}

#[test]
fn application_lines_are_no_syslog() {
    for line in [
        "2024-01-20T10:00:00Z Connection failed: timeout",
        "2024-01-20T10:00:00Z INFO sshd: ready",
        "2024-12-15 14:14:22 192.168.1.33:54321 OpenSSL: error:1417C086",
        "Dec 15 14:13:07 ERROR: disk full",
        "Error: something",
        "GET /x: 200",
    ] {
        assert_eq!(
            (parse(line).format, parse(line).body),
            (Format::Plain, line)
        );
    }
}

#[test]
fn kernel_stamps() {
    let oom = "Out of memory: Killed process 1";
    let kernel: Expected<'_> = (Format::Syslog, Some("kernel"), None, oom);
    check(
        &format!("Jan  2 03:04:05 h kernel: [12345.678901] {oom}"),
        kernel,
    );
    check(&format!("Jan  2 03:04:05 h kernel: {oom}"), kernel);
    check(
        &format!("<3>[    0.123456] {oom}"),
        (Format::Syslog, Some("kernel"), Some(3), oom),
    );
    check(
        &format!("[12345.678901] {oom}"),
        (Format::Plain, Some("kernel"), None, oom),
    );
}

#[test]
fn mnemonics_of_network_devices() {
    let deny = "%ASA-4-106023: Deny tcp src outside:1.2.3.4/1 dst inside:5.6.7.8/2";
    for header in [
        "",
        "<166>",
        "<166>: ",
        "<166>Jan 01 2024 10:00:00: ",
        "<166>Jan 01 2024 10:00:00 fw01 : ",
        "<166>Jan 01 10:00:00 fw01: ",
        "Jan 01 10:00:00 fw01 ",
        "<190>42: *Mar  1 18:46:11.123: ",
        "<190>42: Mar  1 18:46:11.123 UTC: ",
    ] {
        let parsed = parse(&format!("{header}{deny}")).severity;
        if header.is_empty() {
            // Without any header the mnemonic is text like any other.
            assert_eq!(parsed, None);
            continue;
        }
        let line = format!("{header}{deny}");
        let fields = check(&line, (Format::Syslog, Some("Cisco ASA"), Some(4), deny));
        has(&fields, &[("msgid", "ASA-4-106023")]);
    }
    let stack = "%PLATFORM-FAN-2-FAILED: fan 1";
    check(
        &format!("<189>7: {stack}"),
        (Format::Syslog, Some("Cisco PLATFORM-FAN"), Some(2), stack),
    );
    let huawei = "%%01SHELL/4/LOGINFAIL(l)[3]:Failed to login";
    check(
        &format!("<188>Jan  2 2026 03:04:05 sw-1 {huawei}"),
        (Format::Syslog, Some("Huawei SHELL"), Some(4), huawei),
    );
    // A visitor's text cannot pass for a mnemonic.
    level("<38>Jan  2 03:04:05 h app: user %ASA-0-1: x", Some(6));
}

#[test]
fn formats_inside_of_syslog_are_read_one_level_deeper() {
    let json = r#"{"level":"error","logger":"db","n":1}"#;
    let fields = check(
        &format!("<14>Jan  2 03:04:05 h app[1]: {json}"),
        (Format::Json, Some("app"), Some(3), json),
    );
    has(&fields, &[("hostname", "h"), ("procid", "1"), ("n", "1")]);
    check(
        &format!("<11>Jan  2 03:04:05 h app: @cee: {json}"),
        (Format::Json, Some("app"), Some(3), json),
    );
    check(
        &format!("<13>{json}"),
        (Format::Json, Some("db"), Some(3), json),
    );
    let cef = "CEF:0|V|P|1|7|n|9|src=1.2.3.4";
    for header in [
        "<134>Jan  2 03:04:05 h ",
        "Jan  2 03:04:05 h ",
        "<134>",
        "<134>1 - h - - - - ",
        "<134>Jan  2 03:04:05 fw1 product ",
        "<134>2026-01-02T03:04:05Z h tag: ",
    ] {
        check(
            &format!("{header}{cef}"),
            (Format::Cef, Some("V P"), Some(2), cef),
        );
    }
    check(
        "<30>Jan  2 03:04:05 n1 kubelet[9]: E0102 15:04:05.000000    9 a.go:1] boom",
        (Format::Klog, Some("kubelet"), Some(3), "boom"),
    );
    let access = r#"1.2.3.4 - - [02/Jan/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 5"#;
    check(
        &format!("<190>Jan  2 03:04:05 h nginx: {access}"),
        (Format::Access, Some("nginx"), Some(6), access),
    );
    let pairs = "type=USER_AUTH msg=audit(1.2:3): pid=1 res='failed'";
    check(
        &format!("<13>Jan  2 03:04:05 h audit[1]: {pairs}"),
        (Format::Logfmt, Some("audit"), Some(5), pairs),
    );
    check(
        "<30>Jan  2 03:04:05 h core[1]: 2026-01-02T03:04:05Z [ERROR] x",
        (
            Format::Syslog,
            Some("core"),
            Some(3),
            "2026-01-02T03:04:05Z [ERROR] x",
        ),
    );
    check(
        &format!("2026-01-02T03:04:05.123456789+01:00 stderr F {json}"),
        (Format::Json, Some("db"), Some(3), json),
    );
}

#[test]
fn text_of_a_visitor_passes_for_no_header() {
    let text = "Invalid user CEF:0|V|P|1|7|n|0|src=1.1.1.1 from 203.0.113.9";
    check(
        &format!("<38>Jan  2 03:04:05 h sshd[1]: {text}"),
        (Format::Syslog, Some("sshd"), Some(6), text),
    );
    check(text, (Format::Plain, None, None, text));
    let text = "User cron[1]: logged in";
    check(
        &format!("<38>Jan  2 03:04:05 gw-1 {text}"),
        (Format::Syslog, None, Some(6), text),
    );
    let text = "Failed password for invalid user {\"level\":\"debug\"} from 203.0.113.9";
    check(
        &format!("Jan  2 03:04:05 h sshd[1]: {text}"),
        (Format::Syslog, Some("sshd"), None, text),
    );
}
