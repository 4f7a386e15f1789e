//! Riders' needs and wishes, and what vehicles have, beside an instance: the public formats have no words for them.
//!
//! A file of rules is JSON:
//!
//! ```json
//! {"requests": [{"pickup": 5, "wheelchairs": 1, "luggage": 2}, {"pickup": 7, "women_only": true}],
//!  "vehicles": [{"fleet": 0, "count": 3, "wheelchairs": 1, "luggage": 4, "pets": true, "women_rides": "takes"}]}
//! ```
//!
//! A request is named by its pickup's stop. So many vehicles of a fleet become one of their own, whose id comes after
//! those of the instance, in the order of the list: a plan names it among its `drivers`. Who is not listed needs
//! nothing, and what is not listed has nothing.

use std::sync::Arc;

use serde::Deserialize;

use crate::instance::{Company, Equipment, Feature, Features, Fleet, Instance, InstanceError, Parts};

/// What is said about some requests and vehicles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Riders with needs or wishes.
    pub requests: Vec<Needs>,
    /// Vehicles that have something.
    pub vehicles: Vec<Vehicles>,
}

/// One rider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Needs {
    /// The pickup's stop id.
    pub pickup: u32,
    /// Riders who stay in their wheelchair.
    pub wheelchairs: u8,
    /// Children who need a child seat.
    pub child_seats: u8,
    /// Pieces of luggage.
    pub luggage: u8,
    /// A pet comes along.
    pub pet: bool,
    /// Driven by a woman, and shared only with others who wish the same.
    pub women_only: bool,
    /// Shared with nobody who brings a pet.
    pub no_pets: bool,
}

/// Some vehicles of a fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vehicles {
    /// The fleet's id in the instance.
    pub fleet: u32,
    /// How many of them.
    pub count: u32,
    /// Places for wheelchairs in each.
    pub wheelchairs: u8,
    /// Child seats.
    pub child_seats: u8,
    /// Pieces of luggage that fit.
    pub luggage: u8,
    /// Whether pets may ride.
    pub pets: bool,
    /// Whether the driver takes rides among women.
    pub women_rides: WomenRides,
}

/// A driver's word on rides among women.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WomenRides {
    /// None of them.
    #[default]
    None,
    /// Among others.
    Takes,
    /// Those alone.
    Only,
}

/// Why rules do not go with an instance.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RulesError {
    /// No rules at all.
    #[error("the rules cannot be read: {0}; write {{\"requests\": [..], \"vehicles\": [..]}}")]
    Unreadable(String),
    /// A rule about nobody.
    #[error("/{list}/{index}: the instance has no {what} {id}")]
    Dangling {
        /// `requests` or `vehicles`.
        list: &'static str,
        /// Place in it.
        index: usize,
        /// `pickup` or `fleet`.
        what: &'static str,
        /// Which.
        id: u32,
    },
    /// More vehicles than there are.
    #[error("/vehicles/{index}/count: fleet {fleet} has {left} vehicles left, not {count}")]
    TooMany {
        /// Place in the list.
        index: usize,
        /// The fleet.
        fleet: u32,
        /// Asked for.
        count: u32,
        /// Not named by rules before.
        left: u32,
    },
    /// With the rules some request cannot be served any more.
    #[error(transparent)]
    Instance(#[from] InstanceError),
}

