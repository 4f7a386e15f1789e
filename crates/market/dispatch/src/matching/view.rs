//! The batch in a fixed order, whatever order it came in, and in columns for quick scans.

use doorstep_pooling::fleet::Room;
use doorstep_roads::NodeIx;

use super::assignment::Edge;
use super::{Batch, Car, Recent, Rider};

/// Longer than any drive or wait that a batch looks at: 12 days, and far from the end of `i32`.
pub(super) const FAR_MS: i32 = 1 << 30;

/// Riders and cars by ascending id.
pub(super) struct View<'a> {
    pub(super) now_ms: i64,
    pub(super) riders: Vec<&'a Rider>,
    pub(super) cars: Vec<&'a Car>,
    pub(super) recent: &'a [Recent],
}

impl<'a> View<'a> {
    pub(super) fn new(batch: &Batch<'a>) -> Self {
        let mut riders: Vec<&Rider> = batch.riders.iter().collect();
        riders.sort_unstable_by_key(|r| r.id);
        let mut cars: Vec<&Car> = batch.cars.iter().collect();
        cars.sort_unstable_by_key(|c| c.id);
        Self { now_ms: batch.now_ms, riders, cars, recent: batch.recent }
    }

    /// The index of a car by its id.
    pub(super) fn car(&self, id: u32) -> Option<usize> {
        self.cars.binary_search_by_key(&id, |c| c.id).ok()
    }

    /// How long until a car is at its node and free.
    pub(super) fn ready_ms(&self, car: usize) -> i32 {
        self.until_ms(self.cars[car].free_at_ms).max(0)
    }

    /// A moment as milliseconds from now, held at [`FAR_MS`] on either side.
    pub(super) fn until_ms(&self, at_ms: i64) -> i32 {
        let far = i64::from(FAR_MS);
        at_ms.saturating_sub(self.now_ms).clamp(-far, far) as i32
    }

    /// The cars that `keep` keeps, as columns.
    pub(super) fn columns(&self, keep: impl Fn(usize, &Car) -> bool) -> Columns {
        let mut columns = Columns::default();
        for (index, car) in self.cars.iter().enumerate() {
            if keep(index, car) {
                columns.index.push(index as u32);
                columns.node.push(car.node);
                columns.ready_ms.push(self.ready_ms(index));
                columns.room.push(Room::new(car.seats, car.extras));
                columns.offers.push(car.offers);
            }
        }
        columns
    }
}

/// Some of the cars, one vector for each thing that is looked at.
#[derive(Default)]
pub(super) struct Columns {
    /// Index of the car in the view.
    pub(super) index: Vec<u32>,
    pub(super) node: Vec<NodeIx>,
    pub(super) ready_ms: Vec<i32>,
    pub(super) room: Vec<Room>,
    pub(super) offers: Vec<u32>,
}

/// Collects the cheapest edges of a row without keeping all of them.
#[derive(Default)]
pub(super) struct Shortlist {
    edges: Vec<Edge>,
    most: usize,
    /// No edge that was dropped costs less.
    dropped_from: i32,
}

impl Shortlist {
    /// Starts a new row that keeps at most `most` edges.
    pub(super) fn start(&mut self, most: usize) {
        self.edges.clear();
        self.most = most;
        self.dropped_from = i32::MAX;
    }

    #[inline]
    pub(super) fn offer(&mut self, cost: i32, column: u32) {
        if cost < self.dropped_from {
            self.edges.push(Edge { cost, column });
            if self.edges.len() / 4 >= self.most {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.edges.len() > self.most {
            let (_, next, _) = self.edges.select_nth_unstable(self.most);
            self.dropped_from = self.dropped_from.min(next.cost);
            self.edges.truncate(self.most);
        }
    }

    /// The kept edges in a fixed order, and a price that no other edge of the row undercuts.
    pub(super) fn finish(&mut self) -> (&[Edge], i32) {
        self.cut();
        self.edges.sort_unstable();
        (&self.edges, self.dropped_from)
    }
}
