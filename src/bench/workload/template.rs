//! A form of line, read once, and written as often as needed.

use std::fmt::Write;

use super::words::{
    ADJECTIVES, AGENTS, COINED, JOINTS, NOUNS, SERIAL, SERVICES, USERS, VERBS, coined, serial,
};

/// Small, fast and good enough for words: the finaliser of SplitMix64 over a counter.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The sequence of a seed and a number in it.
    pub(super) fn new(seed: u64, number: u64) -> Dice {
        Dice(seed ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

/// What fills a slot. The first group is chosen by the words' dice and stays after masking; the
/// second by the values' dice and is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Noun,
    NounCapital,
    Verb,
    VerbCapital,
    Adjective,
    Service,
    User,
    Agent,
    Phrase,
    New,

    Serial,
    Ip,
    Port,
    Pid,
    Small,
    Number,
    Fraction,
    Hex,
    Uuid,
    Mac,
    Host,
    Domain,
    Url,
    Bsd,
    Iso,
    Apache,
    Klog,
    Date,
    Epoch,
}

/// Names of slots; none begins another.
const SLOTS: &[(&str, Slot)] = &[
    ("noun", Slot::Noun),
    ("Noun", Slot::NounCapital),
    ("verb", Slot::Verb),
    ("Verb", Slot::VerbCapital),
    ("adj", Slot::Adjective),
    ("svc", Slot::Service),
    ("user", Slot::User),
    ("agent", Slot::Agent),
    ("phrase", Slot::Phrase),
    ("new", Slot::New),
    ("serial", Slot::Serial),
    ("ip", Slot::Ip),
    ("port", Slot::Port),
    ("pid", Slot::Pid),
    ("small", Slot::Small),
    ("num", Slot::Number),
    ("frac", Slot::Fraction),
    ("hex", Slot::Hex),
    ("uuid", Slot::Uuid),
    ("mac", Slot::Mac),
    ("host", Slot::Host),
    ("domain", Slot::Domain),
    ("url", Slot::Url),
    ("bsd", Slot::Bsd),
    ("iso", Slot::Iso),
    ("apache", Slot::Apache),
    ("klog", Slot::Klog),
    ("date", Slot::Date),
    ("epoch", Slot::Epoch),
];

#[derive(Debug)]
enum Part {
    Text(&'static str),
    Slot(Slot),
}

/// A form of line, cut into text and slots.
#[derive(Debug)]
pub(super) struct Template(Vec<Part>);

/// What one line is made from.
pub(super) struct Source {
    /// Chooses what stays after masking.
    pub words: Dice,
    /// Chooses what is masked.
    pub values: Dice,
    /// Number of the coined word.
    pub word: u64,
    /// Number of the line.
    pub serial: u64,
}

impl Template {
    /// Reads a form.
    ///
    /// # Panics
    /// Where a `$` names no slot: the forms are ours, and a test reads them all.
    pub(super) fn new(form: &'static str) -> Template {
        let mut parts = Vec::new();
        let mut pieces = form.split('$');
        parts.extend(pieces.next().map(Part::Text));
        for piece in pieces {
            let named = SLOTS.iter().find(|(name, _)| piece.starts_with(name));
            let Some((name, slot)) = named else {
                panic!("expected the name of a slot after $, found {piece:?}");
            };
            parts.push(Part::Slot(*slot));
            parts.push(Part::Text(&piece[name.len()..]));
        }
        Template(parts)
    }

    /// Appends one line.
    pub(super) fn write(&self, source: &mut Source, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                // Writing to a string cannot fail.
                Part::Slot(slot) => _ = slot.write(source, out),
            }
        }
    }
}

impl Slot {
    fn write(self, source: &mut Source, out: &mut String) -> std::fmt::Result {
        match self {
            Slot::New => push_coined(source.word, out),
            Slot::Serial => push_serial(source.serial, out),
            Slot::Phrase => phrase(&mut source.words, out),
            _ => self
                .write_value(&mut source.values, out)
                .unwrap_or_else(|| {
                    out.push_str(self.word(&mut source.words));
                    Ok(())
                })?,
        }
        if matches!(self, Slot::NounCapital | Slot::VerbCapital) {
            capitalise_last_word(out);
        }
        Ok(())
    }

