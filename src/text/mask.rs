//! One pass over a body that writes the normalised text: text is copied, variable parts become masks.
//!
//! Linear time: every recogniser looks at a bounded number of bytes, or consumes what it looked at.

use super::{context::Context, network, number, timestamp};

/// Appends the normalised text of `body` to `out`.
///
/// Masks: `<ts>` `<ip4>` `<ip6>` `<mac>` `<uuid>` `<email>` `<url>` `<host>` `<path>` `<hash32>` (40,
/// 56, 64, 96, 128) `<hex>` `<id>` `<dur>` `<size>` `<num>`. Numbers that mean something stay.
pub fn normalize(body: &str, out: &mut String) {
    out.reserve(body.len());
    let mut scan = Scan {
        body,
        bytes: body.as_bytes(),
        copied: 0,
        context: Context::default(),
        out,
    };
    let mut at = 0;
    while at < scan.bytes.len() {
        at = scan.step(at);
    }
    scan.copy_to(body.len());
}

struct Scan<'a> {
    body: &'a str,
    bytes: &'a [u8],
    /// Everything before this offset is in `out` already.
    copied: usize,
    context: Context,
    out: &'a mut String,
}

impl Scan<'_> {
    /// Handles what starts at `at`, a boundary, and returns where the next part starts.
    fn step(&mut self, at: usize) -> usize {
        let first = self.bytes[at];
        if first.is_ascii_alphanumeric() || first >= 0x80 {
            return self.fixed_form(at).unwrap_or_else(|| self.run(at));
        }
        match first {
            b'/' if self.path_may_start(at) => self.unix_path(at),
            b'\\' if self.bytes.get(at + 1) == Some(&b'\\') && self.path_may_start(at) => {
                self.unc_path(at)
            }
            b':' => match network::ipv6_end(self.bytes, at) {
                Some(end) if at == 0 || !is_word(self.bytes[at - 1]) => self.mask(at, end, "<ip6>"),
                _ => at + 1,
            },
            b'%' => self.mnemonic(at),
            _ => at + 1,
        }
    }

    /// Forms of bounded length that begin with a letter or a digit.
    fn fixed_form(&mut self, at: usize) -> Option<usize> {
        let bytes = self.bytes;
        if let Some(end) = timestamp::end_of(bytes, at) {
            return Some(self.mask(at, end, "<ts>"));
        }
        if bytes[at].is_ascii_hexdigit() {
            if let Some(end) = network::mac_end(bytes, at) {
                return Some(self.mask(at, end, "<mac>"));
            }
            if let Some(end) = network::ipv6_end(bytes, at) {
                return Some(self.mask(at, end, "<ip6>"));
            }
        }
        let drive = bytes[at].is_ascii_alphabetic() && bytes.get(at + 1..at + 3) == Some(b":\\");
        drive.then(|| {
            let end = self.windows_path_end(at + 2);
            self.mask(at, end, "<path>")
        })
    }

    /// A run of word bytes with `.`, `-` and `_` inside, looked at as a whole and then in pieces.
    fn run(&mut self, at: usize) -> usize {
        let mut end = at;
        while end < self.bytes.len()
            && (is_word(self.bytes[end]) || matches!(self.bytes[end], b'.' | b'-' | b'_'))
        {
            end += 1;
        }
        while matches!(self.bytes[end - 1], b'.' | b'-' | b'_') {
            end -= 1;
        }
        if self.bytes[end..].starts_with(b"://") {
            let stop = self.until(end, |b| {
                b.is_ascii_whitespace() || b"\"'<>`|{}\\,;)]".contains(&b)
            });
            return self.mask(at, stop, "<url>");
        }
        if self.bytes.get(end) == Some(&b'@')
            && let Some(stop) = self.mail_domain_end(end + 1)
        {
            return self.mask(at, stop, "<email>");
        }
        self.classify(at, end)
    }

    fn classify(&mut self, at: usize, end: usize) -> usize {
        let run = &self.bytes[at..end];
        if network::is_uuid(run) {
            return self.mask(at, end, "<uuid>");
        }
        if run[0].is_ascii_digit() && network::is_ipv4(run) {
            let next = self.mask(at, end, "<ip4>");
            if matches!(self.bytes.get(end), Some(b':' | b'/')) && self.bytes[end] == b':' {
                self.context.expect_port(end);
            }
            return next;
        }
        if is_number_with_points(run) {
            return self.number(at, end);
        }
        if run[0].is_ascii_digit()
            && let Some(mask) = number::quantity(run)
        {
            return self.mask(at, end, mask);
        }
        if run.contains(&b'.') && network::is_host(run) {
            return self.mask(at, end, "<host>");
        }
        if is_catalogue_name(run) {
            return end;
        }
        self.pieces(at, end)
    }

    /// The parts of a run between `.`, `-` and `_`, each a word, a number or an identifier.
    fn pieces(&mut self, at: usize, end: usize) -> usize {
        let mut start = at;
        while start < end {
            let stop = (start..end)
                .find(|i| matches!(self.bytes[*i], b'.' | b'-' | b'_'))
                .unwrap_or(end);
            self.piece(start, stop);
            start = stop + 1;
        }
        end
    }

    fn piece(&mut self, start: usize, stop: usize) {
        let bytes = self.bytes;
        let piece = &bytes[start..stop];
        if piece.is_empty() {
            return;
        }
        let mask = number::plain_digest(piece).or_else(|| number::mask_of(piece));
        match mask {
            None => self.context.see_word(piece, stop),
            Some(mask) => {
                let kept =
                    matches!(mask, "<num>" | "<hex>") && self.context.keeps(bytes, start, piece);
                if !kept {
                    self.mask(start, stop, mask);
                }
            }
        }
    }

    /// Digits with points in between, and a unit after a blank where there is one.
    fn number(&mut self, at: usize, end: usize) -> usize {
        let run = &self.bytes[at..end];
        let whole = run.iter().all(u8::is_ascii_digit);
        if whole && self.context.keeps(self.bytes, at, run) {
            return end;
        }
        let unit_start = end + 1;
        if self.bytes.get(end) == Some(&b' ') {
            let unit_end = self
                .until(unit_start, |b| !b.is_ascii_alphabetic())
                .min(unit_start + 13);
            let glued = self.bytes.get(unit_end).is_some_and(|b| is_word(*b));
            if let (false, Some(mask)) = (
                glued,
                number::spaced_unit_mask(&self.bytes[unit_start..unit_end]),
            ) {
                return self.mask(at, unit_end, mask);
            }
        }
        let integer_part = run.iter().take_while(|b| b.is_ascii_digit()).count();
        let mask = number::plain_digest(run).or_else(|| number::mask_of(&run[..integer_part]));
        self.mask(at, end, mask.unwrap_or("<num>"))
    }

    fn mail_domain_end(&self, at: usize) -> Option<usize> {
        let mut end = self.until(at, |b| {
            !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        });
        while end > at && matches!(self.bytes[end - 1], b'.' | b'-') {
            end -= 1;
        }
        self.bytes[at..end].contains(&b'.').then_some(end)
    }

    /// `%ASA-4-106023`: message names of network gear stay whole.
    fn mnemonic(&mut self, at: usize) -> usize {
        let upper = self.bytes.get(at + 1).is_some_and(u8::is_ascii_uppercase)
            && self
                .bytes
                .get(at + 2)
                .is_some_and(|b| b.is_ascii_uppercase() || *b == b'_');
        if !upper {
            return at + 1;
        }
        self.until(at + 1, |b| {
            !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
    }

    fn path_may_start(&self, at: usize) -> bool {
        at == 0
            || !(is_word(self.bytes[at - 1]) || matches!(self.bytes[at - 1], b'/' | b'<' | b'\\'))
    }

    /// Two segments or more; a single one such as `/healthz` stays text.
    fn unix_path(&mut self, at: usize) -> usize {
        let end = self.until(at, |b| {
            b.is_ascii_whitespace() || b"\"'`<>|;,()[]{}:".contains(&b)
        });
        let path = &self.bytes[at..end];
        let segments = path.split(|b| *b == b'/').filter(|s| !s.is_empty()).count();
        if segments >= 2 {
            self.mask(at, end, "<path>")
        } else {
            at + 1
        }
    }

    fn unc_path(&mut self, at: usize) -> usize {
        let end = self.windows_path_end(at);
        let parts = self.bytes[at..end]
            .split(|b| *b == b'\\')
            .filter(|s| !s.is_empty())
            .count();
        if parts >= 2 {
            self.mask(at, end, "<path>")
        } else {
            at + 2
        }
    }

    /// A Windows path ends at a blank or a quote, but "Program Files" has a blank inside.
    fn windows_path_end(&self, at: usize) -> usize {
        let stop = |b: u8| b.is_ascii_whitespace() || b"\"'`<>|;,()[]{}".contains(&b);
        let end = self.until(at, stop);
        if self.bytes[at..end].ends_with(b"Program") && self.bytes[end..].starts_with(b" Files") {
            let rest = end + b" Files".len();
            let rest = if self.bytes[rest..].starts_with(b" (x86)") {
                rest + 6
            } else {
                rest
            };
            return self.until(rest, stop);
        }
        end
    }

    fn until(&self, from: usize, stop: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|b| stop(*b)).unwrap_or(rest.len())
    }

    fn mask(&mut self, start: usize, end: usize, mask: &str) -> usize {
        self.copy_to(start);
        self.out.push_str(mask);
        self.copied = end;
        self.context.clear();
        end
    }

    fn copy_to(&mut self, end: usize) {
        self.out.push_str(&self.body[self.copied..end]);
        self.copied = end;
    }
}

