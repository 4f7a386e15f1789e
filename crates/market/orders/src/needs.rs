//! What riders need of a car beside a seat, what cars and drivers offer, and whether one suits the other. Pure.
//!
//! Needs are shown to the driver: he has to know of a wheelchair before he comes. Wishes are not: who asks to ride
//! among women, or without pets, says so of herself, it is used to choose car and company, and no answer, event or
//! table gives it out. Neither ever enters a price.

use doorstep_store::{Row, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;

/// The most of one kind that can be asked for, or that a vehicle has.
const MOST: u8 = 60;

/// What has to fit into the car beside people on seats. Shown to the driver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RideNeeds {
    /// Riders who stay in their wheelchair; each counts as one of the seats, too.
    pub wheelchairs: u8,
    /// Children who need a child seat; each counts as one of the seats, too.
    pub child_seats: u8,
    /// Pieces of luggage for the boot.
    pub luggage: u8,
    /// A pet comes along.
    pub pet: bool,
}

/// With whom a rider wants to ride. Never shown to anybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RideWishes {
    /// Driven by a woman, and shared only with others who wish the same.
    pub women_only: bool,
    /// Shared with nobody who brings a pet.
    pub no_pets: bool,
}

/// All that a rider asks for of a car.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Seats.
    pub seats: u8,
    /// What has to fit.
    pub needs: RideNeeds,
    /// With whom.
    pub wishes: RideWishes,
}

/// What a vehicle has beside seats. Shown to whoever reads the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CarProfile {
    /// Places for wheelchairs, with the ramp to get there.
    pub wheelchairs: u8,
    /// Child seats.
    pub child_seats: u8,
    /// Pieces of luggage that fit into the boot.
    pub luggage: u8,
    /// Whether pets may ride.
    pub pets: bool,
}

impl Default for CarProfile {
    /// A usual saloon.
    fn default() -> Self {
        Self { wheelchairs: 0, child_seats: 0, luggage: 2, pets: false }
    }
}

/// Whether a driver takes part in rides among women: her own word, which is never shown to anybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WomenRides {
    /// Nothing was said: no such rides.
    #[default]
    None,
    /// A woman, who takes them among others.
    Takes,
    /// A woman, who takes them alone.
    Only,
}

impl WomenRides {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::None, Self::Takes, Self::Only];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Takes => "takes",
            Self::Only => "only",
        }
    }

    /// Reads the stable word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word)
    }
}

/// A car and its driver as far as riders' needs and wishes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CarKind {
    /// Seats for riders.
    pub seats: u8,
    /// What else it has.
    pub car: CarProfile,
    /// The driver's word.
    pub women_rides: WomenRides,
}

/// What a car lacks for a rider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lack {
    /// Seats.
    Seats,
    /// Places for wheelchairs.
    Wheelchairs,
    /// Child seats.
    ChildSeats,
    /// Room for luggage.
    Luggage,
    /// Pets are not taken.
    Pet,
    /// A woman at the wheel who takes such rides.
    WomenOnly,
    /// Its driver takes rides among women alone, and this is none.
    ForWomen,
}

impl Lack {
    /// A stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Wheelchairs => "wheelchairs",
            Self::ChildSeats => "child_seats",
            Self::Luggage => "luggage",
            Self::Pet => "pet",
            Self::WomenOnly => "women_only",
            Self::ForWomen => "for_women",
        }
    }

    /// The field of a request that asks for it, and what is said of it.
    #[must_use]
    pub const fn told(self) -> [&'static str; 3] {
        match self {
            Self::Seats => ["/seats", "no car here has so many seats", "ask for fewer, or for two rides"],
            Self::Wheelchairs => [
                "/needs/wheelchairs",
                "no car here has so many places for wheelchairs",
                "ask for fewer, or for two rides",
            ],
            Self::ChildSeats => {
                ["/needs/child_seats", "no car here has so many child seats", "bring your own and write fewer here"]
            }
            Self::Luggage => {
                ["/needs/luggage", "no car here takes so many pieces of luggage", "ask for fewer, or for two rides"]
            }
            Self::Pet => ["/needs/pet", "no car here takes pets", "leave the pet at home"],
            Self::WomenOnly => {
                ["/wishes/women_only", "no driver here takes rides among women", "leave it out, or ask elsewhere"]
            }
            Self::ForWomen => ["/seats", "no car here takes this ride", "ask elsewhere"],
        }
    }
}

