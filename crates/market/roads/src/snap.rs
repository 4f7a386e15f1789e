//! The corner nearest to a place, by a grid of small buckets.

use doorstep_geo::{BoundingBox, EARTH_RADIUS_M, GeoError, Point, haversine_m};

use crate::{NodeIx, RoadGraph, SnapError};

/// The nearest corner and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    /// The corner.
    pub node: NodeIx,
    /// Metres to it as the crow flies.
    pub distance_m: f64,
}

/// Finds the corner nearest to a place. Buckets hold about two corners each.
#[derive(Clone, Debug)]
pub struct Snapper {
    bounds: Option<BoundingBox>,
    columns: usize,
    rows: usize,
    first: Vec<u32>,
    nodes: Vec<(NodeIx, Point)>,
}

impl Snapper {
    /// Over all corners of `graph`.
    #[must_use]
    pub fn new(graph: &RoadGraph) -> Self {
        let bounds = graph.bounds();
        let side = ((graph.node_count() as f64 / 2.0).sqrt().ceil() as usize).clamp(1, 4_096);
        let mut snapper =
            Self { bounds, columns: side, rows: side, first: vec![0; side * side + 1], nodes: Vec::new() };
        for (_, point) in graph.nodes() {
            let bucket = snapper.bucket(point);
            snapper.first[bucket + 1] += 1;
        }
        for bucket in 0..side * side {
            snapper.first[bucket + 1] += snapper.first[bucket];
        }
        let mut next = snapper.first.clone();
        let mut nodes: Vec<Option<(NodeIx, Point)>> = vec![None; graph.node_count()];
        for (node, point) in graph.nodes() {
            let bucket = snapper.bucket(point);
            nodes[next[bucket] as usize] = Some((node, point));
            next[bucket] += 1;
        }
        snapper.nodes = nodes.into_iter().flatten().collect();
        snapper
    }

    fn cell(&self, p: Point) -> (usize, usize) {
        let Some(b) = self.bounds else { return (0, 0) };
        let share = |v: f64, low: f64, high: f64, n: usize| {
            if high > low {
                (((v - low) / (high - low)).clamp(0.0, 1.0) * n as f64).min(n as f64 - 1.0) as usize
            } else {
                0
            }
        };
        (share(p.lon(), b.west, b.east, self.columns), share(p.lat(), b.south, b.north, self.rows))
    }

    fn bucket(&self, p: Point) -> usize {
        let (x, y) = self.cell(p);
        y * self.columns + x
    }

    /// The corner nearest to `p`, when it is within `max_m` metres.
    ///
    /// # Errors
    /// [`SnapError`], which says when the place would fit with latitude and longitude swapped.
    pub fn snap(&self, p: Point, max_m: f64) -> Result<Snap, SnapError> {
        let bounds = self.bounds.ok_or(SnapError::NoRoads)?;
        let nearest = self.nearest(p, bounds).ok_or(SnapError::NoRoads)?;
        if nearest.distance_m <= max_m {
            return Ok(nearest);
        }
        let maybe_swapped = Point::new(p.lon(), p.lat()).is_ok_and(|q| bounds.expanded(max_m).contains(q));
        let source = GeoError::OutsideArea { lat: p.lat(), lon: p.lon(), maybe_swapped };
        Err(SnapError::TooFar { distance_m: nearest.distance_m, max_m, source })
    }

    /// Widens the search ring by ring until no further bucket can hold a nearer corner.
    fn nearest(&self, p: Point, bounds: BoundingBox) -> Option<Snap> {
        let (cx, cy) = self.cell(p);
        // The least width of a bucket in metres: what one more ring adds to the distance of the unseen.
        let tall = (bounds.north - bounds.south).to_radians() * EARTH_RADIUS_M / self.rows as f64;
        let narrowest = bounds.south.abs().max(bounds.north.abs()).min(89.9).to_radians().cos();
        let wide = (bounds.east - bounds.west).to_radians() * EARTH_RADIUS_M * narrowest / self.columns as f64;
        let step = tall.min(wide).max(0.0);
        let mut best: Option<Snap> = None;
        for ring in 0..=self.columns.max(self.rows) {
            if best.is_some_and(|b| step > 0.0 && b.distance_m < (ring as f64 - 1.0) * step * 0.99) {
                break;
            }
            for (x, y) in ring_cells(cx, cy, ring, self.columns, self.rows) {
                let bucket = y * self.columns + x;
                for (node, point) in &self.nodes[self.first[bucket] as usize..self.first[bucket + 1] as usize] {
                    let distance_m = haversine_m(p, *point);
                    if best.is_none_or(|b| (distance_m, *node) < (b.distance_m, b.node)) {
                        best = Some(Snap { node: *node, distance_m });
                    }
                }
            }
        }
        best
    }
}

/// The cells exactly `ring` steps (in the sense of a king's move) from the middle, inside the grid.
fn ring_cells(cx: usize, cy: usize, ring: usize, columns: usize, rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let (low_x, high_x) = (cx.saturating_sub(ring), (cx + ring).min(columns - 1));
    let (low_y, high_y) = (cy.saturating_sub(ring), (cy + ring).min(rows - 1));
    (low_y..=high_y).flat_map(move |y| {
        // Whole rows at the top and the bottom, two cells in the rows between.
        let step = if y.abs_diff(cy) == ring { 1 } else { (2 * ring).max(1) };
        let from = if step == 1 { low_x } else { cx.wrapping_sub(ring) };
        (0..2 * ring + 1)
            .step_by(step)
            .map(move |dx| (from.wrapping_add(dx), y))
            .filter(move |(x, _)| (low_x..=high_x).contains(x))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::graph::ArcRow;
    use proptest::prelude::*;

    fn graph(points: &[(f64, f64)]) -> RoadGraph {
        let points: Vec<_> =
            points.iter().enumerate().map(|(ix, (lat, lon))| (ix as i64, Point::new(*lat, *lon).unwrap())).collect();
        let n = points.len() as u32;
        let arcs = (0..n).map(|i| ArcRow {
            tail: i,
            head: (i + 1) % n,
            length_m: 1.0,
            time_ms: 1,
            class: crate::RoadClass::Service,
            shape: vec![],
            name: String::new(),
        });
        RoadGraph::build(&points, arcs.collect()).0
    }

    proptest! {
        #[test]
        fn nearest_is_really_nearest(
            points in prop::collection::vec((40.0..40.3_f64, -74.1..-73.7_f64), 2..60),
            lat in 39.8..40.5_f64, lon in -74.4..-73.5_f64,
        ) {
            let graph = graph(&points);
            let p = Point::new(lat, lon).unwrap();
            let got = Snapper::new(&graph).snap(p, 1e9).unwrap();
            let want = graph.nodes().map(|(_, q)| haversine_m(p, q)).fold(f64::MAX, f64::min);
            prop_assert!((got.distance_m - want).abs() < 1e-6, "{} {}", got.distance_m, want);
        }
    }

    #[test]
    fn a_swapped_place_is_recognised() {
        let snapper = Snapper::new(&graph(&[(40.7, -74.0), (40.8, -73.9)]));
        assert!(snapper.snap(Point::new(40.7001, -74.0).unwrap(), 100.0).is_ok());
        let error = snapper.snap(Point::new(-74.0, 40.7).unwrap(), 100.0).unwrap_err();
        assert!(error.to_string().contains("swapped"), "{error}");
        assert_eq!(
            Snapper::new(&RoadGraph::default()).snap(Point::new(0.0, 0.0).unwrap(), 1.0),
            Err(SnapError::NoRoads)
        );
    }
}
