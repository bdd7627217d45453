//! Where the texts of a body's records are kept: in the body itself wherever they stand there as
//! they are, else in a buffer that many of them share. Either way a record's text is a counted
//! reference, so that reading a record allocates nothing of its own.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

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
            if self.rewritten.capacity() < text.len() {
                self.rewritten = BytesMut::with_capacity(text.len().max(SHARED));
            }
            self.rewritten.extend_from_slice(text.as_bytes());
            self.rewritten.split().freeze()
        };
        // It is UTF-8 already: the check is quick, and cheaper to keep than a promise to the compiler.
        ByteString::try_from(bytes).unwrap_or_default()
    }

    fn holds(&self, part: &[u8]) -> bool {
        let (body, part) = (self.body.as_ptr_range(), part.as_ptr_range());
        body.start <= part.start && part.end <= body.end
    }
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
        let long = "x".repeat(SHARED * 2);
        assert_eq!(shelf.keep(&long), long);
    }
}
