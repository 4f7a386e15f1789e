//! Which dedupe ids the latest records of a stream carry.
//!
//! Exact, not a high-water mark: PostgreSQL may show a relay outbox row 5 after row 6, and 5
//! must still be taken.

use std::collections::{HashMap, VecDeque};

#[derive(Debug)]
pub(crate) struct Dedupe {
    window: u64,
    seqs: HashMap<u64, u64>,
    order: VecDeque<(u64, u64)>,
}

impl Dedupe {
    pub(crate) fn new(window: u64) -> Self {
        Dedupe { window, seqs: HashMap::new(), order: VecDeque::new() }
    }

    /// The record that carries `id`.
    pub(crate) fn find(&self, id: u64) -> Option<u64> {
        self.seqs.get(&id).copied()
    }

    /// Notes that record `seq`, the newest so far, carries `id`.
    pub(crate) fn note(&mut self, seq: u64, id: u64) {
        self.seqs.insert(id, seq);
        self.order.push_back((seq, id));
        let oldest = seq.saturating_sub(self.window);
        while let Some(&(old, id)) = self.order.front()
            && old <= oldest
        {
            self.order.pop_front();
            if self.seqs.get(&id) == Some(&old) {
                self.seqs.remove(&id);
            }
        }
    }

    /// Forgets records from `seq` on: they did not reach the disk.
    pub(crate) fn forget_from(&mut self, seq: u64) {
        while let Some(&(newest, id)) = self.order.back()
            && newest >= seq
        {
            self.order.pop_back();
            self.seqs.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_window_and_no_more() {
        let mut dedupe = Dedupe::new(3);
        for (seq, id) in [(1, 60), (2, 50), (3, 70), (4, 40)] {
            dedupe.note(seq, id);
        }
        assert_eq!([60, 50, 70, 40].map(|id| dedupe.find(id)), [None, Some(2), Some(3), Some(4)]);
        dedupe.forget_from(3);
        assert_eq!([50, 70, 40].map(|id| dedupe.find(id)), [Some(2), None, None]);
    }
}
