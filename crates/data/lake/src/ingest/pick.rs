//! Takes a few values out of a JSON text in one pass, without making a tree of the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A value at one of the wanted places.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaf<'a> {
    /// Nothing there, or null.
    Null,
    Flag(bool),
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    /// Anything else, or anything at all where a whole value is wanted.
    Tree(Value),
}

/// The wanted places, as a tree of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Places in the answer that want what stands here.
    slots: Vec<usize>,
    /// What stands here is wanted whole, as JSON.
    whole: bool,
    children: Vec<(String, Self)>,
}

impl Wanted {
    /// Wants the value at a JSON pointer in the answer's place `slot`; `whole` as a tree, whatever it is.
    pub(super) fn add(&mut self, pointer: &str, slot: usize, whole: bool) {
        let mut node = self;
        for part in pointer.split('/').skip(1) {
            let name = part.replace("~1", "/").replace("~0", "~");
            let at = node.children.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                node.children.push((name, Self::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        node.slots.push(slot);
        node.whole |= whole;
    }

    /// Reads a JSON text into `out`, which has a place for each slot; `None` when it is no JSON.
    pub(super) fn pick<'a>(&self, json: &'a [u8], out: &mut [Leaf<'a>]) -> Option<()> {
        out.fill(Leaf::Null);
        let mut reader = serde_json::Deserializer::from_slice(json);
        Pick { node: self, out }.deserialize(&mut reader).ok()?;
        reader.end().ok()
    }

    /// Of a value that was read whole.
    fn spread(&self, value: Value, out: &mut [Leaf<'_>]) {
        for (name, child) in &self.children {
            let found = match &value {
                Value::Object(map) => map.get(name),
                Value::Array(items) => name.parse::<usize>().ok().and_then(|ix| items.get(ix)),
                _ => None,
            };
            if let Some(found) = found {
                child.spread(found.clone(), out);
            }
        }
        let leaf = match value {
            Value::Null => Leaf::Null,
            value if self.whole => Leaf::Tree(value),
            Value::Bool(flag) => Leaf::Flag(flag),
            Value::String(text) => Leaf::Text(Cow::Owned(text)),
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(whole), _) => Leaf::Int(whole),
                (None, Some(real)) => Leaf::Real(real),
                (None, None) => Leaf::Tree(Value::Number(n)),
            },
            tree => Leaf::Tree(tree),
        };
        self.put(&leaf, out);
    }

    /// Forgets what an earlier field of the same name had.
    fn clear(&self, out: &mut [Leaf<'_>]) {
        self.put(&Leaf::Null, out);
        self.children.iter().for_each(|(_, child)| child.clear(out));
    }

    fn put<'a>(&self, leaf: &Leaf<'a>, out: &mut [Leaf<'a>]) {
        for slot in &self.slots {
            if let Some(place) = out.get_mut(*slot) {
                *place = leaf.clone();
            }
        }
    }
}

/// Reads the value that stands at a node.
struct Pick<'w, 'o, 'a> {
    node: &'w Wanted,
    out: &'o mut [Leaf<'a>],
}

impl<'a> DeserializeSeed<'a> for Pick<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.node.children.is_empty() {
            self.node.clear(self.out);
        }
        if self.node.whole || (!self.node.slots.is_empty() && !self.node.children.is_empty()) {
            let value = Value::deserialize(deserializer)?;
            self.node.spread(value, self.out);
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Pick<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.node.put(&Leaf::Flag(flag), self.out);
        Ok(())
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<(), E> {
        self.node.put(&Leaf::Int(n), self.out);
        Ok(())
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<(), E> {
        let leaf = i64::try_from(n).map_or(Leaf::Real(n as f64), Leaf::Int);
        self.node.put(&leaf, self.out);
        Ok(())
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<(), E> {
        self.node.put(&Leaf::Real(n), self.out);
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.node.put(&Leaf::Text(Cow::Owned(text.to_owned())), self.out);
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<(), E> {
        self.node.put(&Leaf::Text(Cow::Borrowed(text)), self.out);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.node.put(&Leaf::Null, self.out);
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        if !self.node.slots.is_empty() {
            let value = Value::deserialize(MapAccessDeserializer::new(map))?;
            self.node.spread(value, self.out);
            return Ok(());
        }
        while let Some(child) = map.next_key_seed(Name(&self.node.children))? {
            match child {
                Some(node) => map.next_value_seed(Pick { node, out: &mut *self.out })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut items: S) -> Result<(), S::Error> {
        if self.node.slots.is_empty() && self.node.children.is_empty() {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let value = Value::deserialize(SeqAccessDeserializer::new(items))?;
        self.node.spread(value, self.out);
        Ok(())
    }
}

/// Finds the child of a name without keeping the name.
struct Name<'w>(&'w [(String, Wanted)]);

impl<'a, 'w> DeserializeSeed<'a> for Name<'w> {
    type Value = Option<&'w Wanted>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'w> Visitor<'_> for Name<'w> {
    type Value = Option<&'w Wanted>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(known, _)| known == name).map(|(_, node)| node))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const POINTERS: [(&str, bool); 7] = [
        ("/n", false),
        ("/a/b", false),
        ("/a", true),
        ("/a/c~1d", false),
        ("/deep/er/x", false),
        ("/l/1", false),
        ("/n", true),
    ];

    fn wanted() -> Wanted {
        let mut wanted = Wanted::default();
        for (slot, (pointer, whole)) in POINTERS.iter().enumerate() {
            wanted.add(pointer, slot, *whole);
        }
        wanted
    }

    #[test]
    fn values_are_found_where_they_stand() {
        let mut out = vec![Leaf::Null; POINTERS.len()];
        let json =
            br#"{"x":[1,{"n":2}],"n":7,"a":{"b":"\u00fc","c/d":1.5},"deep":{"no":{},"er":{"x":true}},"l":[3,4]}"#;
        wanted().pick(json, &mut out).unwrap();
        assert_eq!(out[1], Leaf::Text("ü".into()));
        assert_eq!(out[2], Leaf::Tree(serde_json::json!({"b": "ü", "c/d": 1.5})));
        assert_eq!((&out[3], &out[4], &out[5]), (&Leaf::Real(1.5), &Leaf::Flag(true), &Leaf::Int(4)));
        assert_eq!(out[6], Leaf::Tree(7.into()), "one place, wanted twice");
        assert!(wanted().pick(b"{\"n\":1} x", &mut out).is_none());
        assert!(wanted().pick(b"{\"n\":", &mut out).is_none());
        wanted().pick(b"3", &mut out).unwrap();
        assert!(out.iter().all(|leaf| *leaf == Leaf::Null));
    }

    proptest::proptest! {
        /// The same as by a tree of everything.
        #[test]
        fn a_pick_is_what_the_pointer_finds(json in r#"\{("(n|a|l|deep|tenant)":(\{("(b|er|c/d)":(1|null|\{"x":"y"\}),?)*\}|\[1,"2"\]|-?[0-9]{1,20}|"x"),?)*\}"#) {
            let mut out = vec![Leaf::Null; POINTERS.len()];
            let picked = wanted().pick(json.as_bytes(), &mut out);
            let tree = serde_json::from_str::<Value>(&json).ok();
            proptest::prop_assert_eq!(picked.is_some(), tree.is_some());
            if let Some(tree) = tree {
                for ((pointer, _), leaf) in POINTERS.iter().zip(&out) {
                    let found = tree.pointer(pointer).cloned().unwrap_or(Value::Null);
                    let leaf = match leaf.clone() {
                        Leaf::Null => Value::Null,
                        Leaf::Flag(flag) => flag.into(),
                        Leaf::Int(n) => n.into(),
                        Leaf::Real(n) => n.into(),
                        Leaf::Text(text) => text.into_owned().into(),
                        Leaf::Tree(tree) => tree,
                    };
                    let same = leaf == found || leaf.as_f64().is_some_and(|n| Some(n) == found.as_f64());
                    proptest::prop_assert!(same, "{} of {}: {} is not {}", pointer, json, leaf, found);
                }
            }
        }
    }
}
