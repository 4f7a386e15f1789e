//! Judges a tariff as a whole and turns it into its price book.

use std::collections::HashSet;

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point, Polygon};
use doorstep_money::Currency;
use jiff::tz::TimeZone;

use super::book::{AirportRule, Cap};
use super::times::Weekly;
use super::{Area, LegalCap, PriceBook, Rule, RuleKind, Tariff, Zone, ZoneRule};
use crate::{Mistakes, Multiplier};

/// No price is above this many minor units, which keeps every sum far from overflow.
const MAX_PRICE: i64 = 1_000_000_000;
/// Zones are kept as bits of one number.
const MAX_ZONES: usize = 128;

/// The price book, when nothing essential is missing; every mistake goes to `mistakes`.
pub(super) fn compile(tariff: Tariff, mistakes: &mut Mistakes) -> Option<PriceBook> {
    named(&tariff.name, "/name", mistakes);
    let currency = tariff.currency.parse::<Currency>();
    if currency.is_err() {
        let problem = format!("`{}` is not a currency", tariff.currency);
        mistakes.note("/currency", problem, "write its ISO 4217 code in capitals, like USD or CNY");
    }
    for (field, price) in [
        ("/base", tariff.base),
        ("/per_km", tariff.per_km),
        ("/per_minute", tariff.per_minute),
        ("/minimum", tariff.minimum),
        ("/booking_fee", tariff.booking_fee),
    ] {
        amount(price, field, mistakes);
    }
    permille(tariff.commission_permille, 1000, "/commission_permille", mistakes);
    if let Some(tax) = &tariff.tax {
        named(&tax.name, "/tax/name", mistakes);
        permille(tax.permille, 1000, "/tax/permille", mistakes);
    }
    if let Some(sharing) = &tariff.sharing {
        permille(sharing.offer_permille, 1000, "/sharing/offer_permille", mistakes);
        permille(sharing.matched_permille, 1000, "/sharing/matched_permille", mistakes);
        permille(sharing.max_permille, 1000, "/sharing/max_permille", mistakes);
        mistakes.demand(
            sharing.max_permille >= sharing.offer_permille,
            "/sharing/max_permille",
            format!("{} is below the {} that is offered", sharing.max_permille, sharing.offer_permille),
            "write at least offer_permille",
        );
    }
    let zone = time_zone(&tariff.time_zone, mistakes);
    let times = times(&tariff, mistakes);
    let areas = areas(&tariff.zones, mistakes);
    let ids: Vec<&str> = tariff.zones.iter().map(|z| z.id.as_str()).collect();
    let rules = tariff.zone_rules.iter().enumerate().filter_map(|(ix, r)| rule(r, ix, &ids, mistakes)).collect();
    let airports = airports(&tariff, &ids, mistakes);
    let gates = gates(&tariff, mistakes);
    let max = multiplier(tariff.surge.max_multiplier, "/surge/max_multiplier", mistakes);
    let step = tariff.surge.step;
    mistakes.demand(
        (0.0..=1.0).contains(&step),
        "/surge/step",
        format!("{step} is not a step"),
        "write 0 for none, or up to 1, like 0.05",
    );
    let caps: Vec<Cap> =
        tariff.surge.caps.iter().enumerate().filter_map(|(ix, c)| cap(c, ix, &ids, mistakes)).collect();
    Some(PriceBook {
        currency: currency.ok()?,
        zone: zone?,
        times,
        areas,
        rules,
        airports,
        gates,
        max_multiplier: max?,
        // The range is checked above.
        step_permille: (step.clamp(0.0, 1.0) * 1000.0).round() as u32,
        caps,
        tariff,
    })
}

fn named(name: &str, field: &str, mistakes: &mut Mistakes) {
    mistakes.demand(!name.trim().is_empty(), field, "a name is missing", "write what people shall read");
}

fn amount(price: i64, field: &str, mistakes: &mut Mistakes) {
    if !(0..=MAX_PRICE).contains(&price) {
        mistakes.note(field, format!("{price} is not a price"), format!("write minor units from 0 to {MAX_PRICE}"));
    }
}

fn permille(value: u32, most: u32, field: &str, mistakes: &mut Mistakes) {
    if value > most {
        mistakes.note(field, format!("{value} thousandths are too many"), format!("write 0 to {most}"));
    }
}

