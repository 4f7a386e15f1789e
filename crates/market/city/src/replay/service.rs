//! A city made ready for replays: its streets and the travel times of all pairs.

use std::sync::Arc;

use doorstep_roads::{CityFile, RoadGraph, Roads, Snapper, TravelTimes};

use super::ReplayError;
use super::engine::{self, Outcome, Policy, Run};
use super::motion::Streets;
use super::shared;

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
    pub fn run(&self, run: &Run<'_>, progress: impl FnMut(i64)) -> Result<Outcome, ReplayError> {
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
        Ok(match run.policy {
            Policy::Solo(policy) => engine::run(run, policy, &self.streets, &*self.times, progress),
            Policy::Pooled(policy) => shared::run(run, policy, &self.streets, &*self.times, progress),
        })
    }
}
