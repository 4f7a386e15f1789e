//! One taxi and its driver: what it does, where it is, and what comes next. No I/O here.

use doorstep_geo::Point;

use super::motion::Drive;

/// What a driver is doing. Times are milliseconds of city time.
#[derive(Clone, Debug)]
pub(super) enum Doing {
    /// Stands at the kerb and waits for an offer.
    Standing,
    /// Nothing to do: drives to a corner where riders often are.
    Cruising(Drive),
    /// Nothing to do: drives to where the city suggested to wait.
    Following(Drive),
    /// Looks at an offer and will accept it.
    Thinking { order: String, pickup: Point, dropoff: Point },
    /// A call to the API is under way.
    Calling { order: Option<String>, pickup: Point, dropoff: Point },
    /// Drives to the rider.
    ToPickup { order: String, drive: Drive, dropoff: Point, pickup: Point },
    /// At the door; the rider gets in.
    Boarding { order: String, dropoff: Point, pickup: Point },
    /// Drives to the next stop of its route.
    ToStop { stop: Stop, drive: Drive },
    /// At the stop; the rider gets in.
    AtStop { stop: Stop },
    /// The rider is aboard.
    OnTrip { order: String, drive: Drive, dropoff: Point, pickup: Point },
}

/// A stop of a route with several riders.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub(super) order: String,
    pub(super) pickup: bool,
    pub(super) place: Point,
}

/// A ride that was offered while the rider before it was still aboard.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) order: String,
    pub(super) pickup: Point,
    pub(super) dropoff: Point,
    /// Whether the city has heard that the driver takes it.
    pub(super) accepted: bool,
}

/// A taxi.
#[derive(Clone, Debug)]
pub(super) struct Taxi {
    pub(super) id: String,
    pub(super) doing: Doing,
    /// The ride that follows the present one.
    pub(super) next: Option<Next>,
    /// Its route has to be read again.
    pub(super) look: bool,
    /// Where it stood last.
    at: Point,
    bearing: f64,
}

impl Taxi {
    /// A taxi that stands at `at`.
    pub(super) fn new(id: String, at: Point) -> Self {
        Self { id, doing: Doing::Standing, next: None, look: false, at, bearing: 0.0 }
    }

    /// Place and bearing at `now_ms`.
    pub(super) fn place(&self, now_ms: i64) -> (Point, f64) {
        match &self.doing {
            Doing::Cruising(drive)
            | Doing::Following(drive)
            | Doing::ToPickup { drive, .. }
            | Doing::ToStop { drive, .. }
            | Doing::OnTrip { drive, .. } => drive.at(now_ms).unwrap_or((self.at, self.bearing)),
            _ => (self.at, self.bearing),
        }
    }

    /// Changes what the taxi does from `now_ms` on; it stays where it is at that moment.
    pub(super) fn turn_to(&mut self, doing: Doing, now_ms: i64) {
        (self.at, self.bearing) = self.place(now_ms);
        self.doing = doing;
    }

    /// The order that it is busy with.
    pub(super) fn order(&self) -> Option<&str> {
        match &self.doing {
            Doing::Standing
            | Doing::Cruising(_)
            | Doing::Following(_)
            | Doing::ToStop { .. }
            | Doing::AtStop { .. } => None,
            Doing::Calling { order, .. } => order.as_deref(),
            Doing::Thinking { order, .. }
            | Doing::ToPickup { order, .. }
            | Doing::Boarding { order, .. }
            | Doing::OnTrip { order, .. } => Some(order),
        }
    }

    /// Whether it would look at an offer.
    pub(super) fn is_free(&self) -> bool {
        // A free taxi that asks for a way is free all the same.
        matches!(
            self.doing,
            Doing::Standing | Doing::Cruising(_) | Doing::Following(_) | Doing::Calling { order: None, .. }
        )
    }
}
