//! Archives that are good, and archives that are not what they say.

use std::io::Write;

use tar::{Builder, EntryType, Header};

use super::super::*;

/// An archive of these entries: a name, a type, the bytes.
fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, bytes) in entries {
        let mut header = Header::new_gnu();
        // Written straight into the header: the crate itself would refuse some of these names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if *kind == EntryType::GNUSparse {
            let header = header.as_gnu_mut().expect("a GNU header");
            header.set_real_size(1 << 40);
            header.sparse[0].set_offset(1 << 40);
            header.sparse[0].set_length(0);
        }
        header.set_cksum();
        builder.append(&header, *bytes).expect("an entry");
    }
    zstd::bulk::compress(&builder.into_inner().expect("an archive"), 3).expect("compressed")
}

fn refusal(bytes: &[u8]) -> BundleError {
    StoredFiles::from_archive("a.tar.zst", bytes).expect_err("a bad archive")
}

fn of_bundle(directory: &str) -> Vec<u8> {
    let names: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| format!("{directory}{name}"))
        .collect();
    let entries = names.iter().zip(BUILT_IN);
    let mut entries: Vec<_> = entries
        .map(|(name, (_, bytes))| (name.as_str(), EntryType::Regular, *bytes))
        .collect();
    if !directory.is_empty() {
        entries.insert(0, (directory, EntryType::Directory, b""));
    }
    archive(&entries)
}

#[test]
fn an_archive_holds_its_files_with_or_without_a_directory() {
    for directory in ["", "./", "default/", "./default/"] {
        let stored = StoredFiles::from_archive("a.tar.zst", &of_bundle(directory));
        let origin = Origin::Memory(Arc::new(stored.expect("a good archive")));
        assert!(Contents::read(&origin).is_ok(), "{directory}");
        assert_eq!(origin.to_string(), "a.tar.zst");
    }
}

#[test]
fn links_directories_and_other_oddities_are_refused() {
    let file = EntryType::Regular;
    type Entries<'a> = &'a [(&'a str, EntryType, &'a [u8])];
    let cases: [(Entries<'_>, &str); 9] = [
        (
            &[("a", EntryType::Symlink, b"")],
            "found a of the type Symlink",
        ),
        (&[("a", EntryType::Link, b"")], "of the type Link"),
        (&[("a", EntryType::Fifo, b"")], "of the type Fifo"),
        (&[("a", EntryType::GNUSparse, b"")], "of the type GNUSparse"),
        (&[("../a", file, b"")], "one directory at most"),
        (&[("/a", file, b"")], "one directory at most"),
        (&[("x/y/a", file, b"")], "one directory at most"),
        (&[("x/a", file, b""), ("y/b", file, b"")], "elsewhere"),
        (&[("a", file, b"1"), ("a", file, b"2")], "found a twice"),
    ];
    for (entries, says) in cases {
        let error = refusal(&archive(entries));
        assert_eq!(error.code(), "unreadable_file");
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
}

#[test]
fn what_is_no_archive_or_a_part_of_one_is_refused() {
    assert!(refusal(b"PK").to_string().contains("found no zstd data"));
    let whole = of_bundle("");
    let error = refusal(&whole[..whole.len() / 2]);
    assert_eq!(error.code(), "unreadable_file", "{error}");
    let text = zstd::bulk::compress(&[b'x'; 2000], 3).expect("compressed");
    assert_eq!(refusal(&text).code(), "unreadable_file");
}

#[test]
fn an_archive_is_bounded_in_entries_and_bytes() {
    let names: Vec<String> = (0..=2 * MOST_FILES).map(|n| format!("f{n}")).collect();
    let entries: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), EntryType::Regular, b"".as_slice()))
        .collect();
    assert!(
        refusal(&archive(&entries))
            .to_string()
            .contains("256 files")
    );
    let error = refusal(&archive(&entries[..=MOST_FILES]));
    assert_eq!(error.code(), "too_large", "{error}");

    // One file larger than any may be: told by its header.
    let mut header = Header::new_gnu();
    header.set_path("a").expect("a path");
    header.set_size(LARGEST_FILE + 1);
    header.set_cksum();
    let large = zstd::bulk::compress(header.as_bytes(), 3).expect("compressed");
    let error = refusal(&large);
    assert!(error.to_string().contains("a in a.tar.zst"), "{error}");

    // Many files that are together larger than a bundle may be, from a few thousand bytes.
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    for name in ["a", "b", "c"] {
        let mut header = Header::new_gnu();
        header.set_path(name).expect("a path");
        header.set_size(LARGEST_FILE);
        header.set_cksum();
        encoder.write_all(header.as_bytes()).expect("a header");
        let block = vec![0; 1 << 20];
        for _ in 0..LARGEST_FILE >> 20 {
            encoder.write_all(&block).expect("a block");
        }
    }
    let error = refusal(&encoder.finish().expect("a frame"));
    assert_eq!(error.code(), "too_large", "{error}");
    assert!(error.to_string().contains("uncompressed"), "{error}");
}
