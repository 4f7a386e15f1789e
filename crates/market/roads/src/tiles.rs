//! The roads as Mapbox vector tiles (specification 2.1): layer `roads`, one feature for all streets of a tile
//! that share `class`, `oneway` and `name`. The same graph gives the same bytes.

use std::collections::BTreeMap;

use doorstep_geo::Point;
use mvt::{GeomEncoder, GeomType, Tile};

use crate::{ArcIx, RoadClass, RoadGraph};

/// Units along a tile's side.
const EXTENT: u32 = 4096;
/// How far lines go on past a tile's border, units, so that wide strokes meet without a seam.
const BUFFER: f64 = 64.0;
/// How far a drawn line may lie from the road, units.
const TOLERANCE: f64 = 1.0;
/// Finest zoom of the tile scheme that is answered.
const MAX_ZOOM: u8 = 24;
/// A graph of at most this many arcs is drawn whole at every zoom.
const SMALL_GRAPH: usize = 20_000;

/// A place in tile units.
type Spot = (f64, f64);
/// A line in whole tile units.
type Line = Vec<(i32, i32)>;
/// The lines to draw by class, whether they are one way, and name.
type Streets<'a> = BTreeMap<(RoadClass, bool, &'a str), Vec<Line>>;

/// The tile in column `x` and row `y` of zoom `z`; empty where the graph has no roads or there is no such
/// tile.
#[must_use]
pub fn encode(graph: &RoadGraph, z: u8, x: u32, y: u32) -> Vec<u8> {
    if z > MAX_ZOOM || x >> z != 0 || y >> z != 0 {
        return Vec::new();
    }
    let mut streets = Streets::new();
    for arc in 0..graph.arc_count() as ArcIx {
        let run: Vec<Spot> = graph.arc_points(arc).map(|p| spot(p, z, x, y)).collect();
        if outside(&run) {
            continue;
        }
        // Of a street's two directions the one from the lower corner is drawn.
        let twin = twin(graph, arc);
        if twin.is_some() && graph.tail(arc) > graph.head(arc) {
            continue;
        }
        let class = twin.map_or(graph.arc_class(arc), |t| graph.arc_class(t).min(graph.arc_class(arc)));
        if graph.arc_count() > SMALL_GRAPH && z < first_zoom(class) {
            continue;
        }
        let lines = streets.entry((class, twin.is_none(), graph.arc_name(arc))).or_default();
        for line in clipped(&simplified(&run)) {
            match lines.last_mut() {
                // A road that goes on is one line, which is smaller and is drawn without a gap.
                Some(last) if last.last() == line.first() => last.extend_from_slice(&line[1..]),
                _ => lines.push(line),
            }
        }
    }
    drawn(&streets).expect("lines of two points and more, in a layer of a fresh tile, always encode")
}

fn drawn(streets: &Streets<'_>) -> Result<Vec<u8>, mvt::Error> {
    let mut tile = Tile::new(EXTENT);
    let mut layer = tile.create_layer("roads");
    for ((class, oneway, name), lines) in streets {
        if lines.is_empty() {
            continue;
        }
        let mut shape = GeomEncoder::new(GeomType::Linestring);
        for line in lines {
            for (x, y) in line {
                shape.add_point(f64::from(*x), f64::from(*y))?;
            }
            shape.complete_geom()?;
        }
        let mut feature = layer.into_feature(shape.encode()?);
        feature.add_tag_string("class", class.as_str());
        feature.add_tag_bool("oneway", *oneway);
        if !name.is_empty() {
            feature.add_tag_string("name", name);
        }
        layer = feature.into_layer();
    }
    if layer.num_features() == 0 {
        return Ok(Vec::new());
    }
    tile.add_layer(layer)?;
    tile.to_bytes()
}

/// The same street driven the other way.
fn twin(graph: &RoadGraph, arc: ArcIx) -> Option<ArcIx> {
    let length = graph.arc_points(arc).count();
    graph.arcs_of(graph.head(arc)).find(|back| {
        graph.head(*back) == graph.tail(arc)
            && graph.arc_points(*back).count() == length
            && graph.arc_name(*back) == graph.arc_name(arc)
    })
}

/// From which zoom on a class is drawn.
const fn first_zoom(class: RoadClass) -> u8 {
    match class {
        RoadClass::Motorway | RoadClass::Trunk => 5,
        RoadClass::Primary => 8,
        RoadClass::Secondary => 10,
        RoadClass::Tertiary => 11,
        RoadClass::Residential => 12,
        RoadClass::Service => 14,
    }
}

/// Web Mercator, from the tile's upper left corner.
fn spot(p: Point, z: u8, x: u32, y: u32) -> Spot {
    let across = f64::from(1_u32 << z);
    let sin = p.lat().clamp(-85.06, 85.06).to_radians().sin();
    let east = (p.lon() + 180.0) / 360.0;
    let south = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI);
    let unit = f64::from(EXTENT);
    ((east * across - f64::from(x)) * unit, (south * across - f64::from(y)) * unit)
}

const LOW: f64 = -BUFFER;
const HIGH: f64 = EXTENT as f64 + BUFFER;

/// Whether a line lies wholly beyond one side of the tile.
fn outside(line: &[Spot]) -> bool {
    line.iter().all(|p| p.0 < LOW)
        || line.iter().all(|p| p.0 > HIGH)
        || line.iter().all(|p| p.1 < LOW)
        || line.iter().all(|p| p.1 > HIGH)
}

