//! Travel times by hour of the week: how much slower or faster than its base time each arc is.

use std::sync::{Arc, Mutex, PoisonError};

use doorstep_clock::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Hierarchy, Metric, RoadGraph};

/// Hours in a week; hour 0 is Monday 00:00 to 01:00, local time.
pub const HOURS: usize = 168;

/// Factors on the arcs' base times for each hour of the week. Hours with equal roads share a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeekProfile {
    /// Which class each hour of the week belongs to.
    class_of_hour: Vec<u8>,
    /// For each class and arc: the time as a share of the base time, in 1/1000.
    permille: Vec<Vec<u16>>,
}

/// Why a profile does not fit its graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not 168 hours.
    #[error("a week has {HOURS} hours, not {0}")]
    NotAWeek(usize),
    /// An hour without its class.
    #[error("hour {hour} names class {class}, and there are {classes}")]
    NoSuchClass {
        /// Which hour.
        hour: usize,
        /// The class that it names.
        class: u8,
        /// How many there are.
        classes: usize,
    },
    /// A class that does not cover all arcs.
    #[error("class {class} covers {arcs} arcs of {wanted}")]
    WrongArcs {
        /// Which class.
        class: usize,
        /// How many arcs it covers.
        arcs: usize,
        /// How many there are.
        wanted: usize,
    },
    /// A time zone that the machine does not know.
    #[error("there is no time zone `{0}`: write an IANA name like America/New_York")]
    TimeZone(String),
}

impl WeekProfile {
    /// All hours alike, at the base times.
    #[must_use]
    pub fn flat(arcs: usize) -> Self {
        Self { class_of_hour: vec![0; HOURS], permille: vec![vec![1000; arcs]] }
    }

    /// From classes and the class of each hour.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn new(class_of_hour: Vec<u8>, permille: Vec<Vec<u16>>, arcs: usize) -> Result<Self, ProfileError> {
        let profile = Self { class_of_hour, permille };
        profile.check(arcs)?;
        Ok(profile)
    }

    /// Whether it fits a graph of `arcs` arcs.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn check(&self, arcs: usize) -> Result<(), ProfileError> {
        if self.class_of_hour.len() != HOURS {
            return Err(ProfileError::NotAWeek(self.class_of_hour.len()));
        }
        let classes = self.permille.len();
        if let Some((hour, class)) = self.class_of_hour.iter().enumerate().find(|(_, c)| usize::from(**c) >= classes) {
            return Err(ProfileError::NoSuchClass { hour, class: *class, classes });
        }
        match self.permille.iter().enumerate().find(|(_, p)| p.len() != arcs) {
            Some((class, p)) => Err(ProfileError::WrongArcs { class, arcs: p.len(), wanted: arcs }),
            None => Ok(()),
        }
    }

    /// Whether all hours are alike and at the base times.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        let used = |class: &usize| self.class_of_hour.iter().any(|c| usize::from(*c) == *class);
        (0..self.permille.len()).filter(used).all(|class| self.permille[class].iter().all(|share| *share == 1000))
    }

    /// The class of an hour of the week; hours past the week's end begin anew.
    #[must_use]
    pub fn class(&self, hour_of_week: usize) -> u8 {
        self.class_of_hour[hour_of_week % HOURS]
    }

    /// The arcs' times in a class, milliseconds.
    #[must_use]
    pub fn arc_times_ms(&self, graph: &RoadGraph, class: u8) -> Vec<u32> {
        let permille = &self.permille[usize::from(class)];
        let scaled = |(base, factor): (&u32, &u16)| {
            ((u64::from(*base) * u64::from(*factor) + 500) / 1000).min(u64::from(u32::MAX)) as u32
        };
        graph.arc_times_ms().iter().zip(permille).map(scaled).collect()
    }
}

/// The hour of the week of a moment in a zone `utc_offset_ms` ahead of UTC; 0 is Monday 00:00.
#[must_use]
pub fn hour_of_week(at: Timestamp, utc_offset_ms: i64) -> usize {
    let hours = at.plus_ms(utc_offset_ms).millis().div_euclid(3_600_000);
    // The epoch was a Thursday.
    (hours + 72).rem_euclid(HOURS as i64) as usize
}

/// How many customized hours are kept: about a megabyte each for Manhattan.
const KEPT: usize = 12;

/// Metrics by hour of the week, customized when first asked for; the hours asked for last are kept.
#[derive(Debug)]
pub struct RoadsByHour {
    graph: Arc<RoadGraph>,
    hierarchy: Arc<Hierarchy>,
    profile: WeekProfile,
    zone: TimeZone,
    /// By class, the one asked for last at the end.
    kept: Mutex<Vec<(u8, Arc<Metric>)>>,
}

