//! A city made ready for replays: its streets and the travel times of all pairs.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_roads::{CityFile, NodeIx, ProfileError, RoadGraph, Roads, RoadsByHour, Snapper, TravelTimes};

use super::ReplayError;
use super::engine::{self, Outcome, Policy, Run};
use super::motion::Streets;
use super::shared;
use super::shifts::{Shift, Shifts};

/// A city ready to be replayed any number of times.
pub struct Replay {
    graph: Arc<RoadGraph>,
    corners: Snapper,
    streets: Streets,
    times: Arc<dyn TravelTimes>,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("nodes", &self.graph.node_count()).finish_non_exhaustive()
    }
}

impl Replay {
    /// From an imported city, at the base travel times of its roads.
    pub fn new(city: CityFile) -> Self {
        let graph = Arc::new(city.graph);
        let roads = Roads::assemble(Arc::clone(&graph), Arc::new(city.hierarchy));
        let streets = Streets::new(graph.node_count(), |node| {
            let graph = &graph;
            graph.arcs_of(node).map(move |arc| (graph.head(arc), graph.arc_time_ms(arc)))
        });
        Self { corners: Snapper::new(&graph), streets, times: roads.travel_times(), graph }
    }

    /// From an imported city, at the travel times of the hour that a moment lies in.
    ///
    /// # Errors
    /// [`ProfileError`] when the city's week is another graph's or its time zone is unknown.
    pub fn at(city: CityFile, at: Timestamp) -> Result<Self, ProfileError> {
        if city.week.is_flat() {
            return Ok(Self::new(city));
        }
        let roads = Roads::assemble(Arc::new(city.graph), Arc::new(city.hierarchy));
        let week = RoadsByHour::new(Arc::clone(roads.graph()), Arc::clone(roads.hierarchy()), city.week)?;
        let roads = roads.with_metric(week.in_time_zone(&city.time_zone)?.at_time(at));
        Ok(Self::of_roads(&roads, roads.travel_times()))
    }

    /// From roads with the travel times of an hour.
    pub fn of_roads(roads: &Roads, times: Arc<dyn TravelTimes>) -> Self {
        let graph = Arc::clone(roads.graph());
        // What an arc takes at that hour: never less than the fastest way between its ends, which may go around.
        let streets = Streets::new(graph.node_count(), |node| {
            let (graph, times) = (&graph, &times);
            graph.arcs_of(node).map(move |arc| (graph.head(arc), times.time_ms(node, graph.head(arc))))
        });
        Self { corners: Snapper::new(&graph), streets, times, graph }
    }

    /// The corners of the fastest way after its first one, each with the milliseconds to there.
    pub(crate) fn way(&self, from: NodeIx, to: NodeIx) -> Vec<(NodeIx, i64)> {
        let (mut at, mut ms, mut way) = (from, 0, Vec::new());
        while at != to && way.len() < self.graph.node_count() {
            let (head, leg_ms) = self.streets.next(at, to, self.times());
            ms += i64::from(leg_ms);
            at = head;
            way.push((at, ms));
        }
        way
    }

    /// The city's roads.
    pub fn graph(&self) -> &RoadGraph {
        &self.graph
    }

    /// Finds corners for the places of a table.
    pub fn corners(&self) -> &Snapper {
        &self.corners
    }

    /// Fastest driving times.
    pub fn times(&self) -> &dyn TravelTimes {
        &*self.times
    }

    /// Replays one period; `progress` hears the time of each decision, milliseconds from the start.
    ///
    /// # Errors
    /// [`ReplayError::Setting`] for settings that make no sense together.
    pub fn run(&self, run: &Run<'_>, mut progress: impl FnMut(i64)) -> Result<Outcome, ReplayError> {
        let all = |at_ms| {
            progress(at_ms);
            true
        };
        self.run_shifts(run, &[], all)
    }

    /// The same with the times at which each car works (none: all of them always), until `go_on`, which hears the
    /// time of each decision, says no.
    ///
    /// # Errors
    /// [`ReplayError::Setting`], and [`ReplayError::Stopped`] where `go_on` said no.
    pub fn run_shifts(
        &self,
        run: &Run<'_>,
        shifts: &[Shift],
        go_on: impl FnMut(i64) -> bool,
    ) -> Result<Outcome, ReplayError> {
        let bad = |name, value: i64, fix| Err(ReplayError::Setting { name, value: format!("{value} ms"), fix });
        if run.batch_ms < 100 {
            return bad("--batch", run.batch_ms, "give at least 100ms");
        }
        if !(0..=86_400_000).contains(&run.max_wait_ms) {
            return bad("--max-wait", run.max_wait_ms, "give from 0s to 24h");
        }
        if !(0..=3_600_000).contains(&run.boarding_ms) {
            return bad("--boarding", run.boarding_ms, "give from 0s to 1h");
        }
        if run.seats == 0 {
            return Err(ReplayError::Setting { name: "--seats", value: "0".to_owned(), fix: "give at least 1" });
        }
        if !(0..=86_400_000).contains(&run.max_delay_ms) {
            return bad("--max-delay", run.max_delay_ms, "give from 0s to 24h");
        }
        if !(0.0..=0.9).contains(&run.noise) {
            return Err(ReplayError::Setting {
                name: "--noise",
                value: run.noise.to_string(),
                fix: "give from 0 to 0.9",
            });
        }
        let (shifts, streets, times) = (Shifts(shifts), &self.streets, &*self.times);
        match run.policy {
            Policy::Solo(policy) => engine::run(run, shifts, policy, streets, times, go_on),
            Policy::Pooled(policy) => shared::run(run, shifts, policy, streets, times, go_on),
        }
        .ok_or(ReplayError::Stopped)
    }
}
