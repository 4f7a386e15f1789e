//! Positions coming in: straight into the shared supply, the loop is not asked.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_dispatch::supply::{DriverIx, DriverState, Report, Reported};
use doorstep_geo::Point;
use doorstep_orders::DriverId;

use crate::live::metrics;
use crate::live::roster::Entry;
use crate::live::service::Shared;

/// Positions taken under one lock of the supply.
const CHUNK: usize = 256;

/// Where a driver says he is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionReport {
    /// Who.
    pub driver: DriverId,
    /// Where.
    pub point: Point,
    /// When, city time; now if left out.
    pub at: Option<Timestamp>,
    /// Heading in degrees from north.
    pub bearing_deg: Option<f32>,
    /// Speed in metres per second.
    pub speed_mps: Option<f32>,
}

/// Why a position was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PositionRefusal {
    /// No such driver of this tenant has been on shift in this city.
    #[error("no such driver is known to this city: register and go online first")]
    UnknownDriver,
    /// The driver is not on shift.
    #[error("the driver is offline: go online first")]
    Offline,
    /// Something newer is known.
    #[error("a newer position is known already")]
    Stale,
    /// The point is outside the city.
    #[error("the point is outside the city: check that latitude and longitude are not swapped")]
    OutsideArea,
}

impl PositionRefusal {
    /// A stable word for logs, labels and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownDriver => "unknown_driver",
            Self::Offline => "offline",
            Self::Stale => "stale",
            Self::OutsideArea => "outside_area",
        }
    }
}

impl Shared {
    /// Takes positions; the answers stand in the order of the reports. Drivers of another tenant
    /// are unknown.
    pub(crate) fn report(&self, tenant: &str, reports: &[PositionReport]) -> Vec<Result<(), PositionRefusal>> {
        let now = self.clock.now();
        let mut answers = Vec::with_capacity(reports.len());
        for chunk in reports.chunks(CHUNK) {
            self.report_chunk(tenant, chunk, now, &mut answers);
        }
        let taken = answers.iter().filter(|a| a.is_ok()).count() as u64;
        self.counters.positions(tenant, taken);
        metrics::positions(self.map.id(), "accepted", taken);
        metrics::positions(self.map.id(), "rejected", answers.len() as u64 - taken);
        answers
    }

    fn report_chunk(
        &self,
        tenant: &str,
        chunk: &[PositionReport],
        now: Timestamp,
        answers: &mut Vec<Result<(), PositionRefusal>>,
    ) {
        let first = answers.len();
        let entries = self.roster.find_all(chunk.iter().map(|r| r.driver));
        let mut batch: Vec<(DriverIx, Report)> = Vec::with_capacity(chunk.len());
        let mut places: Vec<(usize, Arc<Entry>)> = Vec::with_capacity(chunk.len());
        for (n, (report, entry)) in chunk.iter().zip(entries).enumerate() {
            match self.admit(tenant, report, entry) {
                Ok(entry) => {
                    batch.push((entry.ix, supply_report(report, now)));
                    places.push((first + n, entry));
                    answers.push(Ok(()));
                }
                Err(refusal) => answers.push(Err(refusal)),
            }
        }
        let mut reported = Vec::with_capacity(batch.len());
        self.supply.report_batch(&batch, now, &mut reported);
        for ((outcome, (at, entry)), (ix, report)) in reported.into_iter().zip(places).zip(batch) {
            answers[at] = match outcome {
                Reported::Accepted => Ok(()),
                Reported::Stale => Err(PositionRefusal::Stale),
                // He was silent and speaks again, while his shift goes on.
                Reported::Offline => match self.supply.place(ix, entry.stands(), &report, now) {
                    Ok(_) => Ok(()),
                    Err(_) => Err(PositionRefusal::Offline),
                },
                Reported::Unknown => Err(PositionRefusal::UnknownDriver),
            };
        }
    }

    fn admit(
        &self,
        tenant: &str,
        report: &PositionReport,
        entry: Option<Arc<Entry>>,
    ) -> Result<Arc<Entry>, PositionRefusal> {
        let entry = entry.filter(|e| *e.tenant == *tenant).ok_or(PositionRefusal::UnknownDriver)?;
        if entry.stands() == DriverState::Offline {
            return Err(PositionRefusal::Offline);
        }
        if !self.map.covers(report.point) {
            return Err(PositionRefusal::OutsideArea);
        }
        Ok(entry)
    }
}

fn supply_report(report: &PositionReport, now: Timestamp) -> Report {
    Report {
        bearing_deg: report.bearing_deg,
        speed_mps: report.speed_mps,
        ..Report::at(report.point, report.at.unwrap_or(now))
    }
}