/// No vehicle of this industry takes more riders.
const MAX_SEATS: u8 = 16;

impl Asked {
    /// Refuses what cannot be asked for, naming the field.
    ///
    /// # Errors
    /// [`OrdersError::InvalidField`].
    pub fn check(&self) -> Result<(), OrdersError> {
        if !(1..=MAX_SEATS).contains(&self.seats) {
            return Err(OrdersError::InvalidField {
                field: "/seats",
                reason: format!("{} seats cannot be asked for", self.seats),
                fix: format!("write 1 to {MAX_SEATS}"),
            });
        }
        self.needs.check(self.seats)
    }
}

impl RideNeeds {
    /// Nothing beside seats.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what cannot be, naming the field.
    pub(crate) fn check(&self, seats: u8) -> Result<(), OrdersError> {
        let refuse = |field, reason: String, fix: String| Err(OrdersError::InvalidField { field, reason, fix });
        if self.luggage > MOST {
            return refuse(
                "/needs/luggage",
                format!("{} pieces of luggage cannot be asked for", self.luggage),
                format!("write 0 to {MOST}"),
            );
        }
        for (field, what, count) in [
            ("/needs/wheelchairs", "wheelchairs", self.wheelchairs),
            ("/needs/child_seats", "child seats", self.child_seats),
        ] {
            if count > seats {
                return refuse(
                    field,
                    format!("{count} {what} for {seats} riders"),
                    "count everybody in /seats, those in wheelchairs and child seats too".to_owned(),
                );
            }
        }
        if self.wheelchairs.saturating_add(self.child_seats) > seats {
            return refuse(
                "/seats",
                format!("{} wheelchairs and {} child seats for {seats} riders", self.wheelchairs, self.child_seats),
                "count everybody in /seats, those in wheelchairs and child seats too".to_owned(),
            );
        }
        Ok(())
    }
}

impl CarProfile {
    /// Refuses what no vehicle is.
    pub(crate) fn check(&self) -> Result<(), OrdersError> {
        for (field, count) in [
            ("/car/wheelchairs", self.wheelchairs),
            ("/car/child_seats", self.child_seats),
            ("/car/luggage", self.luggage),
        ] {
            if count > MOST {
                return Err(OrdersError::InvalidField {
                    field,
                    reason: format!("{count} are no vehicle's"),
                    fix: format!("write 0 to {MOST}"),
                });
            }
        }
        Ok(())
    }
}

impl CarKind {
    /// Everything that an empty car lacks for a rider; nothing: it suits.
    #[must_use]
    pub fn lacks(&self, asked: &Asked) -> Vec<Lack> {
        let (car, needs) = (&self.car, &asked.needs);
        [
            (self.seats < asked.seats, Lack::Seats),
            (car.wheelchairs < needs.wheelchairs, Lack::Wheelchairs),
            (car.child_seats < needs.child_seats, Lack::ChildSeats),
            (car.luggage < needs.luggage, Lack::Luggage),
            (needs.pet && !car.pets, Lack::Pet),
            (asked.wishes.women_only && self.women_rides == WomenRides::None, Lack::WomenOnly),
            (!asked.wishes.women_only && self.women_rides == WomenRides::Only, Lack::ForWomen),
        ]
        .into_iter()
        .filter_map(|(lacks, what)| lacks.then_some(what))
        .collect()
    }

    /// Whether an empty car will do.
    #[must_use]
    pub fn suits(&self, asked: &Asked) -> bool {
        self.lacks(asked).is_empty()
    }

    /// Reads the columns of a driver's row.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let damaged = |column: &str, found: &str| StoreError::Decode {
            key: format!("drivers.{column}"),
            reason: format!("`{found}` cannot be"),
        };
        let count = |column: &str| {
            let found = row.int(column)?;
            u8::try_from(found).map_err(|_| damaged(column, &found.to_string()))
        };
        let word = row.text("women_rides")?;
        Ok(Self {
            seats: count("seats")?,
            car: CarProfile {
                wheelchairs: count("wheelchairs")?,
                child_seats: count("child_seats")?,
                luggage: count("luggage")?,
                pets: row.flag("pets")?,
            },
            women_rides: WomenRides::parse(&word).ok_or_else(|| damaged("women_rides", &word))?,
        })
    }
}

