//! What riders need of a car, what cars have, and with whom riders want to ride.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What has to fit into the car beside people on seats. The driver is shown it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RideNeeds {
    /// Riders who stay in their wheelchair; each counts as one of the seats, too.
    #[schema(default = 0, maximum = 16)]
    pub wheelchairs: u8,
    /// Children who need a child seat; each counts as one of the seats, too.
    #[schema(default = 0, maximum = 16)]
    pub child_seats: u8,
    /// Pieces of luggage for the boot.
    #[schema(default = 0, maximum = 60)]
    pub luggage: u8,
    /// A pet comes along.
    #[schema(default = false)]
    pub pet: bool,
}

/// With whom a rider wants to ride: her own word. It serves to choose car and company, never enters a price, and is
/// given out by no answer, event or export; it stands in the signed token that goes to whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RideWishes {
    /// Driven by a woman, and shared only with others who wish the same.
    #[schema(default = false)]
    pub(crate) women_only: bool,
    /// Shared with nobody who brings a pet.
    #[schema(default = false)]
    pub(crate) no_pets: bool,
}

/// What a vehicle has beside seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CarProfile {
    /// Places for wheelchairs, with the ramp to get there.
    #[schema(default = 0, maximum = 60)]
    pub wheelchairs: u8,
    /// Child seats.
    #[schema(default = 0, maximum = 60)]
    pub child_seats: u8,
    /// Pieces of luggage that fit into the boot.
    #[schema(default = 2, maximum = 60)]
    pub luggage: u8,
    /// Whether pets may ride.
    #[schema(default = false)]
    pub pets: bool,
}

/// Whether a driver takes part in rides among women: her own word, which no answer gives out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WomenRides {
    /// Nothing was said: no such rides.
    #[default]
    None,
    /// A woman, who takes them among others.
    Takes,
    /// A woman, who takes them alone.
    Only,
}

impl From<RideNeeds> for doorstep_orders::RideNeeds {
    fn from(RideNeeds { wheelchairs, child_seats, luggage, pet }: RideNeeds) -> Self {
        Self { wheelchairs, child_seats, luggage, pet }
    }
}

impl From<doorstep_orders::RideNeeds> for RideNeeds {
    fn from(needs: doorstep_orders::RideNeeds) -> Self {
        let doorstep_orders::RideNeeds { wheelchairs, child_seats, luggage, pet } = needs;
        Self { wheelchairs, child_seats, luggage, pet }
    }
}

impl From<RideWishes> for doorstep_orders::RideWishes {
    fn from(RideWishes { women_only, no_pets }: RideWishes) -> Self {
        Self { women_only, no_pets }
    }
}

impl From<CarProfile> for doorstep_orders::CarProfile {
    fn from(CarProfile { wheelchairs, child_seats, luggage, pets }: CarProfile) -> Self {
        Self { wheelchairs, child_seats, luggage, pets }
    }
}

impl From<doorstep_orders::CarProfile> for CarProfile {
    fn from(car: doorstep_orders::CarProfile) -> Self {
        let doorstep_orders::CarProfile { wheelchairs, child_seats, luggage, pets } = car;
        Self { wheelchairs, child_seats, luggage, pets }
    }
}

impl Default for CarProfile {
    fn default() -> Self {
        doorstep_orders::CarProfile::default().into()
    }
}

impl From<WomenRides> for doorstep_orders::WomenRides {
    fn from(word: WomenRides) -> Self {
        match word {
            WomenRides::None => Self::None,
            WomenRides::Takes => Self::Takes,
            WomenRides::Only => Self::Only,
        }
    }
}
