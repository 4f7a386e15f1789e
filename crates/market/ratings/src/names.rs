//! Names as numbers: each name once, in the order of the alphabet, whatever order they were met in.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Names and their numbers.
#[derive(Debug, Clone, Default)]
pub struct Names {
    known: HashMap<Box<str>, u32, BuildHasherDefault<Quick>>,
    names: Vec<Box<str>>,
}

impl Names {
    /// The number of a name; a new one if it is new.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.known.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.known.insert(name.into(), number);
        number
    }

    /// Puts the names in the order of the alphabet; what is returned holds the new number of each old one.
    pub(crate) fn sort(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.names[a as usize].cmp(&self.names[b as usize]));
        let mut new = vec![0; order.len()];
        for (place, &old) in order.iter().enumerate() {
            new[old as usize] = place as u32;
        }
        self.names.sort_unstable();
        for number in self.known.values_mut() {
            *number = new[*number as usize];
        }
        new
    }

    /// The number of a known name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        self.known.get(name).copied()
    }

    /// The name of a number.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", AsRef::as_ref)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A quick hash (FNV-1a over words, then mixed). Names come from a file its reader chose, not from strangers
/// who could make them collide.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut padded = [0; 8];
            padded[..word.len()].copy_from_slice(word);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(padded)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        let mut h = self.0;
        h ^= h >> 32;
        h = h.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        h ^ (h >> 29)
    }
}

/// A number for an order's name.
pub(crate) fn hash(name: &str) -> u64 {
    let mut hasher = Quick(name.len() as u64);
    hasher.write(name.as_bytes());
    hasher.finish()
}
