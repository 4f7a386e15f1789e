//! Driver ids and their dense indices.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::DriverIx;

/// A two-way table between string ids and indices. Only indices lie in the hash table; the ids
/// themselves are kept once.
#[derive(Default)]
pub(super) struct Ids {
    hasher: DefaultHashBuilder,
    table: HashTable<DriverIx>,
    names: Vec<Arc<str>>,
}

impl Ids {
    pub(super) fn find(&self, id: &str) -> Option<DriverIx> {
        self.table.find(self.hasher.hash_one(id), |&ix| &*self.names[ix as usize] == id).copied()
    }

    /// The index of `id` and whether it is new.
    pub(super) fn intern(&mut self, id: &str) -> (DriverIx, bool) {
        if let Some(ix) = self.find(id) {
            return (ix, false);
        }
        let ix = DriverIx::try_from(self.names.len()).expect("invariant: a city has fewer than 4 billion drivers");
        self.names.push(Arc::from(id));
        let Self { hasher, table, names } = self;
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
        self.table.capacity() * 5
            + self.names.capacity() * size_of::<Arc<str>>()
            + self.names.iter().map(|name| name.len() + 16).sum::<usize>()
    }
}
