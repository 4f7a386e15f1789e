//! The plan that is being changed: tours, who is in which, and the way back when a change was no good.

use super::insertion::{self, Place};
use super::model::{Model, NOBODY};
use super::route::Route;
use super::schedule::Scratch;

/// A ride that is in no tour.
pub(super) const ABSENT: u32 = u32::MAX;
/// Largest table of remembered insertions: 12 million entries of 32 bytes.
const MOST_REMEMBERED: usize = 12_000_000;

/// The cheapest place of a ride in one version of a tour, or that there is none below a bound.
#[derive(Clone, Copy)]
struct Memory {
    version: u64,
    place: Place,
}

/// Tours only: what is kept of the best plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) tours: Vec<(u32, Vec<u32>)>,
    pub(super) absent: Vec<u32>,
    pub(super) cost: f64,
}

/// A plan under change.
pub(super) struct State<'m, 'i> {
    pub(super) model: &'m Model<'i>,
    pub(super) routes: Vec<Route>,
    /// Indices of tours with riders.
    pub(super) used: Vec<u32>,
    /// For each fleet, tours without riders.
    idle: Vec<Vec<u32>>,
    pub(super) route_of: Vec<u32>,
    /// Position of each stop in its tour.
    pub(super) position: Vec<u32>,
    /// The rides in play: all, or those of a part of the plan.
    pub(super) rides: Vec<u32>,
    pub(super) absent: Vec<u32>,
    pub(super) cost: f64,
    /// No more tours than this are used.
    pub(super) cap: usize,
    pub(super) scratch: Scratch,
    versions: u64,
    memory: Vec<Memory>,
    undo: Vec<(u32, Route)>,
    touched: Vec<bool>,
    spare: Vec<Route>,
    absent_before: Vec<u32>,
    cost_before: f64,
}

impl<'m, 'i> State<'m, 'i> {
    /// Nobody is served.
    pub(super) fn new(model: &'m Model<'i>) -> Self {
        let mut scratch = Scratch::new(model);
        let (mut routes, mut idle) = (Vec::new(), Vec::new());
        for (fleet, kind) in model.instance.fleets().iter().enumerate() {
            let count = (kind.count as usize).min(model.rides.len());
            let first = routes.len() as u32;
            routes.extend((0..count).map(|_| Route::empty(model, fleet as u32, &mut scratch)));
            idle.push((first..routes.len() as u32).rev().collect());
        }
        for (version, route) in routes.iter_mut().enumerate() {
            route.version = version as u64 + 1;
        }
        let size = routes.len() * model.rides.len();
        let blank = Memory { version: 0, place: Place { cost: 0.0, i: 0, j: ABSENT } };
        Self {
            model,
            used: Vec::new(),
            idle,
            route_of: vec![ABSENT; model.rides.len()],
            position: vec![0; model.nodes.len()],
            rides: (0..model.rides.len() as u32).collect(),
            absent: (0..model.rides.len() as u32).collect(),
            cost: 0.0,
            cap: routes.len(),
            scratch,
            versions: routes.len() as u64 + 1,
            memory: if size <= MOST_REMEMBERED { vec![blank; size] } else { Vec::new() },
            undo: Vec::new(),
            touched: vec![false; routes.len()],
            spare: Vec::new(),
            absent_before: Vec::new(),
            cost_before: 0.0,
            routes,
        }
    }

    /// The cheapest place below `bound` in one tour.
    pub(super) fn cheapest(&mut self, request: u32, route: u32, bound: f64) -> Option<Place> {
        let tour = &self.routes[route as usize];
        if self.memory.is_empty() {
            return insertion::cheapest(self.model, tour, request, bound, 0, &mut self.scratch);
        }
        let cell = request as usize * self.routes.len() + route as usize;
        let known = self.memory[cell];
        if known.version == tour.version {
            if known.place.j != ABSENT {
                return (known.place.cost < bound).then_some(known.place);
            }
            if known.place.cost >= bound {
                return None;
            }
        }
        let found = insertion::cheapest(self.model, tour, request, bound, 0, &mut self.scratch);
        let place = found.unwrap_or(Place { cost: bound, i: 0, j: ABSENT });
        self.memory[cell] = Memory { version: tour.version, place };
        found
    }

