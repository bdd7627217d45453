//! Lines to measure with: mixed formats, 140 bytes on average, made from a seed.
//!
//! Two kinds. `unseen`: no line comes twice, and none is like another one after masking either, so
//! no cache of votes ever helps. `repetitive`: what real streams are like, 400 shapes under Zipf's
//! law of which only masked parts vary; still no line comes twice.
//!
//! Sizes in bytes: mean 141 (140 to 143 in a repetitive stream, by its seed), first percentile 93,
//! quartiles 125, 137 and 155, ninetieth percentile 171, ninety-ninth 248; a test holds them. About
//! 1 % are attacks or alarms and 5 % failures; a fifth is debug chatter and health checks.

mod lines;
mod template;
#[cfg(test)]
mod tests;
mod words;

use memchr::memmem;

use lines::LINES;
use template::{Dice, Source, Template, push_coined, push_serial};
use words::{COINED, SERIAL, coined, serial};

/// Shapes of a repetitive stream: texts that stay distinct after masking.
pub const SHAPES: usize = 400;
/// Exponent of Zipf's law over the shapes.
const ZIPF: f64 = 1.0;
/// Lines of one seed before another seed's begin; a minute at half a million a second.
const SEED_LINES: u64 = 1 << 25;

/// What kind of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// No text comes twice, masked or not
    Unseen,
    /// Few hundred texts, of which only masked parts vary
    Repetitive,
}

/// A stream of lines: line `n` of a kind and a seed is always the same.
#[derive(Debug)]
pub struct Workload {
    kind: Kind,
    seed: u64,
    templates: Vec<Template>,
    /// Running sums of the shapes' shares, the last one 1.
    shares: Vec<f64>,
}

/// Where a body holds what makes a line unlike all others.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    at: usize,
    /// Line within the body, from 0.
    line: u32,
    word: bool,
}

impl Workload {
    /// The stream of a kind and a seed. Seeds that differ modulo 32 have no coined word in common
    /// within their first 33 million lines.
    pub fn new(kind: Kind, seed: u64) -> Workload {
        let weights = (1..=SHAPES).map(|rank| (rank as f64).powf(-ZIPF));
        let total: f64 = weights.clone().sum();
        let shares = weights.scan(0.0, |sum, weight| {
            *sum += weight / total;
            Some(*sum)
        });
        Workload {
            kind,
            seed,
            templates: LINES.iter().map(|(_, form)| Template::new(form)).collect(),
            shares: shares.collect(),
        }
    }

    /// What kind of stream it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Appends line `number`, without a line end.
    pub fn line(&self, number: u64, out: &mut String) {
        let serial = self.serial_of(number);
        let mut values = Dice::new(self.seed, number);
        let (template, words, word) = match self.kind {
            Kind::Unseen => {
                let mut words = Dice::new(!self.seed, number);
                let thousandth = words.below(1_000) as u32;
                (template_at(thousandth), words, serial)
            }
            Kind::Repetitive => {
                let share = values.below(1 << 32) as f64 / (1_u64 << 32) as f64;
                let shape = self.shares.partition_point(|sum| *sum <= share);
                let shape = shape.min(SHAPES - 1) as u64;
                let words = Dice::new(!self.seed, shape);
                (template_at(shape_thousandth(shape)), words, shape)
            }
        };
        let mut source = Source {
            words,
            values,
            word,
            serial,
        };
        self.templates[template].write(&mut source, out);
    }

    /// Finds in `text`, which holds line `number` in any encoding that leaves ASCII letters and
    /// digits alone, what [`Workload::restamp`] replaces. `offset` is the text's place in its body,
    /// `line` the line's place there.
    pub fn stamps(
        &self,
        number: u64,
        text: &[u8],
        offset: usize,
        line: u32,
        stamps: &mut Vec<Stamp>,
    ) {
        let serial = self.serial_of(number);
        let mut found = String::new();
        push_serial(serial, &mut found);
        let stamp = |word| {
            move |at| Stamp {
                at: offset + at,
                line,
                word,
            }
        };
        stamps.extend(memmem::find_iter(text, found.as_bytes()).map(stamp(false)));
        if self.kind == Kind::Unseen {
            found.clear();
            push_coined(serial, &mut found);
            stamps.extend(memmem::find_iter(text, found.as_bytes()).map(stamp(true)));
        }
    }

    /// Turns the lines of a body into others, the first of which is line `first`: only the coined
    /// words and serials change, which takes nanoseconds a line.
    pub fn restamp(&self, stamps: &[Stamp], first: u64, body: &mut [u8]) {
        for stamp in stamps {
            let number = self.serial_of(first + u64::from(stamp.line));
            let rest = &mut body[stamp.at..];
            if stamp.word {
                if let Some(word) = rest.first_chunk_mut::<COINED>() {
                    coined(number, word);
                }
            } else if let Some(digits) = rest.first_chunk_mut::<SERIAL>() {
                serial(number, digits);
            }
        }
    }

    fn serial_of(&self, number: u64) -> u64 {
        (self.seed % 32) * SEED_LINES + number
    }
}

/// The template that holds this thousandth of the lines.
fn template_at(thousandth: u32) -> usize {
    let mut below = 0;
    let found = LINES.iter().position(|(weight, _)| {
        below += weight;
        thousandth < below
    });
    found.unwrap_or(LINES.len() - 1)
}

/// Spreads the shapes over the templates evenly at every rank, so that the few shapes that make
/// most of a stream are not all of one format: steps of the golden ratio, whatever the seed.
fn shape_thousandth(shape: u64) -> u32 {
    let turn = (shape as f64 + 0.5) * 0.618_033_988_749_895;
    (turn.fract() * 1_000.0) as u32
}
