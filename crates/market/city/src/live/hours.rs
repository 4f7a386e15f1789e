//! The roads as they are at this hour. Times change at the full hour where the city knows its week: the new ones are
//! worked out beside the city and take the place of the old ones at once, for everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use doorstep_clock::Timestamp;
use doorstep_roads::{NodeIx, ProfileError, Roads, RoadsByHour, TravelTimes, UNREACHABLE, WeekProfile};

/// Roads with the travel times of one hour; it does not change.
pub struct Hour {
    class: Option<u8>,
    roads: Roads,
    times: Arc<dyn TravelTimes>,
}

impl Hour {
    fn new(class: Option<u8>, roads: Roads) -> Self {
        Self { class, times: roads.travel_times(), roads }
    }

    /// The roads, for routes and tables.
    #[must_use]
    pub fn roads(&self) -> &Roads {
        &self.roads
    }

    /// Travel times between nodes, for matching: a matrix where the city is small enough.
    #[must_use]
    pub fn times(&self) -> &Arc<dyn TravelTimes> {
        &self.times
    }

    /// The drive from node to node, milliseconds; `None` where no road leads.
    #[must_use]
    pub fn time_ms(&self, from: NodeIx, to: NodeIx) -> Option<u32> {
        Some(self.times.time_ms(from, to)).filter(|ms| *ms != UNREACHABLE)
    }
}

struct Inner {
    week: Option<RoadsByHour>,
    now: ArcSwap<Hour>,
    /// Somebody works the next hour out.
    busy: AtomicBool,
}

/// A city's roads. Cheap to clone; all clones see the same hour.
#[derive(Clone)]
pub struct CityRoads(Arc<Inner>);

impl CityRoads {
    /// Roads that are the same at all hours.
    #[must_use]
    pub fn fixed(roads: Roads) -> Self {
        Self::of(None, Hour::new(None, roads))
    }

    /// Roads with a week, whose hours begin and end in the time zone with this IANA name. They have the times of
    /// `at` at first. A week whose hours are all alike gives fixed roads.
    ///
    /// # Errors
    /// [`ProfileError`] when the profile is another graph's or the machine does not know the time zone.
    pub fn by_week(roads: Roads, week: WeekProfile, zone: &str, at: Timestamp) -> Result<Self, ProfileError> {
        if week.is_flat() {
            return Ok(Self::fixed(roads));
        }
        let week = RoadsByHour::new(Arc::clone(roads.graph()), Arc::clone(roads.hierarchy()), week)?;
        let week = week.in_time_zone(zone)?;
        let hour = Hour::new(Some(week.class_at(at)), roads.with_metric(week.at_time(at)));
        Ok(Self::of(Some(week), hour))
    }

    fn of(week: Option<RoadsByHour>, hour: Hour) -> Self {
        Self(Arc::new(Inner { week, now: ArcSwap::from_pointee(hour), busy: AtomicBool::new(false) }))
    }

    /// The roads of this hour. Whoever asks several questions that belong together asks one hour.
    #[must_use]
    pub fn now(&self) -> Arc<Hour> {
        self.0.now.load_full()
    }

    /// The roads of the hour that a moment lies in; worked out anew where times change with the hour.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Arc<Hour> {
        let now = self.now();
        match &self.0.week {
            Some(week) if now.class != Some(week.class_at(at)) => {
                Arc::new(Hour::new(Some(week.class_at(at)), now.roads.with_metric(week.at_time(at))))
            }
            _ => now,
        }
    }

    /// Whether travel times change with the hour.
    #[must_use]
    pub fn hourly(&self) -> bool {
        self.0.week.is_some()
    }

    /// Whether at this moment other times hold than the ones in use, and nobody works on it. Whoever hears yes owes
    /// a [`Self::switch`].
    pub(crate) fn begin_switch(&self, at: Timestamp) -> bool {
        let other = self.0.week.as_ref().is_some_and(|week| self.0.now.load().class != Some(week.class_at(at)));
        other && !self.0.busy.swap(true, Ordering::AcqRel)
    }

    /// Works out the times of this moment and puts them in use. Takes a core for a moment: 85 ms for Manhattan.
    pub(crate) fn switch(&self, at: Timestamp) {
        if let Some(week) = &self.0.week {
            let roads = self.0.now.load().roads.with_metric(week.at_time(at));
            self.0.now.store(Arc::new(Hour::new(Some(week.class_at(at)), roads)));
        }
        self.0.busy.store(false, Ordering::Release);
    }
}