    /// The same with some positions overlooked; nothing is remembered.
    pub(super) fn glimpse(&mut self, request: u32, route: u32, bound: f64, blind: u64) -> Option<Place> {
        insertion::cheapest(self.model, &self.routes[route as usize], request, bound, blind, &mut self.scratch)
    }

    /// Takes up a plan, with all rides and vehicles in play.
    pub(super) fn take_up(&mut self, plan: &Snapshot) {
        self.restore(&Snapshot::default());
        self.cap = self.routes.len();
        self.rides.clear();
        self.rides.extend(0..self.model.rides.len() as u32);
        self.idle.iter_mut().for_each(Vec::clear);
        for (route, tour) in self.routes.iter().enumerate().rev() {
            self.idle[tour.fleet as usize].push(route as u32);
        }
        self.restore(plan);
    }

    /// Takes up one of the parts of a plan: its rides alone are in play, with its share of idle vehicles.
    pub(super) fn take_up_part(&mut self, parts: &[Snapshot], at: usize) {
        let part = &parts[at];
        self.take_up(part);
        self.rides.clear();
        let pickups = part.tours.iter().flat_map(|(_, stops)| stops).map(|stop| self.model.node(*stop));
        self.rides.extend(pickups.filter(|node| node.is_pickup).map(|node| node.request));
        self.rides.extend_from_slice(&part.absent);
        self.rides.sort_unstable();
        for (fleet, stack) in self.idle.iter_mut().enumerate() {
            let elsewhere = parts
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, part)| part.tours.iter().filter(|(kind, _)| *kind as usize == fleet).count());
            let idle = stack.len().saturating_sub(elsewhere.sum());
            stack.truncate(idle / parts.len() + usize::from(at < idle % parts.len()));
        }
    }

    /// One idle tour of each fleet that has any, when the cap lets another be used.
    pub(super) fn idle(&self) -> impl Iterator<Item = u32> + '_ {
        let open = self.used.len() < self.cap;
        self.idle.iter().filter_map(move |stack| if open { stack.last().copied() } else { None })
    }

    /// Begins a change that [`Self::rollback`] can take back.
    pub(super) fn begin(&mut self) {
        for (route, old) in self.undo.drain(..) {
            self.touched[route as usize] = false;
            self.spare.push(old);
        }
        self.absent_before.clone_from(&self.absent);
        self.cost_before = self.cost;
    }

    fn touch(&mut self, route: u32) {
        if !std::mem::replace(&mut self.touched[route as usize], true) {
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.clone_from(&self.routes[route as usize]);
            self.undo.push((route, copy));
        }
    }

    /// The tours of the plan.
    pub(super) fn tours(&self) -> impl Iterator<Item = &Route> + '_ {
        self.used.iter().map(|route| &self.routes[*route as usize])
    }

    /// The tours that were changed since [`Self::begin`].
    pub(super) fn changed(&self) -> impl Iterator<Item = &Route> + '_ {
        self.undo.iter().map(|(route, _)| &self.routes[*route as usize])
    }

    /// Takes back everything since [`Self::begin`].
    pub(super) fn rollback(&mut self) {
        for request in &self.absent {
            self.route_of[*request as usize] = ABSENT;
        }
        while let Some((route, old)) = self.undo.pop() {
            self.touched[route as usize] = false;
            let was_idle = self.routes[route as usize].is_idle();
            let mut new = std::mem::replace(&mut self.routes[route as usize], old);
            new.at.clear();
            self.spare.push(new);
            self.index(route);
            self.file(route, was_idle);
        }
        std::mem::swap(&mut self.absent, &mut self.absent_before);
        for request in &self.absent {
            self.route_of[*request as usize] = ABSENT;
        }
        self.cost = self.cost_before;
    }

    /// Takes rides out of one tour; they become absent.
    pub(super) fn remove(&mut self, route: u32, mut out: impl FnMut(u32) -> bool) {
        self.touch(route);
        let tour = &mut self.routes[route as usize];
        let was_idle = tour.is_idle();
        for position in &tour.at {
            let node = self.model.node(position.stop);
            if node.request != NOBODY && node.is_pickup && out(node.request) {
                self.absent.push(node.request);
                self.route_of[node.request as usize] = ABSENT;
            }
        }
        let route_of = &self.route_of;
        tour.remove(self.model, |r| route_of[r as usize] == ABSENT);
        if !self.settle(route, was_idle) {
            // Only where a detour is a short cut (rounded travel times) can fewer riders be too much.
            self.remove(route, everybody);
        }
    }

    /// Puts an absent ride into a tour. The caller takes it off `absent`.
    pub(super) fn insert(&mut self, request: u32, route: u32, place: Place) {
        self.touch(route);
        let tour = &mut self.routes[route as usize];
        let was_idle = tour.is_idle();
        tour.insert(self.model, request, place.i as usize, place.j as usize);
        let fine = self.settle(route, was_idle);
        debug_assert!(fine, "a place that was found is feasible");
    }

    fn settle(&mut self, route: u32, was_idle: bool) -> bool {
        let tour = &mut self.routes[route as usize];
        let before = tour.cost;
        let fine = tour.refresh(self.model, &mut self.scratch);
        self.versions += 1;
        tour.version = self.versions;
        self.cost += tour.cost - before;
        self.index(route);
        self.file(route, was_idle);
        fine
    }

    fn index(&mut self, route: u32) {
        for (k, position) in self.routes[route as usize].at.iter().enumerate() {
            let request = self.model.node(position.stop).request;
            if request != NOBODY {
                self.position[position.stop as usize] = k as u32;
                self.route_of[request as usize] = route;
            }
        }
    }

    /// Keeps the lists of used and idle tours.
    fn file(&mut self, route: u32, was_idle: bool) {
        let tour = &self.routes[route as usize];
        match (was_idle, tour.is_idle()) {
            (true, false) => {
                self.idle[tour.fleet as usize].retain(|r| *r != route);
                self.used.push(route);
            }
            (false, true) => {
                self.used.retain(|r| *r != route);
                self.idle[tour.fleet as usize].push(route);
            }
            _ => {}
        }
    }

    /// The plan as it is.
    pub(super) fn snapshot(&self) -> Snapshot {
        let tour = |r: &u32| (self.routes[*r as usize].fleet, self.routes[*r as usize].stops().collect());
        let tours: Vec<(u32, Vec<u32>)> = self.used.iter().map(tour).collect();
        let cost = self.used.iter().map(|r| self.routes[*r as usize].cost).sum();
        Snapshot { tours, absent: self.absent.clone(), cost }
    }

    /// Goes back to a plan that was kept. A tour of it that is not feasible is left out with its riders: one from which
    /// riders were taken can be too long where a detour is a short cut.
    pub(super) fn restore(&mut self, kept: &Snapshot) {
        self.begin();
        for route in self.used.clone() {
            self.touch(route);
            self.remove(route, everybody);
        }
        self.absent.clear();
        for (fleet, stops) in &kept.tours {
            let Some(route) = self.idle[*fleet as usize].last().copied() else { continue };
            self.touch(route);
            let end = self.routes[route as usize].at.pop();
            let tour = &mut self.routes[route as usize];
            tour.at.extend(stops.iter().map(|stop| super::route::position(*stop)));
            tour.at.extend(end);
            if !self.settle(route, true) {
                self.remove(route, everybody);
            }
        }
        self.absent.extend_from_slice(&kept.absent);
        self.begin();
        self.cost = self.used.iter().map(|r| self.routes[*r as usize].cost).sum();
    }
}

fn everybody(_request: u32) -> bool {
    true
}
