//! The words of the lines: a small vocabulary for what recurs, and a word of its own for each number.

pub(super) const NOUNS: &[&str] = &[
    "order",
    "cart",
    "invoice",
    "ledger",
    "payment",
    "catalog",
    "price",
    "stock",
    "parcel",
    "label",
    "route",
    "driver",
    "ticket",
    "seat",
    "booking",
    "profile",
    "session",
    "token",
    "image",
    "video",
    "thumbnail",
    "comment",
    "thread",
    "inbox",
    "message",
    "contact",
    "calendar",
    "event",
    "report",
    "export",
    "import",
    "archive",
    "backup",
    "volume",
    "replica",
    "shard",
    "index",
    "segment",
    "cursor",
    "queue",
    "topic",
    "partition",
    "offset",
    "consumer",
    "producer",
    "stream",
    "batch",
    "job",
    "task",
    "worker",
    "timer",
    "schedule",
    "rule",
    "policy",
    "quota",
    "limit",
    "bucket",
    "object",
    "blob",
    "tenant",
    "account",
    "wallet",
    "coupon",
    "refund",
    "review",
    "rating",
];

pub(super) const VERBS: &[&str] = &[
    "load", "store", "fetch", "send", "merge", "split", "rotate", "flush", "sync", "scan",
    "publish", "consume", "render", "resolve", "refresh", "renew", "assign", "collect", "compact",
    "copy", "create", "update", "list", "open", "close", "start", "finish", "resume", "check",
    "verify", "encode", "decode", "index", "archive", "prune", "notify", "confirm", "settle",
    "reserve", "ship",
];

pub(super) const ADJECTIVES: &[&str] = &[
    "local", "remote", "shared", "primary", "standby", "stale", "fresh", "partial", "full",
    "empty", "pending", "active", "idle", "warm", "cold", "regional", "daily", "hourly",
    "internal", "public",
];

pub(super) const SERVICES: &[&str] = &[
    "checkout",
    "billing",
    "search",
    "gateway",
    "auth",
    "mailer",
    "orders",
    "pricing",
    "shipping",
    "inventory",
    "profiles",
    "media",
    "ingest",
    "planner",
    "reporter",
    "sessions",
    "webhooks",
    "geo",
    "limits",
    "audit",
    "feeds",
    "chat",
    "alerts",
    "exporter",
];

pub(super) const USERS: &[&str] = &[
    "anna", "bela", "carlos", "dora", "emil", "fatima", "gustav", "hana", "igor", "jana", "karim",
    "lena", "milan", "nadia", "oscar", "petra", "quinn", "rosa", "stefan", "tilda", "umar", "vera",
    "deploy", "backup", "monitor", "www",
];

/// What joins the words of a phrase.
pub(super) const JOINTS: &[&str] = &[
    "for", "of", "with", "from", "to", "after", "before", "and", "in", "on", "by", "without",
];

pub(super) const AGENTS: &[&str] = &[
    "curl/8.9.1",
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6)",
    "Go-http-client/2.0",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Prometheus/2.54.1",
    "Apache-HttpClient/5.3 (Java/21)",
];

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";

/// Letters of a word of [`coined`].
pub(super) const COINED: usize = 10;

/// A word that no other number below 2^30 has: five syllables of six bits each. It holds no digit, so
/// no mask takes it; without an `e` and with ten letters, it is hardly an English word either.
pub(super) fn coined(number: u64, word: &mut [u8; COINED]) {
    // An odd factor permutes the 30-bit numbers, and so does the shift: neighbours look nothing alike.
    let mut rest = number.wrapping_mul(0x1E37_79B9) & 0x3FFF_FFFF;
    rest ^= rest >> 15;
    for syllable in word.as_chunks_mut::<2>().0 {
        syllable[0] = CONSONANTS[(rest & 15) as usize];
        syllable[1] = VOWELS[(rest >> 4 & 3) as usize];
        rest >>= 6;
    }
}

/// Digits of a [`serial`].
pub(super) const SERIAL: usize = 10;

/// A number in decimal digits that no other number below 10^9 has. Ten digits beginning with 7
/// are no time, so the mask is always `<num>`.
pub(super) fn serial(number: u64, digits: &mut [u8; SERIAL]) {
    let mut rest = number % 1_000_000_000;
    for digit in digits[1..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits[0] = b'7';
}