/// Leaves out points that lie within [`TOLERANCE`] of the line without them (Douglas and Peucker 1973).
fn simplified(line: &[Spot]) -> Vec<Spot> {
    let mut keep = vec![false; line.len()];
    (keep[0], keep[line.len() - 1]) = (true, true);
    let mut open = vec![(0, line.len() - 1)];
    while let Some((from, to)) = open.pop() {
        let farthest =
            (from + 1..to).map(|ix| (ix, away(line[ix], line[from], line[to]))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((ix, _)) = farthest.filter(|(_, metres)| *metres > TOLERANCE) {
            keep[ix] = true;
            open.extend([(from, ix), (ix, to)]);
        }
    }
    line.iter().zip(keep).filter(|(_, keep)| *keep).map(|(p, _)| *p).collect()
}

/// Distance of `p` from the segment `a` to `b`.
fn away(p: Spot, a: Spot, b: Spot) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

/// The parts of a line inside the buffered tile, rounded to units; parts of no length are left out.
fn clipped(line: &[Spot]) -> Vec<Line> {
    let mut parts: Vec<Line> = vec![Vec::new()];
    for step in line.windows(2) {
        let Some((from, to)) = clip(step[0], step[1]) else { continue };
        let round = |p: Spot| (p.0.round() as i32, p.1.round() as i32);
        let (from, to) = (round(from), round(to));
        let part = parts.last_mut().expect("there is always a part");
        if part.last() == Some(&from) {
            if to != from {
                part.push(to);
            }
        } else if part.len() < 2 {
            *part = if to == from { vec![from] } else { vec![from, to] };
        } else {
            parts.push(if to == from { vec![from] } else { vec![from, to] });
        }
    }
    parts.retain(|part| part.len() > 1);
    parts
}

/// A segment's part inside the buffered tile (Liang and Barsky 1984).
fn clip(a: Spot, b: Spot) -> Option<(Spot, Spot)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (towards, room) in [(-dx, a.0 - LOW), (dx, HIGH - a.0), (-dy, a.1 - LOW), (dy, HIGH - a.1)] {
        if towards == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if towards < 0.0 {
            enter = enter.max(room / towards);
        } else {
            leave = leave.min(room / towards);
        }
    }
    (enter <= leave).then(|| {
        let at = |t: f64| {
            if t <= 0.0 {
                a
            } else if t >= 1.0 {
                b
            } else {
                (a.0 + t * dx, a.1 + t * dy)
            }
        };
        (at(enter), at(leave))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ArcRow;
    use proptest::prelude::*;

    fn square() -> RoadGraph {
        let at = |lat, lon| Point::new(lat, lon).unwrap();
        let points = [(1, at(40.75, -73.99)), (2, at(40.76, -73.99)), (3, at(40.76, -73.98))];
        let arc = |tail, head, name: &str, shape: Vec<Point>| ArcRow {
            tail,
            head,
            length_m: 100.0,
            time_ms: 1000,
            class: RoadClass::Primary,
            shape,
            name: name.to_owned(),
        };
        let bend = at(40.755, -73.9925);
        let arcs = vec![
            arc(0, 1, "Broadway", vec![bend]),
            arc(1, 0, "Broadway", vec![bend]),
            arc(1, 2, "", vec![]),
            arc(2, 0, "", vec![]),
        ];
        RoadGraph::build(&points, arcs).0
    }

    /// The tile of a place.
    fn tile_of(lat: f64, lon: f64, z: u8) -> (u32, u32) {
        let (x, y) = spot(Point::new(lat, lon).unwrap(), z, 0, 0);
        ((x / f64::from(EXTENT)) as u32, (y / f64::from(EXTENT)) as u32)
    }

    #[test]
    fn a_street_is_drawn_once_with_its_name() {
        let (x, y) = tile_of(40.755, -73.985, 12);
        let bytes = encode(&square(), 12, x, y);
        assert_eq!(bytes, encode(&square(), 12, x, y), "the same graph gives the same bytes");
        let has = |text: &str| bytes.windows(text.len()).filter(|w| *w == text.as_bytes()).count();
        assert_eq!((has("Broadway"), has("primary"), has("roads"), has("oneway")), (1, 1, 1, 1));
        assert!(encode(&square(), 12, x + 2, y).is_empty());
        assert!(encode(&square(), 12, 4096, y).is_empty() && encode(&square(), 99, 0, 0).is_empty());
        assert!(encode(&square(), 0, 0, 0).is_empty(), "too small to see");
    }

    proptest! {
        #[test]
        fn what_is_clipped_lies_inside(line in prop::collection::vec((-9000.0..9000.0_f64, -9000.0..9000.0_f64), 2..20)) {
            for part in clipped(&simplified(&line)) {
                prop_assert!(part.len() > 1);
                prop_assert!(part.windows(2).all(|s| s[0] != s[1]));
                for (x, y) in part {
                    prop_assert!((-64..=4160).contains(&x) && (-64..=4160).contains(&y));
                }
            }
        }

        #[test]
        fn simplifying_stays_near(line in prop::collection::vec((0.0..60.0_f64, 0.0..60.0_f64), 2..40)) {
            let thin = simplified(&line);
            for p in &line {
                let near = thin.windows(2).map(|s| away(*p, s[0], s[1])).fold(f64::MAX, f64::min);
                prop_assert!(near <= TOLERANCE + 1e-9, "{near}");
            }
        }
    }
}
