//! What the models see of a record, as tokens; those of header and fields no text can write.

use crate::parse::{Format, Header};
use crate::text::Tokenizer;

/// Receives tokens in order.
pub trait TokenSink {
    /// Takes the next token; `apart` is true for one of header or fields, which takes no part in n-grams and
    /// is no word.
    fn token(&mut self, token: &str, apart: bool);
}

const SEVERITIES: [&str; 8] = [
    "@severity:0",
    "@severity:1",
    "@severity:2",
    "@severity:3",
    "@severity:4",
    "@severity:5",
    "@severity:6",
    "@severity:7",
];

/// The header's tokens: its format and, where stated, its severity. They begin with `@`, which no
/// word of a body does.
fn header_tokens(header: Header, sink: &mut impl TokenSink) {
    let format = match header.format {
        Format::Plain => "@format:plain",
        Format::Syslog => "@format:syslog",
        Format::Cef => "@format:cef",
        Format::Leef => "@format:leef",
        Format::Json => "@format:json",
        Format::Logfmt => "@format:logfmt",
        Format::Access => "@format:access",
        Format::Klog => "@format:klog",
    };
    sink.token(format, true);
    if let Some(severity) = header.severity {
        sink.token(SEVERITIES[usize::from(severity.level())], true);
    }
}

/// Sends what the models see of a record, in order: the tokens of its header, those of its fields where
/// it is JSON, then the words of its normalised body. Returns how many of the words are masks. The
/// trainer's features and the service's come through here both.
pub fn send_tokens(
    header: Header,
    normalized: &str,
    tokenizer: &mut Tokenizer,
    sink: &mut impl TokenSink,
) -> usize {
    header_tokens(header, sink);
    if header.format == Format::Json {
        tokenizer.for_each_field(normalized, |token| sink.token(token, true));
    }
    let mut masks = 0;
    tokenizer.for_each(normalized, |token| {
        masks += usize::from(token.starts_with('<'));
        sink.token(token, false);
    });
    masks
}