    fn word(self, dice: &mut Dice) -> &'static str {
        dice.pick(match self {
            Slot::Verb | Slot::VerbCapital => VERBS,
            Slot::Adjective => ADJECTIVES,
            Slot::Service => SERVICES,
            Slot::User => USERS,
            Slot::Agent => AGENTS,
            _ => NOUNS,
        })
    }

    /// Writes a value that is masked; `None` where the slot takes a word.
    fn write_value(self, dice: &mut Dice, out: &mut String) -> Option<std::fmt::Result> {
        let mut n = |bound| dice.below(bound);
        Some(match self {
            Slot::Ip => write!(out, "10.{}.{}.{}", n(256), n(256), 1 + n(254)),
            Slot::Port => write!(out, "{}", 33_000 + n(27_000)),
            Slot::Pid => write!(out, "{}", 300 + n(60_000)),
            Slot::Small => write!(out, "{}", 1 + n(900)),
            Slot::Number => write!(out, "{}", 100 + n(900_000)),
            Slot::Fraction => write!(out, "{}.{:03}", n(9), n(1_000)),
            // A letter and a digit at the start: never digits alone, nor letters alone.
            Slot::Hex => write!(out, "a4{:010x}", n(1 << 40)),
            Slot::Uuid => write!(
                out,
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                n(1 << 32),
                n(1 << 16),
                n(1 << 12),
                n(1 << 12),
                n(1 << 48)
            ),
            Slot::Mac => write!(out, "02:1f:{:02x}:{:02x}:{:02x}:5a", n(256), n(256), n(256)),
            Slot::Host => write!(out, "node-{}", 1 + n(400)),
            Slot::Domain => write!(out, "m{}.example.org", 1 + n(90)),
            Slot::Url => write!(out, "https://example.com/p/{}", n(1 << 20)),
            Slot::Bsd => write!(out, "Nov {:>2} {}", 1 + n(28), clock(&mut n)),
            Slot::Iso => {
                let (day, clock) = (1 + n(28), clock(&mut n));
                write!(out, "2026-11-{day:02}T{clock}.{:03}Z", n(1_000))
            }
            Slot::Apache => {
                let day = 1 + n(28);
                write!(out, "{day:02}/Nov/2026:{} +0000", clock(&mut n))
            }
            Slot::Klog => {
                let (day, clock) = (1 + n(28), clock(&mut n));
                write!(out, "11{day:02} {clock}.{:06}", n(1_000_000))
            }
            Slot::Date => {
                let (day, clock) = (1 + n(28), clock(&mut n));
                write!(out, "2026-11-{day:02} {clock},{:03}", n(1_000))
            }
            Slot::Epoch => write!(out, "{}", 1_790_000_000 + n(9_000_000)),
            _ => return None,
        })
    }
}

fn clock(n: &mut impl FnMut(u64) -> u64) -> String {
    format!("{:02}:{:02}:{:02}", n(24), n(60), n(60))
}

/// Two to nine words, the short ones more often.
fn phrase(dice: &mut Dice, out: &mut String) {
    let longest = 1 + dice.below(4);
    let clauses = 1 + dice.below(longest);
    for clause in 0..clauses {
        if clause > 0 {
            out.push(' ');
            out.push_str(dice.pick(JOINTS));
            out.push(' ');
        }
        out.push_str(dice.pick(ADJECTIVES));
        out.push(' ');
        out.push_str(dice.pick(NOUNS));
    }
}

fn capitalise_last_word(out: &mut String) {
    let start = out
        .rfind(|c: char| !c.is_ascii_lowercase())
        .map_or(0, |at| at + 1);
    if let Some(first) = out.get(start..=start).map(str::to_ascii_uppercase) {
        out.replace_range(start..=start, &first);
    }
}

/// Appends the coined word of a number.
pub(super) fn push_coined(number: u64, out: &mut String) {
    let mut word = [0; COINED];
    coined(number, &mut word);
    out.extend(word.map(char::from));
}

/// Appends the serial of a number.
pub(super) fn push_serial(number: u64, out: &mut String) {
    let mut digits = [0; SERIAL];
    serial(number, &mut digits);
    out.extend(digits.map(char::from));
}
