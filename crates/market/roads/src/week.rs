//! Travel times by hour of the week: how much slower or faster than its base time each arc is.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use doorstep_clock::Timestamp;
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

    /// The class of an hour of the week; hours past the week's end begin anew.
    #[must_use]
    pub fn class(&self, hour_of_week: usize) -> u8 {
        self.class_of_hour[hour_of_week % HOURS]
    }

    /// The arcs' times in a class, milliseconds.
    #[must_use]
    pub fn arc_times_ms(&self, graph: &RoadGraph, class: u8) -> Vec<u32> {
        let permille = &self.permille[usize::from(class)];
        let scaled = |(base, factor): (&u32, &u16)| (u64::from(*base) * u64::from(*factor) / 1000).min(u64::from(u32::MAX)) as u32;
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

/// Metrics by hour of the week, customized when first asked for and kept for as long as their class lasts.
#[derive(Debug)]
pub struct RoadsByHour {
    graph: Arc<RoadGraph>,
    hierarchy: Arc<Hierarchy>,
    profile: WeekProfile,
    made: Vec<ArcSwapOption<Metric>>,
}

impl RoadsByHour {
    /// Over a graph, its hierarchy and its week.
    ///
    /// # Errors
    /// [`ProfileError`] when the profile is another graph's.
    pub fn new(graph: Arc<RoadGraph>, hierarchy: Arc<Hierarchy>, profile: WeekProfile) -> Result<Self, ProfileError> {
        profile.check(graph.arc_count())?;
        let made = profile.permille.iter().map(|_| ArcSwapOption::empty()).collect();
        Ok(Self { graph, hierarchy, profile, made })
    }

    /// The metric of an hour of the week.
    #[must_use]
    pub fn at(&self, hour_of_week: usize) -> Arc<Metric> {
        let class = self.profile.class(hour_of_week);
        let slot = &self.made[usize::from(class)];
        if let Some(metric) = slot.load_full() {
            return metric;
        }
        let times = self.profile.arc_times_ms(&self.graph, class);
        let metric = Arc::new(Metric::customize(Arc::clone(&self.hierarchy), &times));
        slot.store(Some(Arc::clone(&metric)));
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
        assert!(matches!(WeekProfile::new(vec![1; HOURS], vec![vec![1000]], 1), Err(ProfileError::NoSuchClass { hour: 0, .. })));
        assert!(matches!(WeekProfile::new(vec![0; HOURS], vec![vec![]], 1), Err(ProfileError::WrongArcs { .. })));
    }
}
