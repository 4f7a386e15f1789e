//! Places for queries: so many run at once, the others wait, those of a higher priority in front.
//!
//! Tenants are served alike. Of those who wait in the same priority, a tenant that has fewer places comes first. As
//! soon as a second tenant has asked, none may have all places at once. And where all waiting places are taken, who
//! waits last of the tenant that has most of them gives way to a tenant that has fewer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Priority and the turn in it.
type Turn = (Reverse<u8>, u64);

#[derive(Debug)]
struct Waiter {
    tenant: String,
    caller: oneshot::Sender<()>,
}

#[derive(Debug)]
struct State {
    places: usize,
    /// Places by tenant; no tenant has none.
    held: HashMap<String, usize>,
    turns: u64,
    waiting: BTreeMap<Turn, Waiter>,
    /// The first tenant that asked.
    first: Option<String>,
    /// Another tenant has asked since.
    several: bool,
}

/// Gives out places.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Mutex<State>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    gate: Gate,
    tenant: String,
}

/// One who waits; dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Waiting {
    gate: Gate,
    tenant: String,
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

impl State {
    fn holds(&self, tenant: &str) -> usize {
        self.held.get(tenant).copied().unwrap_or(0)
    }

    /// Whether there is a place that this tenant may have.
    fn has_room_for(&self, tenant: &str) -> bool {
        let taken: usize = self.held.values().sum();
        let most = if self.several && self.places > 1 { self.places - 1 } else { self.places };
        taken < self.places && self.holds(tenant) < most
    }

    /// Who is next: by priority, then by the fewest places of the tenant, then by the turn.
    fn next(&self) -> Option<Turn> {
        let able = self.waiting.iter().filter(|(_, waiter)| self.has_room_for(&waiter.tenant));
        let next = able.min_by_key(|((priority, turn), waiter)| (*priority, self.holds(&waiter.tenant), *turn));
        next.map(|(turn, _)| *turn)
    }

    /// Who gives way to one more of `tenant`: the last in line of the tenant that has two waiting places more.
    fn gives_way(&self, tenant: &str) -> Option<Turn> {
        let mut waits: BTreeMap<&str, usize> = BTreeMap::new();
        for waiter in self.waiting.values() {
            *waits.entry(&waiter.tenant).or_default() += 1;
        }
        let own = waits.get(tenant).copied().unwrap_or(0);
        let (greedy, most) = waits.into_iter().max_by_key(|(_, count)| *count)?;
        let last = self.waiting.iter().rfind(|(_, waiter)| waiter.tenant == greedy);
        last.filter(|_| most > own + 1).map(|(turn, _)| *turn)
    }

    fn take(&mut self, tenant: &str) {
        *self.held.entry(tenant.to_owned()).or_default() += 1;
    }

    fn give_back(&mut self, tenant: &str) {
        if let Some(held) = self.held.get_mut(tenant) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(tenant);
            }
        }
        self.serve();
    }

    /// Calls whoever can have a place.
    fn serve(&mut self) {
        while let Some(waiter) = self.next().and_then(|turn| self.waiting.remove(&turn)) {
            // Whoever has just gone is passed over.
            if waiter.caller.send(()).is_ok() {
                self.take(&waiter.tenant);
            }
        }
    }
}

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        let (held, waiting) = (HashMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(State { places, held, turns: 0, waiting, first: None, several: false })))
    }

    /// A place for `tenant` now or later, if at most `most` wait; a higher `priority` is called first.
    pub(super) fn ask(&self, tenant: &str, priority: u8, most: usize) -> Asked {
        let mut state = self.0.lock();
        state.several |= state.first.get_or_insert_with(|| tenant.to_owned()) != tenant;
        if state.has_room_for(tenant) {
            state.take(tenant);
            return Asked::Place(Place { gate: self.clone(), tenant: tenant.to_owned() });
        }
        let before = state.waiting.len();
        if before >= most {
            let Some(turn) = state.gives_way(tenant) else { return Asked::Full(before) };
            state.waiting.remove(&turn);
        }
        state.turns += 1;
        let (turn, (caller, called)) = ((Reverse(priority), state.turns), oneshot::channel());
        state.waiting.insert(turn, Waiter { tenant: tenant.to_owned(), caller });
        Asked::Wait(Waiting { gate: self.clone(), tenant: tenant.to_owned(), turn, called }, before)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.0.lock().give_back(&self.tenant);
    }
}

