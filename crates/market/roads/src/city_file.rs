//! The imported city as a file: a header that names format and checksum, then the data.
//!
//! Written beside its place and moved there when it is whole and on disk, so that a city is either the old
//! one or the new one. A damaged file is refused with the reason.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use doorstep_geo::BoundingBox;
use serde::{Deserialize, Serialize};

use crate::{CityFileError, Hierarchy, RoadGraph, WeekProfile};

/// The file's name inside a city's directory.
pub const FILE_NAME: &str = "city.bin";
const MAGIC: &[u8; 8] = b"DOORCITY";
const FORMAT: u32 = 1;
/// Magic, format, CRC-32 and length.
const HEADER: usize = 8 + 4 + 4 + 8;

/// An imported city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CityFile {
    /// Its id: small letters, digits and dashes.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// IANA name of its time zone.
    pub time_zone: String,
    /// Its roads.
    pub graph: RoadGraph,
    /// Their hierarchy.
    pub hierarchy: Hierarchy,
    /// Their week.
    pub week: WeekProfile,
    /// Where the numbers come from, for people to read.
    pub sources: Vec<String>,
}

#[derive(Serialize)]
struct Summary<'a> {
    id: &'a str,
    name: &'a str,
    currency: &'a str,
    time_zone: &'a str,
    nodes: usize,
    arcs: usize,
    hierarchy_edges: usize,
    bbox: Option<BoundingBox>,
    sources: &'a [String],
}

impl CityFile {
    /// Writes the city into the directory `dir` (made when missing): `city.bin`, and `city.json` for people.
    ///
    /// # Errors
    /// [`CityFileError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), CityFileError> {
        let body = postcard::to_allocvec(self)
            .map_err(|e| CityFileError::Damaged { path: dir.to_owned(), reason: e.to_string() })?;
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&body);
        let summary = Summary {
            id: &self.id,
            name: &self.name,
            currency: &self.currency,
            time_zone: &self.time_zone,
            nodes: self.graph.node_count(),
            arcs: self.graph.arc_count(),
            hierarchy_edges: self.hierarchy.edge_count(),
            bbox: self.graph.bounds(),
            sources: &self.sources,
        };
        let summary = serde_json::to_vec_pretty(&summary)
            .map_err(|e| CityFileError::Damaged { path: dir.to_owned(), reason: e.to_string() })?;
        std::fs::create_dir_all(dir).map_err(|source| CityFileError::Io { path: dir.to_owned(), source })?;
        put(dir, "city.json", &summary)?;
        put(dir, FILE_NAME, &bytes)
    }

    /// Reads the city in the directory `dir`.
    ///
    /// # Errors
    /// [`CityFileError`].
    pub fn load(dir: &Path) -> Result<Self, CityFileError> {
        let path = dir.join(FILE_NAME);
        let bytes = std::fs::read(&path).map_err(|source| CityFileError::Io { path: path.clone(), source })?;
        Self::parse(&bytes, &path)
    }

    /// Reads a city from the bytes of its file; `path` is for messages.
    ///
    /// # Errors
    /// [`CityFileError`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, CityFileError> {
        let damaged = |reason: &str| CityFileError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
        if !bytes.starts_with(MAGIC) {
            return Err(CityFileError::NotACity(path.to_owned()));
        }
        let Some((header, body)) = bytes.split_at_checked(HEADER) else { return Err(damaged("its header is cut off")) };
        let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if number(8) != FORMAT {
            return Err(CityFileError::Version { path: path.to_owned(), found: number(8), wanted: FORMAT });
        }
        let length = u64::from(number(16)) | u64::from(number(20)) << 32;
        if length != body.len() as u64 {
            return Err(damaged(&format!("it should hold {length} bytes of data and holds {}", body.len())));
        }
        if crc32fast::hash(body) != number(12) {
            return Err(damaged("its checksum does not fit"));
        }
        let city: Self = postcard::from_bytes(body).map_err(|e| damaged(&e.to_string()))?;
        if !city.graph.is_sound() || !city.hierarchy.fits(&city.graph) {
            return Err(damaged("its roads do not fit together"));
        }
        city.week.check(city.graph.arc_count()).map_err(|e| damaged(&e.to_string()))?;
        Ok(city)
    }
}

/// Writes a file that is there whole or not at all, also after a power cut.
fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), CityFileError> {
    let (fresh, place) = (dir.join(format!(".{name}.new")), dir.join(name));
    let io = |path: &PathBuf| {
        let path = path.clone();
        move |source| CityFileError::Io { path, source }
    };
    let mut file = std::fs::File::create(&fresh).map_err(io(&fresh))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(&fresh))?;
    std::fs::rename(&fresh, &place).map_err(io(&place))?;
    std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(io(&place))
}