fn multiplier(value: f64, field: &str, mistakes: &mut Mistakes) -> Option<Multiplier> {
    let read = Multiplier::new(value);
    if read.is_none() {
        mistakes.note(field, format!("{value} is no multiplier"), "write 1 for no surge, up to 100");
    }
    read
}

fn time_zone(name: &str, mistakes: &mut Mistakes) -> Option<TimeZone> {
    if name.is_empty() {
        return Some(TimeZone::UTC);
    }
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let fix = "write an IANA name like America/New_York, or leave it out for UTC";
        mistakes.note("/time_zone", format!("there is no time zone `{name}`"), fix);
    }
    zone
}

fn times(tariff: &Tariff, mistakes: &mut Mistakes) -> Vec<Weekly> {
    let mut read = Vec::with_capacity(tariff.times.len());
    for (ix, time) in tariff.times.iter().enumerate() {
        let at = format!("/times/{ix}");
        named(&time.name, &format!("{at}/name"), mistakes);
        amount(time.flat, &format!("{at}/flat"), mistakes);
        permille(time.permille, 10_000, &format!("{at}/permille"), mistakes);
        match Weekly::new(&time.days, &time.from, &time.to) {
            Ok(weekly) => read.push(weekly),
            Err(field) => {
                let text = if field == "from" { &time.from } else { &time.to };
                mistakes.note(format!("{at}/{field}"), format!("`{text}` is not a time"), "write hh:mm, like 20:00");
            }
        }
    }
    read
}

fn areas(zones: &[Zone], mistakes: &mut Mistakes) -> Vec<Area> {
    let most = format!("there are {} zones", zones.len());
    mistakes.demand(zones.len() <= MAX_ZONES, "/zones", most, "write at most 128; join cells into one zone");
    let mut seen = HashSet::new();
    let mut areas = Vec::with_capacity(zones.len());
    for (ix, zone) in zones.iter().enumerate().take(MAX_ZONES) {
        let at = format!("/zones/{ix}");
        named(&zone.id, &format!("{at}/id"), mistakes);
        let twice = format!("`{}` is taken by another zone", zone.id);
        mistakes.demand(seen.insert(&zone.id), &format!("{at}/id"), twice, "give each zone its own id");
        match (zone.polygon.is_empty(), zone.cells.is_empty()) {
            (false, true) => match Polygon::from_geojson(&zone.polygon) {
                Ok(polygon) => areas.push(Area::Polygon(polygon)),
                Err(error) => {
                    let fix = "write rings of [lon, lat], the last point equal to the first";
                    mistakes.note(format!("{at}/polygon"), error.to_string(), fix);
                }
            },
            (true, false) => areas.extend(cells(&zone.cells, &at, mistakes)),
            _ => mistakes.note(at, "a zone is either a polygon or cells", "write exactly one of polygon and cells"),
        }
    }
    areas
}

fn cells(texts: &[String], at: &str, mistakes: &mut Mistakes) -> Option<Area> {
    let mut cells = HashSet::with_capacity(texts.len());
    let mut resolution = None;
    for (ix, text) in texts.iter().enumerate() {
        let field = format!("{at}/cells/{ix}");
        match text.parse::<Cell>() {
            Ok(cell) => {
                let first = *resolution.get_or_insert(cell.0.resolution());
                mistakes.demand(
                    cell.0.resolution() == first,
                    &field,
                    format!("{cell} is of resolution {}, the first of {first}", cell.0.resolution()),
                    "write cells of one resolution",
                );
                cells.insert(cell);
            }
            Err(error) => mistakes.note(field, error.to_string(), "write H3 indices in hexadecimal"),
        }
    }
    Some(Area::Cells(resolution?, cells))
}

fn zone_of(id: &str, field: &str, ids: &[&str], mistakes: &mut Mistakes) -> Option<usize> {
    let found = ids.iter().position(|known| *known == id);
    if found.is_none() {
        let known = if ids.is_empty() { "there are none yet".to_owned() } else { ids.join(", ") };
        mistakes.note(field, format!("there is no zone `{id}`"), format!("write the id of a zone: {known}"));
    }
    found
}

