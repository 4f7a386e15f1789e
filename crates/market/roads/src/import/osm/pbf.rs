//! The `.osm.pbf` format: blobs of at most 32 MiB, read one at a time
//! (<https://wiki.openstreetmap.org/wiki/PBF_Format>).
//!
//! Written here rather than taken from a crate: those decode a blob into objects, which lets 32 MiB of empty
//! groups take gigabytes, and do not know the offset of a mistake.

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;

use super::Visit;
use super::wire::{Fields, Flaw, Packed, Value, zigzag};
use crate::ImportError;

const FILE: &str = "osm.pbf";
/// Limits of the format.
const MAX_HEADER: u32 = 64 * 1024;
const MAX_BLOB: u64 = 32 * 1024 * 1024;
/// Most texts of one blob.
const MAX_TEXTS: usize = 4_000_000;

/// Reads all blobs of `file`.
pub(super) fn read<V: Visit>(file: &mut impl Read, visit: &mut V) -> Result<(), ImportError> {
    let mut offset = 0_u64;
    let mut any = false;
    loop {
        let at = offset;
        let broken = |reason: String| ImportError::Broken { file: FILE, at: format!("byte {at}"), reason };
        let Some((kind, blob)) = next_blob(file, &mut offset).map_err(|e| cut(at, e))?.transpose().map_err(broken)?
        else {
            break;
        };
        match kind.as_str() {
            "OSMHeader" => check_header(&unpack(&blob).map_err(broken)?).map_err(broken)?,
            "OSMData" => block(&unpack(&blob).map_err(broken)?, visit).map_err(broken)?,
            _ if any => {}
            _ => return Err(broken("this is not an OSM PBF file".to_owned())),
        }
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err(ImportError::Broken { file: FILE, at: "byte 0".to_owned(), reason: "the file is empty".to_owned() })
    }
}

fn cut(at: u64, source: io::Error) -> ImportError {
    if source.kind() == io::ErrorKind::UnexpectedEof {
        return ImportError::Broken {
            file: FILE,
            at: format!("byte {at}"),
            reason: "the file is cut off inside a blob".to_owned(),
        };
    }
    ImportError::Io { file: FILE, source }
}

/// A blob's kind and bytes, or what is wrong with it; `None` at the end of the file.
type NextBlob = Option<Result<(String, Vec<u8>), String>>;

