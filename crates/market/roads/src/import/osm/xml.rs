//! OSM XML (<https://wiki.openstreetmap.org/wiki/OSM_XML>), plain or gzip.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{MAX_REFS_OF_WAY, Visit};
use crate::ImportError;

const FILE: &str = "osm";
/// Largest piece of XML between two tags, bytes.
const MAX_EVENT: u64 = 1 << 20;
/// Most that a file may unpack into, as a multiple of its own size. OSM XML shrinks some 8 to 20 times.
const MAX_RATIO: u64 = 100;
/// Most tags of one node or way.
const MAX_TAGS: usize = 5_000;

/// What has gone through a reader.
#[derive(Debug, Default)]
struct Meter {
    packed: Cell<u64>,
    unpacked: Cell<u64>,
    event: Cell<u64>,
}

struct Packed<R>(R, Rc<Meter>);

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(into)?;
        self.1.packed.set(self.1.packed.get() + n as u64);
        Ok(n)
    }
}

/// Refuses to go on when a file unpacks into too much or a piece never ends.
struct Unpacked<R>(R, Rc<Meter>);

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Unpacked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let (meter, unpacked) = (&self.1, self.1.unpacked.get());
        if unpacked > (meter.packed.get() + 64 * 1024) * MAX_RATIO {
            return Err(io::Error::other(format!("the file unpacks into more than {MAX_RATIO} times its size")));
        }
        if unpacked - meter.event.get() > MAX_EVENT {
            return Err(io::Error::other(format!("more than {MAX_EVENT} bytes without a tag's end")));
        }
        self.0.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.1.unpacked.set(self.1.unpacked.get() + n as u64);
        self.0.consume(n);
    }
}

/// The node or way that is open.
#[derive(Default)]
struct Open {
    id: i64,
    lat_e7: i64,
    lon_e7: i64,
    refs: Vec<i64>,
    tags: Vec<(String, String)>,
}

impl Open {
    fn clear(&mut self) {
        self.refs.clear();
        self.tags.clear();
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Node,
    Way,
}

/// Reads all nodes and ways of `file`.
pub(super) fn read<V: Visit>(file: &mut impl Read, visit: &mut V) -> Result<(), ImportError> {
    let meter = Rc::new(Meter::default());
    let mut packed = BufReader::with_capacity(1 << 16, Packed(file, Rc::clone(&meter)));
    let gzip = packed.fill_buf().map_err(|source| ImportError::Io { file: FILE, source })?.starts_with(&[0x1f, 0x8b]);
    let input: Box<dyn BufRead + '_> =
        if gzip { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(packed))) } else { Box::new(packed) };
    let mut reader = Reader::from_reader(Unpacked(input, Rc::clone(&meter)));
    let (mut buffer, mut open, mut inside) = (Vec::new(), Open::default(), Inside::Nothing);
    let mut is_osm = false;
    loop {
        let at = meter.unpacked.get();
        meter.event.set(at);
        let broken = |reason: String| ImportError::Broken { file: FILE, at: format!("byte {at}"), reason };
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|e| broken(e.to_string()))?;
        match event {
            Event::Start(tag) => {
                inside = begin::<V>(&tag, &mut open, inside, &mut is_osm).map_err(broken)?;
            }
            Event::Empty(tag) => {
                inside = begin::<V>(&tag, &mut open, inside, &mut is_osm).map_err(broken)?;
                if matches!(tag.name().as_ref(), "node" | "way") {
                    end(inside, &open, visit).map_err(broken)?;
                    inside = Inside::Nothing;
                }
            }
            Event::End(tag) if matches!(tag.name().as_ref(), "node" | "way") => {
                end(inside, &open, visit).map_err(broken)?;
                inside = Inside::Nothing;
            }
            Event::DocType(_) => return Err(broken("a document type has no place in OSM XML".to_owned())),
            Event::Eof if is_osm => return Ok(()),
            Event::Eof => return Err(broken("there is no <osm> element: this is not OSM XML".to_owned())),
            _ => {}
        }
    }
}

fn end<V: Visit>(inside: Inside, open: &Open, visit: &mut V) -> Result<(), String> {
    match inside {
        Inside::Node if V::NODES => visit.node(open.id, open.lat_e7, open.lon_e7, &open.pairs()),
        Inside::Way if V::WAYS => visit.way(open.id, &open.refs, &open.pairs()),
        _ => Ok(()),
    }
}

fn begin<V: Visit>(tag: &BytesStart<'_>, open: &mut Open, inside: Inside, is_osm: &mut bool) -> Result<Inside, String> {
    match tag.name().as_ref() {
        "osm" => *is_osm = true,
        _ if !*is_osm => return Err("there is no <osm> element at the start: this is not OSM XML".to_owned()),
        "node" if V::NODES => {
            open.clear();
            let [id, lat, lon] = attributes(tag, ["id", "lat", "lon"])?;
            open.id = whole(&id, "a node's id")?;
            // A deleted node in a change file has no place; it is no road's node either.
            if lat.is_none() && lon.is_none() {
                return Ok(Inside::Nothing);
            }
            open.lat_e7 = degrees(&lat, "lat")?;
            open.lon_e7 = degrees(&lon, "lon")?;
            return Ok(Inside::Node);
        }
        "way" if V::WAYS => {
            open.clear();
            let [id] = attributes(tag, ["id"])?;
            open.id = whole(&id, "a way's id")?;
            return Ok(Inside::Way);
        }
        "node" | "way" | "relation" => return Ok(Inside::Nothing),
        "nd" if inside == Inside::Way => {
            let [node] = attributes(tag, ["ref"])?;
            if open.refs.len() > MAX_REFS_OF_WAY {
                return Err(format!("way {} has more than {MAX_REFS_OF_WAY} nodes", open.id));
            }
            open.refs.push(whole(&node, "a node reference")?);
        }
        "tag" if inside != Inside::Nothing => {
            if open.tags.len() >= MAX_TAGS {
                return Err(format!("{} has more than {MAX_TAGS} tags", open.id));
            }
            let [key, value] = attributes(tag, ["k", "v"])?;
            open.tags.push((key.ok_or("a tag without its key")?, value.ok_or("a tag without its value")?));
        }
        _ => {}
    }
    Ok(inside)
}

/// The wanted attributes of a tag.
fn attributes<const N: usize>(tag: &BytesStart<'_>, wanted: [&str; N]) -> Result<[Option<String>; N], String> {
    let mut found = [const { None }; N];
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        if let Some(ix) = wanted.iter().position(|w| *w == attribute.key.as_ref()) {
            found[ix] = Some(
                attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|e| e.to_string())?.into_owned(),
            );
        }
    }
    Ok(found)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn whole(text: &Option<String>, what: &str) -> Result<i64, String> {
    let text = text.as_deref().ok_or_else(|| format!("{what} is missing"))?;
    text.trim().parse().map_err(|_| format!("{what} is `{}`, not a whole number", short(text)))
}

fn degrees(text: &Option<String>, what: &str) -> Result<i64, String> {
    let text = text.as_deref().ok_or_else(|| format!("a node's {what} is missing"))?;
    let value: f64 = text.trim().parse().map_err(|_| format!("{what} is `{}`, not a number", short(text)))?;
    if !value.is_finite() {
        return Err(format!("{what} is `{}`, not a finite number", short(text)));
    }
    Ok((value * 1e7).round() as i64)
}
