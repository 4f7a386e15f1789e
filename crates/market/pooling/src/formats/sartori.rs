//! Sartori and Buriol's problems on real streets: vehicles first, then minutes; travel times as a table.

use super::fields::{Line, lines};
use super::{FormatError, MAX_PLACES};
use crate::instance::{Features, Fleet, Instance, Objective, Parts, Request, Stop, Travel};

const FILE: &str = "the Sartori and Buriol file";

/// Reads the head (`KEY: value`), `NODES`, and `EDGES` with the table of minutes.
pub fn read(text: &str) -> Result<Instance, FormatError> {
    let mut rows = lines(FILE, text);
    let (mut size, mut capacity, mut longest) = (None, None, None);
    loop {
        let line = rows.next().ok_or_else(|| missing("NODES"))?;
        if line.text.trim() == "NODES" {
            break;
        }
        let (key, value) = line.text.split_once(':').ok_or_else(|| line.wrong("wanted `KEY: value` or NODES"))?;
        match key.trim() {
            "SIZE" => size = Some(line.index("SIZE", line.number(value.trim())?, MAX_PLACES)?),
            "CAPACITY" => capacity = Some(line.whole("CAPACITY", line.number(value.trim())?)?),
            "ROUTE-TIME" => longest = Some(line.number(value.trim())?),
            _ => {}
        }
    }
    let size = size.ok_or_else(|| missing("SIZE"))?;
    let capacity = capacity.ok_or_else(|| missing("CAPACITY"))?;
    let longest = longest.ok_or_else(|| missing("ROUTE-TIME"))?;

    let mut stops = Vec::new();
    let mut partners = Vec::new();
    for _ in 0..size {
        let line = rows.next().ok_or_else(|| missing("nodes: there are fewer than SIZE"))?;
        let (stop, partner) = node(line, stops.len(), size)?;
        stops.push(stop);
        partners.push((line, partner));
    }
    let line = rows.next().ok_or_else(|| missing("EDGES"))?;
    if line.text.trim() != "EDGES" {
        return Err(line.wrong(format!("wanted EDGES after {size} nodes")));
    }
    let mut table = Vec::new();
    for _ in 0..size {
        let line = rows.next().ok_or_else(|| missing("a whole table of travel times"))?;
        let before = table.len();
        for field in line.text.split_whitespace() {
            table.push(line.number(field)?);
        }
        if table.len() - before != size {
            return Err(line.wrong(format!("{} travel times; wanted {size}", table.len() - before)));
        }
    }
    let mut requests = Vec::new();
    for (i, (line, (pickup, delivery))) in partners.iter().enumerate().skip(1) {
        let names = |other: usize| partners.get(other).is_some_and(|p| p.1.0 == i || p.1.1 == i);
        if stops[i].demand[0] > 0 {
            if !names(*delivery) {
                return Err(line.wrong(format!("node {i} names delivery {delivery}, which does not name it back")));
            }
            requests.push(Request { pickup: i as u32, delivery: *delivery as u32, max_ride: None });
        } else if !names(*pickup) {
            return Err(line.wrong(format!("node {i} names pickup {pickup}, which does not name it back")));
        }
    }
    let capacity = [capacity, 0, 0, 0];
    // The fleet is not limited: a vehicle for everybody is always enough.
    let count = requests.len() as u32;
    let fleets = vec![Fleet { id: 0, start: 0, end: 0, capacity, count, max_duration: Some(longest) }];
    let travel = Travel::from_table(size, table)?;
    let features = Features::default();
    let objective = Objective::VehiclesThenCost;
    Ok(Instance::new(Parts { stops, requests, fleets, travel, features, objective })?)
}

fn node(line: Line<'_>, expected: usize, size: usize) -> Result<(Stop, (usize, usize)), FormatError> {
    let wanted = "id lat lon demand earliest latest service pickup delivery";
    let [id, _lat, _lon, demand, earliest, latest, service, pickup, delivery] = line.numbers(wanted)?;
    if line.index("id", id, size)? != expected {
        return Err(line.wrong(format!("id is {id} and should be {expected}: ids count up from 0")));
    }
    let demand = line.whole("demand", demand)?;
    let place = expected as u32;
    let stop = Stop { id: place, place, earliest, latest, service, demand: [demand, 0, 0, 0] };
    Ok((stop, (line.index("pickup", pickup, size)?, line.index("delivery", delivery, size)?)))
}

fn missing(what: &str) -> FormatError {
    FormatError::Missing { file: FILE, what: what.into() }
}
