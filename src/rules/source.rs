//! Files and YAML texts of packs, and the way from an error back to its line.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{Place, RuleError, did_you_mean, nearest};

/// A YAML text with the name that errors give it.
pub(super) struct Source<'a> {
    pub name: &'a str,
    pub yaml: &'a str,
    /// The first place of each key with a value, counted from one. Every rule asks for its own, so the
    /// text is gone through once for all of them.
    places: OnceCell<Places<'a>>,
}

/// Line and column by key and value.
type Places<'a> = FxHashMap<(&'static str, &'a str), (usize, usize)>;

const ID: &str = "id:";
const TABLE: &str = "table:";

/// A document is one pack, or a list of them.
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<'a> Source<'a> {
    pub(super) fn new(name: &'a str, yaml: &'a str) -> Source<'a> {
        Source {
            name,
            yaml,
            places: OnceCell::new(),
        }
    }

    /// Every document of the text, lists of documents flattened, empty documents skipped.
    pub(super) fn documents<T: DeserializeOwned>(&self) -> Result<Vec<T>, RuleError> {
        let mut all = Vec::new();
        for document in serde_yaml::Deserializer::from_str(self.yaml) {
            match read_document(document).map_err(|error| self.explain(&error))? {
                OneOrMore::One(Some(doc)) => all.push(doc),
                OneOrMore::One(None) => {}
                OneOrMore::More(docs) => all.extend(docs.into_iter().flatten()),
            }
        }
        if all.is_empty() {
            let place = Place {
                file: self.name.to_owned(),
                ..Place::default()
            };
            return Err(RuleError::invalid(
                place,
                "expected a pack, found an empty text",
            ));
        }
        Ok(all)
    }

    /// The place of the rule at `index` of its list.
    pub(super) fn place_of(&self, index: usize, id: &str) -> Place {
        Place {
            file: self.name.to_owned(),
            at: self.find_key(ID, id),
            position: Some(index + 1),
            id: Some(id.to_owned()),
            table: None,
        }
    }

    /// The place of the row at `index` of a table.
    pub(super) fn place_of_row(&self, table: &str, index: usize, id: &str) -> Place {
        Place {
            table: Some(table.to_owned()),
            ..self.place_of(index, id)
        }
    }

    /// The place of a table as a whole.
    pub(super) fn place_of_table(&self, name: &str) -> Place {
        Place {
            file: self.name.to_owned(),
            at: self.find_key(TABLE, name),
            table: Some(name.to_owned()),
            ..Place::default()
        }
    }

    /// `place` moved to the line of that rule that holds `text`, where one does.
    pub(super) fn refine(&self, place: &Place, text: &str) -> Place {
        let start = place.at.map_or(1, |(line, _)| line);
        let mut refined = place.clone();
        let mut lines = self.yaml.lines().enumerate().skip(start.saturating_sub(1));
        // A pattern written with YAML escapes is not found as it reads; then the rule's line serves.
        if let Some((number, column)) =
            lines.find_map(|(number, line)| line.find(text).map(|column| (number, column)))
        {
            refined.at = Some((number + 1, column + 1));
        }
        refined
    }

    /// Where `key` stands with this value.
    fn find_key(&self, key: &'static str, wanted: &str) -> Option<(usize, usize)> {
        let places = self.places.get_or_init(|| places(self.yaml));
        places.get(&(key, wanted)).copied()
    }

    /// A reader's error with the rule it stands in, and a hint at the nearest known name.
    fn explain(&self, error: &serde_yaml::Error) -> RuleError {
        let at = error.location().map(|mark| (mark.line(), mark.column()));
        let full = error.to_string();
        let mut detail = full.as_str();
        if let Some((line, column)) = at
            && let Some(cut) = detail.strip_suffix(&format!(" at line {line} column {column}"))
        {
            detail = cut;
        }
        // The reader prefixes the path of the value: `rules[3].confidence: ...`, or
        // `tables[0].rows[3].confidence: ...`.
        let table = list_index(detail, "tables[");
        let list = if table.is_some() { "rows[" } else { "rules[" };
        let index = list_index(detail, list);
        let line = at.map_or(1, |(line, _)| line);
        let (table, id) = self.names_at(line, table, index);
        let hint = did_you_mean(unknown_name(detail).as_deref());
        let place = Place {
            file: self.name.to_owned(),
            at,
            position: index.map(|index| index + 1),
            id,
            table,
        };
        RuleError::invalid(place, format!("{detail}{hint}"))
    }

    /// The names of the table and the rule at these places of their lists, read leniently, because the
    /// text as a whole is wrong.
    fn names_at(
        &self,
        line: usize,
        table: Option<usize>,
        index: Option<usize>,
    ) -> (Option<String>, Option<String>) {
        #[derive(Deserialize)]
        struct Lenient {
            #[serde(default)]
            rules: Vec<serde_yaml::Value>,
            #[serde(default)]
            tables: Vec<serde_yaml::Value>,
        }
        let mut documents = serde_yaml::Deserializer::from_str(self.yaml);
        let alone = match (documents.next(), documents.next()) {
            (Some(document), None) => Lenient::deserialize(document).ok(),
            _ => None,
        };
        let Some(lenient) = alone else {
            let table = table.and_then(|_| self.last_above(line, "table:"));
            return (table, index.and_then(|_| self.last_above(line, "id:")));
        };
        let text = |value: Option<&serde_yaml::Value>, key: &str| {
            Some(value?.get(key)?.as_str()?.to_owned())
        };
        let own = table.and_then(|table| lenient.tables.get(table));
        let rows = own.and_then(|table| table.get("rows")?.as_sequence());
        let list = if table.is_some() {
            rows
        } else {
            Some(&lenient.rules)
        };
        let rule = index.and_then(|index| list?.get(index));
        (text(own, "table"), text(rule, "id"))
    }

    /// The value of the last line above that begins with `key`.
    fn last_above(&self, line: usize, key: &str) -> Option<String> {
        let above = self.yaml.lines().take(line);
        let last = above.filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key));
        Some(last.last()?.trim().trim_matches(['"', '\'']).to_owned())
    }
}

