//! The fixed problem: stops with time windows, riders who go from one stop to another, and vehicles.
//!
//! Times, costs and windows share the unit of the instance's file; nothing here knows which. An [`Instance`]
//! that exists is sound: every index is in range, every number finite, and every request can be served by
//! some vehicle when it is alone in it. What cannot be served is named with the constraint that forbids it.

mod alone;
mod features;
mod travel;

pub use features::{Company, Equipment, Feature, Features, Verdict};
pub use travel::{Around, Travel, TravelError};

/// Kinds of room in a vehicle that are counted apart: seats, and up to three others (luggage, wheelchairs…).
pub const ROOMS: usize = 4;

/// How much room somebody takes or a vehicle has, by kind.
pub type Room = [i32; ROOMS];

/// A place at a time: where a rider gets in or out, or where a vehicle starts or ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// What the file calls it.
    pub id: u32,
    /// Its row in the travel table.
    pub place: u32,
    /// Earliest begin of service.
    pub earliest: f64,
    /// Latest begin of service.
    pub latest: f64,
    /// How long the vehicle stands there.
    pub service: f64,
    /// Room that is taken here (negative where it is given back).
    pub demand: Room,
}

/// A rider or parcel: one pickup, one delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// Index of the stop where the ride begins.
    pub pickup: u32,
    /// Index of the stop where it ends.
    pub delivery: u32,
    /// Longest time from the end of service at the pickup to the begin of service at the delivery.
    pub max_ride: Option<f64>,
}

/// Vehicles that are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fleet {
    /// What the file calls it (the driver, or the kind of vehicle).
    pub id: u32,
    /// Index of the stop where each begins.
    pub start: u32,
    /// Index of the stop where each ends.
    pub end: u32,
    /// Room in each.
    pub capacity: Room,
    /// How many there are.
    pub count: u32,
    /// Longest time from leaving the start to reaching the end.
    pub max_duration: Option<f64>,
}

/// What counts between two plans that serve equally many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Fewer vehicles, and then less cost.
    VehiclesThenCost,
    /// Less cost.
    Cost,
}

/// The parts of an instance before they are known to be sound.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where things happen.
    pub stops: Vec<Stop>,
    /// Who rides.
    pub requests: Vec<Request>,
    /// Who drives.
    pub fleets: Vec<Fleet>,
    /// Costs and times between places.
    pub travel: Travel,
    /// Business rules.
    pub features: Features,
    /// What is best.
    pub objective: Objective,
}

/// A sound problem.
#[derive(Clone, Debug)]
pub struct Instance {
    parts: Parts,
    allowed: Vec<Vec<bool>>,
    timed: bool,
}

/// What makes an instance unsound or unsolvable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InstanceError {
    /// Nothing to do or nobody to do it.
    #[error("the instance has no {0}: give at least one")]
    Empty(&'static str),
    /// A part points to something that is not there.
    #[error("{what} {index} names {field} {value}, and there are only {limit}")]
    Dangling {
        /// Which kind of part.
        what: &'static str,
        /// Its index.
        index: usize,
        /// The field that points.
        field: &'static str,
        /// Where it points.
        value: u32,
        /// How many there are.
        limit: usize,
    },
    /// A number that is none, or negative where it must not be.
    #[error("{what} {index}: {field} is {value}; it must be a finite number from 0 up")]
    Number {
        /// Which kind of part.
        what: &'static str,
        /// Its index.
        index: usize,
        /// The field.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A stop whose window ends before it begins.
    #[error("stop {id}: the window ends at {latest}, before it begins at {earliest}")]
    Window {
        /// The stop's id.
        id: u32,
        /// Begin.
        earliest: f64,
        /// End.
        latest: f64,
    },
    /// A stop that is used twice, or a pickup and delivery whose room does not cancel.
    #[error("request at pickup {pickup}: {reason}")]
    Pair {
        /// The pickup's id.
        pickup: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// No vehicle can serve this request even when it serves nobody else.
    #[error("request {pickup} to {delivery} cannot be served by any vehicle: {constraint}")]
    Infeasible {
        /// The pickup's id.
        pickup: u32,
        /// The delivery's id.
        delivery: u32,
        /// Which constraint forbids it.
        constraint: Constraint,
    },
}

/// A promise or limit that a plan may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Constraint {
    /// More aboard than there is room.
    #[error("it needs more room than a vehicle has")]
    Capacity,
    /// A business rule.
    #[error("rule `{0}` forbids it")]
    Feature(&'static str),
    /// The pickup's window.
    #[error("the pickup cannot be reached inside its time window")]
    PickupWindow,
    /// The delivery's window.
    #[error("the delivery cannot be reached inside its time window")]
    DeliveryWindow,
    /// The window of the vehicle's end.
    #[error("the vehicle cannot be back inside its window")]
    EndWindow,
    /// The ride is too long.
    #[error("the ride takes longer than the longest ride allowed")]
    Ride,
    /// The shift is too long.
    #[error("the tour takes longer than a vehicle's longest shift")]
    Duration,
}

impl Instance {
    /// Checks the parts and that each request could be served alone.
    pub fn new(parts: Parts) -> Result<Self, InstanceError> {
        sound(&parts)?;
        let timed = parts.requests.iter().any(|r| r.max_ride.is_some())
            || parts.fleets.iter().any(|f| {
                // A shift no shorter than the vehicle's own windows limits nothing.
                let (start, end) = (parts.stops[f.start as usize], parts.stops[f.end as usize]);
                f.max_duration.is_some_and(|d| d < end.latest - start.earliest)
            });
        let allowed = (0..parts.fleets.len())
            .map(|fleet| {
                (0..parts.requests.len()).map(|r| parts.features.verdict(r, fleet) == Verdict::Allowed).collect()
            })
            .collect();
        let instance = Self { parts, allowed, timed };
        alone::check(&instance)?;
        Ok(instance)
    }

    /// The parts, to be changed and put together anew.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        self.parts
    }

    /// All stops.
    #[must_use]
    pub fn stops(&self) -> &[Stop] {
        &self.parts.stops
    }

    /// All requests.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        &self.parts.requests
    }

    /// All fleets.
    #[must_use]
    pub fn fleets(&self) -> &[Fleet] {
        &self.parts.fleets
    }

    /// Costs and times.
    #[must_use]
    pub fn travel(&self) -> &Travel {
        &self.parts.travel
    }

    /// Business rules.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.parts.features
    }

    /// What is best.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.parts.objective
    }

    /// Whether a vehicle of `fleet` may carry `request` by the rules that look at one rider.
    #[must_use]
    pub fn allowed(&self, request: usize, fleet: usize) -> bool {
        self.allowed[fleet][request]
    }

    /// Whether time windows alone do not settle a schedule: there are longest rides or binding shifts.
    #[must_use]
    pub fn timed(&self) -> bool {
        self.timed
    }

    /// Cost of driving from one stop to another.
    #[must_use]
    pub fn cost(&self, from: u32, to: u32) -> f64 {
        self.parts.travel.cost(self.parts.stops[from as usize].place, self.parts.stops[to as usize].place)
    }

    /// Time from one stop to another.
    #[must_use]
    pub fn time(&self, from: u32, to: u32) -> f64 {
        self.parts.travel.time(self.parts.stops[from as usize].place, self.parts.stops[to as usize].place)
    }
}

