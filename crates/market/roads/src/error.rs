//! What can be wrong with a road file, a city file or a question about roads.

use std::path::PathBuf;

use doorstep_geo::GeoError;

/// Why a road file is not taken. Nothing of a refused file is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A row that cannot stand.
    #[error("{file}, line {line}: {reason}")]
    Row {
        /// Which file, in words: `nodes`, `edges`.
        file: &'static str,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A file without a needed column.
    #[error("{file}: there is no column `{column}`; the header is: {header}")]
    NoColumn {
        /// Which file.
        file: &'static str,
        /// What is missing.
        column: &'static str,
        /// What is there.
        header: String,
    },
    /// A file that is broken as a whole: not gzip where its name says so, not OSM, cut off.
    #[error("{file}: at {at}: {reason}")]
    Broken {
        /// Which file.
        file: &'static str,
        /// Where: a byte offset or a line.
        at: String,
        /// What is wrong.
        reason: String,
    },
    /// More than the importer takes.
    #[error("{file} holds more than {limit} {what}: import a smaller area")]
    TooLarge {
        /// Which file.
        file: &'static str,
        /// How much is taken at most.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// No two corners between which one could drive both ways.
    #[error("no usable road network: of {nodes} corners and {arcs} arcs none form a circuit that a car can drive")]
    Empty {
        /// How many corners were read.
        nodes: usize,
        /// How many arcs were read.
        arcs: usize,
    },
    /// The file could not be read.
    #[error("{file} cannot be read: {source}")]
    Io {
        /// Which file.
        file: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// Why a city file is not taken, or could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CityFileError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a city file at all.
    #[error("{0} is not a city file: make one with `doorstep city import`")]
    NotACity(PathBuf),
    /// From another version of Doorstep.
    #[error("{path} is a city file of format {found}, this Doorstep reads format {wanted}: import the city again")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The one that is read.
        wanted: u32,
    },
    /// Damaged.
    #[error("{path} is damaged: {reason}; import the city again")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
}

/// Why no corner is near.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SnapError {
    /// Outside the city, or too far from any road.
    #[error("{source}: the nearest road is {distance_m:.0} m away, at most {max_m:.0} m are allowed")]
    TooFar {
        /// Metres to the nearest corner.
        distance_m: f64,
        /// What was allowed, metres.
        max_m: f64,
        /// The place, and whether its numbers seem swapped.
        source: GeoError,
    },
    /// A city without roads.
    #[error("the city has no roads")]
    NoRoads,
}