fn read_document<T: DeserializeOwned>(
    document: serde_yaml::Deserializer<'_>,
) -> Result<OneOrMore<Option<T>>, serde_yaml::Error> {
    struct DocumentVisitor<T>(std::marker::PhantomData<T>);
    impl<'de, T: DeserializeOwned> serde::de::Visitor<'de> for DocumentVisitor<T> {
        type Value = OneOrMore<Option<T>>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a pack (a mapping with `rules`) or a list of packs")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(OneOrMore::One(None))
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(OneOrMore::One(None))
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let inner = serde::de::value::MapAccessDeserializer::new(map);
            T::deserialize(inner).map(|doc| OneOrMore::One(Some(doc)))
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut seq: A,
        ) -> Result<Self::Value, A::Error> {
            let mut docs = Vec::new();
            while let Some(doc) = seq.next_element::<T>()? {
                docs.push(Some(doc));
            }
            Ok(OneOrMore::More(docs))
        }
    }
    serde::Deserializer::deserialize_any(document, DocumentVisitor(std::marker::PhantomData))
}

/// The first place of each value of [`ID`] and [`TABLE`].
fn places(yaml: &str) -> FxHashMap<(&'static str, &str), (usize, usize)> {
    let mut places = FxHashMap::default();
    for (number, line) in yaml.lines().enumerate() {
        for key in [ID, TABLE] {
            let Some((before, after)) = line.split_once(key) else {
                continue;
            };
            let value = after.trim().split([' ', ',', '}']).next();
            let value = value.unwrap_or_default().trim_matches(['"', '\'']);
            let place = (number + 1, before.len() + 1);
            places.entry((key, value)).or_insert(place);
        }
    }
    places
}

/// The N of `rules[N]` at the start of a reader's error, for `list` being `rules[`.
fn list_index(detail: &str, list: &str) -> Option<usize> {
    let after = detail.split_once(": ")?.0.split_once(list)?.1;
    after.split_once(']')?.0.parse().ok()
}

/// The known name nearest to the one that the reader did not know.
fn unknown_name(detail: &str) -> Option<String> {
    let after = ["unknown field `", "unknown variant `"].iter();
    let after = after.filter_map(|start| detail.split_once(start)).next()?.1;
    let (unknown, expected) = after.split_once('`')?;
    let known = expected.split('`').skip(1).step_by(2);
    nearest(unknown, known).map(str::to_owned)
}

/// The YAML files of a directory in the order of their names, or the one file.
pub(super) fn read_files(path: &Path) -> Result<Vec<(PathBuf, String)>, RuleError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| RuleError::Read { path, cause }
    };
    let mut files = Vec::new();
    if fs::metadata(path).map_err(failed(path))?.is_dir() {
        for entry in fs::read_dir(path).map_err(failed(path))? {
            let file = entry.map_err(failed(path))?.path();
            if is_yaml(&file) {
                files.push(file);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(RuleError::Empty {
                path: path.to_owned(),
            });
        }
    } else {
        files.push(path.to_owned());
    }
    let texts = files.into_iter().map(|file| {
        let text = fs::read_to_string(&file).map_err(failed(&file))?;
        Ok((file, text))
    });
    texts.collect()
}

/// Hidden files are left out: a mounted volume keeps its own bookkeeping there.
fn is_yaml(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let extension = path.extension().and_then(|extension| extension.to_str());
    !hidden && matches!(extension, Some("yaml" | "yml"))
}
