//! Which numbers mean something: event ids, status codes, ports, signals and error numbers are told
//! by the word before them.

/// Where ephemeral ports begin in practice (Linux `ip_local_port_range`); above it a port says nothing.
const FIRST_EPHEMERAL_PORT: u32 = 32_768;

const MEANINGFUL: &[&str] = &[
    "event",
    "eventid",
    "eventcode",
    "eventtype",
    "status",
    "substatus",
    "code",
    "statuscode",
    "errorcode",
    "returncode",
    "exitcode",
    "resultcode",
    "response",
    "signal",
    "sig",
    "errno",
    "error",
    "err",
    "exit",
    "rc",
    "ret",
    "level",
    "severity",
    "type",
    "logontype",
    "priority",
    "http",
    "failurecode",
    "ora",
    "msgid",
    "sqlstate",
    "reason",
];
const PORTS: &[&str] = &[
    "port",
    "sport",
    "dport",
    "spt",
    "dpt",
    "srcport",
    "dstport",
    "localport",
    "remoteport",
    "sourceport",
    "destport",
    "destinationport",
];

/// The last word seen and how far behind it the scan is.
#[derive(Default)]
pub(super) struct Context {
    word: [u8; 16],
    length: usize,
    word_end: usize,
}

impl Context {
    /// Remembers `word`, which ends at `end` in the body; one too long to be a keyword is forgotten.
    pub(super) fn see_word(&mut self, word: &[u8], end: usize) {
        if word.len() > self.word.len() {
            self.length = 0;
            return;
        }
        // "Event ID" and "event_id" name the same thing as "EventID".
        let after_event =
            &self.word[..self.length] == b"event" && end <= self.word_end + word.len() + 1;
        if after_event && word.eq_ignore_ascii_case(b"id") {
            self.see_word(b"eventid", end);
            return;
        }
        self.length = word.len();
        self.word[..word.len()].copy_from_slice(word);
        self.word[..word.len()].make_ascii_lowercase();
        self.word_end = end;
    }

    /// Forgets the last word: an address or a number came between.
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Pretends that the word `port` stood before the next number: `10.0.0.1:22`.
    pub(super) fn expect_port(&mut self, end: usize) {
        self.see_word(b"port", end);
    }

    /// True where the number `run` at `start` means something there.
    pub(super) fn keeps(&self, bytes: &[u8], start: usize, run: &[u8]) -> bool {
        if self.follows_quoted_request(bytes, start, run) {
            return true;
        }
        let Ok(word) = std::str::from_utf8(&self.word[..self.length]) else {
            return false;
        };
        if word.is_empty() || !only_separators(&bytes[self.word_end..start]) {
            return false;
        }
        if PORTS.contains(&word) {
            return decimal(run).is_some_and(|port| port < FIRST_EPHEMERAL_PORT);
        }
        MEANINGFUL.contains(&word) && (run.len() <= 6 || run.starts_with(b"0x"))
    }

    /// An access line's status: three digits after a closing quote and a blank.
    fn follows_quoted_request(&self, bytes: &[u8], start: usize, run: &[u8]) -> bool {
        let after_quote = start >= 2 && &bytes[start - 2..start] == b"\" ";
        after_quote && decimal(run).is_some_and(|n| (100..600).contains(&n))
    }
}

fn only_separators(between: &[u8]) -> bool {
    between.len() <= 5
        && between.iter().all(|b| {
            matches!(
                b,
                b' ' | b':'
                    | b'='
                    | b'"'
                    | b'\''
                    | b'#'
                    | b'('
                    | b'['
                    | b'>'
                    | b'-'
                    | b'\t'
                    | b'\\'
                    | b'/'
            )
        })
}

fn decimal(run: &[u8]) -> Option<u32> {
    std::str::from_utf8(run).ok()?.parse().ok()
}
