//! The trace of a replay as NDJSON: what a stranger needs to check every promise from the outside.
//!
//! `t` counts seconds from the period's start; node ids are those of the imported node table.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use doorstep_orders::{CarKind, CarProfile, RideNeeds, RideWishes};
use doorstep_roads::{NodeIx, RoadGraph};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::engine::{Event, USUAL_CAR};
use super::{Outcome, ReplayError};

/// Writes the trace to a file, gzip when its name ends in `.gz`.
///
/// # Errors
/// [`ReplayError::Io`].
pub fn write_trace(path: &Path, outcome: &Outcome, seats: u8, graph: &RoadGraph) -> Result<(), ReplayError> {
    let io = |source| ReplayError::Io { path: path.to_owned(), source };
    let file = BufWriter::new(File::create(path).map_err(io)?);
    let name = |node: NodeIx| graph.external_id(node);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
        let mut gzip = GzEncoder::new(file, Compression::fast());
        lines(&mut gzip, outcome, seats, name).and_then(|()| gzip.finish()?.flush()).map_err(io)
    } else {
        let mut file = file;
        lines(&mut file, outcome, seats, name).and_then(|()| file.flush()).map_err(io)
    }
}

/// The trace's lines, in order of time.
///
/// # Errors
/// Those of `out`.
pub fn lines(out: &mut impl Write, outcome: &Outcome, seats: u8, name: impl Fn(NodeIx) -> i64) -> std::io::Result<()> {
    for &(at_ms, event) in &outcome.events {
        write!(out, r#"{{"t":{}.{:03},"kind":"#, at_ms / 1000, at_ms % 1000)?;
        match event {
            Event::Vehicle { vehicle, node, kind } => {
                write!(out, r#""vehicle","vehicle":{vehicle},"node":{},"seats":{seats}"#, name(node))?;
                let has = CarKind { seats: USUAL_CAR.seats, ..kind };
                if has != USUAL_CAR {
                    let CarProfile { wheelchairs, child_seats, luggage, pets } = kind.car;
                    let women = kind.women_rides.as_str();
                    write!(out, r#","wheelchairs":{wheelchairs},"child_seats":{child_seats},"luggage":{luggage}"#)?;
                    write!(out, r#","pets":{pets},"women_rides":"{women}""#)?;
                }
                writeln!(out, "}}")
            }
            Event::Request { request, node, to, asked } => {
                write!(out, r#""request","request":{request},"node":{},"to":{},"seats":1"#, name(node), name(to))?;
                if !asked.needs.is_plain() || asked.wishes != RideWishes::default() {
                    let RideNeeds { wheelchairs, child_seats, luggage, pet } = asked.needs;
                    let RideWishes { women_only, no_pets } = asked.wishes;
                    write!(out, r#","wheelchairs":{wheelchairs},"child_seats":{child_seats},"luggage":{luggage}"#)?;
                    write!(out, r#","pet":{pet},"women_only":{women_only},"no_pets":{no_pets}"#)?;
                }
                writeln!(out, "}}")
            }
            Event::Assign { request, vehicle, node } => {
                writeln!(out, r#""assign","request":{request},"vehicle":{vehicle},"node":{}}}"#, name(node))
            }
            Event::Pickup { request, vehicle, node } => {
                writeln!(out, r#""pickup","request":{request},"vehicle":{vehicle},"node":{}}}"#, name(node))
            }
            Event::Dropoff { request, vehicle, node } => {
                writeln!(out, r#""dropoff","request":{request},"vehicle":{vehicle},"node":{}}}"#, name(node))
            }
            Event::Move { vehicle, node } => {
                writeln!(out, r#""move","vehicle":{vehicle},"node":{}}}"#, name(node))
            }
            Event::Expire { request } => writeln!(out, r#""expire","request":{request}}}"#),
        }?;
    }
    Ok(())
}