impl RoadsByHour {
    /// Over a graph, its hierarchy and its week, in UTC.
    ///
    /// # Errors
    /// [`ProfileError`] when the profile is another graph's.
    pub fn new(graph: Arc<RoadGraph>, hierarchy: Arc<Hierarchy>, profile: WeekProfile) -> Result<Self, ProfileError> {
        profile.check(graph.arc_count())?;
        Ok(Self { graph, hierarchy, profile, zone: TimeZone::UTC, kept: Mutex::default() })
    }

    /// The same in the time zone with this IANA name.
    ///
    /// # Errors
    /// [`ProfileError::TimeZone`] when the machine does not know it.
    pub fn in_time_zone(mut self, name: &str) -> Result<Self, ProfileError> {
        self.zone = TimeZone::get(name).map_err(|_| ProfileError::TimeZone(name.to_owned()))?;
        Ok(self)
    }

    /// The metric that holds at a moment.
    #[must_use]
    pub fn at_time(&self, at: Timestamp) -> Arc<Metric> {
        self.at(self.hour_at(at))
    }

    /// The class of hours that a moment belongs to: while it stays the same, so do the times.
    #[must_use]
    pub fn class_at(&self, at: Timestamp) -> u8 {
        self.profile.class(self.hour_at(at))
    }

    fn hour_at(&self, at: Timestamp) -> usize {
        let moment = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let offset_ms = i64::from(self.zone.to_offset(moment).seconds()) * 1000;
        hour_of_week(at, offset_ms)
    }

    /// The metric of an hour of the week.
    #[must_use]
    pub fn at(&self, hour_of_week: usize) -> Arc<Metric> {
        let class = self.profile.class(hour_of_week);
        let known = |kept: &mut Vec<(u8, Arc<Metric>)>| {
            let found = kept.iter().position(|(c, _)| *c == class)?;
            let entry = kept.remove(found);
            kept.push(entry);
            kept.last().map(|(_, metric)| Arc::clone(metric))
        };
        if let Some(metric) = known(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return metric;
        }
        // Outside the lock: who asks for an hour that is there does not wait for one that is not.
        let times = self.profile.arc_times_ms(&self.graph, class);
        let metric = Arc::new(Metric::customize(Arc::clone(&self.hierarchy), &times));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metric) = known(&mut kept) {
            return metric;
        }
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((class, Arc::clone(&metric)));
        metric
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_the_week() {
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(hour_of_week(at("2013-11-18T00:30:00Z"), 0), 0, "a Monday");
        assert_eq!(hour_of_week(at("2013-11-17T23:59:59Z"), 0), 167, "a Sunday's last hour");
        assert_eq!(hour_of_week(at("2013-11-18T21:00:00Z"), -5 * 3_600_000), 16);
    }

    #[test]
    fn bad_profiles_are_named() {
        assert_eq!(WeekProfile::new(vec![0; 24], vec![], 1), Err(ProfileError::NotAWeek(24)));
        assert!(matches!(
            WeekProfile::new(vec![1; HOURS], vec![vec![1000]], 1),
            Err(ProfileError::NoSuchClass { hour: 0, .. })
        ));
        assert!(matches!(WeekProfile::new(vec![0; HOURS], vec![vec![]], 1), Err(ProfileError::WrongArcs { .. })));
    }

    #[test]
    fn hours_are_kept_and_follow_the_zone() {
        let nodes = "node,lon,lat\n7,-73.9,40.7\n8,-73.91,40.71\n";
        let edges = "from,to,length,speed\n7,8,1.0,36\n8,7,1.0,36\n";
        let graph = Arc::new(crate::import::tables(nodes.as_bytes(), edges.as_bytes()).unwrap().graph);
        let hierarchy = Arc::new(Hierarchy::build(&graph));
        // Hour h takes h + 1 tenths of the base time of 100 s.
        let permille = (1..=HOURS as u16).map(|h| vec![h * 100; 2]).collect();
        let profile = WeekProfile::new((0..HOURS as u8).collect(), permille, 2).unwrap();
        let roads = RoadsByHour::new(Arc::clone(&graph), hierarchy, profile).unwrap();
        for hour in (0..HOURS).chain([3, 3, 0]) {
            assert_eq!(roads.at(hour).time_ms(0, 1), 10_000 * (hour as u32 + 1));
        }
        assert!(Arc::ptr_eq(&roads.at(5), &roads.at(5)) && roads.kept.lock().unwrap().len() <= KEPT);
        let monday = Timestamp::parse("2013-11-18T21:00:00Z").unwrap();
        assert_eq!(roads.at_time(monday).time_ms(0, 1), 220_000);
        assert_eq!(roads.in_time_zone("America/New_York").unwrap().at_time(monday).time_ms(0, 1), 170_000);
        let roads =
            RoadsByHour::new(Arc::clone(&graph), Arc::new(Hierarchy::build(&graph)), WeekProfile::flat(2)).unwrap();
        assert_eq!(roads.in_time_zone("Mars/Olympus").unwrap_err(), ProfileError::TimeZone("Mars/Olympus".into()));
    }
}
