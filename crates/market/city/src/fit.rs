//! What riders ask for and cars offer, in the planner's words: room, needs, and who keeps whom company.

use doorstep_orders::{Asked, CarKind, WomenRides};
use doorstep_pooling::fleet::Extras;

/// A car in which pets may ride.
const PETS: u32 = 1;
/// A woman at the wheel who takes rides among women.
const WOMEN: u32 = 1 << 1;
/// A driver who takes other rides as well.
const OTHERS: u32 = 1 << 2;
/// How many needs these are; further ones go on from there.
pub(crate) const FIXED_NEEDS: usize = 3;

/// A pet comes along.
const WITH_PET: u16 = 1;
/// Who did not ask to ride among women.
const NOT_AMONG_WOMEN: u16 = 1 << 1;

/// A rider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RiderFit {
    pub(crate) extras: Extras,
    pub(crate) needs: u32,
    pub(crate) traits: u16,
    pub(crate) refuses: u16,
}

/// A car.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CarFit {
    pub(crate) extras: Extras,
    pub(crate) offers: u32,
}

/// What a rider asks for.
pub(crate) fn of_rider(asked: &Asked) -> RiderFit {
    let (needs, wishes) = (&asked.needs, &asked.wishes);
    let bit = |yes: bool, bit: u32| if yes { bit } else { 0 };
    let (among, pet) = (wishes.women_only, needs.pet);
    RiderFit {
        extras: Extras { wheelchairs: needs.wheelchairs, child_seats: needs.child_seats, luggage: needs.luggage },
        needs: bit(pet, PETS) | bit(among, WOMEN) | bit(!among, OTHERS),
        traits: if pet { WITH_PET } else { 0 } | if among { 0 } else { NOT_AMONG_WOMEN },
        refuses: if wishes.no_pets { WITH_PET } else { 0 } | if among { NOT_AMONG_WOMEN } else { 0 },
    }
}

/// What a car and its driver offer.
pub(crate) fn of_car(kind: &CarKind) -> CarFit {
    let car = &kind.car;
    let bit = |yes: bool, bit: u32| if yes { bit } else { 0 };
    CarFit {
        extras: Extras { wheelchairs: car.wheelchairs, child_seats: car.child_seats, luggage: car.luggage },
        offers: bit(car.pets, PETS)
            | bit(kind.women_rides != WomenRides::None, WOMEN)
            | bit(kind.women_rides != WomenRides::Only, OTHERS),
    }
}

#[cfg(test)]
mod tests {
    use doorstep_orders::{CarProfile, RideNeeds, RideWishes};
    use doorstep_pooling::fleet::Room;
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn anybody()(
            (wheelchairs, child_seats, luggage) in (0..3_u8, 0..3_u8, 0..5_u8), seats in 1..6_u8,
            pet in any::<bool>(), women_only in any::<bool>(), no_pets in any::<bool>(),
        ) -> Asked {
            let needs = RideNeeds { wheelchairs, child_seats, luggage, pet };
            Asked { seats, needs, wishes: RideWishes { women_only, no_pets } }
        }
    }

    prop_compose! {
        fn any_car()(
            (wheelchairs, child_seats, luggage) in (0..3_u8, 0..3_u8, 0..5_u8), seats in 1..6_u8,
            pets in any::<bool>(), word in 0..3_usize,
        ) -> CarKind {
            let car = CarProfile { wheelchairs, child_seats, luggage, pets };
            CarKind { seats, car, women_rides: WomenRides::ALL[word] }
        }
    }

    proptest! {
        /// What the planner lets happen is what the orders' own rule, written apart from it, allows.
        #[test]
        fn the_planner_judges_like_the_rule(rider in anybody(), kind in any_car()) {
            let (man, car) = (of_rider(&rider), of_car(&kind));
            let room = Room::new(rider.seats, man.extras).fits(Room::new(kind.seats, car.extras));
            prop_assert_eq!(room && man.needs & !car.offers == 0, kind.suits(&rider));
            prop_assert!(man.needs < 1 << FIXED_NEEDS && car.offers < 1 << FIXED_NEEDS);
        }

        #[test]
        fn company_is_kept_by_both_wishes(a in anybody(), b in anybody()) {
            let (one, other) = (of_rider(&a), of_rider(&b));
            let refuse = one.refuses & other.traits != 0 || other.refuses & one.traits != 0;
            let women = a.wishes.women_only != b.wishes.women_only;
            let pets = (a.wishes.no_pets && b.needs.pet) || (b.wishes.no_pets && a.needs.pet);
            prop_assert_eq!(refuse, women || pets);
        }
    }
}
