//! Which ways a car may drive, in which direction and how fast: OpenStreetMap tags read as OSRM's and
//! Valhalla's car profiles do. Turn restrictions are not read.

use crate::RoadClass;

/// What a car needs to know about a way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drivable {
    pub(super) class: RoadClass,
    pub(super) kmh: f32,
    pub(super) forward: bool,
    pub(super) backward: bool,
}

/// A way's or node's tags.
pub(super) type Tags<'a> = [(&'a str, &'a str)];

fn get<'a>(tags: &Tags<'a>, key: &str) -> Option<&'a str> {
    tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
}

/// The street's name, or its number.
pub(super) fn name<'a>(tags: &Tags<'a>) -> &'a str {
    get(tags, "name").or_else(|| get(tags, "ref")).unwrap_or_default()
}

/// Reads a way's tags; `None` when no car may drive there.
pub(super) fn drivable(tags: &Tags<'_>) -> Option<Drivable> {
    use RoadClass::{Motorway, Primary, Residential, Secondary, Service, Tertiary, Trunk};
    let highway = get(tags, "highway")?;
    // Usual speeds in a town where no limit is given, km/h: below the limit, as people drive.
    let (class, usual) = match highway {
        "motorway" => (Motorway, 90.0),
        "motorway_link" => (Motorway, 45.0),
        "trunk" => (Trunk, 85.0),
        "trunk_link" => (Trunk, 40.0),
        "primary" => (Primary, 65.0),
        "primary_link" => (Primary, 30.0),
        "secondary" => (Secondary, 55.0),
        "secondary_link" => (Secondary, 25.0),
        "tertiary" => (Tertiary, 40.0),
        "tertiary_link" => (Tertiary, 20.0),
        "unclassified" | "residential" | "road" => (Residential, 25.0),
        "living_street" => (Residential, 10.0),
        "service" => (Service, 15.0),
        _ => return None,
    };
    let private_use =
        matches!(get(tags, "service"), Some("driveway" | "parking_aisle" | "drive-through" | "emergency_access"));
    if !may_enter(tags) || private_use || get(tags, "area") == Some("yes") {
        return None;
    }
    let kmh = get(tags, "maxspeed").and_then(limit_kmh).map_or(usual, |limit| limit * 0.8);
    let round = matches!(get(tags, "junction"), Some("roundabout" | "circular"));
    let (forward, backward) = match get(tags, "oneway") {
        Some("yes" | "true" | "1") => (true, false),
        Some("-1" | "reverse") => (false, true),
        Some("no" | "false" | "0") => (true, true),
        Some("reversible" | "alternating") => return None,
        _ => (true, !(round || highway == "motorway")),
    };
    Some(Drivable { class, kmh, forward, backward })
}

/// Whether cars may pass: the most exact of the access tags decides.
fn may_enter(tags: &Tags<'_>) -> bool {
    let word = ["motorcar", "motor_vehicle", "vehicle", "access"].iter().find_map(|key| get(tags, key));
    !matches!(
        word,
        Some(
            "no" | "private"
                | "agricultural"
                | "forestry"
                | "emergency"
                | "psv"
                | "bus"
                | "military"
                | "customers"
                | "delivery"
        )
    )
}

/// Whether a node stops cars.
pub(super) fn blocks(tags: &Tags<'_>) -> bool {
    let explicit = ["motorcar", "motor_vehicle", "vehicle", "access"].iter().any(|key| get(tags, key).is_some());
    match get(tags, "barrier") {
        None => false,
        Some(
            "bollard" | "block" | "chain" | "cycle_barrier" | "jersey_barrier" | "log" | "debris" | "stile"
            | "turnstile" | "motorcycle_barrier",
        ) => !explicit || !may_enter(tags),
        Some(_) => !may_enter(tags),
    }
}

/// A speed limit in km/h: `50`, `30 mph`, `DE:urban`. `None` when it says nothing of use.
fn limit_kmh(text: &str) -> Option<f32> {
    let text = text.split([';', '|']).next()?.trim();
    let kmh = match text {
        "walk" | "living_street" => 8.0,
        _ if text.ends_with(":walk") || text.ends_with(":living_street") => 8.0,
        _ if text.ends_with(":urban") => 50.0,
        _ if text.ends_with(":rural") => 90.0,
        _ if text.ends_with(":motorway") => 120.0,
        _ => {
            let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            let number: f32 = text[..digits].parse().ok()?;
            match text[digits..].trim() {
                "" | "km/h" | "kmh" | "kph" => number,
                "mph" => number * 1.609_344,
                "knots" => number * 1.852,
                _ => return None,
            }
        }
    };
    (5.0..=200.0).contains(&kmh).then_some(kmh)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn way(tags: &Tags<'_>) -> Option<(f32, bool, bool)> {
        drivable(tags).map(|d| (d.kmh, d.forward, d.backward))
    }

    #[test]
    fn tags_say_who_may_drive_and_how_fast() {
        for (tags, want) in [
            (&[("highway", "residential")][..], Some((25.0, true, true))),
            (&[("highway", "residential"), ("oneway", "-1"), ("maxspeed", "50")], Some((40.0, false, true))),
            (&[("highway", "motorway")], Some((90.0, true, false))),
            (&[("highway", "motorway"), ("oneway", "no")], Some((90.0, true, true))),
            (&[("highway", "tertiary"), ("junction", "roundabout")], Some((40.0, true, false))),
            (&[("highway", "primary"), ("maxspeed", "25 mph")], Some((25.0 * 1.609_344 * 0.8, true, true))),
            (&[("highway", "primary"), ("maxspeed", "signals")], Some((65.0, true, true))),
            (&[("highway", "service"), ("service", "driveway")], None),
            (&[("highway", "residential"), ("access", "no")], None),
            (&[("highway", "residential"), ("access", "no"), ("motorcar", "yes")], Some((25.0, true, true))),
            (&[("highway", "footway")], None),
            (&[("building", "yes")], None),
        ] {
            assert_eq!(way(tags), want, "{tags:?}");
        }
    }

    #[test]
    fn bollards_stop_cars_and_open_gates_do_not() {
        assert!(blocks(&[("barrier", "bollard")]));
        assert!(!blocks(&[("barrier", "bollard"), ("motor_vehicle", "yes")]));
        assert!(!blocks(&[("barrier", "gate")]));
        assert!(blocks(&[("barrier", "gate"), ("access", "private")]));
    }
}