impl Rules {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`RulesError::Unreadable`].
    pub fn read(text: &str) -> Result<Self, RulesError> {
        serde_json::from_str(text).map_err(|error| RulesError::Unreadable(error.to_string()))
    }

    /// The instance with these rules.
    ///
    /// # Errors
    /// [`RulesError`], also where a request has no vehicle left that could serve it.
    pub fn apply(&self, instance: Instance) -> Result<Instance, RulesError> {
        let mut parts = instance.into_parts();
        let needs = self.needs(&mut parts)?;
        let cars = self.split(&mut parts)?;
        let of = |what: fn(&Needs) -> bool| needs.iter().map(what).collect::<Vec<bool>>();
        let has = |what: fn(&Vehicles) -> bool| cars.iter().map(what).collect::<Vec<bool>>();
        let rules: Vec<Arc<dyn Feature>> = vec![
            Arc::new(Equipment { name: "pets allowed", needed: of(|n| n.pet), present: has(|c| c.pets) }),
            Arc::new(Equipment {
                name: "driven by a woman",
                needed: of(|n| n.women_only),
                present: has(|c| c.women_rides != WomenRides::None),
            }),
            Arc::new(Equipment {
                name: "not among women alone",
                needed: of(|n| !n.women_only),
                present: has(|c| c.women_rides != WomenRides::Only),
            }),
            Arc::new(Company { name: "no pets", brings: of(|n| n.pet), avoids: of(|n| n.no_pets) }),
            Arc::new(Company { name: "among women", brings: of(|n| !n.women_only), avoids: of(|n| n.women_only) }),
        ];
        parts.features = Features::new(rules);
        Ok(Instance::new(parts)?)
    }

    /// The needs of every request, and the room that they take.
    fn needs(&self, parts: &mut Parts) -> Result<Vec<Needs>, RulesError> {
        let mut all = vec![Needs::default(); parts.requests.len()];
        for (index, needs) in self.requests.iter().enumerate() {
            let named = |r: &crate::instance::Request| parts.stops[r.pickup as usize].id == needs.pickup;
            let Some(at) = parts.requests.iter().position(named) else {
                return Err(RulesError::Dangling { list: "requests", index, what: "pickup", id: needs.pickup });
            };
            all[at] = *needs;
            let request = parts.requests[at];
            for (room, count) in (1..).zip([needs.wheelchairs, needs.child_seats, needs.luggage]) {
                parts.stops[request.pickup as usize].demand[room] = i32::from(count);
                parts.stops[request.delivery as usize].demand[room] = -i32::from(count);
            }
        }
        Ok(all)
    }

    /// Makes fleets of the vehicles that have something, and says what each fleet has.
    fn split(&self, parts: &mut Parts) -> Result<Vec<Vehicles>, RulesError> {
        let known = parts.fleets.len();
        let highest = parts.fleets.iter().map(|fleet| fleet.id).max().unwrap_or(0);
        let mut all = vec![Vehicles::default(); known];
        for ((index, cars), id) in self.vehicles.iter().enumerate().zip(highest.saturating_add(1)..) {
            let Some(at) = parts.fleets[..known].iter().position(|fleet| fleet.id == cars.fleet) else {
                return Err(RulesError::Dangling { list: "vehicles", index, what: "fleet", id: cars.fleet });
            };
            let of: Fleet = parts.fleets[at];
            if cars.count > of.count {
                let (fleet, count, left) = (cars.fleet, cars.count, of.count);
                return Err(RulesError::TooMany { index, fleet, count, left });
            }
            parts.fleets[at].count -= cars.count;
            let [seats, ..] = of.capacity;
            let capacity = [seats, cars.wheelchairs.into(), cars.child_seats.into(), cars.luggage.into()];
            parts.fleets.push(Fleet { id, capacity, count: cars.count, ..of });
            all.push(*cars);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::check::judge;
    use crate::formats;
    use crate::search::{Settings, solve};

    /// Six riders along a line, three vehicles of three seats.
    fn line() -> Instance {
        let mut text = "3 12 480 3 240\n0 0 0 0 0 0 1440\n".to_owned();
        for i in 1..=6 {
            text += &format!("{i} {i} 0 1 1 0 1440\n");
        }
        for i in 7..=12 {
            text += &format!("{i} {} 3 1 -1 0 1440\n", i + 3);
        }
        formats::darp(&text).expect("a sound instance")
    }

    fn rules(text: &str) -> Rules {
        Rules::read(text).expect("sound rules")
    }

    const SOME: &str = r#"{"requests": [{"pickup": 1, "wheelchairs": 1}, {"pickup": 2, "women_only": true},
        {"pickup": 3, "pet": true}, {"pickup": 4, "no_pets": true, "luggage": 2}, {"pickup": 5, "women_only": true}],
        "vehicles": [{"fleet": 0, "count": 1, "wheelchairs": 1, "luggage": 2, "pets": true},
                     {"fleet": 0, "count": 1, "women_rides": "only"}]}"#;

    #[test]
    fn a_plan_under_rules_is_found_and_judged() {
        let plain = line();
        let ruled = rules(SOME).apply(line()).expect("every rider has a vehicle");
        let settings = Settings { time: Some(Duration::from_secs(20)), iterations: 2_000, seed: 1, threads: 1 };
        let solution = solve(&ruled, &settings, |_| {});
        assert_eq!(solution.unserved, 0);
        let report = judge(&ruled, &solution.plan);
        assert!(report.ok, "{report:?}");
        // What serves the same riders without rules breaks them.
        let careless = solve(&plain, &settings, |_| {});
        assert!(judge(&plain, &careless.plan).ok);
        let mut plan = careless.plan;
        plan.drivers = vec![1; plan.routes.len()];
        let told = judge(&ruled, &plan).problems.join("; ");
        assert!(told.contains("driven by a woman"), "{told}");
        assert!(told.contains("among women") || plan.routes.len() > 1, "{told}");
    }

    #[test]
    fn rules_about_nobody_and_nothing_are_named() {
        let refused = |text: &str| rules(text).apply(line()).expect_err("refused").to_string();
        assert!(refused(r#"{"requests": [{"pickup": 9}]}"#).contains("/requests/0: the instance has no pickup 9"));
        assert!(
            refused(r#"{"vehicles": [{"fleet": 4, "count": 1}]}"#).contains("/vehicles/0: the instance has no fleet 4")
        );
        assert!(refused(r#"{"vehicles": [{"count": 9}]}"#).contains("fleet 0 has 3 vehicles left, not 9"));
        let none = refused(r#"{"requests": [{"pickup": 1, "wheelchairs": 1}]}"#);
        assert!(none.contains("request 1 to 7 cannot be served by any vehicle"), "{none}");
        assert!(refused(r#"{"requests": [{"pickup": 1, "pet": true}]}"#).contains("pets allowed"));
        assert!(Rules::read(r#"{"cars": []}"#).expect_err("refused").to_string().contains("unknown field `cars`"));
    }
}
