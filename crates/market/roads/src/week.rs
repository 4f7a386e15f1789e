//! Driving times by hour of the week: 168 hours share a few classes, each class gives every arc its time.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{RoadGraph, WeekError};

/// Hours of a week; hour 0 is Monday 00:00 to 01:00 local time.
pub const HOURS_OF_WEEK: usize = 168;

/// The hour of the week of a local time given as days since Monday (0 to 6) and hour of the day (0 to 23).
#[must_use]
pub const fn hour_of_week(days_since_monday: u8, hour: u8) -> u8 {
    (days_since_monday % 7) * 24 + hour % 24
}

/// What one class does to the arcs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SpeedClass {
    /// The time of each arc, milliseconds.
    Times(Vec<u32>),
    /// The base time of each arc times the factor of its group, in thousandths.
    Factors(Vec<u16>),
}

/// How long each arc takes in each hour of the week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightProfile {
    /// The class of each hour of the week.
    hours: Vec<u16>,
    classes: Vec<SpeedClass>,
    /// The group of each arc, for classes that are factors; empty when every arc is in group 0.
    arc_group: Vec<u8>,
}

impl Default for WeightProfile {
    fn default() -> Self {
        Self::flat()
    }
}

impl WeightProfile {
    /// The graph's own times at every hour.
    #[must_use]
    pub fn flat() -> Self {
        Self { hours: vec![0; HOURS_OF_WEEK], classes: vec![SpeedClass::Factors(vec![1000])], arc_group: Vec::new() }
    }

    /// From columns of arc times: `hours[h]` names the column that holds in hour `h` of the week, a column has
    /// one time in milliseconds for each arc of the graph, in the graph's order.
    ///
    /// # Errors
    /// [`WeekError`] when hours or columns are missing or of different lengths.
    pub fn from_columns(hours: Vec<u16>, columns: Vec<Vec<u32>>) -> Result<Self, WeekError> {
        let arcs = columns.first().map_or(0, Vec::len);
        if let Some((column, times)) = columns.iter().enumerate().find(|(_, c)| c.len() != arcs) {
            return Err(WeekError::ArcCount { column, found: times.len(), wanted: arcs });
        }
        let classes = columns.into_iter().map(SpeedClass::Times).collect();
        Self { hours, classes, arc_group: Vec::new() }.checked()
    }

    /// From factors on the graph's own times: `hours[h]` names the row of `factors` that holds in hour `h` of
    /// the week, a row has one factor in thousandths for each group of arcs, `arc_group[a]` is the group of
    /// arc `a`.
    ///
    /// # Errors
    /// [`WeekError`] when hours, rows or groups do not fit each other.
    pub fn from_factors(hours: Vec<u16>, arc_group: Vec<u8>, factors: Vec<Vec<u16>>) -> Result<Self, WeekError> {
        Self { hours, classes: factors.into_iter().map(SpeedClass::Factors).collect(), arc_group }.checked()
    }

    fn checked(self) -> Result<Self, WeekError> {
        if self.hours.len() != HOURS_OF_WEEK {
            return Err(WeekError::Hours { found: self.hours.len() });
        }
        if let Some(hour) = self.hours.iter().position(|c| usize::from(*c) >= self.classes.len()) {
            return Err(WeekError::NoSuchClass { hour, class: self.hours[hour], classes: self.classes.len() });
        }
        let groups = self.arc_group.iter().max().map_or(1, |g| usize::from(*g) + 1);
        for (row, class) in self.classes.iter().enumerate() {
            if let SpeedClass::Factors(factors) = class {
                if factors.len() < groups || factors.contains(&0) {
                    return Err(WeekError::Factors { row, groups });
                }
            }
        }
        Ok(self)
    }

    /// Whether it speaks of the arcs of `graph`.
    ///
    /// # Errors
    /// [`WeekError::ArcCount`], or what else does not hold together.
    pub fn check(&self, graph: &RoadGraph) -> Result<(), WeekError> {
        let wanted = graph.arc_count();
        if !self.arc_group.is_empty() && self.arc_group.len() != wanted {
            return Err(WeekError::ArcCount { column: 0, found: self.arc_group.len(), wanted });
        }
        for (column, class) in self.classes.iter().enumerate() {
            if let SpeedClass::Times(times) = class {
                if times.len() != wanted {
                    return Err(WeekError::ArcCount { column, found: times.len(), wanted });
                }
            }
        }
        self.clone().checked().map(drop)
    }

    /// How many different classes there are.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// The class that holds in an hour of the week (taken modulo 168).
    #[must_use]
    pub fn class_at(&self, hour_of_week: u8) -> usize {
        usize::from(self.hours[usize::from(hour_of_week) % HOURS_OF_WEEK])
    }

    /// The time of each arc of `graph` in a class, milliseconds. An arc that takes time never gets less than 1.
    ///
    /// # Panics
    /// When there is no such class, or the profile is of another graph ([`Self::check`] tells).
    #[must_use]
    pub fn arc_times<'a>(&'a self, graph: &'a RoadGraph, class: usize) -> Cow<'a, [u32]> {
        match &self.classes[class] {
            SpeedClass::Times(times) => Cow::Borrowed(times),
            SpeedClass::Factors(factors) if factors.iter().all(|f| *f == 1000) => Cow::Borrowed(graph.arc_times_ms()),
            SpeedClass::Factors(factors) => graph
                .arc_times_ms()
                .iter()
                .enumerate()
                .map(|(arc, base)| {
                    let factor = factors[self.arc_group.get(arc).map_or(0, |g| usize::from(*g))];
                    let scaled = (u64::from(*base) * u64::from(factor) + 500) / 1000;
                    u32::try_from(scaled).unwrap_or(u32::MAX).max((*base).min(1))
                })
                .collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_does_not_hold_together_is_refused() {
        let hours = || vec![0_u16; HOURS_OF_WEEK];
        assert!(matches!(WeightProfile::from_columns(vec![0; 24], vec![vec![1]]), Err(WeekError::Hours { found: 24 })));
        assert!(matches!(WeightProfile::from_columns(hours(), vec![]), Err(WeekError::NoSuchClass { hour: 0, .. })));
        assert!(matches!(
            WeightProfile::from_columns(hours(), vec![vec![1], vec![1, 2]]),
            Err(WeekError::ArcCount { column: 1, found: 2, wanted: 1 })
        ));
        assert!(matches!(WeightProfile::from_factors(hours(), vec![0, 2], vec![vec![900, 900]]), Err(WeekError::Factors { row: 0, groups: 3 })));
        assert!(matches!(WeightProfile::from_factors(hours(), vec![], vec![vec![0]]), Err(WeekError::Factors { .. })));
        assert!(WeightProfile::flat().check(&RoadGraph::default()).is_ok());
    }

    #[test]
    fn the_week_begins_on_monday() {
        assert_eq!((hour_of_week(0, 0), hour_of_week(6, 23)), (0, 167));
    }
}
