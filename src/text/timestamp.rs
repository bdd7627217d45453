//! Finds a timestamp at a position: the forms that log writers use, without a regex.

/// The end of the timestamp that starts at `start`, or `None`.
///
/// Looks at no more than some 40 bytes, so that a scan over a line stays linear.
pub(super) fn end_of(bytes: &[u8], start: usize) -> Option<usize> {
    let first = *bytes.get(start)?;
    let end = if first.is_ascii_digit() {
        starts_with_digit(bytes, start)?
    } else {
        starts_with_name(bytes, start)?
    };
    let glued = bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (!glued).then_some(end)
}

/// The number of digits at the start leaves few forms to try.
fn starts_with_digit(bytes: &[u8], at: usize) -> Option<usize> {
    let lead = bytes[at..].iter().take(9);
    let dates: &[&str] = match lead.take_while(|b| b.is_ascii_digit()).count() {
        1 => &["d/d/dddd", "d/dd/dddd"],
        2 => &["dd/dd/dddd", "dd/d/dddd", "dd.dd.dddd"],
        4 => &["dddd-dd-dd", "dddd/dd/dd", "dddd.dd.dd"],
        8 => return shape(bytes, at, "ddddddddTdddddd").map(|end| zone(bytes, end)),
        _ => return None,
    };
    for date in dates {
        if let Some(end) = shape(bytes, at, date) {
            return Some(optional_time(bytes, end));
        }
    }
    day_month_year(bytes, at).or_else(|| time(bytes, at).map(|end| zone(bytes, end)))
}

/// `02/Jan/2006:15:04:05 -0700`, `02-Jan-2006 15:04:05.000`, `2 Jan 2006 15:04:05`.
fn day_month_year(bytes: &[u8], at: usize) -> Option<usize> {
    let after_day = digits(bytes, at, 1, 2)?;
    let separator = *bytes
        .get(after_day)
        .filter(|b| matches!(b, b'/' | b'-' | b' '))?;
    let month_end = month(bytes, after_day + 1)?;
    if bytes.get(month_end) != Some(&separator) {
        return None;
    }
    let year_end = digits(bytes, month_end + 1, 4, 4)?;
    Some(optional_time(bytes, year_end))
}

/// `Jan  2 15:04:05`, `Jan 2 2006 15:04:05`, `Mon Jan  2 15:04:05 2006`, `Mon, 02 Jan 2006 15:04:05 GMT`.
fn starts_with_name(bytes: &[u8], at: usize) -> Option<usize> {
    if let Some(end) = name(bytes, at, is_weekday) {
        let end = if bytes.get(end) == Some(&b',') {
            end + 1
        } else {
            end
        };
        let next = spaces(bytes, end)?;
        return month_day(bytes, next).or_else(|| day_month_year(bytes, next));
    }
    month_day(bytes, at)
}

fn month_day(bytes: &[u8], at: usize) -> Option<usize> {
    let day_start = spaces(bytes, month(bytes, at)?)?;
    let mut end = digits(bytes, day_start, 1, 2)?;
    if bytes.get(end) == Some(&b',') {
        end += 1;
    }
    let next = spaces(bytes, end)?;
    if let Some(time_end) = time(bytes, next) {
        let time_end = zone(bytes, time_end);
        let year = spaces(bytes, time_end).and_then(|y| digits(bytes, y, 4, 4));
        return Some(year.unwrap_or(time_end));
    }
    let year_end = digits(bytes, next, 4, 4)?;
    Some(optional_time(bytes, year_end))
}

/// A date may be followed by a time after `T`, a colon or one blank.
fn optional_time(bytes: &[u8], date_end: usize) -> usize {
    let joined = matches!(bytes.get(date_end), Some(b'T' | b't' | b' ' | b':' | b'_'));
    let gap = if bytes.get(date_end..date_end + 2) == Some(b", ") {
        2
    } else {
        usize::from(joined)
    };
    if gap == 0 {
        return date_end;
    }
    time(bytes, date_end + gap).map_or(date_end, |end| zone(bytes, end))
}

/// `15:04:05` with an optional fraction, or `15:04` where `T` or a blank made it a time already.
fn time(bytes: &[u8], at: usize) -> Option<usize> {
    let hours = digits(bytes, at, 1, 2)?;
    if bytes.get(hours) != Some(&b':') {
        return None;
    }
    let minutes = digits(bytes, hours + 1, 2, 2)?;
    if bytes.get(minutes) != Some(&b':') {
        return None;
    }
    let seconds = digits(bytes, minutes + 1, 2, 2)?;
    if bytes.get(seconds) == Some(&b':') {
        return None;
    }
    if matches!(bytes.get(seconds), Some(b'.' | b',')) {
        return Some(digits(bytes, seconds + 1, 1, 9).unwrap_or(seconds));
    }
    Some(seconds)
}

