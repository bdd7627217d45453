//! The keys of one ConfigMap or of several as the files of one bundle.

use std::collections::BTreeMap;

use bytes::Bytes;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;
use sha2::{Digest, Sha256};

/// Most bytes of all ConfigMaps together: sixteen full ones. A selector that finds more finds
/// something else than a bundle, and must not fill the memory with it.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// Keys and what they hold.
type Keys = BTreeMap<String, Bytes>;

/// The ConfigMaps that are there now, followed event by event.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    maps: BTreeMap<String, Keys>,
    /// What a listing that is not complete has brought so far.
    listing: BTreeMap<String, Keys>,
}

/// What is known after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A part of a listing.
    Part,
    /// All of it: a listing is complete.
    Listed,
    /// All of it, and something changed after the listing.
    Changed,
}

/// Why the ConfigMaps are no bundle.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoBundle {
    /// There is none.
    Missing,
    /// Two hold different bytes under one key.
    Conflict {
        key: String,
        first: String,
        second: String,
    },
    /// They hold too much.
    TooLarge,
}

impl Gathered {
    /// Follows one event.
    pub(super) fn follow(&mut self, event: Event<ConfigMap>) -> Result<Known, NoBundle> {
        match event {
            Event::Init => self.listing.clear(),
            Event::InitApply(map) => put(&mut self.listing, map)?,
            Event::InitDone => {
                self.maps = std::mem::take(&mut self.listing);
                return Ok(Known::Listed);
            }
            Event::Apply(map) => {
                put(&mut self.maps, map)?;
                return Ok(Known::Changed);
            }
            Event::Delete(map) => {
                self.maps.remove(&name(&map));
                return Ok(Known::Changed);
            }
        }
        Ok(Known::Part)
    }

    /// All keys together.
    pub(super) fn union(&self) -> Result<Keys, NoBundle> {
        if self.maps.is_empty() {
            return Err(NoBundle::Missing);
        }
        let mut union: BTreeMap<&String, (&String, &Bytes)> = BTreeMap::new();
        for (map, keys) in &self.maps {
            for (key, bytes) in keys {
                match union.insert(key, (map, bytes)) {
                    Some((first, other)) if other != bytes => {
                        return Err(NoBundle::Conflict {
                            key: key.clone(),
                            first: first.clone(),
                            second: map.clone(),
                        });
                    }
                    _ => {}
                }
            }
        }
        let owned = |(key, (_, bytes)): (&String, (&String, &Bytes))| (key.clone(), bytes.clone());
        Ok(union.into_iter().map(owned).collect())
    }

    /// Lets the bytes go where every event brings all of them again.
    pub(super) fn forget(&mut self) {
        self.maps.clear();
    }
}

/// Takes what a bundle is made of out of a ConfigMap; the rest, such as managed fields and the copy of
/// everything that kubectl leaves in an annotation, is dropped here.
fn put(maps: &mut BTreeMap<String, Keys>, map: ConfigMap) -> Result<(), NoBundle> {
    let name = name(&map);
    let text = map.data.into_iter().flatten();
    let binary = map.binary_data.into_iter().flatten();
    let keys: Keys = text
        .map(|(key, text)| (key, Bytes::from(text)))
        .chain(binary.map(|(key, bytes)| (key, Bytes::from(bytes.0))))
        .collect();
    maps.insert(name, keys);
    let bytes = maps.values().flat_map(BTreeMap::values).map(Bytes::len);
    if bytes.sum::<usize>() > MOST_BYTES {
        maps.clear();
        return Err(NoBundle::TooLarge);
    }
    Ok(())
}

fn name(map: &ConfigMap) -> String {
    map.metadata.name.clone().unwrap_or_default()
}

