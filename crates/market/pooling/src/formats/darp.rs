//! Cordeau's dial-a-ride problems: least cost with a given fleet; Euclidean in double precision.

use super::fields::lines;
use super::{FormatError, MAX_PLACES};
use crate::instance::{Features, Fleet, Instance, Objective, Parts, Request, Stop, Travel};

const FILE: &str = "the dial-a-ride file";

/// Reads `vehicles nodes max_duration capacity max_ride`, then `id x y service demand earliest latest` per
/// node: the depot 0, the pickups 1..n, their deliveries n+1..2n, and in some files the depot once more.
pub fn read(text: &str) -> Result<Instance, FormatError> {
    let mut rows = lines(FILE, text);
    let head = rows.next().ok_or_else(|| missing("its first line"))?;
    let [vehicles, _nodes, longest, capacity, ride] =
        head.numbers("vehicles nodes longest_shift capacity longest_ride")?;
    let count = head.index("vehicles", vehicles, 1_000_000)? as u32;
    let capacity = head.whole("capacity", capacity)?;

    let mut points = Vec::new();
    let mut stops: Vec<Stop> = Vec::new();
    for line in rows {
        let [id, x, y, service, demand, earliest, latest] = line.numbers("id x y service demand earliest latest")?;
        if stops.len() == MAX_PLACES {
            return Err(line.wrong(format!("more than {MAX_PLACES} nodes")));
        }
        if line.index("id", id, MAX_PLACES)? != stops.len() {
            return Err(line.wrong(format!("id is {id} and should be {}: ids count up from 0", stops.len())));
        }
        let demand = line.whole("demand", demand)?;
        let place = stops.len() as u32;
        points.push((x, y));
        stops.push(Stop { id: place, place, earliest, latest, service, demand: [demand, 0, 0, 0] });
    }
    // The closing copy of the depot makes the number of nodes even.
    if stops.len().is_multiple_of(2) && stops.len() > 2 {
        let same = points.first() == points.last() && stops.last().is_some_and(|s| s.demand[0] == 0);
        if !same {
            return Err(missing("a delivery: there is an odd number of nodes besides the depot"));
        }
        stops.pop();
        points.pop();
    }
    if stops.len() < 3 {
        return Err(missing("a pickup and its delivery"));
    }
    let half = stops.len() / 2;
    let request = |i: usize| Request { pickup: i as u32, delivery: (i + half) as u32, max_ride: Some(ride) };
    let requests = (1..=half).map(request).collect();
    let capacity = [capacity, 0, 0, 0];
    let fleets = vec![Fleet { id: 0, start: 0, end: 0, capacity, count, max_duration: Some(longest) }];
    let travel = Travel::euclidean(&points)?;
    let features = Features::default();
    Ok(Instance::new(Parts { stops, requests, fleets, travel, features, objective: Objective::Cost })?)
}

fn missing(what: &str) -> FormatError {
    FormatError::Missing { file: FILE, what: what.into() }
}