/// Skips `Z`, ` UTC`, `+02:00`, ` -0700`, ` PM`.
fn zone(bytes: &[u8], at: usize) -> usize {
    if matches!(bytes.get(at), Some(b'Z' | b'z')) {
        return at + 1;
    }
    let start = if bytes.get(at) == Some(&b' ') {
        at + 1
    } else {
        at
    };
    if matches!(bytes.get(start), Some(b'+' | b'-')) {
        for offset in ["dd:dd", "dddd", "dd"] {
            if let Some(end) = shape(bytes, start + 1, offset) {
                return end;
            }
        }
        return at;
    }
    for word in [
        "UTC", "GMT", "CEST", "CET", "EST", "EDT", "CST", "CDT", "PST", "PDT", "AM", "PM",
    ] {
        let end = start + word.len();
        let ends_there = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if start > at && ends_there && bytes.get(start..end) == Some(word.as_bytes()) {
            return end;
        }
    }
    at
}

/// Matches a shape in which `d` is a digit and every other byte stands for itself.
fn shape(bytes: &[u8], at: usize, shape: &str) -> Option<usize> {
    let window = bytes.get(at..at + shape.len())?;
    let fits = window.iter().zip(shape.bytes()).all(|(&b, s)| match s {
        b'd' => b.is_ascii_digit(),
        other => b == other,
    });
    let end = at + shape.len();
    let more = shape.ends_with('d') && bytes.get(end).is_some_and(u8::is_ascii_digit);
    (fits && !more).then_some(end)
}

/// The end of a run of `least` to `most` digits that no further digit follows.
fn digits(bytes: &[u8], at: usize, least: usize, most: usize) -> Option<usize> {
    let count = bytes
        .get(at..)?
        .iter()
        .take(most + 1)
        .take_while(|b| b.is_ascii_digit())
        .count();
    (least..=most).contains(&count).then_some(at + count)
}

fn month(bytes: &[u8], at: usize) -> Option<usize> {
    name(bytes, at, is_month)
}

/// The end of a name of three letters that no further letter follows.
fn name(bytes: &[u8], at: usize, is_name: fn([u8; 3]) -> bool) -> Option<usize> {
    let word: [u8; 3] = bytes.get(at..at + 3)?.try_into().ok()?;
    let glued = bytes.get(at + 3).is_some_and(u8::is_ascii_alphabetic);
    (!glued && is_name(word.map(|b| b.to_ascii_lowercase()))).then_some(at + 3)
}

fn is_weekday(word: [u8; 3]) -> bool {
    matches!(
        &word,
        b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun"
    )
}

fn is_month(word: [u8; 3]) -> bool {
    matches!(
        &word,
        b"jan"
            | b"feb"
            | b"mar"
            | b"apr"
            | b"may"
            | b"jun"
            | b"jul"
            | b"aug"
            | b"sep"
            | b"oct"
            | b"nov"
            | b"dec"
    )
}

/// The position after one or two blanks.
fn spaces(bytes: &[u8], at: usize) -> Option<usize> {
    let count = bytes
        .get(at..)?
        .iter()
        .take(2)
        .take_while(|b| **b == b' ')
        .count();
    (count > 0).then_some(at + count)
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn whole_forms_are_found() {
        for form in [
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05.123456+02:00",
            "2024-01-02 03:04:05,123",
            "2024-01-02 03:04:05 UTC",
            "2024-01-02",
            "2024/01/02 03:04:05",
            "20240102T030405Z",
            "02/Jan/2024:03:04:05 +0000",
            "02-Jan-2024 03:04:05.123",
            "1/2/2024 3:04:05 PM",
            "Jan  2 03:04:05",
            "Jan 12 03:04:05 2024",
            "Jan 02 2024 03:04:05",
            "Mon Jan  2 03:04:05 2024",
            "Mon Jan  2 03:04:05 UTC 2024",
            "Mon, 02 Jan 2024 03:04:05 GMT",
            "03:04:05.123",
        ] {
            assert_eq!(end_of(form.as_bytes(), 0), Some(form.len()), "{form}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not() {
        for text in [
            "2024",
            "12:34",
            "00:11:22:33:44:55",
            "may fail",
            "monitor",
            "10.0.0.1",
            "March on",
            "Sat down",
        ] {
            assert_eq!(end_of(text.as_bytes(), 0), None, "{text}");
        }
    }
}
