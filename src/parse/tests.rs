//! Hand-computed expectations for each format.
use super::*;
#[test]
fn smoke() {
    let p = parse("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8");
    assert_eq!(p.source.as_deref(), Some("su"));
}