fn next_blob(file: &mut impl Read, offset: &mut u64) -> io::Result<NextBlob> {
    let mut length = [0; 4];
    let mut have = 0;
    while have < 4 {
        match file.read(&mut length[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let length = u32::from_be_bytes(length);
    if length > MAX_HEADER {
        return Ok(Some(Err(format!(
            "a blob's header claims {length} bytes, at most {MAX_HEADER} are allowed; is this an .osm.pbf file?"
        ))));
    }
    let header = exactly(file, u64::from(length))?;
    let (mut kind, mut size) = (String::new(), None);
    for field in Fields(&header) {
        match field {
            Ok((1, Value::Bytes(text))) => kind = String::from_utf8_lossy(text).into_owned(),
            Ok((3, Value::Number(n))) => size = Some(n),
            Ok(_) => {}
            Err(flaw) => return Ok(Some(Err(flaw.to_owned()))),
        }
    }
    // The limit is for the unpacked size; what does not shrink may be a little larger packed.
    let Some(size) = size.filter(|s| *s <= MAX_BLOB + 64 * 1024) else {
        return Ok(Some(Err(format!(
            "a blob of {} bytes, at most {MAX_BLOB} are allowed",
            size.map_or("unknown".to_owned(), |s| s.to_string())
        ))));
    };
    let blob = exactly(file, size)?;
    *offset += 4 + u64::from(length) + size;
    Ok(Some(Ok((kind, blob))))
}

/// Reads `length` bytes, taking memory only for what is there.
fn exactly(file: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The unpacked bytes of a blob.
fn unpack(blob: &[u8]) -> Result<Vec<u8>, String> {
    let mut claimed = None;
    let (mut raw, mut zlib) = (None, None);
    for field in Fields(blob) {
        match field? {
            (1, Value::Bytes(bytes)) => raw = Some(bytes),
            (2, Value::Number(size)) => claimed = Some(size),
            (3, Value::Bytes(bytes)) => zlib = Some(bytes),
            (4..=7, Value::Bytes(_)) => {
                return Err("a blob is packed in another way than zlib: convert the file with osmium".to_owned());
            }
            _ => {}
        }
    }
    if let Some(raw) = raw {
        return Ok(raw.to_vec());
    }
    let zlib = zlib.ok_or("a blob without data")?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(zlib)
        .take(MAX_BLOB + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("a blob does not unpack: {e}"))?;
    if bytes.len() as u64 > MAX_BLOB {
        return Err(format!("a blob unpacks into more than {MAX_BLOB} bytes"));
    }
    match claimed {
        Some(size) if size != bytes.len() as u64 => {
            Err(format!("a blob claims {size} bytes and unpacks into {}", bytes.len()))
        }
        _ => Ok(bytes),
    }
}

/// Refuses files that need what is not read here.
fn check_header(bytes: &[u8]) -> Result<(), String> {
    for field in Fields(bytes) {
        if let (4, Value::Bytes(feature)) = field?
            && !matches!(feature, b"OsmSchema-V0.6" | b"DenseNodes")
        {
            return Err(format!(
                "the file needs the feature `{}`, which is not read",
                String::from_utf8_lossy(feature)
            ));
        }
    }
    Ok(())
}

/// How a block's numbers become places.
struct Scale {
    granularity: i64,
    lat: i64,
    lon: i64,
}

impl Scale {
    /// In 1e-7 degrees; the file counts in nanodegrees.
    fn e7(&self, offset: i64, value: i64) -> i64 {
        self.granularity.saturating_mul(value).saturating_add(offset) / 100
    }
}

fn block<V: Visit>(bytes: &[u8], visit: &mut V) -> Result<(), String> {
    let mut texts: Vec<&str> = Vec::new();
    let mut scale = Scale { granularity: 100, lat: 0, lon: 0 };
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(table)) => {
                for text in Fields(table) {
                    if let (1, Value::Bytes(text)) = text? {
                        if texts.len() == MAX_TEXTS {
                            return Err(format!("a blob has more than {MAX_TEXTS} texts"));
                        }
                        // A text that is no UTF-8 is no tag that roads need.
                        texts.push(std::str::from_utf8(text).unwrap_or_default());
                    }
                }
            }
            (17, Value::Number(n)) => scale.granularity = n as i64,
            (19, Value::Number(n)) => scale.lat = n as i64,
            (20, Value::Number(n)) => scale.lon = n as i64,
            _ => {}
        }
    }
    for field in Fields(bytes) {
        let (2, Value::Bytes(group)) = field? else { continue };
        for member in Fields(group) {
            match member? {
                (1, Value::Bytes(node)) if V::NODES => plain_node(node, &texts, &scale, visit)?,
                (2, Value::Bytes(dense)) if V::NODES => dense_nodes(dense, &texts, &scale, visit)?,
                (3, Value::Bytes(way)) if V::WAYS => one_way(way, &texts, visit)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn text<'a>(texts: &[&'a str], ix: u64) -> Result<&'a str, Flaw> {
    usize::try_from(ix).ok().and_then(|ix| texts.get(ix)).copied().ok_or("a tag points outside the texts of its blob")
}

fn tags<'a>(
    texts: &[&'a str],
    keys: Packed<'_>,
    values: Packed<'_>,
    out: &mut Vec<(&'a str, &'a str)>,
) -> Result<(), Flaw> {
    out.clear();
    for (key, value) in keys.zip(values) {
        out.push((text(texts, key?)?, text(texts, value?)?));
    }
    Ok(())
}

fn plain_node<V: Visit>(bytes: &[u8], texts: &[&str], scale: &Scale, visit: &mut V) -> Result<(), String> {
    let (mut id, mut lat, mut lon) = (None, None, None);
    let (mut keys, mut values) = (Packed::default(), Packed::default());
    for field in Fields(bytes) {
        match field? {
            (1, Value::Number(n)) => id = Some(zigzag(n)),
            (2, Value::Bytes(b)) => keys = Packed(b),
            (3, Value::Bytes(b)) => values = Packed(b),
            (8, Value::Number(n)) => lat = Some(zigzag(n)),
            (9, Value::Number(n)) => lon = Some(zigzag(n)),
            _ => {}
        }
    }
    let (Some(id), Some(lat), Some(lon)) = (id, lat, lon) else { return Err("a node without id or place".to_owned()) };
    let mut pairs = Vec::new();
    tags(texts, keys, values, &mut pairs)?;
    visit.node(id, scale.e7(scale.lat, lat), scale.e7(scale.lon, lon), &pairs)
}

fn dense_nodes<V: Visit>(bytes: &[u8], texts: &[&str], scale: &Scale, visit: &mut V) -> Result<(), String> {
    let (mut ids, mut lats, mut lons, mut marks) =
        (Packed::default(), Packed::default(), Packed::default(), Packed::default());
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(b)) => ids = Packed(b),
            (8, Value::Bytes(b)) => lats = Packed(b),
            (9, Value::Bytes(b)) => lons = Packed(b),
            (10, Value::Bytes(b)) => marks = Packed(b),
            _ => {}
        }
    }
    let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
    let mut pairs = Vec::new();
    for step in ids {
        let (Some(dlat), Some(dlon)) = (lats.next(), lons.next()) else {
            return Err("dense nodes have more ids than places".to_owned());
        };
        id = id.wrapping_add(zigzag(step?));
        lat = lat.wrapping_add(zigzag(dlat?));
        lon = lon.wrapping_add(zigzag(dlon?));
        pairs.clear();
        // Tags of all nodes in one run: key, value, key, value, 0 after each node.
        while let Some(key) = marks.next() {
            let key = key?;
            if key == 0 {
                break;
            }
            let value = marks.next().ok_or("a dense node's tag without its value")??;
            pairs.push((text(texts, key)?, text(texts, value)?));
        }
        visit.node(id, scale.e7(scale.lat, lat), scale.e7(scale.lon, lon), &pairs)?;
    }
    Ok(())
}

fn one_way<V: Visit>(bytes: &[u8], texts: &[&str], visit: &mut V) -> Result<(), String> {
    let mut id = 0;
    let (mut keys, mut values, mut refs) = (Packed::default(), Packed::default(), Packed::default());
    for field in Fields(bytes) {
        match field? {
            (1, Value::Number(n)) => id = n as i64,
            (2, Value::Bytes(b)) => keys = Packed(b),
            (3, Value::Bytes(b)) => values = Packed(b),
            (8, Value::Bytes(b)) => refs = Packed(b),
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    tags(texts, keys, values, &mut pairs)?;
    let (mut at, mut nodes) = (0_i64, Vec::new());
    for step in refs {
        at = at.wrapping_add(zigzag(step?));
        nodes.push(at);
    }
    visit.way(id, &nodes, &pairs)
}
