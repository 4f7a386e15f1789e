//! A tariff that holds together: zones as areas, times as minutes, caps as multipliers.

use std::collections::HashSet;

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point, Polygon, Resolution};
use doorstep_money::Currency;
use jiff::tz::TimeZone;

use super::times::{Weekly, minute_of_week};
use super::{SurgeLaw, Tariff};
use crate::Multiplier;

/// A checked tariff, ready to price trips.
#[derive(Clone, Debug)]
pub struct PriceBook {
    pub(crate) tariff: Tariff,
    pub(crate) currency: Currency,
    pub(super) zone: TimeZone,
    /// In the order of the tariff's.
    pub(crate) times: Vec<Weekly>,
    pub(crate) areas: Vec<Area>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) airports: Vec<AirportRule>,
    pub(crate) gates: Vec<[Point; 2]>,
    pub(crate) max_multiplier: Multiplier,
    pub(crate) step_permille: u32,
    pub(crate) caps: Vec<Cap>,
}

/// Where a zone is.
#[derive(Clone, Debug)]
pub(crate) enum Area {
    /// Inside a polygon.
    Polygon(Polygon),
    /// In one of these cells, all of this resolution.
    Cells(Resolution, HashSet<Cell>),
}

impl Area {
    fn contains(&self, p: Point) -> bool {
        match self {
            Self::Polygon(polygon) => polygon.contains(p),
            Self::Cells(resolution, cells) => cells.contains(&Cell::at(p, *resolution)),
        }
    }
}

/// Which zones a point lies in, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zones(u128);

impl Zones {
    /// Whether `zone` is among them; anywhere is.
    pub(crate) fn fits(self, zone: Option<usize>) -> bool {
        zone.is_none_or(|z| self.0 >> z & 1 == 1)
    }
}

/// A rule between zones; its name stands at the same place of the tariff.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) from: Option<usize>,
    pub(crate) to: Option<usize>,
    pub(crate) both_ways: bool,
    pub(crate) kind: RuleKind,
}

/// What a rule does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RuleKind {
    /// Replaces base, distance, time and minimum.
    FlatFare(i64),
    /// Comes on top.
    Surcharge(i64),
}

impl Rule {
    pub(crate) fn fits(&self, from: Zones, to: Zones) -> bool {
        (from.fits(self.from) && to.fits(self.to)) || (self.both_ways && from.fits(self.to) && to.fits(self.from))
    }
}

/// An airport's zone and cap; the fees stand at the same place of the tariff.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AirportRule {
    pub(crate) zone: usize,
    pub(crate) max: Option<Multiplier>,
}

/// A legal cap; its words stand at the same place of the tariff's law.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cap {
    pub(crate) max: Multiplier,
    pub(crate) zone: Option<usize>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl PriceBook {
    /// What was written.
    #[must_use]
    pub const fn tariff(&self) -> &Tariff {
        &self.tariff
    }

    /// The currency of all its prices.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// How far surge may go.
    #[must_use]
    pub const fn law(&self) -> &SurgeLaw {
        &self.tariff.surge
    }

    /// The zones in which `p` lies.
    pub(crate) fn zones(&self, p: Point) -> Zones {
        Zones(self.areas.iter().enumerate().fold(0, |bits, (ix, area)| bits | u128::from(area.contains(p)) << ix))
    }

    /// The local minute of the week.
    pub(crate) fn minute(&self, at: Timestamp) -> u16 {
        let moment = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        minute_of_week(self.zone.to_datetime(moment))
    }
}
