//! Driver ids and their dense indices.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::DriverIx;

/// Ids up to this long are compared in place; longer ones on the heap.
const SHORT: usize = 47;

/// A two-way table between string ids and indices.
#[derive(Default)]
pub(super) struct Ids {
    hasher: DefaultHashBuilder,
    table: HashTable<DriverIx>,
    /// The ids once more, side by side: comparing one is a look into one place instead of two.
    keys: Vec<Key>,
    names: Vec<Arc<str>>,
}

/// A short id, or only the length of a long one.
struct Key {
    len: u8,
    bytes: [u8; SHORT],
}

impl Key {
    fn of(id: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..id.len()) {
            Some(place) => {
                place.copy_from_slice(id.as_bytes());
                Self { len: id.len() as u8, bytes }
            }
            None => Self { len: u8::MAX, bytes },
        }
    }
}

impl Ids {
    pub(super) fn find(&self, id: &str) -> Option<DriverIx> {
        let same = |&ix: &DriverIx| {
            let key = &self.keys[ix as usize];
            match key.bytes.get(..usize::from(key.len)) {
                Some(short) => short == id.as_bytes(),
                None => &*self.names[ix as usize] == id,
            }
        };
        self.table.find(self.hasher.hash_one(id), same).copied()
    }

    /// The index of `id` and whether it is new.
    pub(super) fn intern(&mut self, id: &str) -> (DriverIx, bool) {
        if let Some(ix) = self.find(id) {
            return (ix, false);
        }
        let ix = DriverIx::try_from(self.names.len()).expect("invariant: a city has fewer than 4 billion drivers");
        self.names.push(Arc::from(id));
        self.keys.push(Key::of(id));
        let Self { hasher, table, names, .. } = self;
        table.insert_unique(hasher.hash_one(id), ix, |&ix| hasher.hash_one(&*names[ix as usize]));
        (ix, true)
    }

    pub(super) fn name(&self, ix: DriverIx) -> Option<Arc<str>> {
        self.names.get(ix as usize).map(Arc::clone)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.table.capacity() * 6
            + self.keys.capacity() * size_of::<Key>()
            + self.names.capacity() * size_of::<Arc<str>>()
            + self.names.iter().map(|name| name.len() + 16).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_length_come_back() {
        let mut ids = Ids::default();
        for len in [0, 1, 36, 46, 47, 48, 300] {
            let id = "é".repeat(len / 2) + &"x".repeat(len % 2);
            assert_eq!(ids.find(&id), None);
            let (ix, fresh) = ids.intern(&id);
            assert!(fresh);
            assert_eq!(ids.intern(&id), (ix, false));
            assert_eq!(ids.name(ix).as_deref(), Some(&*id));
        }
    }
}
