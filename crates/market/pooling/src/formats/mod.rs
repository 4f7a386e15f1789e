//! The public benchmarks' files, and plans as JSON.
//!
//! Files come from outside: a reader either gives a sound [`Instance`] or says in which line what is wrong.
//! Files may be gzipped. A file that unpacks to more than 256 MB is refused before it fills the memory.

mod darp;
mod fields;
mod hga;
mod li_lim;
mod sartori;

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use darp::read as darp;
pub use hga::{Limits, read as hga};
pub use li_lim::read as li_lim;
pub use sartori::read as sartori;

use crate::instance::{Instance, InstanceError, TravelError};

const MAX_BYTES: u64 = 256 << 20;
/// Most places in a table that a file describes by coordinates: 12,000² doubles are 1.2 GB.
const MAX_PLACES: usize = 12_000;

/// Which benchmark's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Li and Lim's pickup and delivery with time windows.
    LiLim,
    /// Cordeau's dial-a-ride with longest rides and shifts.
    Darp,
    /// Sartori and Buriol's pickup and delivery on real streets.
    Sartori,
    /// The 2-HGA paper's Manhattan requests.
    Hga,
}

/// Why an instance could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file system refused.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not UTF-8.
    #[error("{0} is not text")]
    NotText(PathBuf),
    /// Larger than any benchmark.
    #[error("{0} unpacks to more than 256 MB")]
    TooLarge(PathBuf),
    /// A line that cannot be understood.
    #[error("{file} line {line}: {reason}")]
    Line {
        /// Which of the files.
        file: &'static str,
        /// Counted from 1.
        line: usize,
        /// What is wrong and what was wanted.
        reason: String,
    },
    /// A file that ends early or lacks a part.
    #[error("{file} lacks {what}")]
    Missing {
        /// Which of the files.
        file: &'static str,
        /// What is not there.
        what: String,
    },
    /// The table of travel times.
    #[error(transparent)]
    Travel(#[from] TravelError),
    /// The file was read, the problem in it is unsound.
    #[error(transparent)]
    Instance(#[from] InstanceError),
}

/// Files besides the instance's own, and how much of them is taken; only [`Format::Hga`] has any.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    /// The drivers' starts [default: `NAME.drv` beside the requests].
    pub drivers: Option<PathBuf>,
    /// The roads' lengths [default: `NAME.d` beside the requests].
    pub roads: Option<PathBuf>,
    /// How many requests and drivers are taken, and the room in a vehicle.
    pub limits: Limits,
}

/// Reads an instance of the format.
pub fn read(format: Format, path: &Path, companions: &Companions) -> Result<Instance, FormatError> {
    let own = text(path)?;
    match format {
        Format::LiLim => li_lim(&own),
        Format::Darp => darp(&own),
        Format::Sartori => sartori(&own),
        Format::Hga => {
            let beside = |given: &Option<PathBuf>, end: &str| given.clone().unwrap_or_else(|| sibling(path, end));
            let drivers = text(&beside(&companions.drivers, "drv"))?;
            let roads = text(&beside(&companions.roads, "d"))?;
            hga(&own, &drivers, &roads, companions.limits)
        }
    }
}

/// `Manhattan.1a.reqs.gz` → `Manhattan.d.gz`, or without `.gz` where only that is there.
fn sibling(path: &Path, end: &str) -> PathBuf {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let city = name.split('.').next().unwrap_or_default();
    let packed = path.with_file_name(format!("{city}.{end}.gz"));
    if packed.exists() { packed } else { path.with_file_name(format!("{city}.{end}")) }
}

/// The whole text of a file, unpacked when its name ends in `.gz`.
pub fn text(path: &Path) -> Result<String, FormatError> {
    let io = |source| FormatError::Io { path: path.to_path_buf(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|e| e == "gz") {
        flate2::read::MultiGzDecoder::new(file).take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    } else {
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FormatError::TooLarge(path.to_path_buf()));
    }
    String::from_utf8(bytes).map_err(|_| FormatError::NotText(path.to_path_buf()))
}

#[cfg(test)]
mod tests;
