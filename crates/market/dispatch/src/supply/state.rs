//! What a driver is doing, sets of such states, and counts per state.

use serde::{Deserialize, Serialize};

/// What a driver is doing, as far as dispatch cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DriverState {
    /// Not working; not on the map.
    Offline,
    /// Idle: may be offered an order.
    Online,
    /// An order is offered and not answered yet.
    Offered,
    /// On the way to a pickup.
    EnRoute,
    /// Waits at a pickup.
    Arrived,
    /// Carries a passenger.
    OnTrip,
    /// On the map, but takes no order.
    Break,
}

impl DriverState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Offline, Self::Online, Self::Offered, Self::EnRoute, Self::Arrived, Self::OnTrip, Self::Break];

    /// The one stable string form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
            Self::Offered => "offered",
            Self::EnRoute => "en_route",
            Self::Arrived => "arrived",
            Self::OnTrip => "on_trip",
            Self::Break => "break",
        }
    }

    /// Reads the string form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The state with this number; records and grid entries keep states as numbers.
    pub(super) fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Offline)
    }
}

/// A set of driver states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateSet(u8);

impl StateSet {
    /// Only the idle.
    pub const IDLE: Self = Self::of(&[DriverState::Online]);
    /// Those bound to an order.
    pub const BUSY: Self =
        Self::of(&[DriverState::Offered, DriverState::EnRoute, DriverState::Arrived, DriverState::OnTrip]);
    /// Everybody but the offline.
    pub const ONLINE: Self = Self(0b111_1110);

    /// The set of the listed states.
    #[must_use]
    pub const fn of(states: &[DriverState]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < states.len() {
            bits |= 1 << states[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// Whether the state is in the set.
    #[must_use]
    pub const fn contains(self, state: DriverState) -> bool {
        self.has_number(state as u8)
    }

    pub(super) const fn has_number(self, number: u8) -> bool {
        self.0 >> number & 1 == 1
    }
}

/// Which drivers a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// In one of these states. The offline are never on the map, so naming them finds nobody.
    pub states: StateSet,
    /// With at least so many seats.
    pub min_seats: u8,
}

impl Filter {
    /// Idle drivers with at least so many seats.
    #[must_use]
    pub const fn idle(min_seats: u8) -> Self {
        Self { states: StateSet::IDLE, min_seats }
    }

    /// Everybody on the map.
    #[must_use]
    pub const fn any() -> Self {
        Self { states: StateSet::ONLINE, min_seats: 0 }
    }

    pub(super) const fn admits(&self, state: u8, seats: u8) -> bool {
        self.states.has_number(state) && seats >= self.min_seats
    }
}

/// How many known drivers are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts([u32; 7]);

impl StateCounts {
    /// Drivers in this state.
    #[must_use]
    pub const fn of(&self, state: DriverState) -> u32 {
        self.0[state as usize]
    }

    /// Drivers in one of these states.
    #[must_use]
    pub fn within(&self, states: StateSet) -> u32 {
        DriverState::ALL.into_iter().filter(|&s| states.contains(s)).map(|s| self.of(s)).sum()
    }

    /// Everybody but the offline.
    #[must_use]
    pub fn online(&self) -> u32 {
        self.within(StateSet::ONLINE)
    }

    /// The idle.
    #[must_use]
    pub const fn idle(&self) -> u32 {
        self.of(DriverState::Online)
    }

    /// Those bound to an order.
    #[must_use]
    pub fn busy(&self) -> u32 {
        self.within(StateSet::BUSY)
    }

    pub(super) fn enter(&mut self, state: u8) {
        self.0[usize::from(state)] += 1;
    }

    pub(super) fn leave(&mut self, state: u8) {
        self.0[usize::from(state)] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back_and_is_in_one_of_the_sets() {
        for state in DriverState::ALL {
            assert_eq!(DriverState::parse(state.as_str()), Some(state));
            assert_eq!(DriverState::from_number(state as u8), state);
            assert_eq!(StateSet::ONLINE.contains(state), state != DriverState::Offline);
        }
        assert!(!StateSet::BUSY.contains(DriverState::Break));
        assert!(!StateSet::BUSY.contains(DriverState::Online));
        assert_eq!(DriverState::parse("idle"), None);
    }
}
