//! Roads from OpenStreetMap: `.osm.pbf` and `.osm` XML, plain or gzip.
//!
//! A file is read twice: first its ways, of which those that a car may drive are kept, then the places of the
//! nodes on those. So memory is bounded by the roads, not by the file, and both are limited: a file that
//! unpacks into far more than it holds is refused.

mod assemble;
mod pbf;
mod profile;
mod wire;
mod xml;

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use profile::{Drivable, Tags};

use super::Imported;
use crate::ImportError;

/// Most node references of all roads together: some 600 MB of memory.
const MAX_REFS: usize = 40_000_000;
/// Most node references of one way; OpenStreetMap itself allows 2,000.
const MAX_REFS_OF_WAY: usize = 100_000;

/// Reads the roads of an `.osm.pbf` file.
///
/// # Errors
/// [`ImportError`] with the byte offset and the reason; nothing of a refused file is kept.
pub fn osm_pbf(mut file: impl Read + Seek) -> Result<Imported, ImportError> {
    let mut roads = Roads::default();
    pbf::read(&mut file, &mut WaysOf(&mut roads))?;
    roads.need();
    rewind("osm.pbf", &mut file)?;
    pbf::read(&mut file, &mut NodesOf(&mut roads))?;
    assemble::graph(roads)
}

/// Reads the roads of an `.osm` XML file, plain or gzip.
///
/// # Errors
/// [`ImportError`] with the byte offset (of the unpacked text) and the reason; nothing of a refused file is
/// kept.
pub fn osm_xml(mut file: impl Read + Seek) -> Result<Imported, ImportError> {
    let mut roads = Roads::default();
    xml::read(&mut file, &mut WaysOf(&mut roads))?;
    roads.need();
    rewind("osm", &mut file)?;
    xml::read(&mut file, &mut NodesOf(&mut roads))?;
    assemble::graph(roads)
}

fn rewind(name: &'static str, file: &mut impl Seek) -> Result<(), ImportError> {
    file.seek(SeekFrom::Start(0)).map(drop).map_err(|source| ImportError::Io { file: name, source })
}

/// What a reader of OSM data tells of. An error is a reason in words; the reader knows the place.
trait Visit {
    /// Whether nodes are wanted.
    const NODES: bool;
    /// Whether ways are wanted.
    const WAYS: bool;
    fn node(&mut self, id: i64, lat_e7: i64, lon_e7: i64, tags: &Tags<'_>) -> Result<(), String>;
    fn way(&mut self, id: i64, refs: &[i64], tags: &Tags<'_>) -> Result<(), String>;
}

/// One drivable way.
#[derive(Clone, Copy, Debug)]
struct RoadWay {
    first_ref: usize,
    refs: usize,
    drivable: Drivable,
    name: u32,
}

/// A place in 1e-7 degrees: (latitude, longitude).
type Place = (i32, i32);
/// Of a node that is not in the file (as at the border of an extract), or which cars cannot pass.
const NOWHERE: Place = (i32::MAX, i32::MAX);

/// The roads as read so far.
#[derive(Debug, Default)]
struct Roads {
    ways: Vec<RoadWay>,
    refs: Vec<i64>,
    names: Vec<String>,
    by_name: HashMap<String, u32>,
    /// The nodes on roads, ids ascending, and their places.
    ids: Vec<i64>,
    places: Vec<Place>,
}

impl Roads {
    /// Lists the nodes whose places are needed.
    fn need(&mut self) {
        self.ids = self.refs.clone();
        self.ids.sort_unstable();
        self.ids.dedup();
        self.places = vec![NOWHERE; self.ids.len()];
    }

    fn index(&self, id: i64) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    fn named(&mut self, name: &str) -> u32 {
        if let Some(ix) = self.by_name.get(name) {
            return *ix;
        }
        let ix = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), ix);
        ix
    }
}

struct WaysOf<'a>(&'a mut Roads);
struct NodesOf<'a>(&'a mut Roads);

