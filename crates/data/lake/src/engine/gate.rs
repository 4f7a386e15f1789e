//! Places for queries: so many run at once, the others wait, those of a higher priority in front.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Priority and the turn in it.
type Turn = (Reverse<u8>, u64);

#[derive(Debug)]
struct State {
    free: usize,
    turns: u64,
    waiting: BTreeMap<Turn, oneshot::Sender<()>>,
}

/// Gives out places.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Mutex<State>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Gate);

/// One who waits; dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Waiting {
    gate: Gate,
    turn: Turn,
    called: oneshot::Receiver<()>,
}

/// What comes of asking for a place.
#[derive(Debug)]
pub(super) enum Asked {
    /// There was one.
    Place(Place),
    /// There will be one; so many waited already.
    Wait(Waiting, usize),
    /// So many wait that nobody may join them.
    Full(usize),
}

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free: places, turns: 0, waiting: BTreeMap::new() })))
    }

    /// A place now or later, if at most `most` wait; a higher `priority` is called first, else who came first.
    pub(super) fn ask(&self, priority: u8, most: usize) -> Asked {
        let mut state = self.0.lock();
        if state.free > 0 {
            state.free -= 1;
            return Asked::Place(Place(self.clone()));
        }
        let before = state.waiting.len();
        if before >= most {
            return Asked::Full(before);
        }
        state.turns += 1;
        let (turn, (caller, called)) = ((Reverse(priority), state.turns), oneshot::channel());
        state.waiting.insert(turn, caller);
        Asked::Wait(Waiting { gate: self.clone(), turn, called }, before)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    fn give_back(&self) {
        let mut state = self.0.lock();
        while let Some((_, caller)) = state.waiting.pop_first() {
            // Whoever has just gone is passed over.
            if caller.send(()).is_ok() {
                return;
            }
        }
        state.free += 1;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl Waiting {
    /// Waits for the call.
    pub(super) async fn place(mut self) -> Place {
        // The caller is dropped only with the gate, which `self` holds.
        let _ = (&mut self.called).await;
        Place(self.gate.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let queued = self.gate.0.lock().waiting.remove(&self.turn).is_some();
        // Called, but gone before it heard: the place goes on to the next.
        if !queued && self.called.try_recv().is_ok() {
            self.gate.give_back();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn waits(asked: Asked) -> Waiting {
        match asked {
            Asked::Wait(waiting, _) => waiting,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_higher_priority_goes_first_and_nobodys_place_is_lost() {
        let gate = Gate::new(1);
        let Asked::Place(first) = gate.ask(5, 9) else { panic!("it is free") };
        let (slow, late) = (waits(gate.ask(1, 9)), waits(gate.ask(5, 9)));
        let (fast, gone) = (waits(gate.ask(9, 9)), waits(gate.ask(9, 9)));
        assert!(matches!(gate.ask(9, 4), Asked::Full(4)));
        drop(gone);
        assert_eq!(gate.waiting(), 3);
        drop(first);
        let place = fast.place().await;
        // Called, then gone before it heard.
        drop(place);
        drop(late);
        let place = slow.place().await;
        assert_eq!(gate.waiting(), 0);
        drop(place);
        assert!(matches!(gate.ask(0, 0), Asked::Place(_)));
    }
}
