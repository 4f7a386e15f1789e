//! The imported city as one file: `city.bin` in the city's directory, with `city.json` beside it for people.
//!
//! Layout: 8 bytes magic, format (u32), length of the body (u64), CRC-32 of the body (u32), all little-endian,
//! then the body in postcard. It is written to a neighbour file, synced and renamed, so a reader sees the old
//! city or the new one, never half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use doorstep_clock::Timestamp;
use doorstep_geo::{BoundingBox, Point};
use serde::{Deserialize, Serialize};

use crate::{CityFileError, NodeIx, RoadGraph, WeightProfile};

const MAGIC: [u8; 8] = *b"DOORCITY";
/// Goes up with every change of the body's layout.
const FORMAT: u32 = 1;
const HEADER: usize = 24;
/// Largest file that is read, bytes.
const MAX_BYTES: u64 = 8 << 30;

/// One recorded trip, its ends snapped to corners.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripRecord {
    /// When the ride was asked for (or began, where only that is known).
    pub requested_at: Timestamp,
    /// Where it began.
    pub pickup: Point,
    /// Where it ended.
    pub dropoff: Point,
    /// The corner of the pickup.
    pub from: NodeIx,
    /// The corner of the drop-off.
    pub to: NodeIx,
    /// Riders.
    pub seats: u8,
    /// How long it took, milliseconds, where known.
    pub duration_ms: Option<u32>,
}

/// Everything that `city import` knows about a city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CityFile {
    /// The city's name.
    pub name: String,
    /// ISO 4217 code of its currency.
    pub currency: String,
    /// IANA name of its time zone.
    pub time_zone: String,
    /// The roads.
    pub graph: RoadGraph,
    /// The order in which the hierarchy is built: all corners, least important first; empty when not made yet.
    pub order: Vec<NodeIx>,
    /// Driving times by hour of the week, where known.
    pub profile: Option<WeightProfile>,
    /// Recorded trips, where given.
    pub trips: Vec<TripRecord>,
}

#[derive(Serialize)]
struct Summary<'a> {
    name: &'a str,
    currency: &'a str,
    time_zone: &'a str,
    nodes: usize,
    arcs: usize,
    speed_classes: usize,
    trips: usize,
    bbox: Option<BoundingBox>,
    format: u32,
    bytes: usize,
}

impl CityFile {
    /// A city of these roads and nothing else yet.
    #[must_use]
    pub fn new(name: &str, currency: &str, time_zone: &str, graph: RoadGraph) -> Self {
        let (name, currency, time_zone) = (name.to_owned(), currency.to_owned(), time_zone.to_owned());
        Self { name, currency, time_zone, graph, order: Vec::new(), profile: None, trips: Vec::new() }
    }

    /// The smallest box around all corners; `None` for a city without roads.
    #[must_use]
    pub fn bbox(&self) -> Option<BoundingBox> {
        self.graph.bounds()
    }

    /// Writes `city.bin` and `city.json` into `dir`, which is made when missing.
    ///
    /// # Errors
    /// [`CityFileError::Io`]; an older city in `dir` is then still whole.
    pub fn save(&self, dir: &Path) -> Result<(), CityFileError> {
        let bytes = self.to_bytes();
        let summary = Summary {
            name: &self.name,
            currency: &self.currency,
            time_zone: &self.time_zone,
            nodes: self.graph.node_count(),
            arcs: self.graph.arc_count(),
            speed_classes: self.profile.as_ref().map_or(1, WeightProfile::class_count),
            trips: self.trips.len(),
            bbox: self.bbox(),
            format: FORMAT,
            bytes: bytes.len(),
        };
        let mut json = serde_json::to_vec_pretty(&summary).expect("a summary of numbers and names is always JSON");
        json.push(b'\n');
        fs::create_dir_all(dir).map_err(|source| CityFileError::Io { path: dir.to_owned(), source })?;
        write_whole(&dir.join("city.json"), &json)?;
        write_whole(&dir.join("city.bin"), &bytes)
    }