impl Waiting {
    /// Waits for the call; none if another tenant has the waiting place now.
    pub(super) async fn place(mut self) -> Option<Place> {
        (&mut self.called).await.ok().map(|()| Place { gate: self.gate.clone(), tenant: self.tenant.clone() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.gate.0.lock();
        let queued = state.waiting.remove(&self.turn).is_some();
        // Called, but gone before it heard: the place goes on to the next.
        if !queued && self.called.try_recv().is_ok() {
            state.give_back(&self.tenant);
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

    fn place(asked: Asked) -> Place {
        match asked {
            Asked::Place(place) => place,
            other => panic!("{other:?}"),
        }
    }

    /// Whether it was called by now.
    fn called(waiting: &mut Waiting) -> bool {
        !waiting.gate.0.lock().waiting.contains_key(&waiting.turn)
    }

    #[tokio::test]
    async fn the_higher_priority_goes_first_and_nobodys_place_is_lost() {
        let gate = Gate::new(1);
        let first = place(gate.ask("a", 5, 9));
        let (slow, late) = (waits(gate.ask("a", 1, 9)), waits(gate.ask("a", 5, 9)));
        let (fast, gone) = (waits(gate.ask("a", 9, 9)), waits(gate.ask("a", 9, 9)));
        assert!(matches!(gate.ask("a", 9, 4), Asked::Full(4)));
        drop(gone);
        assert_eq!(gate.waiting(), 3);
        drop(first);
        let next = fast.place().await.unwrap();
        // Called, then gone before it heard.
        drop(next);
        drop(late);
        let next = slow.place().await.unwrap();
        assert_eq!(gate.waiting(), 0);
        drop(next);
        drop(place(gate.ask("a", 0, 0)));
    }

    #[tokio::test]
    async fn a_tenant_alone_has_all_places_and_leaves_one_when_another_comes() {
        let gate = Gate::new(3);
        let mut held: Vec<Place> = (0..3).map(|_| place(gate.ask("a", 5, 9))).collect();
        let mut own = waits(gate.ask("a", 5, 9));
        let theirs = waits(gate.ask("b", 5, 9));
        // Of equal priority b goes first, though it came later: it has no place.
        drop(held.pop());
        let theirs = theirs.place().await.unwrap();
        assert!(!called(&mut own));
        drop(held.pop());
        let own = own.place().await.unwrap();
        let mut third = waits(gate.ask("a", 5, 9));
        drop(theirs);
        assert!(!called(&mut third), "the last place is not for one who has all others");
        let theirs = place(gate.ask("b", 1, 9));
        drop(own);
        drop(third.place().await.unwrap());
        drop((held, theirs));
        assert!(gate.0.lock().held.is_empty());
    }

    #[tokio::test]
    async fn a_higher_priority_goes_before_a_tenant_with_fewer_places() {
        let gate = Gate::new(2);
        let (one, two) = (place(gate.ask("a", 5, 9)), place(gate.ask("a", 5, 9)));
        let (mut theirs, urgent) = (waits(gate.ask("b", 5, 9)), waits(gate.ask("c", 9, 9)));
        drop(one);
        let urgent = urgent.place().await.unwrap();
        assert!(!called(&mut theirs));
        drop(two);
        assert!(theirs.place().await.is_some());
        drop(urgent);
    }

    #[tokio::test]
    async fn waiting_places_are_shared_too() {
        let gate = Gate::new(1);
        let running = place(gate.ask("a", 5, 4));
        let mut crowd: Vec<Waiting> = (0..4).map(|_| waits(gate.ask("a", 5, 4))).collect();
        assert!(matches!(gate.ask("a", 9, 4), Asked::Full(4)), "no more of its own, whatever it pays");
        let (first, second) = (waits(gate.ask("b", 5, 4)), waits(gate.ask("b", 5, 4)));
        assert!(matches!(gate.ask("b", 5, 4), Asked::Full(4)), "each has two");
        // The last two of the crowd gave way.
        assert!(crowd.pop().unwrap().place().await.is_none());
        assert!(crowd.pop().unwrap().place().await.is_none());
        assert_eq!((crowd.len(), gate.waiting()), (2, 4));
        let third = waits(gate.ask("c", 5, 4));
        assert_eq!(gate.waiting(), 4);
        drop(running);
        drop((crowd, first, second, third));
        assert_eq!(gate.waiting(), 0);
        drop(place(gate.ask("a", 5, 0)));
    }
}
