//! Where the texts of a body's records are kept: in the body itself wherever they stand there as
//! they are, else in a buffer that many of them share. Either way a record's text is a counted
//! reference, so that reading a record allocates nothing of its own.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use crate::parse::scan::unescape_into;

/// Room taken at once for texts that had to be rewritten.
const SHARED: usize = 16 << 10;

/// Keeps the texts of one body's records.
pub(super) struct Shelf {
    body: Bytes,
    rewritten: BytesMut,
}

impl Shelf {
    /// For the records of `body`.
    pub(super) fn over(body: &Bytes) -> Shelf {
        Shelf {
            body: body.clone(),
            rewritten: BytesMut::new(),
        }
    }

    /// Keeps a text: by reference where it is a part of the body, as a copy where it is not.
    pub(super) fn keep(&mut self, text: &str) -> ByteString {
        let bytes = if self.holds(text.as_bytes()) {
            self.body.slice_ref(text.as_bytes())
        } else {
            self.make_room(text.len());
            self.rewritten.extend_from_slice(text.as_bytes());
            self.rewritten.split().freeze()
        };
        text_of(bytes)
    }

    /// Keeps the text that a valid JSON string, quotes included, stands for.
    pub(super) fn keep_json(&mut self, string: &str) -> ByteString {
        let inside = &string[1..string.len() - 1];
        if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
            return self.keep(inside);
        }
        // No escape is shorter than what it stands for.
        self.make_room(inside.len());
        // Writing into a buffer with room cannot fail.
        let _ = unescape_into(inside, &mut self.rewritten);
        text_of(self.rewritten.split().freeze())
    }

    fn make_room(&mut self, bytes: usize) {
        if self.rewritten.capacity() < bytes {
            self.rewritten = BytesMut::with_capacity(bytes.max(SHARED));
        }
    }

    fn holds(&self, part: &[u8]) -> bool {
        let (body, part) = (self.body.as_ptr_range(), part.as_ptr_range());
        body.start <= part.start && part.end <= body.end
    }
}

/// The bytes as text. They are UTF-8 already: the check is quick, and it costs less than a promise
/// to the compiler.
fn text_of(bytes: Bytes) -> ByteString {
    ByteString::try_from(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_body_is_kept_by_reference_and_a_rewritten_text_shares_a_buffer() {
        let body = Bytes::from("hello world".to_owned());
        let mut shelf = Shelf::over(&body);
        let part = shelf.keep(std::str::from_utf8(&body[6..]).expect("utf-8"));
        assert_eq!(part, "world");
        assert_eq!(part.as_bytes().as_ptr(), body[6..].as_ptr(), "no copy");
        let first = shelf.keep("one");
        let second = shelf.keep("two");
        assert_eq!((&*first, &*second), ("one", "two"));
        assert_eq!(
            first.as_bytes().as_ptr_range().end,
            second.as_bytes().as_ptr(),
            "side by side in one buffer"
        );
        assert_eq!(
            shelf.keep_json(r#""a \"b\" \u00e9 \ud83d\ude00 \ud83d.""#),
            "a \"b\" é 😀 \u{fffd}."
        );
        let long = "x".repeat(SHARED * 2);
        assert_eq!(shelf.keep(&long), long);
    }
}
