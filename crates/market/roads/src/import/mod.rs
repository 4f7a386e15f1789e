//! Importers: what other people's road files become here. All or nothing.

mod hours;
mod osm;
mod tables;
mod trips;

use std::io::{BufRead, Read};

pub use hours::hours;
pub use osm::{osm_pbf, osm_xml};
pub use tables::tables;
pub use trips::trip_times;

use crate::{Dropped, RoadGraph};

/// A graph with an account of what was left out.
#[derive(Debug)]
pub struct Imported {
    /// The roads.
    pub graph: RoadGraph,
    /// What was left out.
    pub dropped: Dropped,
}

/// Reads a stream that may be gzip: its first two bytes tell.
///
/// # Errors
/// When the first bytes cannot be read.
pub fn maybe_gzip<'a>(mut input: impl BufRead + 'a) -> std::io::Result<Box<dyn Read + 'a>> {
    let gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip { Box::new(flate2::bufread::MultiGzDecoder::new(input)) } else { Box::new(input) })
}
