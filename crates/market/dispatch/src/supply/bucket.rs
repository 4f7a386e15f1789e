//! The drivers of one grid cell: few beside their count in one cache line, many on the heap.
//!
//! Where supply is thin most cells hold one or two drivers, and a query visits dozens of cells: every
//! cell that needs no second line halves what the query waits for.

use super::grid::Entry;

const FEW: usize = 3;

#[repr(align(64))]
pub(super) enum Bucket {
    Few { len: u8, entries: [Entry; FEW] },
    Many(Vec<Entry>),
}

impl Default for Bucket {
    fn default() -> Self {
        Self::Few { len: 0, entries: [Entry::default(); FEW] }
    }
}

impl Bucket {
    #[inline]
    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Self::Few { len, entries } => &entries[..usize::from(*len)],
            Self::Many(entries) => entries,
        }
    }

    #[inline]
    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
        match self {
            Self::Few { len, entries } => &mut entries[..usize::from(*len)],
            Self::Many(entries) => entries,
        }
    }

    /// Appends an entry; the answer is its slot.
    pub(super) fn push(&mut self, entry: Entry) -> u32 {
        match self {
            Self::Few { len, entries } if usize::from(*len) < FEW => {
                entries[usize::from(*len)] = entry;
                *len += 1;
                u32::from(*len) - 1
            }
            Self::Few { entries, .. } => {
                let mut many = Vec::with_capacity(2 * FEW + 2);
                many.extend_from_slice(entries);
                many.push(entry);
                *self = Self::Many(many);
                FEW as u32
            }
            Self::Many(entries) => {
                entries.push(entry);
                entries.len() as u32 - 1
            }
        }
    }

    /// Takes out the entry at a slot; the last one takes its slot over.
    pub(super) fn swap_remove(&mut self, slot: u32) {
        match self {
            Self::Few { len, entries } => {
                *len -= 1;
                entries[slot as usize] = entries[usize::from(*len)];
            }
            Self::Many(many) => {
                many.swap_remove(slot as usize);
                // One below the brim, so that a driver going to and fro does not cost an allocation.
                if many.len() < FEW {
                    let mut entries = [Entry::default(); FEW];
                    entries[..many.len()].copy_from_slice(many);
                    *self = Self::Few { len: many.len() as u8, entries };
                }
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few { .. } => 0,
            Self::Many(entries) => entries.capacity() * size_of::<Entry>(),
        }
    }
}