impl Visit for WaysOf<'_> {
    const NODES: bool = false;
    const WAYS: bool = true;

    fn node(&mut self, _: i64, _: i64, _: i64, _: &Tags<'_>) -> Result<(), String> {
        Ok(())
    }

    fn way(&mut self, id: i64, refs: &[i64], tags: &Tags<'_>) -> Result<(), String> {
        let Some(drivable) = profile::drivable(tags) else { return Ok(()) };
        if refs.len() > MAX_REFS_OF_WAY {
            return Err(format!("way {id} has {} nodes, at most {MAX_REFS_OF_WAY} are taken", refs.len()));
        }
        if self.0.refs.len() + refs.len() > MAX_REFS {
            return Err(format!("the roads have more than {MAX_REFS} nodes: import a smaller area"));
        }
        let name: String = profile::name(tags).chars().take(200).collect();
        let name = self.0.named(&name);
        self.0.ways.push(RoadWay { first_ref: self.0.refs.len(), refs: refs.len(), drivable, name });
        self.0.refs.extend_from_slice(refs);
        Ok(())
    }
}

impl Visit for NodesOf<'_> {
    const NODES: bool = true;
    const WAYS: bool = false;

    fn node(&mut self, id: i64, lat_e7: i64, lon_e7: i64, tags: &Tags<'_>) -> Result<(), String> {
        let Some(ix) = self.0.index(id) else { return Ok(()) };
        if lat_e7.abs() > 900_000_000 || lon_e7.abs() > 1_800_000_000 {
            return Err(format!("node {id} lies off the globe, at {}, {}", lat_e7 as f64 / 1e7, lon_e7 as f64 / 1e7));
        }
        if !profile::blocks(tags) {
            self.0.places[ix] = (lat_e7 as i32, lon_e7 as i32);
        }
        Ok(())
    }

    fn way(&mut self, _: i64, _: &[i64], _: &Tags<'_>) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;

    /// Four streets around a block, a one-way diagonal, a cul-de-sac that loops, a footway; node 9 is missing.
    const TOWN: &str = r#"<?xml version="1.0"?>
<osm version="0.6">
  <node id="1" lat="40.700" lon="-74.000"/><node id="2" lat="40.701" lon="-74.000"/>
  <node id="3" lat="40.701" lon="-73.999"/><node id="4" lat="40.700" lon="-73.999"/>
  <node id="5" lat="40.7005" lon="-73.9995"><tag k="highway" v="crossing"/></node>
  <node id="6" lat="40.7015" lon="-74.0001"/><node id="7" lat="40.7017" lon="-74.0000"/><node id="8" lat="40.7015" lon="-73.9999"/>
  <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="highway" v="residential"/><tag k="name" v="Block &amp; Co"/></way>
  <way id="11"><nd ref="1"/><nd ref="5"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="oneway" v="yes"/></way>
  <way id="12"><nd ref="2"/><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="2"/><tag k="highway" v="living_street"/></way>
  <way id="13"><nd ref="1"/><nd ref="4"/><tag k="highway" v="footway"/></way>
  <way id="14"><nd ref="4"/><nd ref="9"/><tag k="highway" v="residential"/></way>
</osm>"#;

    fn town(text: &str) -> Result<Imported, ImportError> {
        osm_xml(Cursor::new(text.as_bytes()))
    }

    #[test]
    fn a_town_becomes_a_graph() {
        let graph = town(TOWN).unwrap().graph;
        let ids: Vec<i64> = (0..graph.node_count() as u32).map(|n| graph.external_id(n)).collect();
        // 4 joins its two streets; the diagonal is a second road from 1 to 3, so its bend 5 becomes a corner; 7
        // and 8 cut the loop of the cul-de-sac.
        assert_eq!(ids, [1, 2, 3, 5, 7, 8]);
        let arc = |a: i64, b: i64| {
            let (a, b) = (graph.by_external(a).unwrap(), graph.by_external(b).unwrap());
            graph.arcs_of(a).find(|arc| graph.head(*arc) == b)
        };
        let diagonal = arc(1, 5).unwrap();
        assert!(arc(5, 3).is_some() && arc(5, 1).is_none(), "one way");
        assert_eq!(graph.arc_class(diagonal).as_str(), "primary");
        let metres = f64::from(graph.arc_length_m(diagonal));
        assert!((metres - 69.8).abs() < 0.5, "{metres}");
        assert_eq!(graph.arc_time_ms(diagonal), (metres / 65.0 * 3600.0).round() as u32);
        let around = arc(3, 1).unwrap();
        assert_eq!((graph.arc_name(around), graph.arc_points(around).count()), ("Block & Co", 3));
        assert!(arc(2, 7).is_some() && arc(7, 8).is_some() && arc(8, 2).is_some(), "the loop stays");
        assert_eq!(graph.arc_points(arc(2, 7).unwrap()).count(), 3, "the bend is kept");
    }

    #[test]
    fn gzip_is_recognised_and_a_bomb_refused() {
        let gzip = |text: &[u8]| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packed.write_all(text).unwrap();
            packed.finish().unwrap()
        };
        assert_eq!(osm_xml(Cursor::new(gzip(TOWN.as_bytes()))).unwrap().graph, town(TOWN).unwrap().graph);
        let mut bomb = TOWN.replace("</osm>", "").into_bytes();
        bomb.extend("<!-- nothing -->".repeat(4_000_000).bytes());
        let error = osm_xml(Cursor::new(gzip(&bomb))).unwrap_err().to_string();
        assert!(error.contains("unpacks into more than 100 times its size"), "{error}");
    }

    #[test]
    fn mistakes_name_place_and_reason() {
        for (from, to, want) in [
            ("lat=\"40.700\"", "lat=\"x\"", "lat is `x`, not a number"),
            ("lat=\"40.700\"", "lat=\"97\"", "node 1 lies off the globe"),
            ("lat=\"40.700\"", "lat=\"NaN\"", "not a finite number"),
            ("lat=\"40.700\" ", "", "a node's lat is missing"),
            ("ref=\"5\"", "ref=\"five\"", "a node reference is `five`"),
            ("<osm", "<html", "this is not OSM XML"),
            ("<?xml version=\"1.0\"?>", "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]>", "document type"),
            ("</way>", "", "osm: at byte"),
            ("highway", "byway", "no usable road network"),
        ] {
            let error = town(&TOWN.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(want), "{error} does not say {want}");
        }
        let far =
            town(&TOWN.replace("lat=\"40.7005\" lon=\"-73.9995\"", "lat=\"40.7005\" lon=\"73.9995\"")).unwrap().graph;
        assert!(far.by_external(5).is_none() && far.by_external(4).is_none(), "no road leads around the globe");
        let endless = TOWN.replace("</osm>", &format!("<way id=\"{}\"/></osm>", "9".repeat(2_000_000)));
        assert!(town(&endless).unwrap_err().to_string().contains("without a tag's end"));
    }

    #[test]
    fn what_is_no_pbf_says_so() {
        for (bytes, want) in [
            (&b""[..], "the file is empty"),
            (b"<?xml version=\"1.0\"?>", "is this an .osm.pbf file?"),
            (b"\0\0", "cut off"),
            (b"\0\0\0\x0d\x0a\x09OSMHeader\x18\x05ab", "cut off inside a blob"),
            (b"\0\0\0\x0d\x0a\x09OSMHeader\x18\x02\x10\x05", "a blob without data"),
            (b"\0\0\0\x10\x0a\x09OSMHeader\x18\xff\xff\xff\x7f", "bytes, at most"),
        ] {
            let error = osm_pbf(Cursor::new(bytes)).unwrap_err().to_string();
            assert!(error.contains(want), "{error} does not say {want}");
        }
    }
}