fn rule(rule: &ZoneRule, ix: usize, ids: &[&str], mistakes: &mut Mistakes) -> Option<Rule> {
    let at = format!("/zone_rules/{ix}");
    named(&rule.name, &format!("{at}/name"), mistakes);
    let from = rule.from.as_ref().map(|id| zone_of(id, &format!("{at}/from"), ids, mistakes));
    let to = rule.to.as_ref().map(|id| zone_of(id, &format!("{at}/to"), ids, mistakes));
    let kind = match (rule.flat_fare, rule.surcharge) {
        (Some(fare), None) => {
            amount(fare, &format!("{at}/flat_fare"), mistakes);
            RuleKind::FlatFare(fare)
        }
        (None, Some(extra)) => {
            amount(extra, &format!("{at}/surcharge"), mistakes);
            RuleKind::Surcharge(extra)
        }
        _ => {
            mistakes.note(at, "a rule is either a flat fare or a surcharge", "write one of flat_fare and surcharge");
            return None;
        }
    };
    Some(Rule { from: from.unwrap_or_default(), to: to.unwrap_or_default(), both_ways: rule.both_ways, kind })
}

fn airports(tariff: &Tariff, ids: &[&str], mistakes: &mut Mistakes) -> Vec<AirportRule> {
    let mut rules = Vec::with_capacity(tariff.airports.len());
    for (ix, airport) in tariff.airports.iter().enumerate() {
        let at = format!("/airports/{ix}");
        named(&airport.name, &format!("{at}/name"), mistakes);
        amount(airport.pickup_fee, &format!("{at}/pickup_fee"), mistakes);
        amount(airport.dropoff_fee, &format!("{at}/dropoff_fee"), mistakes);
        let max = airport.max_multiplier.and_then(|m| multiplier(m, &format!("{at}/max_multiplier"), mistakes));
        if let Some(zone) = zone_of(&airport.zone, &format!("{at}/zone"), ids, mistakes) {
            rules.push(AirportRule { zone, max });
        }
    }
    rules
}

fn gates(tariff: &Tariff, mistakes: &mut Mistakes) -> Vec<[Point; 2]> {
    let mut gates = Vec::with_capacity(tariff.tolls.len());
    for (ix, toll) in tariff.tolls.iter().enumerate() {
        let at = format!("/tolls/{ix}");
        named(&toll.name, &format!("{at}/name"), mistakes);
        amount(toll.amount, &format!("{at}/amount"), mistakes);
        let points: Vec<Point> = toll.gate.iter().filter_map(|[lon, lat]| Point::new(*lat, *lon).ok()).collect();
        match (&points[..], toll.gate.len()) {
            ([a, b], 2) if a != b => gates.push([*a, *b]),
            _ => mistakes.note(format!("{at}/gate"), "a gate is a line", "write its two different ends as [lon, lat]"),
        }
    }
    gates
}

fn cap(cap: &LegalCap, ix: usize, ids: &[&str], mistakes: &mut Mistakes) -> Option<Cap> {
    let at = format!("/surge/caps/{ix}");
    named(&cap.name, &format!("{at}/name"), mistakes);
    named(&cap.law, &format!("{at}/law"), mistakes);
    let mut moment = |text: &Option<String>, field: &str, open: i64| match text.as_deref().map(Timestamp::parse) {
        None => Some(Timestamp(open)),
        Some(Ok(at)) => Some(at),
        Some(Err(error)) => {
            mistakes.note(format!("{at}/{field}"), error.to_string(), "write it with a zone");
            None
        }
    };
    let (from, to) = (moment(&cap.from, "from", i64::MIN), moment(&cap.to, "to", i64::MAX));
    if let (Some(from), Some(to)) = (from, to) {
        let problem = "it ends before it begins";
        mistakes.demand(from < to, &format!("{at}/to"), problem, "write a later moment than from");
    }
    let zone = cap.zone.as_ref().map(|id| zone_of(id, &format!("{at}/zone"), ids, mistakes));
    let max = multiplier(cap.max_multiplier, &format!("{at}/max_multiplier"), mistakes)?;
    Some(Cap { max, zone: zone.unwrap_or_default(), from: from?, to: to? })
}
