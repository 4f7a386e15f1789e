//! Li and Lim's pickup and delivery problems: vehicles first, then distance; Euclidean in double precision.

use super::fields::lines;
use super::{FormatError, MAX_PLACES};
use crate::instance::{Features, Fleet, Instance, Objective, Parts, Request, Stop, Travel};

const FILE: &str = "the Li and Lim file";

/// Reads `vehicles capacity speed`, then `id x y demand earliest latest service pickup delivery` per task.
pub fn read(text: &str) -> Result<Instance, FormatError> {
    let mut rows = lines(FILE, text);
    let head = rows.next().ok_or_else(|| missing("its first line"))?;
    let [vehicles, capacity, _speed] = head.numbers("vehicles capacity speed")?;
    let count = head.index("vehicles", vehicles, 1_000_000)? as u32;
    let capacity = head.whole("capacity", capacity)?;

    let mut points = Vec::new();
    let mut stops = Vec::new();
    let mut partners = Vec::new();
    for line in rows {
        let wanted = "id x y demand earliest latest service pickup delivery";
        let [id, x, y, demand, earliest, latest, service, pickup, delivery] = line.numbers(wanted)?;
        if stops.len() == MAX_PLACES {
            return Err(line.wrong(format!("more than {MAX_PLACES} tasks")));
        }
        if line.index("id", id, MAX_PLACES)? != stops.len() {
            return Err(line.wrong(format!("id is {id} and should be {}: ids count up from 0", stops.len())));
        }
        let demand = line.whole("demand", demand)?;
        let place = stops.len() as u32;
        points.push((x, y));
        stops.push(Stop { id: place, place, earliest, latest, service, demand: [demand, 0, 0, 0] });
        let pickup = line.index("pickup", pickup, MAX_PLACES)?;
        partners.push((line, pickup, line.index("delivery", delivery, MAX_PLACES)?));
    }
    if stops.is_empty() {
        return Err(missing("the depot"));
    }
    let mut requests = Vec::new();
    for (i, (line, pickup, delivery)) in partners.iter().enumerate().skip(1) {
        if *pickup == 0 {
            if partners.get(*delivery).is_none_or(|p| p.1 != i) {
                return Err(line.wrong(format!("task {i} names delivery {delivery}, which does not name it back")));
            }
            requests.push(Request { pickup: i as u32, delivery: *delivery as u32, max_ride: None });
        } else if partners.get(*pickup).is_none_or(|p| p.1 != 0 || p.2 != i) {
            return Err(line.wrong(format!("task {i} names pickup {pickup}, which does not name it back")));
        }
    }
    let fleets = vec![Fleet { id: 0, start: 0, end: 0, capacity: [capacity, 0, 0, 0], count, max_duration: None }];
    let travel = Travel::euclidean(&points)?;
    let features = Features::default();
    let objective = Objective::VehiclesThenCost;
    Ok(Instance::new(Parts { stops, requests, fleets, travel, features, objective })?)
}

fn missing(what: &str) -> FormatError {
    FormatError::Missing { file: FILE, what: what.into() }
}
