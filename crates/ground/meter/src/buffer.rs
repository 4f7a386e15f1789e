//! What waits for the journal, in memory: adding to it costs a look-up and an addition.

use std::collections::HashMap;

use doorstep_clock::Timestamp;

use crate::entry::Entry;
use crate::{MeterError, Resource};

/// Entries that may wait.
const MOST_ENTRIES: usize = 10_000;
/// Sources whose counts may wait.
const MOST_SOURCES: usize = 50_000;

type Counts = [i64; Resource::ALL.len()];

/// Entries and counts that no disk has yet.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    entries: Vec<Entry>,
    counts: HashMap<String, HashMap<String, Counts>>,
    sources: usize,
    /// How many entries were ever added.
    added: u64,
}

impl Buffer {
    /// Adds an entry; its number, by which it is known once it is on disk.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<u64, MeterError> {
        if self.entries.len() >= MOST_ENTRIES {
            return Err(MeterError::Overloaded { waiting: self.entries.len() });
        }
        self.entries.push(entry);
        self.added += 1;
        Ok(self.added)
    }

    /// Adds to a count; false when there is no room for another source.
    pub(crate) fn count(&mut self, tenant: &str, source: &str, resource: Resource, quantity: i64) -> bool {
        let place = resource as usize;
        if let Some(counts) = self.counts.get_mut(tenant).and_then(|of| of.get_mut(source)) {
            counts[place] = counts[place].saturating_add(quantity);
            return true;
        }
        if self.sources >= MOST_SOURCES {
            return false;
        }
        self.sources += 1;
        let counts = self.counts.entry(tenant.to_owned()).or_default().entry(source.to_owned()).or_default();
        counts[place] = quantity;
        true
    }

    /// Takes everything out, and the number of the last entry in it.
    pub(crate) fn take(&mut self, now: Timestamp) -> (Vec<Entry>, u64) {
        let mut entries = std::mem::take(&mut self.entries);
        self.sources = 0;
        for (tenant, sources) in std::mem::take(&mut self.counts) {
            for (source, counts) in sources {
                let of = |(resource, quantity): (&Resource, i64)| Entry::Counted {
                    tenant: tenant.clone(),
                    source: source.clone(),
                    resource: *resource,
                    quantity,
                    at: now,
                };
                entries.extend(Resource::ALL.iter().zip(counts).filter(|(_, quantity)| *quantity > 0).map(of));
            }
        }
        (entries, self.added)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_are_bounded() {
        let mut buffer = Buffer::default();
        for n in 0..MOST_SOURCES {
            assert!(buffer.count("t", &format!("b{n}"), Resource::Egress, 1));
        }
        assert!(!buffer.count("t", "one too many", Resource::Egress, 1));
        assert!(buffer.count("t", "b7", Resource::Egress, 5));
        assert!(buffer.count("t", "b7", Resource::RequestsRead, 2));
        let (entries, _) = buffer.take(Timestamp(9));
        assert_eq!(entries.len(), MOST_SOURCES + 1);
        let quantity = |wanted: Resource| {
            entries.iter().find_map(|e| match e {
                Entry::Counted { source, resource, quantity, .. } if source == "b7" && *resource == wanted => {
                    Some(*quantity)
                }
                _ => None,
            })
        };
        assert_eq!((quantity(Resource::Egress), quantity(Resource::RequestsRead)), (Some(6), Some(2)));
        assert!(buffer.take(Timestamp(9)).0.is_empty());
        for _ in 0..MOST_ENTRIES {
            buffer.add(Entry::Released { tenant: "t".into(), reservation: "r".into() }).unwrap();
        }
        let full = buffer.add(Entry::Released { tenant: "t".into(), reservation: "r".into() });
        assert!(matches!(full, Err(MeterError::Overloaded { .. })));
    }
}