/// Letters, digits and every byte of a character beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// `12`, `1.5`, `10.0.1`, `v1.27.3`.
fn is_number_with_points(run: &[u8]) -> bool {
    let versioned = run.len() > 2 && run[0] == b'v' && run.contains(&b'.');
    let digits = if versioned { &run[1..] } else { run };
    digits.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// Names of weaknesses and fixes: `CVE-2021-44228`, `KB5005565`, `MS17-010`.
fn is_catalogue_name(run: &[u8]) -> bool {
    let named = run.len() > 4
        && (run[..4].eq_ignore_ascii_case(b"cve-")
            || run.starts_with(b"MS1")
            || run.starts_with(b"KB"));
    named
        && run
            .iter()
            .skip(2)
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        && run.len() <= 16
}

#[cfg(test)]
mod tests {
    use super::normalize;

    fn normalized(body: &str) -> String {
        let mut out = String::new();
        normalize(body, &mut out);
        out
    }

    #[test]
    fn variable_parts_are_masked_and_meaning_stays() {
        for (body, expected) in [
            (
                "Failed password for invalid user bob from 203.0.113.9 port 52344 ssh2",
                "Failed password for invalid user bob from <ip4> port <num> ssh2",
            ),
            (
                "Server listening on 0.0.0.0 port 22.",
                "Server listening on <ip4> port 22.",
            ),
            (
                "connect to 10.0.0.1:443 failed",
                "connect to <ip4>:443 failed",
            ),
            (
                "Event ID: 4625, Logon Type: 3",
                "Event ID: 4625, Logon Type: 3",
            ),
            (
                r#"{"EventID":4625,"pid":812}"#,
                r#"{"EventID":4625,"pid":<num>}"#,
            ),
            (
                "main process exited, code=exited, status=203/EXEC",
                "main process exited, code=exited, status=203/EXEC",
            ),
            (
                "segfault at 7ffd1c2d3e40 error 4 in libc.so.6",
                "segfault at <hex> error 4 in libc.so.<num>",
            ),
            ("killed by signal 9", "killed by signal 9"),
            ("Sub Status: 0xC000006A", "Sub Status: 0xC000006A"),
            (
                r#"203.0.113.9 - - [02/Jan/2024:03:04:05 +0000] "GET /healthz HTTP/1.1" 200 12 "-" "kube-probe/1.27""#,
                r#"<ip4> - - [<ts>] "GET /healthz HTTP/<num>" 200 <num> "-" "kube-probe/<num>""#,
            ),
            ("open /etc/shadow denied", "open <path> denied"),
            (
                r"C:\Program Files (x86)\App\a.exe started",
                "<path> started",
            ),
            (r"\\srv\share\x read", "<path> read"),
            (
                "mail from bob@example.com via mx1.example.com",
                "mail from <email> via <host>",
            ),
            ("see https://example.com/a?b=c now", "see <url> now"),
            (
                "java.lang.OutOfMemoryError: heap",
                "java.lang.OutOfMemoryError: heap",
            ),
            (
                "took 12ms, 3.5 MB read, 7 seconds",
                "took <dur>, <size> read, <dur>",
            ),
            (
                "pod web-7d4b9c6f5d-x2x9z on node-17",
                "pod web-<hex>-<id> on node-<num>",
            ),
            ("%ASA-4-106023: Deny tcp", "%ASA-4-106023: Deny tcp"),
            ("exploit of CVE-2021-44228", "exploit of CVE-2021-44228"),
            ("peer fe80::1 at 00:1a:2b:33:44:55", "peer <ip6> at <mac>"),
            (
                "id 123e4567-e89b-12d3-a456-426614174000 seen",
                "id <uuid> seen",
            ),
            ("grün 5", "grün <num>"),
            ("", ""),
        ] {
            assert_eq!(normalized(body), expected);
        }
    }

    #[test]
    fn time_is_linear_in_length() {
        // A quadratic scan would need hours for this; a linear one needs milliseconds.
        for unit in ["a.", "1.", "a@", "/a", "1:", "a-", "::", "\\\\a", "é"] {
            let long = unit.repeat(500_000);
            assert!(!normalized(&long).is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(body in "\\PC{0,200}|[0-9a-f:./@%\\\\ -]{0,80}") {
            let once = normalized(&body);
            proptest::prop_assert!(once.len() <= body.len() * 9 + 9);
        }
    }
}