/// What every car of `kinds` lacks; `None` where one suits. Where each need is met by some car, and all of them by
/// none, everything that some car lacks.
#[must_use]
pub fn lacking<'a>(kinds: impl Iterator<Item = &'a CarKind>, asked: &Asked) -> Option<Vec<Lack>> {
    let lacks: Vec<Vec<Lack>> = kinds.map(|kind| kind.lacks(asked)).collect();
    if lacks.iter().any(Vec::is_empty) {
        return None;
    }
    let mut all: Vec<Lack> = lacks.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let common: Vec<Lack> = all.iter().copied().filter(|what| lacks.iter().all(|one| one.contains(what))).collect();
    Some(if common.is_empty() { all } else { common })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Asked = Asked {
        seats: 1,
        needs: RideNeeds { wheelchairs: 0, child_seats: 0, luggage: 0, pet: false },
        wishes: RideWishes { women_only: false, no_pets: false },
    };

    fn car(wheelchairs: u8, pets: bool, women_rides: WomenRides) -> CarKind {
        CarKind { seats: 4, car: CarProfile { wheelchairs, pets, ..CarProfile::default() }, women_rides }
    }

    #[test]
    fn what_a_car_lacks_is_named() {
        let saloon = car(0, false, WomenRides::None);
        assert!(saloon.suits(&PLAIN));
        let everything = Asked {
            seats: 5,
            needs: RideNeeds { wheelchairs: 1, child_seats: 1, luggage: 3, pet: true },
            wishes: RideWishes { women_only: true, no_pets: false },
        };
        let words: Vec<&str> = saloon.lacks(&everything).into_iter().map(Lack::as_str).collect();
        assert_eq!(words, ["seats", "wheelchairs", "child_seats", "luggage", "pet", "women_only"]);
        assert_eq!(car(0, false, WomenRides::Only).lacks(&PLAIN), [Lack::ForWomen]);
        let among = Asked { wishes: RideWishes { women_only: true, no_pets: false }, ..PLAIN };
        assert!(car(0, false, WomenRides::Only).suits(&among) && car(0, false, WomenRides::Takes).suits(&among));
        assert!(car(0, false, WomenRides::Takes).suits(&PLAIN));
    }

    #[test]
    fn a_fleet_lacks_what_each_of_its_cars_lacks() {
        let (ramp, kennel) = (car(1, false, WomenRides::None), car(0, true, WomenRides::None));
        let asked = |wheelchairs, pet| Asked { needs: RideNeeds { wheelchairs, pet, ..RideNeeds::default() }, ..PLAIN };
        assert_eq!(lacking([&ramp, &kennel].into_iter(), &asked(1, false)), None);
        assert_eq!(lacking([&ramp, &kennel].into_iter(), &asked(2, false)), Some(vec![Lack::Wheelchairs]));
        let both = lacking([&ramp, &kennel].into_iter(), &asked(1, true));
        assert_eq!(both, Some(vec![Lack::Wheelchairs, Lack::Pet]), "each is there, both together are not");
        assert_eq!(lacking(std::iter::empty(), &PLAIN), Some(Vec::new()));
    }

    #[test]
    fn everybody_is_counted_as_a_rider() {
        let needs = RideNeeds { wheelchairs: 1, child_seats: 1, ..RideNeeds::default() };
        assert!(needs.check(2).is_ok());
        assert!(matches!(needs.check(1), Err(OrdersError::InvalidField { field: "/seats", .. })));
        let two = RideNeeds { wheelchairs: 2, ..RideNeeds::default() };
        assert!(matches!(two.check(1), Err(OrdersError::InvalidField { field: "/needs/wheelchairs", .. })));
        let bags = RideNeeds { luggage: 61, ..RideNeeds::default() };
        assert!(matches!(bags.check(1), Err(OrdersError::InvalidField { field: "/needs/luggage", .. })));
        let bus = CarProfile { wheelchairs: 61, ..CarProfile::default() };
        assert!(matches!(bus.check(), Err(OrdersError::InvalidField { field: "/car/wheelchairs", .. })));
    }
}
