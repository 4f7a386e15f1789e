//! Finds drivers who went silent without looking at those who did not.
//!
//! A wheel of time slots holds every live driver once. A report moves nobody: when a driver's slot
//! comes round, their last report is looked at, and they either fall silent or go into the slot of
//! their new deadline. So a driver is touched once per heartbeat interval at most, and a tick costs
//! what falls due in it.

use super::DriverIx;

const SLOTS: usize = 64;

pub(super) struct Wheel {
    tick_ms: i64,
    /// The last tick whose slot was emptied; `None` until the first driver enters.
    done: Option<i64>,
    slots: Vec<Vec<DriverIx>>,
}

impl Wheel {
    /// A wheel for deadlines up to `span_ms` ahead. A silence is noticed up to a sixtieth of it late.
    pub(super) fn new(span_ms: i64) -> Self {
        Self { tick_ms: (span_ms / 60).max(1), done: None, slots: vec![Vec::new(); SLOTS] }
    }

    /// The first tick that begins at or after the moment.
    fn tick_after(&self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.tick_ms) + i64::from(at_ms.rem_euclid(self.tick_ms) != 0)
    }

    /// Puts a driver into the slot of their deadline.
    pub(super) fn enter(&mut self, driver: DriverIx, deadline_ms: i64, now_ms: i64) {
        let done = *self.done.get_or_insert(now_ms.div_euclid(self.tick_ms));
        // Whatever lies beyond the wheel's turn is looked at early and goes round again.
        let tick = self.tick_after(deadline_ms).clamp(done + 1, done + SLOTS as i64);
        self.slots[tick.rem_euclid(SLOTS as i64) as usize].push(driver);
    }

    /// Empties the slots that came round by `now_ms` into `due`.
    pub(super) fn turn(&mut self, now_ms: i64, due: &mut Vec<DriverIx>) {
        let Some(done) = self.done else { return };
        let now = now_ms.div_euclid(self.tick_ms);
        if now <= done {
            return;
        }
        for tick in (done + 1..=now).take(SLOTS) {
            due.append(&mut self.slots[tick.rem_euclid(SLOTS as i64) as usize]);
        }
        self.done = Some(now);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.iter().map(|slot| slot.capacity() * size_of::<DriverIx>()).sum()
    }
}