fn sound(parts: &Parts) -> Result<(), InstanceError> {
    for (what, len) in
        [("stops", parts.stops.len()), ("requests", parts.requests.len()), ("vehicles", parts.fleets.len())]
    {
        if len == 0 {
            return Err(InstanceError::Empty(what));
        }
    }
    let number = |what, index, field, value: f64| {
        if value.is_finite() && value >= 0.0 {
            Ok(())
        } else {
            Err(InstanceError::Number { what, index, field, value })
        }
    };
    let within = |what, index, field, value: u32, limit: usize| {
        if (value as usize) < limit {
            Ok(())
        } else {
            Err(InstanceError::Dangling { what, index, field, value, limit })
        }
    };
    for (i, s) in parts.stops.iter().enumerate() {
        within("stop", i, "place", s.place, parts.travel.places())?;
        number("stop", i, "earliest", s.earliest)?;
        number("stop", i, "latest", s.latest)?;
        number("stop", i, "service", s.service)?;
        if s.latest < s.earliest {
            return Err(InstanceError::Window { id: s.id, earliest: s.earliest, latest: s.latest });
        }
    }
    let mut used = vec![false; parts.stops.len()];
    for (i, f) in parts.fleets.iter().enumerate() {
        within("vehicle", i, "start", f.start, parts.stops.len())?;
        within("vehicle", i, "end", f.end, parts.stops.len())?;
        number("vehicle", i, "longest shift", f.max_duration.unwrap_or(0.0))?;
        for room in f.capacity {
            // Above this, adding up who is aboard could overflow.
            number("vehicle", i, "capacity", if room <= 1_000_000_000 { f64::from(room) } else { f64::INFINITY })?;
        }
        used[f.start as usize] = true;
        used[f.end as usize] = true;
    }
    if parts.fleets.iter().all(|f| f.count == 0) {
        return Err(InstanceError::Empty("vehicles"));
    }
    for (i, r) in parts.requests.iter().enumerate() {
        within("request", i, "pickup", r.pickup, parts.stops.len())?;
        within("request", i, "delivery", r.delivery, parts.stops.len())?;
        number("request", i, "longest ride", r.max_ride.unwrap_or(0.0))?;
        let (p, d) = (parts.stops[r.pickup as usize], parts.stops[r.delivery as usize]);
        let wrong = |reason| Err(InstanceError::Pair { pickup: p.id, reason });
        for stop in [r.pickup, r.delivery] {
            if std::mem::replace(&mut used[stop as usize], true) {
                return wrong("one of its stops is used by somebody else");
            }
        }
        for (a, b) in p.demand.into_iter().zip(d.demand) {
            if a < 0 || a.checked_add(b) != Some(0) || a > 1_000_000_000 / 64 {
                return wrong("what gets in must be what gets out, from 0 to 15,000,000");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
