//! A node's attributes, taken one by one: what nobody asked for in the end is refused by its name.

use prost::bytes::Bytes;

use super::proto::{self, Tensor, attribute_kind as kind};
use super::refusal::Refusal;

/// The attributes of one node that were not taken yet.
pub(super) struct Attributes<'a> {
    operator: &'a str,
    left: Vec<&'a proto::Attribute>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(node: &'a proto::Node) -> Result<Attributes<'a>, Refusal> {
        let left: Vec<&proto::Attribute> = node.attribute.iter().collect();
        for (place, attribute) in left.iter().enumerate() {
            if left[..place].iter().any(|a| a.name == attribute.name) {
                return Refusal::malformed(format!(
                    "expected the attribute {} of {} once, found it twice",
                    attribute.name, node.op_type
                ));
            }
        }
        Ok(Attributes {
            operator: &node.op_type,
            left,
        })
    }

    pub(super) fn ints(&mut self, name: &str) -> Result<&'a [i64], Refusal> {
        let found = self.take(name, kind::INTS, "integers")?;
        Ok(found.map_or(&[], |a| &a.ints))
    }

    pub(super) fn floats(&mut self, name: &str) -> Result<&'a [f32], Refusal> {
        let found = self.take(name, kind::FLOATS, "floats")?;
        Ok(found.map_or(&[], |a| &a.floats))
    }

    pub(super) fn strings(&mut self, name: &str) -> Result<&'a [Bytes], Refusal> {
        let found = self.take(name, kind::STRINGS, "strings")?;
        Ok(found.map_or(&[], |a| &a.strings))
    }

    pub(super) fn int(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        Ok(self.take(name, kind::INT, "an integer")?.map(|a| a.i))
    }

    pub(super) fn float(&mut self, name: &str) -> Result<Option<f32>, Refusal> {
        Ok(self.take(name, kind::FLOAT, "a float")?.map(|a| a.f))
    }

    pub(super) fn tensor(&mut self, name: &str) -> Result<Option<&'a Tensor>, Refusal> {
        let found = self.take(name, kind::TENSOR, "a tensor")?;
        Ok(found.and_then(|a| a.t.as_ref()))
    }

    /// A word out of a list; the first of the list where the attribute is not there.
    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<T, Refusal> {
        let Some(found) = self.take(name, kind::STRING, "a string")? else {
            return Ok(words[0].1);
        };
        let known = words.iter().find(|(word, _)| *word.as_bytes() == *found.s);
        let operator = self.operator;
        known.map(|(_, value)| *value).ok_or_else(|| {
            Refusal::Unsupported(format!(
                "{operator} with {name} {:?}",
                String::from_utf8_lossy(&found.s)
            ))
        })
    }

    /// Passes over an attribute that changes no result.
    pub(super) fn ignore(&mut self, name: &str) {
        self.left.retain(|a| a.name != name);
    }

    /// Refuses what is left.
    pub(super) fn end(self) -> Result<(), Refusal> {
        match self.left.first() {
            None => Ok(()),
            Some(other) => Refusal::unsupported(format!(
                "{} with the attribute {}",
                self.operator, other.name
            )),
        }
    }

    fn take(
        &mut self,
        name: &str,
        expected: i32,
        what: &str,
    ) -> Result<Option<&'a proto::Attribute>, Refusal> {
        let Some(place) = self.left.iter().position(|a| a.name == name) else {
            return Ok(None);
        };
        let found = self.left.swap_remove(place);
        if found.kind != expected {
            return Refusal::malformed(format!(
                "expected {what} in the attribute {name} of {}, found the type {}",
                self.operator, found.kind
            ));
        }
        Ok(Some(found))
    }
}
