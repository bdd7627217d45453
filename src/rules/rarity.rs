//! How seldom bytes stand in log lines, roughly.

/// How rare bytes in a row are, as [`Literals::rarity`](super::literals::Literals::rarity) counts it.
pub(super) fn rarity(bytes: &[u8]) -> f32 {
    weights(bytes).iter().sum()
}

/// Roughly -log2 of each byte's share in log text; the inside of a mask such as `<num>` counts for
/// nothing, because masks stand in almost every normalised line.
fn weights(string: &[u8]) -> Vec<f32> {
    let mut weights: Vec<f32> = string.iter().map(|b| weight(*b)).collect();
    let mut open = None;
    for (index, byte) in string.iter().enumerate() {
        match byte {
            b'<' => open = Some(index),
            b'>' => {
                if let Some(start) = open.take() {
                    weights[start..=index].fill(0.2);
                }
            }
            b if b.is_ascii_alphanumeric() => {}
            _ => open = None,
        }
    }
    weights
}

fn weight(byte: u8) -> f32 {
    match byte {
        b' ' => 2.0,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'0' | b'1' => 3.5,
        b'c' | b'd' | b'l' | b'u' | b'm' | b'p' | b'h' | b'f' | b'g' => 4.5,
        b'2'..=b'9' | b':' | b'.' | b'-' | b'/' | b'=' | b'"' | b',' | b'_' => 4.5,
        b'b' | b'w' | b'y' | b'v' | b'k' => 5.5,
        _ => 7.0,
    }
}

/// Where the rarest bytes in a row begin and end, of up to `longest`.
pub(super) fn rarest_window(bytes: &[u8], longest: usize) -> (usize, usize) {
    let weights = weights(bytes);
    let length = bytes.len().min(longest);
    let mut best = (0, f32::NEG_INFINITY);
    for start in 0..=bytes.len() - length {
        let weight: f32 = weights[start..start + length].iter().sum();
        if weight > best.1 {
            best = (start, weight);
        }
    }
    (best.0, best.0 + length)
}