/// Tells two sets of files apart without keeping either.
pub(super) fn fingerprint(files: &Keys) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        // Lengths first, so that no two sets run together to the same text.
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    fn map(name: &str, text: &[(&str, &str)], binary: &[(&str, &[u8])]) -> ConfigMap {
        let text = text.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let bytes = |(k, v): &(&str, &[u8])| ((*k).to_owned(), ByteString(v.to_vec()));
        ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some(text.collect()),
            binary_data: Some(binary.iter().map(bytes).collect()),
            ..ConfigMap::default()
        }
    }

    fn followed(events: Vec<Event<ConfigMap>>) -> Gathered {
        let mut gathered = Gathered::default();
        for event in events {
            gathered.follow(event).expect("not too large");
        }
        gathered
    }

    fn names(gathered: &Gathered) -> Vec<String> {
        gathered.union().expect("a bundle").into_keys().collect()
    }

    #[test]
    fn text_and_bytes_of_all_maps_are_one_bundle() {
        let gathered = followed(vec![
            Event::Init,
            Event::InitApply(map(
                "a",
                &[("rules.yaml", "x: 1")],
                &[("b.zst", &[0xff, 0])],
            )),
            Event::InitApply(map("b", &[("manifest.json", "{}")], &[])),
            Event::InitDone,
        ]);
        let union = gathered.union().expect("a bundle");
        let expected = [
            ("b.zst", &[0xff, 0][..]),
            ("manifest.json", b"{}"),
            ("rules.yaml", b"x: 1"),
        ];
        let expected = expected.map(|(k, v)| (k.to_owned(), Bytes::from_static(v)));
        assert_eq!(union, BTreeMap::from(expected));
    }

    #[test]
    fn changes_and_deletions_are_followed() {
        let mut gathered = followed(vec![
            Event::Init,
            Event::InitApply(map("a", &[("one", "1"), ("two", "2")], &[])),
            Event::InitApply(map("b", &[("three", "3")], &[])),
            Event::InitDone,
        ]);
        let changed = gathered.follow(Event::Apply(map("a", &[("two", "2")], &[])));
        assert_eq!(changed, Ok(Known::Changed));
        assert_eq!(names(&gathered), ["three", "two"]);
        let deleted = gathered.follow(Event::Delete(map("b", &[], &[])));
        assert_eq!(deleted, Ok(Known::Changed));
        assert_eq!(names(&gathered), ["two"]);
        gathered
            .follow(Event::Delete(map("a", &[], &[])))
            .expect("known");
        assert_eq!(gathered.union(), Err(NoBundle::Missing));
    }

    #[test]
    fn a_listing_counts_when_it_is_complete_and_replaces_what_was_there() {
        let mut gathered = followed(vec![Event::Init]);
        assert_eq!(gathered.union(), Err(NoBundle::Missing));
        let part = gathered.follow(Event::InitApply(map("a", &[("one", "1")], &[])));
        assert_eq!(part, Ok(Known::Part));
        assert_eq!(gathered.union(), Err(NoBundle::Missing));
        assert_eq!(gathered.follow(Event::InitDone), Ok(Known::Listed));
        assert_eq!(names(&gathered), ["one"]);

        // A listing that breaks off is forgotten; one without the map is its deletion.
        for event in [
            Event::Init,
            Event::InitApply(map("b", &[("broken", "1")], &[])),
            Event::Init,
            Event::InitApply(map("c", &[("three", "3")], &[])),
        ] {
            assert_eq!(gathered.follow(event), Ok(Known::Part));
            assert_eq!(names(&gathered), ["one"]);
        }
        gathered.follow(Event::InitDone).expect("not too large");
        assert_eq!(names(&gathered), ["three"]);
    }

    #[test]
    fn one_key_with_two_contents_is_no_bundle() {
        let both = |second: &str| {
            let gathered = followed(vec![
                Event::Apply(map("a", &[("x", "1")], &[])),
                Event::Apply(map("b", &[("x", second)], &[])),
            ]);
            gathered.union()
        };
        assert!(both("1").is_ok());
        let conflict = NoBundle::Conflict {
            key: "x".to_owned(),
            first: "a".to_owned(),
            second: "b".to_owned(),
        };
        assert_eq!(both("2"), Err(conflict));
    }

    #[test]
    fn what_fills_the_memory_is_let_go() {
        let full = vec![0; MOST_BYTES / 2];
        let keys: [(&str, &[u8]); 1] = [("x", &full)];
        let mut gathered = followed(vec![Event::Init]);
        for name in ["a", "b"] {
            let event = Event::InitApply(map(name, &[], &keys));
            assert_eq!(gathered.follow(event), Ok(Known::Part));
        }
        let one_more = Event::InitApply(map("c", &[("x", "1")], &[]));
        assert_eq!(gathered.follow(one_more), Err(NoBundle::TooLarge));
        assert!(gathered.listing.is_empty());
    }

    #[test]
    fn a_fingerprint_tells_names_and_bytes_apart() {
        let of = |pairs: &[(&str, &str)]| {
            fingerprint(
                &followed(vec![Event::Apply(map("a", pairs, &[]))])
                    .union()
                    .expect("one"),
            )
        };
        assert_eq!(of(&[("a", "b"), ("c", "d")]), of(&[("c", "d"), ("a", "b")]));
        assert_ne!(of(&[("a", "b")]), of(&[("a", "c")]));
        assert_ne!(of(&[("ab", "c")]), of(&[("a", "bc")]));
    }
}
