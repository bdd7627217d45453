//! Content-Encoding: what senders compress, opened up to a bound and not a byte further.

use std::io::Read;

use bytes::Bytes;

/// Largest window of a zstd frame: 8 MiB, which RFC 9659 asks every HTTP receiver to take. A
/// larger one would let a short body claim more memory than the service has.
const ZSTD_WINDOW_LOG: u32 = 23;
/// More codings than any sender stacks.
const MAX_CODINGS: usize = 4;

/// Why a body could not be decompressed.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum DecompressError {
    /// More than the limit comes out.
    #[error("expected at most {limit} bytes after decompression, found more; send smaller batches")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body is not what its encoding says, or is cut off.
    #[error(
        "expected a body in {encoding}, found broken data: {detail}; send it again whole, or without content-encoding"
    )]
    Corrupt {
        /// The encoding that the body claims.
        encoding: &'static str,
        /// What the decoder says.
        detail: String,
    },
    /// An encoding that the service does not read.
    #[error("expected content-encoding gzip, zstd, deflate, br or identity, found {0:?}")]
    Unsupported(String),
}

/// The body with its Content-Encoding undone; at most `limit` bytes of it are ever held.
pub fn decompress(
    body: Bytes,
    encoding: Option<&str>,
    limit: usize,
) -> Result<Bytes, DecompressError> {
    let codings: Vec<&str> = encoding
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
        .collect();
    if codings.len() > MAX_CODINGS {
        return Err(DecompressError::Unsupported(codings.join(", ")));
    }
    let mut body = body;
    // The last coding named was applied last.
    for name in codings.into_iter().rev() {
        body = Bytes::from(decode(&body, name, limit)?);
    }
    if body.len() > limit {
        return Err(DecompressError::TooLarge { limit });
    }
    Ok(body)
}

fn decode(body: &[u8], name: &str, limit: usize) -> Result<Vec<u8>, DecompressError> {
    match name.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => bounded(
            "gzip",
            flate2::read::MultiGzDecoder::new(body),
            body.len(),
            limit,
        ),
        "deflate" if is_zlib(body) => bounded(
            "deflate",
            flate2::read::ZlibDecoder::new(body),
            body.len(),
            limit,
        ),
        "deflate" => bounded(
            "deflate",
            flate2::read::DeflateDecoder::new(body),
            body.len(),
            limit,
        ),
        "br" => bounded(
            "br",
            brotli::Decompressor::new(body, 4096),
            body.len(),
            limit,
        ),
        "zstd" | "x-zstd" => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(body).map_err(|e| corrupt("zstd", &e))?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(|e| corrupt("zstd", &e))?;
            bounded("zstd", decoder, body.len(), limit)
        }
        _ => Err(DecompressError::Unsupported(name.to_owned())),
    }
}

/// RFC 9110 means zlib by "deflate", and some senders send the bare stream all the same. The
/// header tells: method 8, and a checksum over two bytes.
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31)
        }
        _ => false,
    }
}

fn bounded(
    encoding: &'static str,
    reader: impl Read,
    compressed: usize,
    limit: usize,
) -> Result<Vec<u8>, DecompressError> {
    // Logs shrink to an eighth or so; what the guess lacks grows.
    let mut out = Vec::with_capacity(compressed.saturating_mul(6).min(limit));
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|e| corrupt(encoding, &e))?;
    if out.len() > limit {
        return Err(DecompressError::TooLarge { limit });
    }
    Ok(out)
}

fn corrupt(encoding: &'static str, error: &std::io::Error) -> DecompressError {
    DecompressError::Corrupt {
        encoding,
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::Write;

    use flate2::Compression;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    fn open(body: Vec<u8>, encoding: &str) -> Result<Bytes, DecompressError> {
        decompress(Bytes::from(body), Some(encoding), 1000)
    }

    #[test]
    fn every_encoding_is_undone() {
        assert_eq!(open(gzip(b"hello"), "gzip").unwrap(), "hello");
        assert_eq!(open(gzip(b"hello"), "X-GZIP").unwrap(), "hello");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"hello").unwrap();
        assert_eq!(open(zlib.finish().unwrap(), "deflate").unwrap(), "hello");
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
        raw.write_all(b"hello").unwrap();
        assert_eq!(open(raw.finish().unwrap(), "deflate").unwrap(), "hello");
        let zstd = zstd::stream::encode_all(&b"hello"[..], 3).unwrap();
        assert_eq!(open(zstd, "zstd").unwrap(), "hello");
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4096, 5, 20)
            .write_all(b"hello")
            .unwrap();
        assert_eq!(open(br, "br").unwrap(), "hello");
        assert_eq!(open(b"hello".to_vec(), "identity").unwrap(), "hello");
        assert_eq!(
            decompress(Bytes::from_static(b"hello"), None, 5).unwrap(),
            "hello"
        );
    }

    #[test]
    fn members_and_codings_follow_each_other() {
        let mut two = gzip(b"one\n");
        two.extend(gzip(b"two\n"));
        assert_eq!(open(two, "gzip").unwrap(), "one\ntwo\n");
        let both = zstd::stream::encode_all(&gzip(b"hello")[..], 1).unwrap();
        assert_eq!(open(both, "gzip, zstd").unwrap(), "hello");
    }

    #[test]
    fn the_bound_holds_for_bombs_and_for_plain_bodies() {
        let bomb = vec![b'a'; 5_000_000];
        let too_large = Err(DecompressError::TooLarge { limit: 1000 });
        assert_eq!(open(gzip(&bomb), "gzip"), too_large);
        assert_eq!(
            open(zstd::stream::encode_all(&bomb[..], 3).unwrap(), "zstd"),
            too_large
        );
        assert_eq!(open(vec![b'a'; 1001], "identity"), too_large);
        assert_eq!(open(gzip(&vec![b'a'; 1000]), "gzip").unwrap().len(), 1000);
    }

    #[test]
    fn broken_and_unknown_bodies_are_told_apart() {
        let mut cut = gzip(b"hello");
        cut.truncate(cut.len() - 4);
        assert!(matches!(
            open(cut, "gzip"),
            Err(DecompressError::Corrupt { .. })
        ));
        assert!(matches!(
            open(b"{}".to_vec(), "zstd"),
            Err(DecompressError::Corrupt { .. })
        ));
        assert!(matches!(
            open(b"{}".to_vec(), "br"),
            Err(DecompressError::Corrupt { .. })
        ));
        assert_eq!(
            open(b"{}".to_vec(), "snappy"),
            Err(DecompressError::Unsupported("snappy".to_owned()))
        );
    }
}
