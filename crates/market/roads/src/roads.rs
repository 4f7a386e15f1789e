//! One city's roads, ready for every question: how long, which way, which corner.

use std::sync::Arc;

use doorstep_geo::{Point, haversine_m};

use crate::snap::Snapper;
use crate::{Hierarchy, Metric, NodeIx, RoadGraph, Snap, SnapError, TravelMatrix, TravelTimes, UNREACHABLE};

/// A way from one corner to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The corners on it, both ends included.
    pub nodes: Vec<NodeIx>,
    /// Driving time, milliseconds.
    pub time_ms: u32,
    /// Length, metres.
    pub length_m: f64,
    /// Its course.
    pub geometry: Vec<Point>,
}

/// A table of travel times, row-major by source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// How many targets: the length of a row.
    pub targets: usize,
    /// Milliseconds; [`UNREACHABLE`] where there is no way.
    pub times_ms: Vec<u32>,
}

impl Table {
    /// The times from source `line` to all targets.
    #[must_use]
    pub fn row(&self, line: usize) -> &[u32] {
        &self.times_ms[line * self.targets..][..self.targets]
    }

    /// The time from source number `line` to target number `column`; [`UNREACHABLE`] where there is no way.
    ///
    /// # Panics
    /// When there is no such source or target.
    #[must_use]
    pub fn time_ms(&self, line: usize, column: usize) -> u32 {
        self.row(line)[column]
    }
}

/// A road graph with its hierarchy, one metric, and a way to find corners. Shared, never changed: other
/// times make another `Roads` by [`Self::with_metric`].
#[derive(Clone, Debug)]
pub struct Roads {
    graph: Arc<RoadGraph>,
    hierarchy: Arc<Hierarchy>,
    metric: Arc<Metric>,
    snapper: Arc<Snapper>,
}

impl Roads {
    /// Orders, completes and customizes `graph` at its base times.
    #[must_use]
    pub fn build(graph: RoadGraph) -> Self {
        let hierarchy = Hierarchy::build(&graph);
        Self::assemble(Arc::new(graph), Arc::new(hierarchy))
    }

    /// From a graph and its hierarchy, at base times.
    #[must_use]
    pub fn assemble(graph: Arc<RoadGraph>, hierarchy: Arc<Hierarchy>) -> Self {
        let metric = Metric::customize(Arc::clone(&hierarchy), graph.arc_times_ms());
        let snapper = Arc::new(Snapper::new(&graph));
        Self { graph, hierarchy, metric: Arc::new(metric), snapper }
    }

    /// The same roads at other travel times.
    #[must_use]
    pub fn with_metric(&self, metric: Arc<Metric>) -> Self {
        Self { metric, ..self.clone() }
    }

    /// The graph.
    #[must_use]
    pub fn graph(&self) -> &Arc<RoadGraph> {
        &self.graph
    }

    /// The hierarchy.
    #[must_use]
    pub fn hierarchy(&self) -> &Arc<Hierarchy> {
        &self.hierarchy
    }

    /// The travel times in use.
    #[must_use]
    pub fn metric(&self) -> &Arc<Metric> {
        &self.metric
    }

    /// The fastest time from `a` to `b`, milliseconds; `None` when there is no way.
    #[must_use]
    pub fn time_ms(&self, a: NodeIx, b: NodeIx) -> Option<u32> {
        Some(self.metric.time_ms(a, b)).filter(|t| *t != UNREACHABLE)
    }

    /// The fastest way from `a` to `b`; `None` when there is none.
    #[must_use]
    pub fn route(&self, a: NodeIx, b: NodeIx) -> Option<Route> {
        let nodes = self.metric.path(a, b)?;
        let mut route =
            Route { time_ms: self.metric.time_ms(a, b), length_m: 0.0, geometry: vec![self.graph.point(a)], nodes };
        for step in route.nodes.windows(2) {
            let arc = self.graph.arcs_of(step[0]).find(|arc| self.graph.head(*arc) == step[1])?;
            route.length_m += f64::from(self.graph.arc_length_m(arc));
            route.geometry.extend(self.graph.arc_points(arc).skip(1));
        }
        Some(route)
    }

    /// The times from every corner to `target`, indexed by corner.
    pub fn times_to(&self, target: NodeIx, out: &mut Vec<u32>) {
        self.metric.times_to(target, out);
    }

    /// The times from `source` to every corner, indexed by corner.
    pub fn times_from(&self, source: NodeIx, out: &mut Vec<u32>) {
        self.metric.times_from(source, out);
    }

    /// The times from each source to each target.
    #[must_use]
    pub fn table(&self, sources: &[NodeIx], targets: &[NodeIx]) -> Table {
        Table { targets: targets.len(), times_ms: self.metric.table(sources, targets) }
    }

    /// The corner nearest to `p`, at most `max_m` metres away.
    ///
    /// # Errors
    /// [`SnapError`], which says when latitude and longitude seem to be swapped.
    pub fn snap(&self, p: Point, max_m: f64) -> Result<Snap, SnapError> {
        self.snapper.snap(p, max_m)
    }

    /// Travel times for dispatch: a matrix of all pairs where the city is small enough for one, single
    /// look-ups in the hierarchy where it is not.
    #[must_use]
    pub fn travel_times(&self) -> Arc<dyn TravelTimes> {
        if self.graph.node_count() <= TravelMatrix::MAX_NODES {
            Arc::new(self.metric.matrix())
        } else {
            Arc::clone(&self.metric) as Arc<dyn TravelTimes>
        }
    }

    /// Metres from `p` to a corner as the crow flies.
    #[must_use]
    pub fn metres_to(&self, p: Point, node: NodeIx) -> f64 {
        haversine_m(p, self.graph.point(node))
    }
}

impl TravelTimes for Metric {
    fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        Self::time_ms(self, from, to)
    }

    fn times_to(&self, target: NodeIx, sources: &[NodeIx], out: &mut Vec<u32>) {
        let mut all = Vec::new();
        Self::times_to(self, target, &mut all);
        out.clear();
        out.extend(sources.iter().map(|s| all[*s as usize]));
    }
}
