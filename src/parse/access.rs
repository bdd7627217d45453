//! Access lines of web servers: common and combined, nginx with further fields at the end, with or
//! without a virtual host in front.
//!
//! An access line has no severity: its status is the visitor's doing as often as the server's.

use std::borrow::Cow;

use super::scan::{blanks, clf_time, closing_quote, digits, from};
use super::{Fields, Format, Parsed};

/// How far into the line the timestamp may start: a host, an identity and a user stand before it.
const HEAD: usize = 512;

/// The request that `text` holds, if it is an access line.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    let b = text.as_bytes();
    let (open, mut at) = timestamp(b)?;
    let mut fields = Fields::new();
    client(text[..open].trim_end(), &mut fields)?;
    at += blanks(from(b, at));
    let request = quoted(text, &mut at)?;
    let status = number(text, &mut at)?;
    if status.len() != 3 {
        return None;
    }
    split_request(request, &mut fields);
    push(&mut fields, "status", status);
    if let Some(size) = number(text, &mut at) {
        push(&mut fields, "bytes", size);
    }
    if let Some(referer) = quoted(text, &mut at) {
        push(&mut fields, "referer", referer);
        if let Some(agent) = quoted(text, &mut at) {
            push(&mut fields, "user_agent", agent);
        }
    }
    Some(Parsed {
        format: Format::Access,
        source: None,
        severity: None,
        body: text,
        fields,
    })
}

/// Where the bracket of the timestamp opens, and where the text goes on after it closes. Only a
/// bracket that a quoted request follows counts.
fn timestamp(b: &[u8]) -> Option<(usize, usize)> {
    let head = &b[..b.len().min(HEAD)];
    for open in memchr::memchr_iter(b'[', head) {
        let Some(len) = clf_time(from(b, open + 1)) else {
            continue;
        };
        let close = open + 1 + len;
        if open > 0 && b.get(close) == Some(&b']') && b.get(close + 1) == Some(&b' ') {
            return Some((open, close + 2));
        }
    }
    None
}

/// `[vhost] client identity user`. A user name may hold blanks, the others may not.
fn client<'a>(head: &'a str, fields: &mut Fields<'a>) -> Option<()> {
    let (first, rest) = head.split_once(' ')?;
    let (second, tail) = rest.split_once(' ')?;
    // With a virtual host in front the second word is the address, else it is the identity.
    let vhost = tail.contains(' ') && is_address(second);
    let (address, user) = if vhost {
        push(fields, "vhost", first);
        (second, tail.split_once(' ')?.1)
    } else {
        (first, tail)
    };
    if !is_host(address) {
        return None;
    }
    push(fields, "remote_addr", address);
    push(fields, "remote_user", user.trim());
    Some(())
}

fn is_address(word: &str) -> bool {
    word.contains(['.', ':']) && is_host(word)
}

fn is_host(word: &str) -> bool {
    let sign = |b: u8| matches!(b, b'.' | b':' | b'-' | b'_' | b'%');
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || sign(b))
}

/// `METHOD path protocol`; what does not look like a request is kept as the path.
fn split_request<'a>(request: &'a str, fields: &mut Fields<'a>) {
    let Some((method, rest)) = request.split_once(' ') else {
        push(fields, "path", request);
        return;
    };
    if method.is_empty()
        || !method
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
    {
        push(fields, "path", request);
        return;
    }
    push(fields, "method", method);
    match rest.rsplit_once(' ') {
        Some((path, protocol)) if protocol.starts_with("HTTP/") => {
            push(fields, "path", path);
            push(fields, "protocol", protocol);
        }
        _ => push(fields, "path", rest),
    }
}

/// The text in quotes at `at`, as it stands: servers escape what a visitor sends, and rules want
/// to see that.
fn quoted<'a>(text: &'a str, at: &mut usize) -> Option<&'a str> {
    let rest = text.get(*at..)?;
    if !rest.starts_with('"') {
        return None;
    }
    let close = closing_quote(rest.as_bytes())?;
    *at += close + 1;
    *at += blanks(from(text.as_bytes(), *at));
    Some(&rest[1..close])
}

/// Digits or a lone `-` at `at`, up to a blank or the end.
fn number<'a>(text: &'a str, at: &mut usize) -> Option<&'a str> {
    let rest = text.get(*at..)?;
    let len = match rest.as_bytes().first()? {
        b'-' => 1,
        _ => digits(rest.as_bytes()),
    };
    if len == 0 || !matches!(rest.as_bytes().get(len), None | Some(b' ' | b'\t')) {
        return None;
    }
    *at += len;
    *at += blanks(from(text.as_bytes(), *at));
    Some(&rest[..len])
}

fn push<'a>(fields: &mut Fields<'a>, name: &'static str, value: &'a str) {
    fields.push((Cow::Borrowed(name), Cow::Borrowed(value)));
}