    /// Reads `city.bin` of `dir`, or `dir` itself when it is a file.
    ///
    /// # Errors
    /// [`CityFileError`] with what is wrong; a damaged file is never taken in part.
    pub fn load(dir: &Path) -> Result<Self, CityFileError> {
        let path = if dir.is_dir() { dir.join("city.bin") } else { dir.to_owned() };
        let io = |source| CityFileError::Io { path: path.clone(), source };
        let length = fs::metadata(&path).map_err(io)?.len();
        if length > MAX_BYTES {
            return Err(CityFileError::Damaged { path, reason: format!("it has {length} bytes, at most {MAX_BYTES} are read") });
        }
        let bytes = fs::read(&path).map_err(io)?;
        Self::from_bytes(&bytes, &path)
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("plain vectors and numbers always serialise");
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(crc32fast::hash(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// Reads a city from the bytes of its file; `path` is for the error.
    ///
    /// # Errors
    /// [`CityFileError`] with what is wrong.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, CityFileError> {
        let damaged = |reason: String| CityFileError::Damaged { path: path.to_owned(), reason };
        let Some((magic, rest)) = bytes.split_first_chunk::<8>() else {
            return Err(CityFileError::NotACity(path.to_owned()));
        };
        if *magic != MAGIC {
            return Err(CityFileError::NotACity(path.to_owned()));
        }
        let cut = || damaged("it ends inside its header".to_owned());
        let (format, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let (crc, body) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let found = u32::from_le_bytes(*format);
        if found != FORMAT {
            return Err(CityFileError::Version { path: path.to_owned(), found, wanted: FORMAT });
        }
        let length = u64::from_le_bytes(*length);
        if length != body.len() as u64 {
            return Err(damaged(format!("its header promises {length} bytes, {} are there", body.len())));
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(damaged("its checksum does not fit".to_owned()));
        }
        let city: Self = postcard::from_bytes(body).map_err(|e| damaged(format!("its body cannot be read: {e}")))?;
        city.check().map_err(damaged)?;
        Ok(city)
    }

    /// Whether every index in it points at something.
    fn check(&self) -> Result<(), String> {
        if !self.graph.is_sound() {
            return Err("its road graph does not hold together".to_owned());
        }
        let nodes = self.graph.node_count();
        let mut seen = vec![false; nodes];
        let fresh = |n: &NodeIx| seen.get_mut(*n as usize).is_some_and(|s| !std::mem::replace(s, true));
        if !self.order.is_empty() && (self.order.len() != nodes || !self.order.iter().all(fresh)) {
            return Err("its node order does not name every corner once".to_owned());
        }
        if let Some(profile) = &self.profile {
            profile.check(&self.graph).map_err(|e| e.to_string())?;
        }
        if self.trips.iter().any(|t| t.from as usize >= nodes || t.to as usize >= nodes) {
            return Err("a trip begins or ends at a corner that is not there".to_owned());
        }
        Ok(())
    }
}

/// Writes a file so that it is there whole or not at all, even after a power cut.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CityFileError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let write = || -> io::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| {
        // What is left of the attempt helps nobody; the first error is the one to report.
        let _ = fs::remove_file(&beside);
        CityFileError::Io { path: path.to_owned(), source }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::import::tables;

    fn city() -> CityFile {
        let nodes = "node,lon,lat\n7,-73.9,40.7\n8,-73.91,40.71\n";
        let edges = "from,to,length,speed\n7,8,1.0,36\n8,7,0.5,18\n";
        let graph = tables(nodes.as_bytes(), edges.as_bytes()).unwrap().graph;
        let mut city = CityFile::new("Two Corners", "USD", "America/New_York", graph);
        city.order = vec![1, 0];
        city.profile = Some(WeightProfile::flat());
        let at = |n| city.graph.point(n);
        city.trips = vec![TripRecord {
            requested_at: Timestamp::from_millis(1_384_790_400_000),
            pickup: at(0),
            dropoff: at(1),
            from: 0,
            to: 1,
            seats: 2,
            duration_ms: None,
        }];
        city
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        city().save(dir.path()).unwrap();
        city().save(dir.path()).unwrap();
        assert_eq!(CityFile::load(dir.path()).unwrap(), city());
        let summary = fs::read_to_string(dir.path().join("city.json")).unwrap();
        assert!(summary.contains("\"nodes\": 2") && summary.contains("Two Corners"), "{summary}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no part files are left");
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let (bytes, path) = (city().to_bytes(), Path::new("c/city.bin"));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x20;
            assert!(CityFile::from_bytes(&bad, path).is_err(), "byte {at}");
            assert!(CityFile::from_bytes(&bytes[..at], path).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn indices_that_point_nowhere_are_noticed() {
        let path = Path::new("c/city.bin");
        for spoil in [
            (|c: &mut CityFile| c.order = vec![0, 0]) as fn(&mut CityFile),
            |c| c.order = vec![0],
            |c| c.trips[0].to = 9,
            |c| c.profile = Some(WeightProfile::from_columns(vec![0; 168], vec![vec![1]]).unwrap()),
        ] {
            let mut city = city();
            spoil(&mut city);
            let error = CityFile::from_bytes(&city.to_bytes(), path).unwrap_err();
            assert!(matches!(error, CityFileError::Damaged { .. }), "{error}");
        }
        assert!(matches!(CityFile::from_bytes(b"PK\x03\x04 something", path), Err(CityFileError::NotACity(_))));
    }
}
